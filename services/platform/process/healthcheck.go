package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"
)

const (
	healthcheckCommand = "healthcheck"
	healthcheckTimeout = 3 * time.Second
)

// Healthcheck is the subcommand healthcheck: it asks the process that serves in the same container whether it is alive, for whoever
// starts containers. It reads one variable and no secret, for it runs every few seconds.
type Healthcheck struct {
	// Variable names the variable that holds the address which the process listens on, host:port.
	Variable string
	// Ask returns nil when the process at the address (host:port, never an unspecified host) should go on living. It has 3 s.
	Ask func(ctx context.Context, address string) error
}

// run returns the exit code: 0 alive, else 1 with one line that says why.
func (h *Healthcheck) run(ctx context.Context, name string, environ []string, stderr io.Writer) int {
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	address, err := ownAddress(lookup(environ, h.Variable))
	if err == nil {
		err = h.Ask(ctx, address)
	} else {
		err = fmt.Errorf("%s: %w", h.Variable, err)
	}
	if err != nil {
		say(stderr, name, fmt.Errorf("%s: %w", healthcheckCommand, err))
		return exitFailed
	}
	return exitDone
}

// ownAddress is where a process that listens on an address is reached from beside it.
func ownAddress(listen string) (string, error) {
	if listen == "" {
		return "", errors.New("it is not set; expected the host:port that the process listens on")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", errors.New("expected host:port")
	}
	if port == "" || port == "0" {
		return "", errors.New("port 0 is a free one that nobody else knows; expected a fixed port")
	}
	if host == "" {
		host = netip.IPv4Unspecified().String()
	}
	if parsed, err := netip.ParseAddr(host); err == nil && parsed.Unmap().IsUnspecified() {
		host = loopback(parsed.Unmap())
	}
	return net.JoinHostPort(host, port), nil
}

func loopback(unspecified netip.Addr) string {
	if unspecified.Is4() {
		return "127.0.0.1"
	}
	return netip.IPv6Loopback().String()
}
