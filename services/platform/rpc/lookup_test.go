package rpc_test

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// names is a name server that knows one name, whatever it is.
type names struct {
	conn net.PacketConn

	mutex     sync.Mutex
	addresses []netip.Addr
	broken    bool // answers SERVFAIL
	asked     int
}

func nameServer(t testing.TB) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &names{conn: conn}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.run()
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	return n
}

func (n *names) run() {
	packet := make([]byte, 1500)
	for {
		size, from, err := n.conn.ReadFrom(packet)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(packet[:size]) == nil && len(question.Questions) == 1 {
			if answer, err := n.answer(question); err == nil {
				_, _ = n.conn.WriteTo(answer, from)
			}
		}
	}
}

func (n *names) answer(asked dnsmessage.Message) ([]byte, error) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.asked++
	question := asked.Questions[0]
	answer := dnsmessage.Message{Header: dnsmessage.Header{ID: asked.ID, Response: true, Authoritative: true}, Questions: asked.Questions}
	switch {
	case n.broken:
		answer.RCode = dnsmessage.RCodeServerFailure
	case len(n.addresses) == 0:
		answer.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		for _, address := range n.addresses {
			answer.Answers = append(answer.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 10},
				Body:   &dnsmessage.AResource{A: address.As4()},
			})
		}
	}
	return answer.Pack()
}

// are makes the name stand for these addresses from now on.
func (n *names) are(addresses ...string) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.addresses = nil
	for _, address := range addresses {
		host, _, _ := strings.Cut(address, ":")
		n.addresses = append(n.addresses, netip.MustParseAddr(host))
	}
}

func (n *names) breaks(broken bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.broken = broken
}

// awaitLookups waits until the name was looked up n times more.
func (n *names) awaitLookups(t testing.TB, more int) {
	t.Helper()
	n.mutex.Lock()
	wanted := n.asked + more
	n.mutex.Unlock()
	require.Eventually(t, func() bool {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		return n.asked >= wanted
	}, 15*time.Second, 5*time.Millisecond)
}

// instance serves on the port that the first one found free, at an address of its own.
func instance(t testing.TB, address string, name string) running {
	t.Helper()
	return serve(t, rpc.ServerConfig{Addr: address}, telemetry.Silent(), nil, &speaker{say: func(context.Context, *text) (*text, error) {
		return wrapperspb.String(name), nil
	}})
}

func says(t testing.TB, conn *grpc.ClientConn, wanted string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for range 3 { // round robin: nobody else answers
			if said, err := invoke(bounded(t, 10*time.Second), conn, sayMethod, "who"); err != nil || said != wanted {
				return false
			}
		}
		return true
	}, 15*time.Second, 5*time.Millisecond, "%s does not answer", wanted)
}

// moved is a port on two loopback addresses, as two tasks in a subnet have the same one.
func moved(t testing.TB) (first running, other string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("this system has no loopback address but 127.0.0.1")
	}
	first = instance(t, "127.0.0.1:0", "first")
	_, port, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	return first, net.JoinHostPort("127.0.0.2", port)
}

func TestClientMovesOnWhenTheNameDoes(t *testing.T) {
	t.Parallel()
	first, other := moved(t)
	server := nameServer(t)
	server.are(first.Addr())
	_, port, _ := net.SplitHostPort(other)
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/main-order.shop.internal:"+port+"?every=20ms", secrets, telemetry.Silent())
	says(t, conn, "first")
	instance(t, other, "second")
	server.are(other)
	says(t, conn, "second") // although the first one still serves, and no connection broke
}

func TestCallsFinishAtAnInstanceThatIsNoLongerListed(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	first := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: func(context.Context, *text) (*text, error) {
		close(entered)
		<-release
		return wrapperspb.String("first"), nil
	}})
	_, port, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	instance(t, net.JoinHostPort("127.0.0.2", port), "second")
	server := nameServer(t)
	server.are(first.Addr())
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/order.internal:"+port+"?every=20ms", secrets, telemetry.Silent())
	answered := make(chan string, 1)
	go func() {
		said, _ := invoke(bounded(t, 30*time.Second), conn, sayMethod, "x")
		answered <- said
	}()
	receive(t, entered)
	server.are("127.0.0.2")
	says(t, conn, "second")
	close(release)
	require.Equal(t, "first", receive(t, answered))
}

