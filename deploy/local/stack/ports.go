package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// port is one on which people find something of the shop.
type port struct {
	what     string // as a message begins
	variable string // that sets it
	address  string
}

func (o Options) apiPort() port     { return port{"the API", "API_ADDR", o.APIAddr} }
func (o Options) sitePort() port    { return port{"the site", "SITE_ADDR", o.SiteAddr} }
func (o Options) mailboxPort() port { return port{"the mailbox", "MAILBOX_ADDR", o.MailboxAddr} }
func (o Options) sandboxPort() port { return port{"the Stripe sandbox", "SANDBOX_ADDR", o.SandboxAddr} }

func (o Options) ports() []port {
	return []port{o.apiPort(), o.sitePort(), o.mailboxPort(), o.sandboxPort()}
}

// listen takes a port of the stack's own, or says which one is in use.
func listen(on port) (net.Listener, error) {
	listener, err := net.Listen("tcp", on.address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s cannot listen on %s, something else does: stop that or set %s", on.what, on.address, on.variable)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %s cannot listen: %w", on.variable, on.what, err)
	}
	return listener, nil
}

// checkFree makes sure that a port is free now.
func checkFree(wanted port) error {
	listener, err := listen(wanted)
	if err != nil {
		return err
	}
	return listener.Close()
}

// UseFreePorts moves the shop to ports that nobody listens on, beside any shop that runs already.
func (o *Options) UseFreePorts() error {
	free, err := freeAddresses(4)
	if err != nil {
		return err
	}
	o.APIAddr, o.SiteAddr, o.MailboxAddr, o.SandboxAddr = free[0], free[1], free[2], free[3]
	return nil
}

// The ports that are handed out are released before their programs take them. So they lie below those that systems give
// to outgoing connections (32768 and up on Linux, 49152 by RFC 6335), which would otherwise take one in between.
const (
	lowestFreePort  = 20000
	highestFreePort = 32000
	freePortTries   = 200
)

// freeAddresses are loopback addresses nobody listens on. They are held together, so no two are the same.
func freeAddresses(count int) ([]string, error) {
	addresses := make([]string, 0, count)
	for range count {
		listener, err := listenAnywhere()
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

func listenAnywhere() (listener net.Listener, err error) {
	for range freePortTries {
		chosen := lowestFreePort + rand.IntN(highestFreePort-lowestFreePort)
		if listener, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(chosen))); err == nil {
			return listener, nil
		}
	}
	return nil, err
}

// named is an address as people and browsers write it: pages, API and payment page must share the host name localhost
// for their cookies to be one site's.
func named(address string) string {
	return strings.Replace(address, "127.0.0.1", "localhost", 1)
}
