package rollout

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// instanceCrashes kills one of two, which the cluster then replaces. Only what was under way there may fail, and only where asking
// again could do something twice: whoever just reads, notices nothing.
func instanceCrashes(t *testing.T, customers *load, service string) {
	t.Helper()
	c := customers.c
	customers.requireNoFailure(t, "before the crash")
	awaitNoJob(t, c)
	c.crash(c.tasks[service][0])
	fresh := c.start(service)
	c.join(fresh)
	c.tasks[service][0] = fresh
	customers.awaitMore(t)
	troubles, brokenGet, broken := customers.complaints()
	require.Empty(t, brokenGet, "reading is repeated at the other instance")
	// one request of each who writes, and a webhook for each: they notice at once that the connection is gone
	require.LessOrEqual(t, len(troubles), buyers, "%v", troubles)
	require.LessOrEqual(t, len(broken), 2*buyers, "%v", broken)
	customers.awaitMore(t)
	customers.requireNoFailure(t, "after the crash")
	t.Logf("one of two %s killed: %d purchases interrupted, %d requests answered with an error", service, len(troubles), len(broken))
}

// awaitNoJob waits for a moment without a job under way. One that is cut off is tried again after up to 75 s, which deploy/local/chaos
// has the time for; where it happens all the same, only this test takes longer.
func awaitNoJob(t testing.TB, c *cluster) {
	t.Helper()
	require.Eventually(t, func() bool {
		var running int
		require.NoError(t, c.books.QueryRow(t.Context(), `SELECT count(*) FROM orders.river_job WHERE state = 'running'`).Scan(&running))
		return running == 0
	}, patience, tick/10)
}

// sickGateway is one whose order service cannot be found: it starts and never is ready.
func sickGateway(t *testing.T, customers *load) {
	t.Helper()
	c := customers.c
	sick := c.start("gateway", "ORDER_ADDR=dns://"+c.names.conn.LocalAddr().String()+"/main-nobody.shop.internal:"+c.port)
	c.edge.register(sick.address)
	c.await(sick, func() bool {
		status, err := livez(t.Context(), sick.address)
		return err == nil && status == http.StatusServiceUnavailable
	})
	_, seen, _ := c.edge.state(sick.address)
	c.await(sick, func() bool { _, checks, _ := c.edge.state(sick.address); return checks > seen+3*enoughChecks })
	customers.awaitMore(t)
	healthy, _, served := c.edge.state(sick.address)
	require.False(t, healthy)
	require.Empty(t, served)
	customers.requireNoFailure(t, "with a gateway that never is ready")
	c.retire([]*task{sick})
}

// sickInstance answers under the name of the order service that it is not healthy; absent is an address where nobody is.
func sickInstance(t *testing.T, customers *load) {
	t.Helper()
	c := customers.c
	host, absent := c.newHost(), c.newHost()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, c.port))
	require.NoError(t, err)
	var calls atomic.Int64
	sick := grpc.NewServer(grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error {
		calls.Add(1)
		return status.Error(codes.Internal, "nobody should have asked")
	}))
	answers := &watched{Server: health.NewServer()}
	answers.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	healthv1.RegisterHealthServer(sick, answers)
	served := make(chan error, 1)
	go func() { served <- sick.Serve(listener) }()
	defer func() { sick.Stop(); <-served }()

	c.names.register("order", host)
	c.names.register("order", absent)
	require.Eventually(t, func() bool { return answers.watches.Load() >= 2 }, patience, tick, "both gateways have found it")
	customers.awaitMore(t)
	require.Zero(t, calls.Load())
	c.names.deregister("order", host)
	c.names.deregister("order", absent)
	seen := c.names.lookups("order")
	require.Eventually(t, func() bool { return c.names.lookups("order") > seen+8 }, patience, tick)
	customers.requireNoFailure(t, "with an instance that is not healthy and one that is not there")
	require.Zero(t, calls.Load())
}

// watched counts who follows its health.
type watched struct {
	*health.Server
	watches atomic.Int64
}

// Watch is grpc.health's.
func (w *watched) Watch(request *healthv1.HealthCheckRequest, stream grpc.ServerStreamingServer[healthv1.HealthCheckResponse]) error {
	w.watches.Add(1)
	return w.Server.Watch(request, stream)
}
