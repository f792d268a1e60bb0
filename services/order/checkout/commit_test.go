package checkout_test

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// line is a connection to the database that breaks at the next COMMIT after it was told to: before the database hears of
// it, or after it was carried out, so that nobody learns how the transaction ended. A database that fails over does both.
type line struct {
	address string
	breaks  atomic.Bool
	done    bool // the broken COMMIT is carried out first
}

// openLine passes connections on to address until the test ends.
func openLine(t *testing.T, address string, done bool) (*line, string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	bad := &line{address: address, done: done}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { bad.pass(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return bad, listener.Addr().String()
}

func (l *line) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	database, err := net.Dial("tcp", l.address)
	if err != nil {
		return
	}
	defer func() { _ = database.Close() }()
	var broken atomic.Bool
	go func() {
		defer func() { _ = client.Close() }()
		copyUntil(database, client, func([]byte) bool { return broken.Load() }) // the answer to the COMMIT gets lost
	}()
	copyUntil(client, database, func(said []byte) bool {
		if !bytes.Contains(said, []byte("commit\x00")) || !l.breaks.CompareAndSwap(true, false) {
			return false
		}
		broken.Store(true)
		return !l.done
	})
}

func copyUntil(from, to net.Conn, stop func([]byte) bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || stop(buffer[:n]) {
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// overLine is the shop as a process sees it that reaches the database over a bad line.
func overLine(t *testing.T, shop *checkouttest.Shop, done bool) (*checkouttest.Shop, *line) {
	t.Helper()
	address, err := url.Parse(shop.DB.Pool().Config().ConnString())
	require.NoError(t, err)
	bad, through := openLine(t, address.Host, done)
	address.Host = through
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address.String(), MaxConns: 4}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	rooms, far := *shop.Shop, *shop
	rooms.DB, rooms.Carts = db, cart.New(db, shop.Catalogue, shop.Clock.Now)
	far.Shop = &rooms
	far.Process = far.Another(t, nil)
	return &far, bad
}

func TestNobodyLearnsHowTheCommitEnded(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]bool{"it did not happen": false, "it happened": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			far, bad := overLine(t, shop, done)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)

			bad.breaks.Store(true)
			_, err := far.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))
			require.Error(t, err)
			require.Equal(t, done, shop.Count(t, "SELECT count(*) FROM checkout") == 1)
			session := far.Start(t, guest)
			requireOnlyPayable(t, shop, session)
			require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout"))

			require.True(t, shop.Payment.Pay(session))
			event := shop.Payment.Event("checkout.session.completed", session)
			bad.breaks.Store(true)
			told := &orderv1.HandlePaymentEventRequest{EventId: event, EventType: "checkout.session.completed", SessionId: session}
			_, err = far.Checkouts.HandlePaymentEvent(t.Context(), told)
			require.Error(t, err)
			require.Equal(t, 1, shop.Payment.Unhandled(), "Stripe sends it again")
			require.Equal(t, done, shop.Count(t, "SELECT count(*) FROM purchase") == 1)
			answer, err := far.Checkouts.HandlePaymentEvent(t.Context(), told)
			require.NoError(t, err)

			require.Equal(t, answer.GetOrderIdentifier(), shop.Complete(t, session))
			require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
			require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_confirmation'"))
			require.Empty(t, shop.Cart(t, guest))
			require.Zero(t, shop.Payment.Unhandled())
			require.Empty(t, shop.Violations(t))
		})
	}
}
