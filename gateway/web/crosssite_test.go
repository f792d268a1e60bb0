package web_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Contract user.md 8, defect 9: links and images of other sites log nobody out and send no mails.
func TestOtherSitesCannotChangeAnythingByReading(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	const evil = "https://evil.example.com"
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"a link of another site", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403},
		{"a script of another site", []string{"Sec-Fetch-Site", "cross-site", "Origin", evil}, 403},
		{"a page without an origin", []string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, 403},
		{"our page, on another site than the API", []string{"Sec-Fetch-Site", "cross-site", "Origin", page}, 200},
		{"our page", []string{"Sec-Fetch-Site", "same-site", "Origin", page}, 200},
		{"a link of our page", []string{"Sec-Fetch-Site", "same-site"}, 200},
		{"the API itself", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"an address typed in", []string{"Sec-Fetch-Site", "none"}, 200},
		{"a browser that does not say", nil, 200},
		{"an old browser on another site", []string{"Origin", evil}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, target := range []string{"/user/logout", "/user/verify-email-address"} {
				for _, method := range []string{http.MethodGet, http.MethodHead} {
					got := s.ask(method, target, "", append([]string{"Cookie", "sessionid=x"}, c.headers...)...)
					require.Equal(t, c.want, got.Code, "%s %s", method, target)
					require.Equal(t, c.want == 200, s.reached != nil, "a refused request reaches nobody")
				}
			}
			for _, harmless := range []string{"/user/token", "/user/logged-in", "/order/products", "/order/checkout-session-success?session_id=cs", "/clientevent/pageview"} {
				require.Equal(t, 200, s.ask(http.MethodGet, harmless, "", c.headers...).Code, harmless)
			}
		})
	}
}

// The old server took a verification by post, too; the token protects that.
func TestAPathThatIsAlsoPostedTo(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	const path = "/user/verify-email-address"
	require.Equal(t, 200, s.post(path, "a=b").Code)
	require.Equal(t, http.MethodGet, s.reached.Method)
	require.Equal(t, 200, s.post(path, "", "Sec-Fetch-Site", "cross-site").Code)
	require.Equal(t, 403, s.ask(http.MethodPost, path, "", "Origin", page).Code)
	put := s.ask(http.MethodPut, path, "", "Origin", page, "Cookie", cookie, "X-CSRFToken", token)
	require.Equal(t, 405, put.Code)
	require.Equal(t, "GET, HEAD, POST", put.Header().Get("Allow"))
	require.Equal(t, 405, s.post("/user/logout", "").Code)
}
