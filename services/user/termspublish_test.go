package user_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestNewTermsArePublished(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	id := made.GetAccount().GetAccountId()

	code, said, errs := s.mailCommand("publish-terms", "-by", "ada", "-note", "<i>Shorter</i>")
	require.Equal(t, 1, code, "nobody was asked")
	require.Contains(t, errs, "-yes")
	require.Contains(t, said, "Version 2 of the terms of use will be in force now, with the note: <i>Shorter</i>\nAll members (1 today)")
	require.True(t, s.agreement(id).GetAgreed())

	code, said, errs = s.mailCommand("publish-terms", "-by", "ada", "-yes", "-note", "<i>Shorter</i>")
	require.Zero(t, code, errs)
	require.Contains(t, said, "Version 2 of the terms of use")
	require.Contains(t, errs, `"msg":"[OPERATOR] publish-terms","service":"user","by":"ada","subject":"version 2"`)
	require.Equal(t, 1, s.count("SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND command = 'publish-terms' AND subject = 'version 2'"))
	check := s.agreement(id)
	require.False(t, check.GetAgreed())
	require.Equal(t, "<i>Shorter</i>", check.GetNote())
	require.NoError(t, s.agree(id, 2))

	s.mailCommandWorks("publish-terms", "-by", "ada", "-yes", "--version", "7")
	require.Nil(t, s.agreement(id).Note)
	require.Equal(t, int32(7), s.agreement(id).GetVersion())
}

func TestTermsComeIntoForceInTheirTime(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	id := made.GetAccount().GetAccountId()
	from := time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)
	said := s.mailCommandWorks("publish-terms", "-by", "ada", "-yes", "--from", from.Format(time.RFC3339))
	require.Contains(t, said, "from "+from.Format("2006-01-02 15:04:05")+" UTC")

	require.True(t, s.agreement(id).GetAgreed())
	requireReason(t, fault.NotFound, "version-not-found", s.agree(id, 2))
	requireReason(t, fault.Conflict, "version-already-agreed", s.agree(id, 1))
	s.register(nil)
	require.Zero(t, s.count("SELECT count(*) FROM terms_agreements g JOIN terms_versions v ON v.id = g.terms_version_id WHERE v.version = 2"))
	code, _, errs := s.mailCommand("publish-terms", "-by", "ada", "-yes")
	require.Equal(t, 1, code, "version 3 would never be shown before version 2")
	require.Contains(t, errs, "version 2 comes into force only on")

	s.clock.move(31 * 24 * time.Hour)
	require.False(t, s.agreement(id).GetAgreed())
	current, err := s.terms.GetCurrentTerms(t.Context(), &userv1.GetCurrentTermsRequest{})
	require.NoError(t, err)
	require.Equal(t, int32(2), current.GetVersion())
	require.Equal(t, from, current.GetPublishedAt().AsTime())
	requireReason(t, fault.FailedPrecondition, "version-provided-not-most-recent", s.agree(id, 1))
	require.NoError(t, s.agree(id, 2))
}

func TestTermsThatCannotBePublished(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, args := range map[string][]string{
		"old number": {"--version", "1"}, "negative": {"--version", "-1"}, "too large": {"--version", "2147483648"}, "no number": {"--version", "x"},
		"no time": {"--from", "tomorrow"}, "without zone": {"--from", "2099-01-01T00:00:00"}, "past": {"--from", "2020-01-01T00:00:00Z"},
		"long note": {"--note", strings.Repeat("ä", 1001)}, "nul": {"--note", "a\x00"}, "an argument": {"2"}, "unknown flag": {"--force"},
	} {
		code, _, errs := s.mailCommand(append([]string{"publish-terms", "-by", "ada", "-yes"}, args...)...)
		require.Equal(t, 1, code, name)
		require.NotEmpty(t, errs, name)
	}
	require.Equal(t, 1, s.count("SELECT count(*) FROM terms_versions"))
	require.Zero(t, s.count("SELECT count(*) FROM operator_action"))
}

func TestTwoPublishAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	worked := make([]bool, 4)
	var all sync.WaitGroup
	for i := range worked {
		all.Go(func() {
			code, _, _ := s.mailCommand("publish-terms", "-by", "ada", "-yes", "--version", "2")
			worked[i] = code == 0
		})
	}
	all.Wait()
	won := 0
	for _, did := range worked {
		if did {
			won++
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, 2, s.count("SELECT max(version) FROM terms_versions"))
	require.Equal(t, 1, s.count("SELECT count(*) FROM operator_action"))
}
