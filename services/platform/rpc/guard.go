package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	headroom     = 20 * time.Millisecond // kept back from the caller's deadline for the way home
	leastTime    = 50 * time.Millisecond // with less left an answer would come too late
	longestUnary = 30 * time.Second      // for callers that set no deadline
)

var (
	errTooLate  = fault.New(fault.DeadlineExceeded, fault.ReasonDeadlineExceeded, "too little time was left for the request")
	errDraining = fault.New(fault.Unavailable, "shutting-down", "the server is shutting down")
)

// guard stands before every handler of a server.
type guard struct {
	secrets  accepted
	tel      telemetry.Telemetry
	draining context.Context //nolint:containedctx // the server's life, no call's: open streams end with it
	drain    context.CancelFunc
}

func newGuard(secrets config.Secrets, tel telemetry.Telemetry) *guard {
	draining, drain := context.WithCancel(context.Background())
	return &guard{secrets: acceptedSecrets(secrets), tel: tel, draining: draining, drain: drain}
}

func (g *guard) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if isHealth(info.FullMethod) {
		return handler(ctx, request)
	}
	if err := g.secrets.check(ctx); err != nil {
		return nil, err
	}
	deadline, err := deadlineFor(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	return handler(ctx, request)
}

func deadlineFor(ctx context.Context) (time.Time, error) {
	deadline, set := ctx.Deadline()
	if !set {
		return time.Now().Add(longestUnary), nil
	}
	if time.Until(deadline) < leastTime {
		return time.Time{}, errTooLate
	}
	return deadline.Add(-headroom), nil
}

// stream guards long-lived calls: they have no deadline, and end when the server drains.
func (g *guard) stream(implementation any, raw grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx, cancel := context.WithCancel(raw.Context())
	defer cancel()
	defer context.AfterFunc(g.draining, cancel)()
	err := g.streamed(implementation, guardedStream{raw, ctx}, info, handler)
	if err == nil {
		return nil
	}
	if g.draining.Err() != nil && fault.KindOf(err) == fault.Canceled {
		return errDraining.GRPCStatus().Err()
	}
	return reported(ctx, g.tel.Logger, info.FullMethod, err)
}

func (g *guard) streamed(implementation any, stream guardedStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
	defer recoverInto(&err)
	if !isHealth(info.FullMethod) {
		if err := g.secrets.check(stream.ctx); err != nil {
			return err
		}
	}
	return handler(implementation, stream)
}

type guardedStream struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // gRPC asks a stream for its context; this one ends when the server drains
}

// Context is the stream's context.
func (s guardedStream) Context() context.Context { return s.ctx }
