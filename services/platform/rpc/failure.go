package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Report logs what handlers return as errors, once and with the causes, and turns it into the gRPC status
// that callers see, without causes. Servers of NewServer have it; give it to InProcess as the first interceptor.
func Report(tel telemetry.Telemetry) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		reply, err := handler(ctx, request)
		if err != nil {
			return nil, reported(ctx, tel.Logger, info.FullMethod, err)
		}
		return reply, nil
	}
}

// Recover turns a handler's panic into an Internal fault. Servers of NewServer have it; give it to InProcess
// after Report.
func Recover() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (reply any, err error) {
		defer recoverInto(&err)
		return handler(ctx, request)
	}
}

// panicked is the cause of the fault that a panic becomes.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

func recoverInto(err *error) {
	if value := recover(); value != nil {
		*err = fault.Of(panicked{value, debug.Stack()})
	}
}

func reported(ctx context.Context, logger *slog.Logger, method string, err error) error {
	failure := fault.Of(err)
	level := levelOf(failure)
	if logger.Enabled(ctx, level) {
		attributes := []slog.Attr{slog.String("method", method), slog.String("reason", failure.Reason), slog.Any("error", err)}
		var panicking panicked
		if errors.As(err, &panicking) {
			attributes = append(attributes, slog.String("stack", string(panicking.stack)))
		}
		logger.LogAttrs(ctx, level, "call failed", attributes...)
	}
	return failure.GRPCStatus().Err()
}

// levelOf: outcomes that callers can bring about are no news; what an operator should see is.
func levelOf(failure *fault.Error) slog.Level {
	switch failure.Kind {
	case fault.Internal:
		return slog.LevelError
	case fault.Unavailable, fault.DeadlineExceeded:
		return slog.LevelWarn
	default:
		if errors.Is(failure, errSecret) {
			return slog.LevelWarn
		}
		return slog.LevelDebug
	}
}
