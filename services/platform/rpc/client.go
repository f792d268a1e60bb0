package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // the client side of health checking, which healthCheckConfig asks for
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// defaultDeadline bounds a unary call whose caller set no deadline.
const defaultDeadline = 5 * time.Second

// Dial makes a client connection to the instances at target: a gRPC target ("dns:///order.internal:9090"),
// or host:port, or several host:port comma-separated. A name is looked up every 5 s, or as often as its target says
// ("dns:///order.internal:9090?every=1s"); calls under way at an instance that is no longer listed are finished. It connects in the background and fails only when the
// arguments are unusable. Calls go round robin over the healthy instances and fail fast when there is none.
// Unary calls end after 5 s when the caller set no deadline. Methods of the given services whose
// idempotency_level is NO_SIDE_EFFECTS or IDEMPOTENT are retried on UNAVAILABLE, three attempts in all.
// Every error of a call or stream is a *fault.Error, except io.EOF at a stream's end. Close the connection
// when done; it is safe for concurrent use.
func Dial(target string, secrets config.Secrets, tel telemetry.Telemetry, services ...protoreflect.ServiceDescriptor) (*grpc.ClientConn, error) {
	if len(secrets) == 0 {
		return nil, errors.New("SERVICE_SECRETS is required: a client without a secret would be refused")
	}
	address, addresses := instances(target)
	options := append(clientOptions(secrets, tel), grpc.WithDefaultServiceConfig(serviceConfig(services)), addresses)
	conn, err := grpc.NewClient(address, options...)
	if err != nil {
		return nil, fmt.Errorf("make a client for %q: %w", target, err)
	}
	conn.Connect()
	return conn, nil
}

func clientOptions(secrets config.Secrets, tel telemetry.Telemetry) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithPerRPCCredentials(secretToSend(secrets)),
		grpc.WithDisableServiceConfig(), // only ours counts; spares a TXT lookup
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(largestReply), grpc.MaxCallSendMsgSize(largestRequest)),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: clientPing, Timeout: pingTimeout, PermitWithoutStream: true}),
		// a restarted peer should be found in a fraction of a second, not after gRPC's usual two minutes
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
		grpc.WithUnaryInterceptor(callUnary),
		grpc.WithStreamInterceptor(openStream),
	}
	if !tel.On {
		return options
	}
	return append(options, grpc.WithStatsHandler(otelgrpc.NewClientHandler(
		otelgrpc.WithTracerProvider(tel.Tracers), otelgrpc.WithMeterProvider(tel.Meters), otelgrpc.WithPropagators(tel.Propagator),
	)))
}

func callUnary(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, set := ctx.Deadline(); !set {
		bounded, cancel := context.WithTimeout(ctx, defaultDeadline)
		defer cancel()
		ctx = bounded
	}
	return received(invoke(ctx, method, request, reply, conn, options...))
}

func openStream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := open(ctx, desc, conn, method, options...)
	if err != nil {
		return nil, received(err)
	}
	return faultStream{stream}, nil
}

// received is an error of a call as our callers see it. A peer that refuses our secret is a defect of the
// deployment and not of whoever called us, so it must not travel on as Unauthenticated.
func received(err error) error {
	if err == nil {
		return nil
	}
	failure := fault.Of(err)
	if errors.Is(failure, errSecret) {
		return fault.New(fault.Internal, fault.ReasonInternal, "something went wrong on our side").Because(failure)
	}
	return failure
}

// faultStream is a stream whose errors are faults.
type faultStream struct{ grpc.ClientStream }

// RecvMsg receives a message; io.EOF is the regular end.
func (s faultStream) RecvMsg(message any) error { return streamed(s.ClientStream.RecvMsg(message)) }

// SendMsg sends a message; io.EOF says that RecvMsg knows the reason.
func (s faultStream) SendMsg(message any) error { return streamed(s.ClientStream.SendMsg(message)) }

// CloseSend says that nothing more will be sent.
func (s faultStream) CloseSend() error { return streamed(s.ClientStream.CloseSend()) }

func streamed(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return received(err)
}
