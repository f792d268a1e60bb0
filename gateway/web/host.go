package web

import (
	"net/http"
	"strings"
)

// hosts are the names that the API answers under.
type hosts struct {
	exact map[string]bool
	under []string // each begins with a dot
}

func newHosts(allowed []string) hosts {
	known := hosts{exact: map[string]bool{}}
	for _, name := range allowed {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, ".") {
			known.under = append(known.under, name)
			name = name[1:]
		}
		known.exact[name] = true
	}
	return known
}

// allow tells whether a Host header, with any port or none, names one of them.
func (h hosts) allow(header string) bool {
	name, ok := hostName(header)
	if !ok {
		return false
	}
	if h.exact[name] {
		return true
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if h.exact[name] {
		return true
	}
	for _, suffix := range h.under {
		if strings.HasSuffix(name, suffix) && len(name) > len(suffix) {
			return true
		}
	}
	return false
}

// hostName is the header without its port; an IPv6 address keeps its brackets.
func hostName(header string) (string, bool) {
	colon := strings.LastIndexByte(header, ':')
	if colon < 0 || strings.HasSuffix(header, "]") {
		return header, header != ""
	}
	name, port := header[:colon], header[colon+1:]
	for i := range len(port) {
		if port[i] < '0' || port[i] > '9' {
			return "", false
		}
	}
	return name, name != "" && port != ""
}

// isSecure tells whether the customer's own connection is encrypted.
func (d *Door) isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !d.proxied {
		return false
	}
	values := r.Header["X-Forwarded-Proto"]
	if len(values) == 0 {
		return false
	}
	first, _, _ := strings.Cut(values[0], ",")
	return strings.EqualFold(strings.TrimSpace(first), "https")
}

// isRedirectExempt: the load balancer asks for these over plain http (contract order.md 4.2).
func isRedirectExempt(path string) bool { return path == "/order/products" || path == healthPath }

func redirect(a *answer, location string) {
	header := a.Header()
	header["Location"] = []string{location}
	header["Content-Type"] = htmlType
	header["Content-Length"] = emptyLength
	a.WriteHeader(http.StatusMovedPermanently)
}
