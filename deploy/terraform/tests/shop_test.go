package tests

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
	"github.com/bartgottschalk/startupwebapp/gateway"
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

// Both files are what module shop makes, which its own test asserts.
const (
	documentFile  = "../modules/shop/tests/document.json"
	variablesFile = "../modules/shop/tests/variables.json"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return text
}

func document(t *testing.T) shop.Shop {
	t.Helper()
	parsed, err := shop.Parse(read(t, documentFile))
	require.NoError(t, err)
	return parsed
}

// variables are the plain environment by service.
func variables(t *testing.T) map[string]map[string]string {
	t.Helper()
	var all map[string]map[string]string
	require.NoError(t, json.Unmarshal(read(t, variablesFile), &all))
	return all
}

// secrets are what ship keeps of each service in its secret; values are of the form that is expected.
func secrets() map[string]map[string]string {
	const key, shared = "0123456789abcdef0123456789abcdef", "0123456789abcdef"
	address := "postgres://main_service:password@db.example:5432/main?sslmode=verify-full&sslrootcert=/etc/ssl/rds.pem"
	return map[string]map[string]string{
		"user":        {"DATABASE_URL": address, "SERVICE_SECRETS": shared, "SECRET_KEY": key},
		"order":       {"DATABASE_URL": address, "SERVICE_SECRETS": shared},
		"payment":     {"DATABASE_URL": address, "SERVICE_SECRETS": shared, "STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_12345678"},
		"clientevent": {"DATABASE_URL": address, "SERVICE_SECRETS": shared},
		"gateway":     {"SERVICE_SECRETS": shared, "SECRET_KEY": key, "STRIPE_PUBLISHABLE_KEY": "pk_live_1"},
	}
}

// program is what a test needs of one of the five.
type program struct {
	help func(out *bytes.Buffer) int
	load func(environ []string) error
}

func of[C any](made process.Program[C]) program {
	return program{
		help: func(out *bytes.Buffer) int {
			return process.Run(context.Background(), made, []string{"--help"}, nil, out, out)
		},
		load: func(environ []string) error {
			_, err := config.Load[C](environ)
			return err
		},
	}
}

func programs() map[string]program {
	return map[string]program{
		"user": of(user.Program()), "order": of(order.Program()), "payment": of(payment.Program()),
		"clientevent": of(clientevent.Program()), "gateway": of(gateway.Program()),
	}
}

var helpLine = regexp.MustCompile(`(?m)^  ([A-Z][A-Z0-9_]+) +(\S+)`)

// known are the variables that --help lists; true: required.
func (p program) known(t *testing.T) map[string]bool {
	t.Helper()
	var out bytes.Buffer
	require.Zero(t, p.help(&out), out.String())
	found := map[string]bool{}
	for _, line := range helpLine.FindAllStringSubmatch(out.String(), -1) {
		found[line[1]] = line[2] == "(required)"
	}
	require.NotEmpty(t, found)
	return found
}

func TestShipReadsTheDocument(t *testing.T) {
	t.Parallel()
	written := read(t, documentFile)
	strict := json.NewDecoder(bytes.NewReader(written))
	strict.DisallowUnknownFields()
	var known shop.Shop
	require.NoError(t, strict.Decode(&known), "Terraform writes what ship does not know")
	again, err := json.Marshal(document(t))
	require.NoError(t, err)
	require.JSONEq(t, string(written), string(again), "ship knows what Terraform does not write")
	require.Equal(t, "/startupwebapp/production/main/shop", shop.Name{Project: "startupwebapp", Environment: "production", Tenant: "main"}.Parameter())
}

func TestTheDocumentNamesEachServicesOwn(t *testing.T) {
	t.Parallel()
	read := document(t)
	require.Len(t, read.Services, len(shop.Names()))
	for _, field := range []func(shop.Service) string{
		func(s shop.Service) string { return s.Service }, func(s shop.Service) string { return s.Family },
		func(s shop.Service) string { return s.Template }, func(s shop.Service) string { return s.Repository },
		func(s shop.Service) string { return s.SecurityGroup }, func(s shop.Service) string { return s.Secret },
		func(s shop.Service) string { return s.LogGroup },
	} {
		seen := map[string]bool{}
		for name, service := range read.Services {
			value := field(service)
			require.Contains(t, value, name)
			require.False(t, seen[value], "%s is of two services", value)
			seen[value] = true
		}
	}
	for name, service := range read.Services {
		require.Equal(t, name == "gateway", service.MigrationTemplate == "", name)
		require.Equal(t, name == "gateway", service.TargetGroup != "", name)
		require.Equal(t, service.Secret, variables(t)[name]["AWS_SECRET_ID"])
	}
}

func TestEachProcessIsToldWhatItAsksFor(t *testing.T) {
	t.Parallel()
	for name, program := range programs() {
		plain, secret, known := variables(t)[name], secrets()[name], program.known(t)
		var environ []string
		for variable, value := range plain {
			require.Contains(t, known, variable, "%s does not know it", name)
			require.NotContains(t, secret, variable, "%s: plain and secret", name)
			environ = append(environ, variable+"="+value)
		}
		for variable, value := range secret {
			require.Contains(t, known, variable, "%s does not know it", name)
			environ = append(environ, variable+"="+value)
		}
		for variable, required := range known {
			told := plain[variable] != "" || secret[variable] != ""
			require.True(t, told || !required, "%s lacks %s", name, variable)
		}
		require.NoError(t, program.load(environ), name)
	}
}

// TestNothingSecretIsPlain: what is plain can be read by everybody who may look at a task definition.
func TestNothingSecretIsPlain(t *testing.T) {
	t.Parallel()
	secretive := regexp.MustCompile(`PASSWORD|SECRET|_KEY|DATABASE_URL`)
	for name, plain := range variables(t) {
		for variable := range plain {
			require.True(t, variable == "AWS_SECRET_ID" || !secretive.MatchString(variable), "%s of %s", variable, name)
		}
	}
}

func TestPeersAreFoundUnderTheirNames(t *testing.T) {
	t.Parallel()
	services := document(t).Services
	for name, plain := range variables(t) {
		for variable, value := range plain {
			peer, isPeer := strings.CutSuffix(variable, "_ADDR")
			if !isPeer || slices.Contains([]string{"GRPC", "API"}, peer) {
				continue
			}
			require.Equal(t, "dns:///"+services[strings.ToLower(peer)].Service+".production.startupwebapp.internal:9090", value, name)
		}
	}
	require.Equal(t, "0.0.0.0:8000", variables(t)["gateway"]["API_ADDR"])
}
