package site_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

func ask(t *testing.T, handler http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, request)
	return answer
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	style := "/" + styleOf(t, published(t))
	for target, title := range map[string]string{
		"/":                               "Home Page",
		"/index.html":                     "Home Page",
		"/?em_cd=a&pr_cd=b":               "Home Page",
		"/products":                       "Products",
		"/product?name=a&id=b":            "Product",
		"/cart?referrer=%2F&query=null":   "Shopping Cart",
		"/checkout/confirm":               "Confirm Order",
		"/checkout/success?session_id=cs": "Processing Order",
		"/login?next=checkout/confirm":    "Log In",
		"/create-account?next=a":          "Create Account",
		"/forgot-username":                "Forgot Username",
		"/reset-password":                 "Reset Password",
		"/set-new-password?password_reset_code=a:b:c": "Set Password",
		"/account": "My Account",
		"/account/?email_verification_code=a:b:c":                 "My Account",
		"/account/edit-my-information":                            "Edit My Information",
		"/account/edit-communication-preferences?em_cd=a&mb_cd=b": "Edit My Communication Preferences",
		"/account/change-password":                                "Change My Password",
		"/account/order?identifier=a":                             "My Order",
		"/account/email-unsubscribe?em_cd=a&pr_cd=b&pr_token=c":   "Email Unsubscribe",
		"/pythonabot?ad_cd=a":                                     "PythonABot",
		"/about":                                                  "About",
		"/contact":                                                "Contact",
		"/ad":                                                     "Ad Example",
		"/terms-of-use":                                           "Terms of Use",
		"/privacy-policy":                                         "Privacy Policy",
		"/terms-of-sale":                                          "Terms of Sale",
	} {
		answer := ask(t, handler, http.MethodGet, target)
		require.Equal(t, http.StatusOK, answer.Code, target)
		require.Contains(t, answer.Body.String(), "<title>"+title+"</title>", target)
		require.Equal(t, "text/html; charset=utf-8", answer.Header().Get("Content-Type"), target)
	}
	for _, target := range []string{style, "/robots.txt", "/sitemap.xml", "/img/favicon.svg", "/img/product/rubber_bands_2.jpg"} {
		require.Equal(t, http.StatusOK, ask(t, handler, http.MethodGet, target).Code, target)
	}
}

func TestUnknownAddresses(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	for _, target := range []string{
		"/nothing", "/not-found", "/about.html", "/about/", "/About", "/products/", "/checkout", "/checkout/", "/account/order/", "/account/index.html", "/account//",
		"/home.html", "/frame/frame.html", "/pages/home.html", "/assets", "/assets/", "/assets/shop.css", "/assets/000000000000/shop.css", "/img", "/img/",
		"/img/product/", "/img/../robots.txt", "//", "/./about", "/%2e%2e/about", "/site.go", "/.env", "/about%00", "/about%2F", "/index.html/",
	} {
		answer := ask(t, handler, http.MethodGet, target, "If-None-Match", "*")
		require.Equal(t, http.StatusNotFound, answer.Code, target)
		require.Contains(t, answer.Body.String(), "<title>Error</title>", target)
		require.Equal(t, "no-cache", answer.Header().Get("Cache-Control"), target)
	}
}

func TestOnlyReading(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch, "BREW"} {
		for _, target := range []string{"/", "/login", "/nothing"} {
			answer := ask(t, handler, method, target)
			require.Equal(t, http.StatusMethodNotAllowed, answer.Code, method+target)
			require.Equal(t, "GET, HEAD", answer.Header().Get("Allow"))
			require.Equal(t, "no-cache", answer.Header().Get("Cache-Control"))
		}
	}
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	for _, target := range []string{"/", "/nothing", "/img/product/rubber_bands_2.jpg"} {
		get, head := ask(t, handler, http.MethodGet, target), ask(t, handler, http.MethodHead, target)
		require.Equal(t, get.Code, head.Code, target)
		require.Equal(t, get.Header(), head.Header(), target)
		require.Equal(t, strconv.Itoa(get.Body.Len()), head.Header().Get("Content-Length"), target)
		require.Empty(t, head.Body.Bytes(), target)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	plain := ask(t, handler, http.MethodGet, "/about")
	for accepted, packed := range map[string]bool{
		"": false, "gzip": true, "gzip, deflate, br, zstd": true, "GZip": true, "x-gzip": true, "br": false, "identity": false,
		"gzip;q=0": false, "gzip; q=0.000": false, "gzip;q=0.5": true, "gzip;q=x": false, "*": true, "*;q=0": false, "gzip;q=0, *": false, "*;q=0, gzip;q=1": true,
		";;;,,=": false,
	} {
		answer := ask(t, handler, http.MethodGet, "/about", "Accept-Encoding", accepted)
		require.Equal(t, http.StatusOK, answer.Code)
		require.Equal(t, "Accept-Encoding", answer.Header().Get("Vary"), accepted)
		require.Equal(t, packed, answer.Header().Get("Content-Encoding") == "gzip", accepted)
		require.Equal(t, strconv.Itoa(answer.Body.Len()), answer.Header().Get("Content-Length"), accepted)
		require.Equal(t, packed, answer.Header().Get("ETag") != plain.Header().Get("ETag"), accepted)
		if packed {
			require.Equal(t, plain.Body.Bytes(), unpacked(t, answer.Body.Bytes()), accepted)
		}
	}
	picture := ask(t, handler, http.MethodGet, "/img/product/rubber_bands_2.jpg", "Accept-Encoding", "gzip")
	require.Empty(t, picture.Header().Get("Content-Encoding"))
	require.Empty(t, picture.Header().Get("Vary"))
	require.Equal(t, "gzip", ask(t, handler, http.MethodGet, "/nothing", "Accept-Encoding", "gzip").Header().Get("Content-Encoding"))
}

