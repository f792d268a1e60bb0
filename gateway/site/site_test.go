package site_test

import (
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

func TestAddressesOfPages(t *testing.T) {
	t.Parallel()
	handler := site.Handler("http://localhost:8000")
	for address, want := range map[string]struct {
		status int
		holds  string
	}{
		"/":                                  {http.StatusOK, "shop.js"},
		"/img/product/rubber_bands_2.jpg":    {http.StatusOK, "\xff\xd8\xff"},
		"/shop.js":                           {http.StatusOK, "shop-config.js"},
		"/shop-config.js":                    {http.StatusOK, `"http://localhost:8000"`},
		"/checkout/success?session_id=cs_1":  {http.StatusOK, "success.js"},
		"/account/order?identifier=abc":      {http.StatusOK, "order.js"},
		"/account":                           {http.StatusOK, "account"},
		"/account/?email_verification_code=": {http.StatusOK, "account"},
		"/checkout/confirm":                  {http.StatusOK, "shop.js"},
		"/login?next=checkout/confirm":       {http.StatusOK, "account.js"},
		"/create-account":                    {http.StatusOK, "account.js"},
		"/nothing":                           {http.StatusNotFound, ""},
	} {
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, address, nil))
		require.Equal(t, want.status, answer.Code, address)
		require.Contains(t, answer.Body.String(), want.holds, address)
		if path.Ext(address) == ".jpg" {
			require.Equal(t, "image/jpeg", answer.Header().Get("Content-Type"))
		}
		require.Equal(t, "nosniff", answer.Header().Get("X-Content-Type-Options"))
	}
}
