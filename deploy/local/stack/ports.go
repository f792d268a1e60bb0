package stack

import (
	"fmt"
	"net"
	"strings"
)

// listen takes a port of the stack's own, or says which one is in use.
func listen(what, variable, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s cannot listen on %s, is something else running there? Stop it or set %s", what, address, variable)
	}
	return listener, nil
}

// checkFree makes sure that a port which another process will take is free now.
func checkFree(what, variable, address string) error {
	listener, err := listen(what, variable, address)
	if err != nil {
		return err
	}
	return listener.Close()
}

// FreeAddresses are loopback addresses nobody listens on. They are held together, so no two are the same.
func FreeAddresses(count int) ([]string, error) {
	addresses := make([]string, 0, count)
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

// named is an address as people and browsers write it: pages, API and payment page must share the host name localhost
// for their cookies to be one site's.
func named(address string) string {
	return strings.Replace(address, "127.0.0.1", "localhost", 1)
}
