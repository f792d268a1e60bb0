package rollout

import (
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

// timeToLive is what the name server remembers an answer for, as one of a network in front of Cloud Map does (there 10 s).
const timeToLive = 500 * time.Millisecond

// names is the name service: every registered instance of a service is an address of its name.
type names struct {
	conn net.PacketConn

	mutex      sync.Mutex
	registered map[string][]netip.Addr
	remembered map[string]memory
	asked      map[string]int
}

type memory struct {
	addresses []netip.Addr
	until     time.Time
}

func newNames(t testing.TB) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &names{conn: conn, registered: map[string][]netip.Addr{}, remembered: map[string]memory{}, asked: map[string]int{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.serve()
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return n
}

// nameOf is the name of a service, with the dot that ends it in questions.
func nameOf(service string) string { return "main-" + service + ".shop.internal." }

func (n *names) register(service, address string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.registered[nameOf(service)] = append(n.registered[nameOf(service)], netip.MustParseAddr(address))
}

func (n *names) deregister(service, address string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	gone := netip.MustParseAddr(address)
	n.registered[nameOf(service)] = slices.DeleteFunc(n.registered[nameOf(service)], func(one netip.Addr) bool { return one == gone })
}

// lookups tells how often the name of a service was looked up.
func (n *names) lookups(service string) int {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.asked[nameOf(service)]
}

func (n *names) serve() {
	packet := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var asked dnsmessage.Message
		if asked.Unpack(packet[:size]) != nil || len(asked.Questions) != 1 {
			continue
		}
		if answer, err := n.answer(asked); err == nil {
			_, _ = n.conn.WriteTo(answer, from)
		}
	}
}

func (n *names) answer(asked dnsmessage.Message) ([]byte, error) {
	question := asked.Questions[0]
	addresses := n.resolve(question.Name.String())
	answer := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true}, Questions: asked.Questions}
	if len(addresses) == 0 {
		answer.RCode = dnsmessage.RCodeNameError
	}
	if question.Type != dnsmessage.TypeA {
		return answer.Pack()
	}
	for _, address := range addresses {
		answer.Answers = append(answer.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}, // the least that is not 0
			Body:   &dnsmessage.AResource{A: address.As4()},
		})
	}
	return answer.Pack()
}

// resolve gives what is remembered until it is too old: clients hear late of who came and who went.
func (n *names) resolve(name string) []netip.Addr {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.asked[name]++
	if kept := n.remembered[name]; time.Now().Before(kept.until) {
		return kept.addresses
	}
	addresses := slices.Clone(n.registered[name])
	if len(addresses) > 0 {
		n.remembered[name] = memory{addresses, time.Now().Add(timeToLive)}
	}
	return addresses
}
