package operator_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// These tests change the environment and stdin of the process and so do not run beside each other.

func TestFlagsMayStandAnywhere(t *testing.T) {
	t.Setenv("OPERATOR", "ada")
	for _, line := range []string{
		"-note lost -yes -by bob SKU 5", "SKU -note lost 5 -yes --by=bob", "SKU 5 --note lost --yes --by bob", "-yes -note=lost -by bob -- SKU 5",
	} {
		var note string
		request, err := operator.Parse("set-stock", strings.Fields(line), func(flags *flag.FlagSet) { flags.StringVar(&note, "note", "", "") })
		require.NoError(t, err, line)
		require.Equal(t, []string{"SKU", "5"}, request.Args, line)
		require.Equal(t, "bob", request.By, line)
		require.True(t, request.Yes, line)
		require.Equal(t, "lost", note, line)
		given := map[string]bool{}
		request.Flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
		require.Equal(t, map[string]bool{"note": true, "yes": true, "by": true}, given, line)
	}
}

func TestAfterTwoDashesNothingIsAFlag(t *testing.T) {
	t.Setenv("OPERATOR", "ada")
	request, err := operator.Parse("note", []string{"one", "--", "-yes", "--", "-5"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"one", "-yes", "--", "-5"}, request.Args)
	require.False(t, request.Yes)

	request, err = operator.Parse("note", []string{"-", "-yes"}, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"-"}, request.Args, "a dash alone is an argument")
	require.True(t, request.Yes)

	request, err = operator.Parse("note", nil, nil)
	require.NoError(t, err)
	require.Empty(t, request.Args)
}

func TestUnknownFlagsAreRefused(t *testing.T) {
	t.Setenv("OPERATOR", "ada")
	for line, says := range map[string]string{
		"SKU -force": "not defined: -force", "SKU -5x": "not defined: -5x", "SKU -by": "needs an argument: -by", "-yes=perhaps": "perhaps", "-inf": "not defined",
	} {
		_, err := operator.Parse("set-stock", strings.Fields(line), nil)
		require.ErrorContains(t, err, says, line)
		require.NotContains(t, err.Error(), "set-stock", "the process says which command failed")
	}
}

func TestNegativeNumbersAreArguments(t *testing.T) {
	t.Setenv("OPERATOR", "ada")
	for _, line := range []string{"1 -1 -yes", "-yes 1 -1", "1 -yes -1", "-by -3 1 -yes -1"} {
		request, err := operator.Parse("set-stock", strings.Fields(line), nil)
		require.NoError(t, err, line)
		require.Equal(t, []string{"1", "-1"}, request.Args, line)
		require.True(t, request.Yes, line)
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	t.Setenv("OPERATOR", "")
	t.Setenv("USER", "")
	for _, line := range []string{"-h", "--help", "SKU -yes -help"} {
		_, err := operator.Parse("set-stock", strings.Fields(line), func(flags *flag.FlagSet) { flags.String("note", "", "what for") })
		require.ErrorIs(t, err, flag.ErrHelp, line)
		var usage process.Usage
		require.ErrorAs(t, err, &usage)
		require.Regexp(t, `(?s)-by string.*-note string.*what for.*-yes`, usage.Text)
	}
}

func TestWhoAsks(t *testing.T) {
	for _, test := range []struct{ operator, user, line, by string }{
		{"ada", "root", "-by bob", "bob"},
		{"ada", "root", "", "ada"},
		{"  ", "root", "", "root"},
		{"", " root ", "", "root"},
		{"", "", "-by Zoë", "Zoë"},
	} {
		t.Setenv("OPERATOR", test.operator)
		t.Setenv("USER", test.user)
		request, err := operator.Parse("stock", strings.Fields(test.line), nil)
		require.NoError(t, err)
		require.Equal(t, test.by, request.By)
	}
	t.Setenv("OPERATOR", "")
	t.Setenv("USER", "")
	_, err := operator.Parse("stock", nil, nil)
	require.ErrorContains(t, err, "-by NAME")
}

func TestCommandsThatDoNotInsistOnAName(t *testing.T) {
	for _, test := range []struct{ given, operator, user, name string }{
		{" bob ", "ada", "root", "bob"}, {"", "ada", "root", "ada"}, {" ", "", "root", "root"}, {"", "", "", operator.Unknown},
	} {
		t.Setenv("OPERATOR", test.operator)
		t.Setenv("USER", test.user)
		name, err := operator.Name(test.given)
		require.NoError(t, err)
		require.Equal(t, test.name, name)
	}
	_, err := operator.Name("a\nb")
	require.Error(t, err)
}

func TestNamesThatNoBookHolds(t *testing.T) {
	t.Setenv("OPERATOR", "ada")
	for _, name := range []string{"", "  ", "a\nb", "a\x00b", "a\xffb", strings.Repeat("a", 201)} {
		_, err := operator.Parse("stock", []string{"-by", name}, nil)
		require.Error(t, err, "%q", name)
	}
	_, err := operator.Parse("stock", []string{"-by", strings.Repeat("ä", 200)}, nil)
	require.NoError(t, err)
}
