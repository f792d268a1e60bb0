package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestCallReachesTheHandlerWithADeadline(t *testing.T) {
	t.Parallel()
	var left time.Duration
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: func(ctx context.Context, request *text) (*text, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return echo(ctx, request)
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	answer, err := invoke(context.Background(), conn, sayMethod, "hello")
	require.NoError(t, err)
	require.Equal(t, "heard hello", answer)
	require.Greater(t, left, time.Second)
	require.Less(t, left, 5*time.Second-10*time.Millisecond, "the default deadline less the headroom")
}

func TestBothSecretsAreAcceptedDuringRotation(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{Secrets: config.Secrets{newSecret, oldSecret}}, telemetry.Silent(), nil, &speaker{say: echo})
	for _, sent := range []config.Secrets{{oldSecret}, {newSecret}, {newSecret, oldSecret}} {
		_, err := invoke(context.Background(), dial(t, server.Addr(), sent, telemetry.Silent()), sayMethod, "x")
		require.NoError(t, err)
	}
}

func TestWrongSecretIsRefusedForCallsAndStreams(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: echo, watch: func(grpc.ServerStream) error { return nil }})
	bare, err := grpc.NewClient(server.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer func() { require.NoError(t, bare.Close()) }()
	for name, pairs := range map[string][]string{
		"none": {}, "empty": {"authorization", ""}, "no scheme": {"authorization", oldSecret}, "other": {"authorization", "Bearer " + newSecret},
		"part": {"authorization", "Bearer " + oldSecret[:20]}, "two": {"authorization", "Bearer " + oldSecret, "authorization", "Bearer " + oldSecret},
	} {
		ctx := metadata.AppendToOutgoingContext(bounded(t, 10*time.Second), pairs...)
		_, err := invoke(ctx, bare, sayMethod, "x")
		require.True(t, fault.HasReason(err, "service-secret-refused"), "%s: %v", name, err)
		stream, err := bare.NewStream(ctx, &speakerDesc.Streams[0], watchMethod)
		require.NoError(t, err)
		require.NoError(t, stream.CloseSend())
		require.Equal(t, fault.Unauthenticated, fault.KindOf(stream.RecvMsg(new(text))), name)
	}
	_, err = invoke(context.Background(), dial(t, server.Addr(), config.Secrets{newSecret}, telemetry.Silent()), sayMethod, "x")
	require.Equal(t, fault.Internal, fault.KindOf(err), "a misconfigured service is not its caller's fault")
}

func TestFaultsCrossTheHopAndCausesAreLoggedOnce(t *testing.T) {
	t.Parallel()
	logs := &lockedBuffer{}
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(logs, nil))
	server := serve(t, rpc.ServerConfig{}, tel, nil, &speaker{
		say: func(context.Context, *text) (*text, error) {
			return nil, fault.New(fault.RateLimited, "too-many", "slow down").With("limit", "3").After(time.Minute)
		},
		repeat: func(context.Context, *text) (*text, error) { return nil, errors.New("secret detail of the database") },
	})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())

	_, err := invoke(context.Background(), conn, sayMethod, "x")
	requireFault(t, err)
	require.Equal(t, fault.New(fault.RateLimited, "too-many", "slow down").With("limit", "3").After(time.Minute), err)

	_, err = invoke(context.Background(), conn, repeatMethod, "x")
	requireFault(t, err)
	require.Equal(t, fault.Internal, fault.KindOf(err))
	require.NotContains(t, err.Error(), "secret detail")
	require.Equal(t, 1, strings.Count(logs.String(), "secret detail of the database"))
	require.NotContains(t, logs.String(), "too-many", "an outcome that callers bring about is no news")
}

