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

// UseFreePorts moves the shop to ports that nobody listens on, beside any shop that runs already. They stay its own
// while the options, or what was started with them, are kept.
func (o *Options) UseFreePorts() error {
	free, held, err := freeAddresses(4)
	if err != nil {
		return err
	}
	o.held = held
	o.APIAddr, o.SiteAddr, o.MailboxAddr, o.SandboxAddr = free[0], free[1], free[2], free[3]
	return nil
}

// The ports that are handed out are not yet listened on, and not during a restart. So they lie below those that systems
// give to outgoing connections (32768 and up on Linux, 49152 by RFC 6335), which would otherwise take one in between,
// and a shop keeps other shops off by holding the UDP port of the same number.
const (
	lowestFreePort  = 20000
	highestFreePort = 32000
	freePortTries   = 200
)

// reservations keep ports for one shop until they are given up or forgotten.
type reservations []net.PacketConn

func (r reservations) giveUp() error {
	var err error
	for _, held := range r {
		err = errors.Join(err, held.Close())
	}
	return err
}

// freeAddresses are loopback addresses nobody listens on, each a different one.
func freeAddresses(count int) ([]string, reservations, error) {
	addresses := make([]string, 0, count)
	held := make(reservations, 0, count)
	for range count {
		reserved, err := reservePort()
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("find a free port: %w", err), held.giveUp())
		}
		held = append(held, reserved)
		addresses = append(addresses, reserved.LocalAddr().String())
	}
	return addresses, held, nil
}

func reservePort() (reserved net.PacketConn, err error) {
	for range freePortTries {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowestFreePort+rand.IntN(highestFreePort-lowestFreePort)))
		if reserved, err = net.ListenPacket("udp", address); err != nil {
			continue
		}
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			return reserved, listener.Close()
		}
		_ = reserved.Close()
	}
	return nil, err
}

// named is an address as people and browsers write it: pages, API and payment page must share the host name localhost
// for their cookies to be one site's.
func named(address string) string {
	return strings.Replace(address, "127.0.0.1", "localhost", 1)
}
