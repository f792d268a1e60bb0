package rpc_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

type contextKey struct{}

func inProcess(s *speaker, interceptors ...grpc.UnaryServerInterceptor) *rpc.InProcessConn {
	conn := rpc.InProcess(interceptors...)
	conn.RegisterService(&speakerDesc, s)
	return conn
}

func TestInProcessPassesContextRequestAndReply(t *testing.T) {
	t.Parallel()
	request, kept := wrapperspb.String("hello"), wrapperspb.String("kept")
	conn := inProcess(&speaker{say: func(ctx context.Context, got *text) (*text, error) {
		require.Same(t, request, got)
		require.Equal(t, "value", ctx.Value(contextKey{}))
		return kept, nil
	}})
	ctx := context.WithValue(context.Background(), contextKey{}, "value")
	reply := wrapperspb.String("left over")
	require.NoError(t, conn.Invoke(ctx, sayMethod, request, reply))
	require.True(t, proto.Equal(kept, reply))

	var held proto.Message
	require.NoError(t, conn.Invoke(ctx, sayMethod, request, &held))
	require.Same(t, kept, held)
}

func TestInProcessRunsInterceptorsInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string) grpc.UnaryServerInterceptor {
		return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			require.Equal(t, sayMethod, info.FullMethod)
			order = append(order, name)
			defer func() { order = append(order, name+" left") }()
			return handler(ctx, request)
		}
	}
	_, err := invoke(context.Background(), inProcess(&speaker{say: echo}, note("first"), note("second")), sayMethod, "x")
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second", "second left", "first left"}, order)
}

func TestInProcessDeliversHeaders(t *testing.T) {
	t.Parallel()
	conn := inProcess(&speaker{say: func(ctx context.Context, _ *text) (*text, error) {
		if err := grpc.SetHeader(ctx, metadata.Pairs("set-cookie", "a=1")); err != nil {
			return nil, err
		}
		if err := grpc.SetHeader(ctx, metadata.Pairs("set-cookie", "b=2")); err != nil {
			return nil, err
		}
		if err := grpc.SetTrailer(ctx, metadata.Pairs("end", "x")); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Conflict, "taken", "")
	}})
	var header, trailer metadata.MD
	_, err := invoke(context.Background(), conn, sayMethod, "x", grpc.Header(&header), grpc.Trailer(&trailer))
	require.True(t, fault.HasReason(err, "taken"))
	require.Equal(t, []string{"a=1", "b=2"}, header.Get("set-cookie"), "headers of failed calls too")
	require.Equal(t, []string{"x"}, trailer.Get("end"))
}

func TestInProcessMetadataArrivesAndIsNotSentOn(t *testing.T) {
	t.Parallel()
	conn := inProcess(&speaker{say: func(ctx context.Context, _ *text) (*text, error) {
		require.Equal(t, []string{"a=1"}, metadata.ValueFromIncomingContext(ctx, "cookie"))
		outgoing, _ := metadata.FromOutgoingContext(ctx)
		require.Empty(t, outgoing)
		return wrapperspb.String(""), nil
	}})
	_, err := invoke(metadata.AppendToOutgoingContext(context.Background(), "cookie", "a=1"), conn, sayMethod, "x")
	require.NoError(t, err)
}

func TestInProcessErrorsAreFaults(t *testing.T) {
	t.Parallel()
	conn := inProcess(&speaker{
		say:    func(context.Context, *text) (*text, error) { panic("at the disco") },
		repeat: func(context.Context, *text) (*text, error) { return nil, errors.New("plain") },
	}, rpc.Report(telemetry.Silent()), rpc.Recover())
	for _, method := range []string{sayMethod, repeatMethod, "/test.Speaker/Nothing"} {
		_, err := invoke(context.Background(), conn, method, "x")
		requireFault(t, err)
		require.Equal(t, fault.Internal, fault.KindOf(err), method)
		require.NotContains(t, fault.Of(err).Detail, "disco")
	}
	_, err := conn.NewStream(context.Background(), &speakerDesc.Streams[0], watchMethod)
	requireFault(t, err)
	err = inProcess(&speaker{say: echo}).Invoke(context.Background(), sayMethod, wrapperspb.String("x"), new(wrapperspb.Int32Value))
	require.ErrorContains(t, err, "does not go into")
}

// catalogue is a reply of the size of the shop's larger answers.
func catalogue(t testing.TB) *structpb.Struct {
	t.Helper()
	products := make([]any, 12)
	for i := range products {
		products[i] = map[string]any{"title": "a product", "price": 12.5, "skus": []any{"a", "b", "c"}, "images": []any{"x", "y", "z"}}
	}
	made, err := structpb.NewStruct(map[string]any{"products": products})
	require.NoError(t, err)
	return made
}

func BenchmarkInProcess(b *testing.B) {
	reply := catalogue(b)
	desc := grpc.ServiceDesc{ServiceName: "test.Catalogue", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "Read",
		Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			request := new(text)
			if err := decode(request); err != nil {
				return nil, err
			}
			return interceptor(ctx, request, &grpc.UnaryServerInfo{FullMethod: "/test.Catalogue/Read"}, func(context.Context, any) (any, error) { return reply, nil })
		}}}}
	conn := rpc.InProcess(rpc.Report(telemetry.Silent()), rpc.Recover())
	conn.RegisterService(&desc, nil)
	ctx, request := context.Background(), wrapperspb.String("x")
	b.Run("into a message", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := conn.Invoke(ctx, "/test.Catalogue/Read", request, new(structpb.Struct)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reply as it is", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var held proto.Message
			if err := conn.Invoke(ctx, "/test.Catalogue/Read", request, &held); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("for comparison a deep copy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			proto.Merge(new(structpb.Struct), reply)
		}
	})
}

func BenchmarkCall(b *testing.B) {
	server := serve(b, rpc.ServerConfig{}, telemetry.Silent(), nil, &speaker{say: echo})
	conn := dial(b, server.Addr(), secrets, telemetry.Silent())
	if _, err := invoke(bounded(b, 5*time.Second), conn, sayMethod, "warm"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := invoke(context.Background(), conn, sayMethod, "hello"); err != nil {
			b.Fatal(err)
		}
	}
}
