package rpc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestHealthFollowsTheServiceAndNeedsNoSecret(t *testing.T) {
	t.Parallel()
	logs := &lockedBuffer{}
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(logs, nil))
	var broken atomic.Bool
	server := serve(t, rpc.ServerConfig{}, tel, func(context.Context) error {
		if broken.Load() {
			return errors.New("no database")
		}
		return nil
	}, &speaker{say: echo})
	bare, err := grpc.NewClient(server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, bare.Close()) }()
	status := func() grpc_health_v1.HealthCheckResponse_ServingStatus {
		answer, err := grpc_health_v1.NewHealthClient(bare).Check(bounded(t, 10*time.Second), &grpc_health_v1.HealthCheckRequest{})
		require.NoError(t, err)
		return answer.GetStatus()
	}
	becomes := func(wanted grpc_health_v1.HealthCheckResponse_ServingStatus) {
		require.Eventually(t, func() bool { return status() == wanted }, 10*time.Second, 10*time.Millisecond)
	}
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	becomes(grpc_health_v1.HealthCheckResponse_SERVING)
	_, err = invoke(context.Background(), conn, sayMethod, "x")
	require.NoError(t, err)

	broken.Store(true)
	becomes(grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	require.Eventually(t, func() bool { // the client hears of it and fails fast instead of asking
		return fault.KindOf(conn.Invoke(context.Background(), sayMethod, wrapperspb.String("x"), new(text))) == fault.Unavailable
	}, 5*time.Second, 10*time.Millisecond)

	broken.Store(false)
	becomes(grpc_health_v1.HealthCheckResponse_SERVING)
	_, err = invoke(context.Background(), conn, sayMethod, "x")
	require.NoError(t, err)
	var messages []any
	for _, line := range logs.lines(t) {
		messages = append(messages, line["msg"])
	}
	require.Equal(t, []any{"healthy", "not healthy", "healthy"}, messages, "changes alone are logged")
}

func TestAServiceThatNeedsAMomentIsReadyAMomentLater(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), func(context.Context) error {
		if asked.Add(1) == 1 {
			return errors.New("jobs are not running")
		}
		return nil
	}, &speaker{say: echo})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	began := time.Now()
	_, err := invoke(bounded(t, 10*time.Second), conn, sayMethod, "x", grpc.WaitForReady(true))
	require.NoError(t, err)
	require.Less(t, time.Since(began), time.Second, "not only when a healthy service would be asked again")
}

func TestShutdownLetsCallsFinish(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: func(ctx context.Context, request *text) (*text, error) {
		close(entered)
		<-release
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return echo(ctx, request)
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	answered := make(chan error, 1)
	go func() {
		_, err := invoke(context.Background(), conn, sayMethod, "x")
		answered <- err
	}()
	receive(t, entered)
	server.stop()
	require.Eventually(t, func() bool { // the server takes nobody new
		return fault.KindOf(conn.Invoke(context.Background(), sayMethod, wrapperspb.String("x"), new(text))) == fault.Unavailable
	}, 5*time.Second, time.Millisecond)
	close(release)
	require.NoError(t, receive(t, answered))
	require.NoError(t, receive(t, server.done))
}

func TestShutdownEndsOpenStreamsAtOnce(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{DrainTimeout: time.Minute}, telemetry.Silent(), nil, &speaker{watch: func(stream grpc.ServerStream) error {
		if err := stream.SendMsg(wrapperspb.String("version 1")); err != nil {
			return err
		}
		<-stream.Context().Done()
		return stream.Context().Err()
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	stream := open(t, conn)
	require.NoError(t, stream.RecvMsg(new(text)))

	bare, err := grpc.NewClient(server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, bare.Close()) }()
	watching, err := grpc_health_v1.NewHealthClient(bare).Watch(bounded(t, 30*time.Second), &grpc_health_v1.HealthCheckRequest{})
	require.NoError(t, err)
	_, err = watching.Recv()
	require.NoError(t, err)

	server.stop()
	began := time.Now()
	require.NoError(t, receive(t, server.done))
	require.Less(t, time.Since(began), 5*time.Second)
	err = stream.RecvMsg(new(text))
	require.NotErrorIs(t, err, io.EOF)
	require.True(t, fault.HasReason(err, "shutting-down"), "%v", err)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestShutdownCutsOffWhatWillNotEnd(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	var sawCancel atomic.Bool
	server := serve(t, rpc.ServerConfig{DrainTimeout: 100 * time.Millisecond}, telemetry.Silent(), nil, &speaker{say: func(ctx context.Context, _ *text) (*text, error) {
		close(entered)
		<-ctx.Done()
		sawCancel.Store(true)
		return nil, ctx.Err()
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	answered := make(chan error, 1)
	go func() {
		_, err := invoke(bounded(t, 30*time.Second), conn, sayMethod, "x")
		answered <- err
	}()
	receive(t, entered)
	server.stop()
	require.NoError(t, receive(t, server.done))
	require.True(t, sawCancel.Load(), "no handler runs after Serve returned")
	require.Error(t, receive(t, answered))
}

func TestClientFindsARestartedServer(t *testing.T) {
	t.Parallel()
	first := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: echo})
	conn := dial(t, first.Addr(), secrets, telemetry.Silent())
	_, err := invoke(context.Background(), conn, sayMethod, "x")
	require.NoError(t, err)
	first.stop()
	require.NoError(t, receive(t, first.done))
	serve(t, rpc.ServerConfig{Addr: first.Addr()}, telemetry.Silent(), nil, &speaker{say: echo})
	_, err = invoke(bounded(t, 10*time.Second), conn, sayMethod, "x")
	require.NoError(t, err)
}