func TestANameServerThatBlinksTakesNoInstanceAway(t *testing.T) {
	t.Parallel()
	first, _ := moved(t)
	server := nameServer(t)
	server.are(first.Addr())
	_, port, _ := net.SplitHostPort(first.Addr())
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/order.internal:"+port+"?every=20ms", secrets, telemetry.Silent())
	says(t, conn, "first")
	for _, blink := range []func(){func() { server.are() }, func() { server.breaks(true) }} {
		blink()
		server.awaitLookups(t, 10)
		require.NoError(t, conn.Invoke(bounded(t, 10*time.Second), sayMethod, wrapperspb.String("x"), new(text)))
	}
}

func TestANameThatComesLateIsFoundAndMeanwhileCallsFail(t *testing.T) {
	t.Parallel()
	first, _ := moved(t)
	server := nameServer(t)
	_, port, _ := net.SplitHostPort(first.Addr())
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/order.internal:"+port, secrets, telemetry.Silent())
	err := conn.Invoke(bounded(t, 10*time.Second), sayMethod, wrapperspb.String("x"), new(text))
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
	server.are(first.Addr())
	says(t, conn, "first") // sooner than the name would be looked up again
}

func TestABrokenConnectionAsksForTheNameAtOnce(t *testing.T) {
	t.Parallel()
	first, other := moved(t)
	server := nameServer(t)
	server.are(first.Addr())
	_, port, _ := net.SplitHostPort(other)
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/order.internal:"+port+"?every=1h", secrets, telemetry.Silent())
	says(t, conn, "first")
	instance(t, other, "second")
	server.are(other)
	first.stop()
	require.NoError(t, receive(t, first.done))
	says(t, conn, "second")
}

func TestTargetsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"dns:///order.internal", "dns:///:9090", "dns:///order.internal:9090?every=often", "dns:///order.internal:9090?every=-1s"} {
		conn, err := rpc.Dial(target, secrets, telemetry.Silent())
		if err == nil {
			err = conn.Invoke(bounded(t, 10*time.Second), sayMethod, wrapperspb.String("x"), new(text))
			require.NoError(t, conn.Close())
		}
		require.Error(t, err, target)
	}
}

func TestLingeringGoesOnAsBeforeAndThenEnds(t *testing.T) {
	t.Parallel()
	server, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets, DrainDelay: 300 * time.Millisecond}, telemetry.Silent(), nil)
	require.NoError(t, err)
	defer server.Close()
	told, tell := context.WithCancel(context.Background())
	lingering, cancel := server.Linger(told)
	defer cancel()
	began := time.Now()
	tell()
	receive(t, lingering.Done())
	require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
}

func TestLingeringCanBeCutShort(t *testing.T) {
	t.Parallel()
	server, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets, DrainDelay: time.Hour}, telemetry.Silent(), nil)
	require.NoError(t, err)
	defer server.Close()
	for _, alreadyTold := range []bool{false, true} {
		told, tell := context.WithCancel(context.Background())
		lingering, cancel := server.Linger(told)
		if alreadyTold {
			tell()
		}
		require.NoError(t, lingering.Err())
		cancel()
		receive(t, lingering.Done())
		tell()
	}
}

// TestAReplacementFailsNoCall replaces the only instance as production does: the new one is named, the old one is told to end at
// the same moment, and goes on until its clients have moved.
func TestAReplacementFailsNoCall(t *testing.T) {
	t.Parallel()
	old, other := moved(t)
	server := nameServer(t)
	server.are(old.Addr())
	_, port, _ := net.SplitHostPort(other)
	conn := dial(t, "dns://"+server.conn.LocalAddr().String()+"/order.internal:"+port+"?every=20ms", secrets, telemetry.Silent())
	says(t, conn, "first")
	var calls, failures atomic.Int64
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stopped:
				return
			default:
			}
			calls.Add(1)
			if conn.Invoke(context.Background(), sayMethod, wrapperspb.String("x"), new(text)) != nil {
				failures.Add(1)
			}
		}
	}()
	instance(t, other, "second")
	server.are(other)
	says(t, conn, "second") // what DRAIN_DELAY is for
	old.stop()
	require.NoError(t, receive(t, old.done))
	close(stopped)
	receive(t, ended)
	require.Positive(t, calls.Load())
	require.Zero(t, failures.Load())
}
