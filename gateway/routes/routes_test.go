package routes_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	_ "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

func table(t *testing.T) *routes.Table {
	t.Helper()
	text, err := os.ReadFile("../routes.yaml")
	require.NoError(t, err)
	read, err := routes.Read(text)
	require.NoError(t, err)
	return read
}

func TestFind(t *testing.T) {
	t.Parallel()
	known := table(t)
	for path, want := range map[string]string{
		"/user/":                      "/user",
		"/user/token":                 "/user/token",
		"/order/products":             "/order/products",
		"/order/product":              "/order/{order_identifier}",
		"/order/abc123XYZ":            "/order/{order_identifier}",
		"/order/product/bSusp6dBHm":   "/order/product/{product_identifier}",
		"/order/stripe-webhook":       "/order/stripe-webhook",
		"/clientevent/pageview":       "/clientevent/pageview",
		"/clientevent/":               "/clientevent",
		"/order/confirm-payment-data": "/order/confirm-payment-data",
		"/order/cart-items":           "/order/cart-items",
	} {
		found := known.Find(path)
		require.NotNil(t, found, path)
		require.Equal(t, want, found.Path, path)
	}
	for _, path := range []string{
		"", "/", "/user", "/user/token/", "//user/token", "/order/abc-def", "/order//", "/order/product/", "/order/product/a/b",
		"/order/product/a-b", "/order/é", "/order/a\x00", "/order/\xff", "/foo", "/User/token", "/order/product/١",
	} {
		require.Nil(t, known.Find(path), path)
	}
}

// All 22 paths of contract user.md 2 and the three of our own, each by its method.
func TestUserPaths(t *testing.T) {
	t.Parallel()
	known := table(t)
	wanted := map[string]string{"/user/": http.MethodGet}
	for _, name := range []string{
		"token", "logged-in", "logout", "account-content", "verify-email-address", "email-unsubscribe-lookup", "terms-of-use-agree-check", "sessions",
	} {
		wanted["/user/"+name] = http.MethodGet
	}
	for _, name := range []string{
		"login", "create-account", "verify-email-address-response", "reset-password", "set-new-password", "forgot-username", "update-my-information",
		"update-communication-preferences", "change-my-password", "email-unsubscribe-confirm", "email-unsubscribe-why", "terms-of-use-agree",
		"put-chat-message", "pythonabot-notify-me", "end-session", "end-other-sessions",
	} {
		wanted["/user/"+name] = http.MethodPost
	}
	require.Len(t, wanted, 22+3)
	for path, method := range wanted {
		found := known.Find(path)
		require.NotNil(t, found, path)
		require.Equal(t, method, found.Method, path)
		require.Equal(t, method == http.MethodPost, found.HasForm, path)
	}
	for _, route := range known.All() {
		if route.Service == "storefront.v1.UserAreaService" && !route.IsIndex {
			require.Contains(t, wanted, route.Path)
		}
	}
}

func TestMoved(t *testing.T) {
	t.Parallel()
	known := table(t)
	require.Equal(t, "/user/", known.Moved("/user"))
	require.Equal(t, "/order/", known.Moved("/order"))
	require.Equal(t, "/clientevent/", known.Moved("/clientevent"))
	require.Empty(t, known.Moved("/user/"))
	require.Empty(t, known.Moved("/foo"))
}

func TestWhatRoutesCarry(t *testing.T) {
	t.Parallel()
	known := table(t)
	pageview := known.Find("/clientevent/pageview")
	require.Equal(t, []string{"client_event_id", "anonymous_id", "url", "pageWidth"}, pageview.Inputs)
	require.Equal(t, "storefront.v1.ClientEventAreaService", string(pageview.Service))
	require.Empty(t, known.Find("/order/product/a").Inputs, "the variable comes from the path alone")
	login := known.Find("/user/login")
	require.True(t, login.HasForm && !login.HasRaw && login.Method == http.MethodPost)
	verification := known.Find("/user/verify-email-address")
	require.True(t, verification.AlsoPosted && verification.Method == http.MethodGet && !verification.HasForm)
	require.False(t, known.Find("/user/logout").AlsoPosted)
	require.Equal(t, []string{"token", "pr_token"}, known.Find("/user/email-unsubscribe-lookup").Inputs)
	hook := known.Find("/order/stripe-webhook")
	require.True(t, hook.HasRaw && !hook.HasForm)
	raw := 0
	for _, route := range known.All() {
		if route.HasRaw {
			raw++
		}
	}
	require.Equal(t, 1, raw, "only the webhook goes without a CSRF token")
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	line := func(rule string) string {
		return "type: google.api.Service\nconfig_version: 3\nhttp:\n  rules:\n    - " + rule + "\n"
	}
	for name, text := range map[string]string{
		"nothing":            "",
		"not yaml":           "\t{",
		"unknown key":        line("{ selector: storefront.v1.UserAreaService.LogIn, put: /user/login }"),
		"unknown method":     line("{ selector: storefront.v1.UserAreaService.Nothing, get: /user/nothing }"),
		"not a method":       line("{ selector: storefront.v1.LogInRequest, get: /user/login }"),
		"two paths":          line("{ selector: storefront.v1.UserAreaService.LogIn, get: /user/login, post: /user/login }"),
		"no path":            line("{ selector: storefront.v1.UserAreaService.LogIn }"),
		"variable in middle": line("{ selector: storefront.v1.OrderAreaService.ShowOrder, get: \"/order/{order_identifier}/more\" }"),
		"read by two paths":  line("{ selector: storefront.v1.UserAreaService.LogOut, get: /user/logout, additional_bindings: [{ post: /user/leave, body: \"*\" }] }"),
		"read twice":         line("{ selector: storefront.v1.UserAreaService.LogOut, get: /user/logout, additional_bindings: [{ get: /user/logout }] }"),
		"posted to twice":    line("{ selector: storefront.v1.UserAreaService.LogIn, post: /user/login, body: \"*\", additional_bindings: [{ post: /user/login, body: \"*\" }] }"),
	} {
		_, err := routes.Read([]byte(text))
		require.Error(t, err, name)
	}
}