func unpacked(t *testing.T, body []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(body))
	require.NoError(t, err)
	whole, err := io.ReadAll(reader)
	require.NoError(t, err)
	return whole
}

func TestRevalidation(t *testing.T) {
	t.Parallel()
	handler := published(t).Handler()
	plain := ask(t, handler, http.MethodGet, "/cart").Header().Get("ETag")
	packed := ask(t, handler, http.MethodGet, "/cart", "Accept-Encoding", "gzip").Header().Get("ETag")
	for name, one := range map[string]struct {
		known    []string
		encoding string
		status   int
	}{
		"the same":             {[]string{plain}, "", http.StatusNotModified},
		"weak":                 {[]string{"W/" + plain}, "", http.StatusNotModified},
		"in a list":            {[]string{`"a" ,W/"b",  ` + plain}, "", http.StatusNotModified},
		"in the second header": {[]string{`"a"`, plain}, "", http.StatusNotModified},
		"any":                  {[]string{"*"}, "", http.StatusNotModified},
		"packed":               {[]string{packed}, "gzip", http.StatusNotModified},
		"the other form":       {[]string{plain}, "gzip", http.StatusOK},
		"another":              {[]string{`"a"`}, "", http.StatusOK},
		"without quotes":       {[]string{strings.Trim(plain, `"`)}, "", http.StatusOK},
		"empty":                {[]string{""}, "", http.StatusOK},
	} {
		headers := []string{"Accept-Encoding", one.encoding}
		for _, known := range one.known {
			headers = append(headers, "If-None-Match", known)
		}
		answer := ask(t, handler, http.MethodGet, "/cart", headers...)
		require.Equal(t, one.status, answer.Code, name)
		require.Equal(t, one.status == http.StatusNotModified, answer.Body.Len() == 0, name)
		require.Equal(t, "no-cache", answer.Header().Get("Cache-Control"), name)
		require.Equal(t, "Accept-Encoding", answer.Header().Get("Vary"), name)
		require.NotEmpty(t, answer.Header().Get("ETag"), name)
	}
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	pages := published(t)
	wanted := pages.Headers()
	require.Equal(t, "nosniff", wanted.Get("X-Content-Type-Options"))
	require.Empty(t, wanted.Get("Strict-Transport-Security"))
	handler := pages.Handler()
	for _, answer := range []*httptest.ResponseRecorder{
		ask(t, handler, http.MethodGet, "/"), ask(t, handler, http.MethodGet, "/nothing"), ask(t, handler, http.MethodPost, "/"),
		ask(t, handler, http.MethodGet, "/", "If-None-Match", "*"), ask(t, handler, http.MethodGet, "/robots.txt"),
	} {
		for name, values := range wanted {
			require.Equal(t, values, answer.Header().Values(name), answer.Code)
		}
	}
	wanted.Set("X-Frame-Options", "changed by a caller")
	require.Equal(t, "DENY", pages.Headers().Get("X-Frame-Options"))
}

func TestThePolicyAllowsNothingInline(t *testing.T) {
	t.Parallel()
	policy := map[string]string{}
	for directive := range strings.SplitSeq(published(t).Headers().Get("Content-Security-Policy"), "; ") {
		name, sources, _ := strings.Cut(directive, " ")
		require.NotContains(t, policy, name)
		policy[name] = sources
		require.NotContains(t, sources, "unsafe")
		require.NotContains(t, sources, "*")
	}
	require.Equal(t, "'none'", policy["default-src"])
	require.Equal(t, "'self'", policy["script-src"])
	require.Equal(t, "'self'", policy["style-src"])
	require.Equal(t, apiOrigin, policy["connect-src"])
	require.Equal(t, "https://www.youtube-nocookie.com https://player.vimeo.com", policy["frame-src"])
	require.Equal(t, "'none'", policy["base-uri"])
	require.Equal(t, "'none'", policy["frame-ancestors"])
	require.Equal(t, "'script'", policy["require-trusted-types-for"])
}

func TestHTTPSIsKept(t *testing.T) {
	t.Parallel()
	pages, err := site.Publish(site.Default(), site.Settings{APIOrigin: "https://api.shop.example", SiteOrigin: "https://shop.example"})
	require.NoError(t, err)
	require.Equal(t, "max-age=31536000", pages.Headers().Get("Strict-Transport-Security"))
}

func BenchmarkPage(b *testing.B) {
	pages, err := site.Publish(site.Default(), settings())
	require.NoError(b, err)
	handler := pages.Handler()
	request := httptest.NewRequest(http.MethodGet, "/products", nil)
	request.Header.Set("Accept-Encoding", "gzip, br")
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), request)
	}
}
