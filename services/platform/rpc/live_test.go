package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// patient is a server whose database comes and goes, and who asks for its health.
type patient struct {
	t      *testing.T
	server running
	broken atomic.Bool
	asked  atomic.Int32
	asks   grpc_health_v1.HealthClient
}

func newPatient(t *testing.T, say func(context.Context, *text) (*text, error)) *patient {
	t.Helper()
	p := &patient{t: t}
	p.broken.Store(true)
	p.server = serve(t, rpc.ServerConfig{}, telemetry.Silent(), func(context.Context) error {
		p.asked.Add(1)
		if p.broken.Load() {
			return errors.New("no database")
		}
		return nil
	}, &speaker{say: say})
	bare, err := grpc.NewClient(p.server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bare.Close()) })
	p.asks = grpc_health_v1.NewHealthClient(bare)
	return p
}

func (p *patient) status(of string) grpc_health_v1.HealthCheckResponse_ServingStatus {
	p.t.Helper()
	answer, err := p.asks.Check(bounded(p.t, 10*time.Second), &grpc_health_v1.HealthCheckRequest{Service: of})
	require.NoError(p.t, err)
	return answer.GetStatus()
}

func (p *patient) becomes(of string, wanted grpc_health_v1.HealthCheckResponse_ServingStatus) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return p.status(of) == wanted }, 10*time.Second, 10*time.Millisecond)
}

// healthcheck runs the subcommand of that name against the server.
func (p *patient) healthcheck() (code int, said string) {
	var text bytes.Buffer
	program := process.Program[struct{}]{Name: "speaker", Healthcheck: rpc.Healthcheck()}
	environ := []string{"GRPC_ADDR=" + p.server.Addr(), "HTTPS_PROXY=http://127.0.0.1:1"}
	code = process.Run(context.Background(), program, []string{"healthcheck"}, environ, io.Discard, &text)
	return code, text.String()
}

func TestLiveForgivesABlinkButNotAServiceThatNeverCameUp(t *testing.T) {
	t.Parallel()
	p := newPatient(t, echo)
	require.Eventually(t, func() bool { return p.asked.Load() >= 3 }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, p.status(rpc.LiveService))
	code, said := p.healthcheck()
	require.Equal(t, 1, code)
	require.Equal(t, "speaker: healthcheck: "+p.server.Addr()+" answers NOT_SERVING\n", said)

	p.broken.Store(false)
	p.becomes(rpc.LiveService, grpc_health_v1.HealthCheckResponse_SERVING)
	code, said = p.healthcheck()
	require.Zero(t, code, said)

	p.broken.Store(true)
	p.becomes("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, p.status(rpc.LiveService), "one database for all must not kill all")
}

func TestLiveEndsAtOnceWhileCallsAreUnderWay(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	p := newPatient(t, func(ctx context.Context, request *text) (*text, error) {
		close(entered)
		<-release
		return echo(ctx, request)
	})
	p.broken.Store(false)
	p.becomes(rpc.LiveService, grpc_health_v1.HealthCheckResponse_SERVING)
	conn := dial(t, p.server.Addr(), secrets, telemetry.Silent())
	answered := make(chan error, 1)
	go func() {
		_, err := invoke(context.Background(), conn, sayMethod, "x")
		answered <- err
	}()
	receive(t, entered)
	watching, err := p.asks.Watch(bounded(t, 30*time.Second), &grpc_health_v1.HealthCheckRequest{Service: rpc.LiveService})
	require.NoError(t, err)
	first, err := watching.Recv()
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_SERVING, first.GetStatus())
	p.server.stop()
	told, err := watching.Recv()
	require.NoError(t, err)
	require.Equal(t, grpc_health_v1.HealthCheckResponse_NOT_SERVING, told.GetStatus(), "at once, while a call is still under way")
	close(release)
	require.NoError(t, receive(t, answered))
	require.NoError(t, receive(t, p.server.done))
	code, said := p.healthcheck()
	require.Equal(t, 1, code)
	require.Contains(t, said, "does not answer")
}
