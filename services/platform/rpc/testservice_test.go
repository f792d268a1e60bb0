package rpc_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	sayMethod    = "/test.Speaker/Say"
	repeatMethod = "/test.Speaker/Repeat"
	watchMethod  = "/test.Speaker/Watch"
)

var (
	oldSecret = "the-old-secret-0123456789"
	newSecret = "the-new-secret-0123456789"
	secrets   = config.Secrets{oldSecret}
)

type text = wrapperspb.StringValue

// speaker is a service written by hand: each test puts in what its methods do.
type speaker struct {
	say    func(ctx context.Context, request *text) (*text, error)
	repeat func(ctx context.Context, request *text) (*text, error)
	watch  func(stream grpc.ServerStream) error
}

type speaking interface{ speaker() *speaker }

func (s *speaker) speaker() *speaker { return s }

var speakerDesc = grpc.ServiceDesc{
	ServiceName: "test.Speaker",
	HandlerType: (*speaking)(nil),
	Methods: []grpc.MethodDesc{
		{MethodName: "Say", Handler: unaryHandler(sayMethod, func(s *speaker) func(context.Context, *text) (*text, error) { return s.say })},
		{MethodName: "Repeat", Handler: unaryHandler(repeatMethod, func(s *speaker) func(context.Context, *text) (*text, error) { return s.repeat })},
	},
	Streams: []grpc.StreamDesc{{StreamName: "Watch", ServerStreams: true, Handler: func(implementation any, stream grpc.ServerStream) error {
		return implementation.(speaking).speaker().watch(stream)
	}}},
}

// unaryHandler is what protoc-gen-go-grpc would write.
func unaryHandler(method string, pick func(*speaker) func(context.Context, *text) (*text, error)) grpc.MethodHandler {
	return func(implementation any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		request := new(text)
		if err := decode(request); err != nil {
			return nil, err
		}
		call := pick(implementation.(speaking).speaker())
		if interceptor == nil {
			return call(ctx, request)
		}
		handler := func(ctx context.Context, request any) (any, error) { return call(ctx, request.(*text)) }
		return interceptor(ctx, request, &grpc.UnaryServerInfo{Server: implementation, FullMethod: method}, handler)
	}
}

// speakerDescriptor says in the contract's words that Repeat may be repeated and Say may not.
func speakerDescriptor(t testing.TB) protoreflect.ServiceDescriptor {
	t.Helper()
	str, yes := func(s string) *string { return &s }, true
	method := func(name string, level descriptorpb.MethodOptions_IdempotencyLevel, streams *bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: str(name), InputType: str(".test.Text"), OutputType: str(".test.Text"), ServerStreaming: streams,
			Options: &descriptorpb.MethodOptions{IdempotencyLevel: &level},
		}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: str("test.proto"), Package: str("test"), Syntax: str("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: str("Text")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: str("Speaker"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Say", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN, nil),
			method("Repeat", descriptorpb.MethodOptions_NO_SIDE_EFFECTS, nil),
			method("Watch", descriptorpb.MethodOptions_NO_SIDE_EFFECTS, &yes),
		}}},
	}, nil)
	require.NoError(t, err)
	return file.Services().ByName("Speaker")
}

// running is a server under test; stop makes it drain, done gives what Serve returned.
type running struct {
	*rpc.Server
	stop func()
	done <-chan error
}

func serve(t testing.TB, cfg rpc.ServerConfig, tel telemetry.Telemetry, healthy func(context.Context) error, s *speaker) running {
	t.Helper()
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if cfg.Secrets == nil {
		cfg.Secrets = secrets
	}
	if cfg.DrainTimeout == 0 {
		cfg.DrainTimeout = 10 * time.Second
	}
	server, err := rpc.NewServer(cfg, tel, healthy)
	require.NoError(t, err)
	server.RegisterService(&speakerDesc, s)
	ctx, stop := context.WithCancel(context.Background())
	done, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		done <- server.Serve(ctx)
	}()
	t.Cleanup(func() { stop(); <-ended })
	return running{server, stop, done}
}

func dial(t testing.TB, target string, with config.Secrets, tel telemetry.Telemetry) *grpc.ClientConn {
	t.Helper()
	conn, err := rpc.Dial(target, with, tel, speakerDescriptor(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// invoke calls and waits for the server to be ready, so that tests do not depend on who starts first.
func invoke(ctx context.Context, conn grpc.ClientConnInterface, method, said string, options ...grpc.CallOption) (string, error) {
	reply := new(text)
	err := conn.Invoke(ctx, method, wrapperspb.String(said), reply, append(options, grpc.WaitForReady(true))...)
	return reply.GetValue(), err
}

func echo(_ context.Context, request *text) (*text, error) {
	return wrapperspb.String("heard " + request.GetValue()), nil
}

func bounded(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// requireFault checks the error itself and not one that it wraps.
func requireFault(t testing.TB, err error) {
	t.Helper()
	require.Equal(t, "*fault.Error", fmt.Sprintf("%T", err))
}

func receive[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(15 * time.Second):
		require.FailNow(t, "nothing came within 15 s")
		panic("not reached")
	}
}
