package visitor

import (
	"net/netip"
	"strings"
)

// ClientAddress is the customer's own address as text: the peer's, or behind trusted proxies the entry that the
// outermost of them saw. It is for rate limits and event records, never for logs.
func (v *Visitor) ClientAddress() string {
	if v.policy.proxyHops > 0 {
		if address, ok := forwardedAddress(v.request.Header["X-Forwarded-For"], v.policy.proxyHops); ok {
			return address
		}
	}
	if address, ok := parseAddress(v.request.RemoteAddr); ok {
		return address
	}
	return v.request.RemoteAddr
}

// forwardedAddress is the hops-th entry from the right. With fewer entries the request did not come through the proxies,
// so nothing in the header is believed.
func forwardedAddress(headers []string, hops int) (string, bool) {
	entries := strings.Split(strings.Join(headers, ","), ",")
	if len(entries) < hops {
		return "", false
	}
	return parseAddress(strings.TrimSpace(entries[len(entries)-hops]))
}

// parseAddress takes an address with or without a port and gives it in one spelling.
func parseAddress(text string) (string, bool) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("").String(), true
	}
	address, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return "", false
	}
	return address.Unmap().WithZone("").String(), true
}