func TestPanicsBecomeInternalAndTheServerLivesOn(t *testing.T) {
	t.Parallel()
	logs := &lockedBuffer{}
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(logs, nil))
	server := serve(t, rpc.ServerConfig{}, tel, nil, &speaker{
		say:    func(context.Context, *text) (*text, error) { panic("at the disco") },
		repeat: echo,
		watch:  func(grpc.ServerStream) error { panic("in the stream") },
	})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	_, err := invoke(context.Background(), conn, sayMethod, "x")
	require.Equal(t, fault.Internal, fault.KindOf(err))
	require.NotContains(t, err.Error(), "disco")
	require.Equal(t, fault.Internal, fault.KindOf(open(t, conn).RecvMsg(new(text))))
	_, err = invoke(context.Background(), conn, repeatMethod, "x")
	require.NoError(t, err)
	require.Contains(t, logs.String(), "at the disco")
	require.Contains(t, logs.String(), "in the stream")
	require.Contains(t, logs.String(), "call_test.go", "the stack says where")
}

func TestTooLittleTimeIsRefusedBeforeTheHandler(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: func(ctx context.Context, request *text) (*text, error) {
		calls.Add(1)
		return echo(ctx, request)
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	_, err := invoke(bounded(t, 10*time.Second), conn, sayMethod, "warm")
	require.NoError(t, err)
	_, err = invoke(bounded(t, 40*time.Millisecond), conn, sayMethod, "late")
	require.Equal(t, fault.DeadlineExceeded, fault.KindOf(err))
	require.Equal(t, int32(1), calls.Load())
}

func TestDeadlineEndsTheHandlerBeforeTheCallerGivesUp(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: func(ctx context.Context, _ *text) (*text, error) {
		<-ctx.Done()
		return nil, fault.New(fault.DeadlineExceeded, "handler-noticed", "").Because(ctx.Err())
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	// The headroom of 20 ms is a race with a busy machine, so one of several attempts is enough.
	require.Eventually(t, func() bool {
		_, err := invoke(bounded(t, 300*time.Millisecond), conn, sayMethod, "x")
		return fault.HasReason(err, "handler-noticed")
	}, 15*time.Second, time.Millisecond)
}

func TestOnlyRepeatableMethodsAreRetried(t *testing.T) {
	t.Parallel()
	var said, repeated atomic.Int32
	away := fault.New(fault.Unavailable, "database-away", "")
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{
		say: func(context.Context, *text) (*text, error) { said.Add(1); return nil, away },
		repeat: func(ctx context.Context, request *text) (*text, error) {
			if repeated.Add(1) < 3 {
				return nil, away
			}
			return echo(ctx, request)
		},
	})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	_, err := invoke(context.Background(), conn, repeatMethod, "x")
	require.NoError(t, err)
	require.Equal(t, int32(3), repeated.Load())
	_, err = invoke(context.Background(), conn, sayMethod, "x")
	require.ErrorIs(t, err, away)
	require.Equal(t, int32(1), said.Load())
}

func TestOversizedMessagesAreRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{
		say: echo,
		repeat: func(context.Context, *text) (*text, error) {
			return wrapperspb.String(strings.Repeat("x", 17<<20)), nil
		},
	})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	_, err := invoke(context.Background(), conn, sayMethod, strings.Repeat("x", 5<<20))
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	_, err = invoke(context.Background(), conn, repeatMethod, "x")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	_, err = invoke(context.Background(), conn, sayMethod, strings.Repeat("x", 3<<20))
	require.NoError(t, err)
}

func TestCallsGoRoundAllListedInstances(t *testing.T) {
	t.Parallel()
	answering := func(name string) *speaker {
		return &speaker{say: func(context.Context, *text) (*text, error) { return wrapperspb.String(name), nil }}
	}
	first := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, answering("first"))
	second := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, answering("second"))
	conn := dial(t, first.Addr()+", "+second.Addr(), secrets, telemetry.Silent())
	seen := sync.Map{}
	require.Eventually(t, func() bool {
		answer, err := invoke(context.Background(), conn, sayMethod, "who")
		require.NoError(t, err)
		seen.Store(answer, true)
		_, one := seen.Load("first")
		_, two := seen.Load("second")
		return one && two
	}, 10*time.Second, time.Millisecond)

	first.stop()
	require.NoError(t, receive(t, first.done))
	for range 20 { // the second instance alone carries on
		answer, err := invoke(context.Background(), conn, sayMethod, "who")
		require.NoError(t, err)
		require.Equal(t, "second", answer)
	}
}

