package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

var allKinds = []fault.Kind{
	fault.Internal, fault.Invalid, fault.NotFound, fault.Conflict, fault.Unauthenticated, fault.PermissionDenied,
	fault.FailedPrecondition, fault.RateLimited, fault.Unavailable, fault.DeadlineExceeded, fault.Canceled,
}

func TestEveryKindSurvivesTheWire(t *testing.T) {
	t.Parallel()
	for _, kind := range allKinds {
		sent := fault.New(kind, "cart-not-found", "no such cart").With("cart", "7").After(3 * time.Second)
		got := fault.Of(overTheWire(t, sent))
		require.Equal(t, sent, got, kind.String())
		require.ErrorIs(t, got, sent)
	}
}

func TestCausesStayHome(t *testing.T) {
	t.Parallel()
	cause := errors.New("password=hunter2")
	failure := fmt.Errorf("find cart hunter2: %w", fault.New(fault.NotFound, "cart-not-found", "no such cart").Because(cause))
	require.ErrorIs(t, failure, cause)
	require.Contains(t, failure.Error(), "hunter2")
	wire, err := proto.Marshal(fault.Of(failure).GRPCStatus().Proto())
	require.NoError(t, err)
	require.NotContains(t, string(wire), "hunter2")
}

func TestPlainErrorsBecomeInternalWithoutTheirText(t *testing.T) {
	t.Parallel()
	plain := errors.New("dial tcp 10.1.2.3: refused")
	failure := fault.Of(plain)
	require.Equal(t, fault.Internal, failure.Kind)
	require.Equal(t, fault.ReasonInternal, failure.Reason)
	require.ErrorIs(t, failure, plain)
	require.NotContains(t, failure.GRPCStatus().Message(), "10.1.2.3")
	require.Equal(t, codes.Internal, failure.GRPCStatus().Code())
}

func TestContextEndsHaveKindsOfTheirOwn(t *testing.T) {
	t.Parallel()
	require.Equal(t, fault.DeadlineExceeded, fault.KindOf(fmt.Errorf("read: %w", context.DeadlineExceeded)))
	require.Equal(t, fault.Canceled, fault.KindOf(fmt.Errorf("read: %w", context.Canceled)))
	explicit := fault.New(fault.NotFound, "x", "").Because(context.Canceled)
	require.Equal(t, fault.NotFound, fault.KindOf(explicit))
}

func TestForeignStatusesKeepKindAndHideText(t *testing.T) {
	t.Parallel()
	for code, kind := range map[codes.Code]fault.Kind{
		codes.Unavailable: fault.Unavailable, codes.Unimplemented: fault.Internal, codes.Unknown: fault.Internal,
		codes.AlreadyExists: fault.Conflict, codes.OutOfRange: fault.Invalid, codes.DeadlineExceeded: fault.DeadlineExceeded,
		codes.DataLoss: fault.Internal, codes.ResourceExhausted: fault.RateLimited, codes.Canceled: fault.Canceled,
	} {
		failure := fault.Of(fmt.Errorf("call: %w", status.Error(code, "dial 10.1.2.3")))
		require.Equal(t, kind, failure.Kind, code.String())
		require.NotContains(t, failure.GRPCStatus().Message(), "10.1.2.3")
		require.Contains(t, failure.Error(), "10.1.2.3", "logs keep it")
	}
	foreign, err := status.New(codes.NotFound, "theirs").WithDetails(&errdetails.ErrorInfo{Reason: "THEIRS", Domain: "elsewhere"})
	require.NoError(t, err)
	require.Equal(t, "not-found", fault.ReasonOf(foreign.Err()))
}

func TestCopiesDoNotShare(t *testing.T) {
	t.Parallel()
	first := fault.New(fault.Invalid, "bad", "").With("a", "1")
	second := first.With("b", "2").After(time.Second).Because(errors.New("x"))
	require.Equal(t, map[string]string{"a": "1"}, first.Metadata)
	require.Zero(t, first.RetryAfter)
	require.NoError(t, first.Unwrap())
	require.ErrorIs(t, second, first, "same kind and reason")
	require.NotErrorIs(t, second, fault.New(fault.Conflict, "bad", ""))
	require.NotErrorIs(t, second, fault.New(fault.Invalid, "worse", ""))
}

func TestNothingIsNoFault(t *testing.T) {
	t.Parallel()
	require.Nil(t, fault.Of(nil))
	require.Empty(t, fault.ReasonOf(nil))
	require.False(t, fault.HasReason(nil, ""))
	require.True(t, fault.HasReason(fmt.Errorf("x: %w", fault.New(fault.Invalid, "bad", "")), "bad"))
}

func TestHostileTextKeepsTheReason(t *testing.T) {
	t.Parallel()
	got := fault.Of(overTheWire(t, fault.New(fault.Invalid, "bad", "\xff!").With("name", "a\xffb")))
	require.Equal(t, "bad", got.Reason)
	require.Equal(t, fault.Invalid, got.Kind)
	require.Equal(t, "?!", got.Detail)
	require.Equal(t, "a?b", got.Metadata["name"])
}

// overTheWire encodes and decodes the status as gRPC would.
func overTheWire(t *testing.T, failure *fault.Error) error {
	t.Helper()
	encoded, err := proto.Marshal(failure.GRPCStatus().Proto())
	require.NoError(t, err)
	decoded := status.New(codes.OK, "").Proto()
	require.NoError(t, proto.Unmarshal(encoded, decoded))
	return status.ErrorProto(decoded)
}
