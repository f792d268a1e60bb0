package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/resolver"
)

const (
	// lookupEvery is how late a client may learn of another instance, on top of what name servers remember.
	lookupEvery = 5 * time.Second
	// lookupAgain is the pause after a lookup without an answer, and before one that a broken connection asks for.
	lookupAgain   = 200 * time.Millisecond
	lookupTimeout = 5 * time.Second
	dnsScheme     = "dns"
	dnsPort       = "53"
)

var errNoInstance = errors.New("the name has no address")

// dnsInstances finds the instances behind a DNS name, in place of gRPC's own resolver of that scheme. That one looks again only
// when a connection breaks, and then not within 30 s: whoever replaces the only instance of a service would cut off its clients.
// This one looks all the time, so that clients have moved on before the old instance goes (ServerConfig.DrainDelay).
type dnsInstances struct{}

// Scheme is the target scheme that this resolver serves.
func (dnsInstances) Scheme() string { return dnsScheme }

// Build begins to look. Close ends it.
func (dnsInstances) Build(target resolver.Target, conn resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	host, port, err := net.SplitHostPort(target.Endpoint())
	if err != nil || host == "" || port == "" {
		return nil, fmt.Errorf("%q: expected host:port", target.Endpoint())
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return fixedInstances{}, conn.UpdateState(stateOf([]netip.Addr{address}, port))
	}
	every, err := intervalOf(target.URL)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	search := &lookup{
		host: host, port: port, every: every, names: nameServer(target.URL.Host), conn: conn,
		wanted: make(chan struct{}, 1), stop: stop, stopped: make(chan struct{}),
	}
	go search.run(ctx)
	return search, nil
}

// intervalOf reads dns:///order.internal:9090?every=1s.
func intervalOf(target url.URL) (time.Duration, error) {
	text := target.Query().Get("every")
	if text == "" {
		return lookupEvery, nil
	}
	every, err := time.ParseDuration(text)
	if err != nil || every <= 0 {
		return 0, fmt.Errorf("every=%q: expected a duration like 5s", text)
	}
	return every, nil
}

// nameServer is the one that a target names, dns://10.0.0.2/order.internal:9090, or the system's.
func nameServer(authority string) *net.Resolver {
	if authority == "" {
		return net.DefaultResolver
	}
	address := authority
	if _, _, err := net.SplitHostPort(authority); err != nil {
		address = net.JoinHostPort(strings.Trim(authority, "[]"), dnsPort)
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}
}

// lookup looks a name up again and again. Its fields belong to run.
type lookup struct {
	host, port string
	every      time.Duration
	names      *net.Resolver
	conn       resolver.ClientConn
	known      []netip.Addr // what the connection was told last

	wanted  chan struct{}
	stop    context.CancelFunc
	stopped chan struct{}
}

// ResolveNow asks for a lookup soon: a connection broke.
func (l *lookup) ResolveNow(resolver.ResolveNowOptions) {
	select {
	case l.wanted <- struct{}{}:
	default: // it is asked for already
	}
}

// Close ends the lookups and waits for the one under way.
func (l *lookup) Close() {
	l.stop()
	<-l.stopped
}

func (l *lookup) run(ctx context.Context) {
	defer close(l.stopped)
	for ctx.Err() == nil {
		pause := l.every
		if !l.look(ctx) {
			pause = min(pause, lookupAgain)
		}
		l.wait(ctx, pause)
	}
}

// wait ends early when a lookup is wanted, but not at once: what broke may break again and again.
func (l *lookup) wait(ctx context.Context, pause time.Duration) {
	due := time.NewTimer(pause)
	defer due.Stop()
	select {
	case <-ctx.Done():
		return
	case <-due.C:
		return
	case <-l.wanted:
	}
	soon := time.NewTimer(lookupAgain)
	defer soon.Stop()
	select {
	case <-ctx.Done():
	case <-due.C:
	case <-soon.C:
	}
}

// look tells the connection of instances that it does not know, and tells whether there was an answer. Without one the last is
// kept: a name server that blinks takes no instance away, and one that is gone refuses by itself.
func (l *lookup) look(ctx context.Context) bool {
	asking, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := l.names.LookupNetIP(asking, "ip", l.host)
	if err == nil && len(found) == 0 {
		err = errNoInstance
	}
	if err != nil {
		if len(l.known) == 0 && ctx.Err() == nil {
			l.conn.ReportError(fmt.Errorf("look up %s: %w", l.host, err))
		}
		return false
	}
	slices.SortFunc(found, netip.Addr.Compare)
	if found = slices.Compact(found); slices.Equal(found, l.known) {
		return true
	}
	l.known = found
	_ = l.conn.UpdateState(stateOf(found, l.port)) // refused only without addresses
	return true
}

func stateOf(addresses []netip.Addr, port string) (state resolver.State) {
	for _, address := range addresses {
		one := resolver.Address{Addr: net.JoinHostPort(address.Unmap().String(), port)}
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{one}})
	}
	return state
}
