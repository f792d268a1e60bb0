package images_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// runInside is the isolated half of TestTheFiveRunIsolated.
func runInside(t *testing.T, told world) {
	t.Helper()
	enterIsolation(t)
	requireNoNetwork(t, told.Outside)
	containers := map[string]*container{}
	for _, name := range []string{"user", "payment", "clientevent", "order", "gateway"} {
		made := newContainer(t, told, name)
		containers[name] = made
		if name != "gateway" {
			requireDone(t, made, "migrate")
			requireDone(t, made, "migrate") // nothing left to do
		}
		if name == "order" {
			requireDone(t, made, "load-demo")
		}
		made.start(t)
		made.requireNoRights(t)
	}
	base := "http://127.0.0.1:" + ports()["gateway"]
	status, body := get(base+"/order/products", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, "product")

	books := connect(t, told)
	stopGateway(t, containers["gateway"], books, base)
	for _, name := range []string{"order", "payment", "user"} {
		stopService(t, containers[name], books, name)
	}
	stopClientEvent(t, containers["clientevent"], books)
	for name, made := range containers {
		code, said := made.run(t, "healthcheck")
		require.Equal(t, 1, code, "%s: %s", name, said)
	}
}

func requireNoNetwork(t *testing.T, outside string) {
	t.Helper()
	interfaces, err := net.Interfaces()
	require.NoError(t, err)
	require.Len(t, interfaces, 1)
	require.Equal(t, "lo", interfaces[0].Name)
	_, err = new(net.Dialer).DialContext(t.Context(), "tcp", outside)
	require.ErrorContains(t, err, "connection refused", "the loopback is another one than outside")
}

func requireDone(t *testing.T, c *container, task string) {
	t.Helper()
	code, said := c.run(t, task)
	require.Zero(t, code, "%s %s: %s", c.name, task, said)
}

// books are the shop's database, as the administrator sees it.
type books struct {
	config *pgx.ConnConfig
	asking *pgx.Conn
}

func connect(t *testing.T, told world) *books {
	t.Helper()
	cfg, err := pgx.ParseConfig(told.AdminURL)
	require.NoError(t, err)
	cfg.Host, cfg.Database = told.Sockets, told.Tenant
	return &books{cfg, open(t, cfg)}
}

func open(t *testing.T, cfg *pgx.ConnConfig) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// hold keeps everybody from a table until release.
func (b *books) hold(t *testing.T, table string) (release func()) {
	t.Helper()
	tx, err := open(t, b.config).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "LOCK TABLE "+table+" IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	return func() { require.NoError(t, tx.Rollback(t.Context())) }
}

// awaitWaiting returns when a statement with a name (sqlc writes it into the statement) waits for a lock: jobs may wait for it, too.
func (b *books) awaitWaiting(t *testing.T, statement string) {
	t.Helper()
	const ask = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, '-- name: ' || $1 || ' ') > 0"
	require.Eventually(t, func() bool {
		var waiting int
		require.NoError(t, b.asking.QueryRow(t.Context(), ask, statement).Scan(&waiting))
		return waiting > 0
	}, patience, 10*time.Millisecond, statement)
}

// stopGateway: a page's request is under way, in the user service, when the edge is told to stop.
func stopGateway(t *testing.T, edge *container, b *books, base string) {
	t.Helper()
	release := b.hold(t, "users.sessions")
	status := make(chan int, 1)
	go func() {
		got, _ := get(base+"/user/logged-in", "sessionid="+identifier.NewFrom("abcdefghijklmnopqrstuvwxyz0123456789", 32))
		status <- got
	}()
	b.awaitWaiting(t, "ResolveSession")
	edge.stopDuring(t, func() {
		requireUnderWay(t, status)
		release()
		require.Equal(t, 200, <-status)
	})
}

func requireUnderWay[T any](t *testing.T, answer <-chan T) {
	t.Helper()
	select {
	case got := <-answer:
		require.FailNow(t, "it was answered before it could be", "%v", got)
	default:
	}
}

// stopService: a call is under way when the service is told to stop, and gets the answer that it would have got.
func stopService(t *testing.T, service *container, b *books, name string) {
	t.Helper()
	conn, err := rpc.Dial("127.0.0.1:"+ports()[name], config.Secrets{serviceSecret}, telemetry.Silent())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	table, statement, call := slowCall(name, conn)
	wanted := outcome(call(t.Context(), grpc.WaitForReady(true)))
	release := b.hold(t, table)
	got := make(chan string, 1)
	go func() { got <- outcome(call(t.Context())) }()
	b.awaitWaiting(t, statement)
	service.stopDuring(t, func() {
		requireUnderWay(t, got)
		release()
		require.Equal(t, wanted, <-got, name)
	})
}

// slowCall is a call of a service, and the statement by which it reads a table.
func slowCall(name string, conn *grpc.ClientConn) (table, statement string, call func(context.Context, ...grpc.CallOption) error) {
	switch name {
	case "user":
		return "users.sessions", "ResolveSession", func(ctx context.Context, options ...grpc.CallOption) error {
			_, err := userv1.NewSessionServiceClient(conn).ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: identifier.NewFrom("abcdefghijklmnopqrstuvwxyz0123456789", 32)}, options...)
			return err
		}
	case "order":
		return "orders.cart", "ReadCarts", func(ctx context.Context, options ...grpc.CallOption) error {
			_, err := orderv1.NewCartServiceClient(conn).CountCartLines(ctx, &orderv1.CountCartLinesRequest{Shopper: &orderv1.Shopper{AccountId: 1}}, options...)
			return err
		}
	}
	return "payments.webhook_event", "Unhandled", func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := paymentv1.NewPaymentServiceClient(conn).ListUnhandledEvents(ctx, &paymentv1.ListUnhandledEventsRequest{ReceivedBefore: timestamppb.Now()}, options...)
		return err
	}
}

// outcome is what a caller learnt.
func outcome(err error) string {
	if err == nil {
		return "answered"
	}
	return fmt.Sprintf("%d %s", fault.KindOf(err), fault.ReasonOf(err))
}

// stopClientEvent: events were accepted and not written when the service is told to stop.
func stopClientEvent(t *testing.T, service *container, b *books) {
	t.Helper()
	conn, err := rpc.Dial("127.0.0.1:"+ports()["clientevent"], config.Secrets{serviceSecret}, telemetry.Silent())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	release := b.hold(t, "clientevents.pageview")
	seen := &clienteventv1.Event{OccurredAt: timestamppb.Now(), Url: "https://shop.example/", Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{}}}
	answer, err := clienteventv1.NewClientEventServiceClient(conn).RecordEvents(t.Context(), &clienteventv1.RecordEventsRequest{Events: []*clienteventv1.Event{seen, seen, seen}}, grpc.WaitForReady(true))
	require.NoError(t, err)
	require.EqualValues(t, 3, answer.GetAccepted())
	service.stopDuring(t, release)
	var kept int
	require.NoError(t, b.asking.QueryRow(t.Context(), "SELECT count(*) FROM clientevents.pageview").Scan(&kept))
	require.Equal(t, 3, kept, "what was accepted is written")
}

func get(address, cookie string) (status int, body string) {
	request, err := http.NewRequest(http.MethodGet, address, strings.NewReader(""))
	if err != nil {
		return 0, err.Error()
	}
	if cookie != "" {
		request.Header.Set("Cookie", cookie)
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(text)
}
