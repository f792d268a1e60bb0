package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/web"
)

const (
	masked = "zajD0sJBEOk62oNbfKw5MZ28T7FVooQYzblG4xPIMXuheB1qv1Oo6kovhw5mQRkt" // of token
	form   = "application/x-www-form-urlencoded"
)

func TestCSRF(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for _, c := range []struct {
		name    string
		body    string
		headers []string
		want    int
	}{
		{"header equals cookie", "", []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", token}, 200},
		{"masked header", "", []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", masked}, 200},
		{"masked cookie", "", []string{"Origin", page, "Cookie", "csrftoken=" + masked, "X-CSRFToken", token}, 200},
		{"made-up pair", "", []string{"Origin", page, "Cookie", "csrftoken=" + strings.Repeat("a", 32), "X-CSRFToken", strings.Repeat("a", 32)}, 200},
		{"field", "csrfmiddlewaretoken=" + masked, []string{"Origin", page, "Cookie", cookie}, 200},
		{"good field wins over a bad header", "csrfmiddlewaretoken=" + token, []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", "bad"}, 200},
		{"bad field wins over a good header", "csrfmiddlewaretoken=bad", []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"empty field counts as none", "csrfmiddlewaretoken=", []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", token}, 200},
		{"no token", "", []string{"Origin", page, "Cookie", cookie}, 403},
		{"no cookie", "", []string{"Origin", page, "X-CSRFToken", token}, 403},
		{"empty pair", "", []string{"Origin", page, "Cookie", "csrftoken=", "X-CSRFToken", ""}, 403},
		{"other token", "", []string{"Origin", page, "Cookie", cookie, "X-CSRFToken", strings.Repeat("a", 32)}, 403},
		{"malformed equal pair", "", []string{"Origin", page, "Cookie", "csrftoken=short", "X-CSRFToken", "short"}, 403},
		{"foreign origin", "", []string{"Origin", "https://evil.example.com", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"null origin", "", []string{"Origin", "null", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"origin over http", "", []string{"Origin", strings.Replace(page, "https", "http", 1), "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"the API's own origin", "", []string{"Origin", "https://" + host, "Cookie", cookie, "X-CSRFToken", token}, 200},
		{"foreign origin though the referer is ours", "", []string{"Origin", "https://evil.example.com", "Referer", page + "/", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"referer of a page", "", []string{"Referer", page + "/login?x", "Cookie", cookie, "X-CSRFToken", token}, 200},
		{"referer of the cookie domain", "", []string{"Referer", "https://other.mosaicmeshai.com/", "Cookie", cookie, "X-CSRFToken", token}, 200},
		{"referer over http", "", []string{"Referer", "http://startupwebapp.mosaicmeshai.com/", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"foreign referer", "", []string{"Referer", "https://evilmosaicmeshai.com/", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"malformed referer", "", []string{"Referer", "https://%zz", "Cookie", cookie, "X-CSRFToken", token}, 403},
		{"neither origin nor referer", "", []string{"Cookie", cookie, "X-CSRFToken", token}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.ask(http.MethodPost, "/user/login", c.body, append([]string{"Content-Type", form}, c.headers...)...)
			require.Equal(t, c.want, got.Code)
			require.Equal(t, c.want == 200, s.reached != nil, "a refused request reaches nobody")
			if c.want == 403 {
				require.Equal(t, "text/html; charset=utf-8", got.Header().Get("Content-Type"))
			}
		})
	}
}

func TestCSRFOverPlainHTTP(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(settings *web.Settings) {
		settings.HTTPSRedirect, settings.BehindProxy, settings.CookieDomain = false, false, ""
		settings.AllowedOrigins = []string{"http://localhost:8080"}
	})
	local := []string{"Host", "localhost:8000", "Content-Type", form, "Cookie", cookie, "X-CSRFToken", token}
	require.Equal(t, 200, s.ask("POST", "/user/login", "", append(local, "Origin", "http://localhost:8080")...).Code)
	require.Equal(t, 200, s.ask("POST", "/user/login", "", append(local, "Origin", "http://localhost:8000")...).Code, "same origin")
	require.Equal(t, 200, s.ask("POST", "/user/login", "", local...).Code, "nothing is checked without Origin over http")
	require.Equal(t, 403, s.ask("POST", "/user/login", "", append(local, "Origin", "http://localhost:9000")...).Code)
}

func TestCSRFRefusalIsReadableByPages(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	got := s.ask("POST", "/user/login", "", "Origin", page)
	require.Equal(t, 403, got.Code)
	require.Equal(t, page, got.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, got.Header()["Set-Cookie"])

	got = s.ask("POST", "/user/login", "", "Origin", page, "Cookie", "csrftoken=malformed", "X-CSRFToken", "malformed")
	require.Equal(t, 403, got.Code)
	require.Regexp(t, `^csrftoken=[A-Za-z0-9]{32}; Domain=.mosaicmeshai.com; `, got.Header().Get("Set-Cookie"))
	require.Contains(t, got.Header()["Vary"], "Cookie")
}

func TestCSRFCoversEveryChangingMethodButTheWebhook(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "BREW"} {
		for _, target := range []string{"/user/login", "/user/logged-in", "/order/products", "/order/abcdefghij", "/clientevent/pageview"} {
			require.Equal(t, 403, s.ask(method, target, "", "Origin", page).Code, "%s %s", method, target)
		}
		require.NotEqual(t, 403, s.ask(method, "/order/stripe-webhook", "").Code)
	}
	require.Equal(t, 405, s.post("/user/logged-in", "").Code)
	require.Equal(t, 405, s.ask("PUT", "/user/login", "", "Origin", page, "Cookie", cookie, "X-CSRFToken", token).Code)
	require.Equal(t, 403, s.ask("PUT", "/user/login", "csrfmiddlewaretoken="+token, "Content-Type", form, "Origin", page, "Cookie", cookie).Code, "fields count in a POST alone")
}