func TestStreamsCarryMessagesAndFaults(t *testing.T) {
	t.Parallel()
	server := serve(t, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{watch: func(stream grpc.ServerStream) error {
		request := new(text)
		if err := stream.RecvMsg(request); err != nil {
			return err
		}
		if err := stream.SendMsg(wrapperspb.String("one")); err != nil {
			return err
		}
		if request.GetValue() == "fail" {
			return fault.New(fault.NotFound, "no-more", "")
		}
		return nil
	}})
	conn := dial(t, server.Addr(), secrets, telemetry.Silent())
	reply := new(text)
	stream := openWith(t, conn, "ok")
	require.NoError(t, stream.RecvMsg(reply))
	require.Equal(t, "one", reply.GetValue())
	require.ErrorIs(t, stream.RecvMsg(reply), io.EOF)

	stream = openWith(t, conn, "fail")
	require.NoError(t, stream.RecvMsg(reply))
	err := stream.RecvMsg(reply)
	requireFault(t, err)
	require.True(t, fault.HasReason(err, "no-more"))
}

func TestACallIsOneTrace(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tel, stop := telemetry.Recording(spans)
	defer func() { require.NoError(t, stop(context.Background())) }()
	server := serve(t, rpc.ServerConfig{}, tel, nil, &speaker{say: echo})
	conn := dial(t, server.Addr(), secrets, tel)
	ctx, span := tel.Tracers.Tracer("test").Start(context.Background(), "root")
	_, err := invoke(ctx, conn, sayMethod, "x")
	require.NoError(t, err)
	span.End()
	require.Eventually(t, func() bool { return len(spans.GetSpans()) >= 3 }, 5*time.Second, 5*time.Millisecond)
	names := map[string]bool{}
	for _, recorded := range spans.GetSpans() {
		require.Equal(t, span.SpanContext().TraceID(), recorded.SpanContext.TraceID(), recorded.Name)
		names[recorded.SpanKind.String()] = true
	}
	require.Equal(t, map[string]bool{"internal": true, "client": true, "server": true}, names, "no health checks among them")
}

func TestUnusableArgumentsAreNamed(t *testing.T) {
	t.Parallel()
	_, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0"}, telemetry.Silent(), nil)
	require.ErrorContains(t, err, "SERVICE_SECRETS")
	_, err = rpc.Dial("127.0.0.1:1", nil, telemetry.Silent())
	require.ErrorContains(t, err, "SERVICE_SECRETS")
	taken, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets}, telemetry.Silent(), nil)
	require.NoError(t, err)
	_, err = rpc.NewServer(rpc.ServerConfig{Addr: taken.Addr(), Secrets: secrets}, telemetry.Silent(), nil)
	require.ErrorContains(t, err, "GRPC_ADDR")
	taken.Close()
	again, err := rpc.NewServer(rpc.ServerConfig{Addr: taken.Addr(), Secrets: secrets}, telemetry.Silent(), nil)
	require.NoError(t, err, "Close gave the address back")
	again.Close()
}

func TestNobodyThereFailsFastAsUnavailable(t *testing.T) {
	t.Parallel()
	gone, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets}, telemetry.Silent(), nil)
	require.NoError(t, err)
	gone.Close()
	conn := dial(t, gone.Addr(), secrets, telemetry.Silent())
	began := time.Now()
	err = conn.Invoke(context.Background(), repeatMethod, wrapperspb.String("x"), new(text))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Less(t, time.Since(began), 4*time.Second)
	require.NotContains(t, fault.Of(err).Detail, "127.0.0.1")
}

func open(t *testing.T, conn grpc.ClientConnInterface) grpc.ClientStream {
	t.Helper()
	return openWith(t, conn, "")
}

func openWith(t *testing.T, conn grpc.ClientConnInterface, said string) grpc.ClientStream {
	t.Helper()
	stream, err := conn.NewStream(bounded(t, 30*time.Second), &speakerDesc.Streams[0], watchMethod, grpc.WaitForReady(true))
	require.NoError(t, err)
	require.NoError(t, stream.SendMsg(wrapperspb.String(said)))
	require.NoError(t, stream.CloseSend())
	return stream
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) lines(t *testing.T) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(b.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		found = append(found, entry)
	}
	return found
}
