package composetest

import (
	"bytes"
	"io"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/standalone"
	"github.com/bartgottschalk/startupwebapp/gateway"
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

// program is what the parser of a program says of an environment.
type program struct {
	accepts   func(environ []string) error
	variables []string
}

func programOf[C any](t *testing.T, p process.Program[C]) program {
	t.Helper()
	var help bytes.Buffer
	require.Zero(t, process.Run(t.Context(), p, []string{"--help"}, nil, &help, io.Discard))
	listed := program{accepts: func(environ []string) error { _, err := config.Load[C](environ); return err }}
	for _, variable := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z0-9_]+) `).FindAllStringSubmatch(help.String(), -1) {
		listed.variables = append(listed.variables, variable[1])
	}
	require.NotEmpty(t, listed.variables)
	return listed
}

// programs are those that the containers run, by service of the compose file.
func programs(t *testing.T) map[string]program {
	t.Helper()
	users, orders := programOf(t, user.Program()), programOf(t, order.Program())
	payments, events := programOf(t, payment.Program()), programOf(t, clientevent.Program())
	return map[string]program{
		"user": users, "user-migrate": users, "order": orders, "order-migrate": orders, "demo-goods": orders,
		"payment": payments, "payment-migrate": payments, "clientevent": events, "clientevent-migrate": events,
		"gateway": programOf(t, gateway.Program()),
		"mailbox": programOf(t, standalone.Mailbox()), "stripe-sandbox": programOf(t, standalone.StripeSandbox()),
	}
}

// environOf is what a container's process is told.
func environOf(service types.ServiceConfig) []string {
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(service.Environment)) {
		if value := service.Environment[name]; value != nil {
			environ = append(environ, name+"="+*value)
		}
	}
	return environ
}

func TestProgramsAcceptTheirSettings(t *testing.T) {
	t.Parallel()
	project, known := composed(t), programs(t)
	for name, service := range project.Services {
		if name == "postgres" || name == "pages" {
			continue // not ours
		}
		require.Contains(t, known, name)
		require.NoError(t, known[name].accepts(environOf(service)), name)
		for variable := range service.Environment {
			require.Contains(t, known[name].variables, variable, "%s does not know the variable", name)
		}
	}
}

func TestAWrongSettingIsNoticed(t *testing.T) {
	t.Parallel()
	project, known := composed(t, "SECRET_KEY=short", "SERVICE_SECRETS=short"), programs(t)
	for _, name := range []string{"user", "gateway"} {
		err := known[name].accepts(environOf(project.Services[name]))
		require.ErrorContains(t, err, "SECRET_KEY", name)
		require.ErrorContains(t, err, "SERVICE_SECRETS", name)
	}
}

func TestSecretsCanBeOverridden(t *testing.T) {
	t.Parallel()
	const own = "our-own-secret-of-many-characters-0123456789"
	names := []string{"SECRET_KEY", "SERVICE_SECRETS", "POSTGRES_PASSWORD", "DATABASE_PASSWORD", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_PUBLISHABLE_KEY"}
	var environ []string
	for _, name := range names {
		environ = append(environ, name+"="+own)
	}
	for name, service := range composed(t, environ...).Services {
		for _, entry := range environOf(service) {
			require.NotRegexp(t, `development.only`, entry, name)
		}
	}
}

// TestTheMailboxIsReachedWithoutTLS: on the loopback address, where the purchase runs, nobody asks for it anyway.
func TestTheMailboxIsReachedWithoutTLS(t *testing.T) {
	t.Parallel()
	require.Equal(t, "smtp://mailbox:1025?tls=optional", *composed(t).Services["user"].Environment["MAIL_TRANSPORT"])
}
