package web

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

const csrfField = "csrfmiddlewaretoken"

// checkCSRF admits reads, the signed webhook, and requests that prove to come from one of our pages (contract
// encodings.md 4). To see a token in a form it must read the form, so it hands that on.
func (d *Door) checkCSRF(a *answer, r *http.Request, route *routes.Route, guest *visitor.Visitor, secure bool) (formFields, bool) {
	if isSafe(r.Method) || route.HasRaw {
		return nil, true
	}
	if !d.trustsSource(r, secure) || guest.CSRFState() != visitor.CSRFWellFormed {
		refuseCSRF(a, r, guest)
		return nil, false
	}
	fields, err := readForm(r)
	if err != nil {
		refuse(a, r, http.StatusBadRequest)
		return nil, false
	}
	token := fields[csrfField]
	if token == "" {
		token = r.Header.Get("X-Csrftoken")
	}
	if !guest.MatchesCSRF(token) {
		refuseCSRF(a, r, guest)
		return nil, false
	}
	return fields, true
}

// trustsSource checks the Origin, or without one, over https, the Referer.
func (d *Door) trustsSource(r *http.Request, secure bool) bool {
	if _, named := r.Header["Origin"]; named {
		return d.origins.trusts(originOf(r), r.Host, secure)
	}
	return !secure || d.trustsReferer(r)
}

func (d *Door) trustsReferer(r *http.Request) bool {
	referer, err := url.Parse(r.Header.Get("Referer"))
	if err != nil || referer.Scheme != "https" || referer.Host == "" {
		return false
	}
	if d.origins.trustsHost(referer.Host) {
		return true
	}
	if d.cookieFor == "" {
		return strings.EqualFold(referer.Host, r.Host)
	}
	return isWithin(referer.Host, d.cookieFor)
}

// isWithin tells whether a host is of the domain that all cookies are for; one without a leading dot means itself alone.
func isWithin(host, domain string) bool {
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	if strings.HasPrefix(domain, ".") {
		return host == domain[1:] || strings.HasSuffix(host, domain)
	}
	return host == domain
}

// refuseCSRF answers 403. The page then asks for a token and tries once more, so a cookie that can never match is replaced.
func refuseCSRF(a *answer, r *http.Request, guest *visitor.Visitor) {
	if guest.CSRFState() == visitor.CSRFMalformed {
		guest.RotateCSRF()
	}
	guest.WriteHeaders(a.Header())
	refuse(a, r, http.StatusForbidden)
}

func isSafe(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
