package house

import (
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway"
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

const house = "github.com/bartgottschalk/startupwebapp/"

// protosOf says whose generated code a module may use: its own, and that of the services it may call.
func protosOf() map[string][]string {
	return map[string][]string{
		"services/user":        {"proto/user/v1"},
		"services/payment":     {"proto/payment/v1"},
		"services/clientevent": {"proto/clientevent/v1"},
		"services/order":       {"proto/order/v1", "proto/payment/v1", "proto/user/v1"},
		"services/platform":    {},
		"gateway":              {"proto/clientevent/v1", "proto/order/v1", "proto/payment/v1", "proto/storefront/v1", "proto/user/v1"},
	}
}

func TestImportsFollowThePlan(t *testing.T) {
	t.Parallel()
	for module, protos := range protosOf() {
		for _, imported := range importsOf(t, module) {
			within, ours := strings.CutPrefix(imported, house)
			allowed := !ours || inModule(within, module) || inModule(within, "services/platform") || slices.Contains(protos, within)
			require.True(t, allowed, "%s must not import %s", module, imported)
		}
	}
}

func inModule(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}

// importsOf are the imports of a module's code; its tests may use generated fakes of anybody.
func importsOf(t *testing.T, module string) []string {
	t.Helper()
	command := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "./...")
	command.Dir = "../../../" + module
	listed, err := command.Output()
	require.NoError(t, err, module)
	return strings.Fields(string(listed))
}

// TestAddressesFollowThePlan makes sure that a process is not even told where those live whom it may not call.
func TestAddressesFollowThePlan(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		config any
		peers  []string
	}{
		"user":        {user.Config{}, nil},
		"payment":     {payment.Config{}, nil},
		"clientevent": {clientevent.Config{}, nil},
		"order":       {order.Config{}, []string{"PAYMENT_ADDR", "USER_ADDR"}},
		"gateway":     {gateway.Config{}, []string{"CLIENTEVENT_ADDR", "ORDER_ADDR", "PAYMENT_ADDR", "USER_ADDR"}},
	} {
		var told []string
		for _, variable := range variablesOf(reflect.TypeOf(want.config)) {
			if strings.HasSuffix(variable, "_ADDR") && variable != "GRPC_ADDR" && variable != "API_ADDR" {
				told = append(told, variable)
			}
		}
		slices.Sort(told)
		require.Equal(t, want.peers, told, name)
	}
}

func TestSecretsStayWithWhoNeedsThem(t *testing.T) {
	t.Parallel()
	holders := map[string][]string{}
	for name, config := range map[string]any{
		"user": user.Config{}, "payment": payment.Config{}, "clientevent": clientevent.Config{}, "order": order.Config{}, "gateway": gateway.Config{},
	} {
		for _, variable := range variablesOf(reflect.TypeOf(config)) {
			holders[variable] = append(holders[variable], name)
		}
	}
	require.ElementsMatch(t, []string{"payment"}, holders["STRIPE_SECRET_KEY"])
	require.ElementsMatch(t, []string{"payment"}, holders["STRIPE_WEBHOOK_SECRET"])
	require.ElementsMatch(t, []string{"gateway", "user"}, holders["SECRET_KEY"])
	require.ElementsMatch(t, []string{"user"}, holders["MAIL_TRANSPORT"])
	require.ElementsMatch(t, []string{"user", "payment", "clientevent", "order"}, holders["DATABASE_URL"])
}

func variablesOf(config reflect.Type) []string {
	var variables []string
	for i := range config.NumField() {
		field := config.Field(i)
		if field.Type.Kind() == reflect.Struct && field.Tag.Get("env") == "" {
			variables = append(variables, variablesOf(field.Type)...)
			continue
		}
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); name != "" {
			variables = append(variables, name)
		}
	}
	return variables
}
