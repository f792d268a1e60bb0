package fault

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// domain marks the ErrorInfo of this shop, so that a foreign one is not taken for a reason of ours.
const domain = "startupwebapp"

// Code is the gRPC code of the kind.
func (k Kind) Code() codes.Code {
	switch k {
	case Invalid:
		return codes.InvalidArgument
	case NotFound:
		return codes.NotFound
	case Conflict:
		return codes.Aborted
	case Unauthenticated:
		return codes.Unauthenticated
	case PermissionDenied:
		return codes.PermissionDenied
	case FailedPrecondition:
		return codes.FailedPrecondition
	case RateLimited:
		return codes.ResourceExhausted
	case Unavailable:
		return codes.Unavailable
	case DeadlineExceeded:
		return codes.DeadlineExceeded
	case Canceled:
		return codes.Canceled
	default:
		return codes.Internal
	}
}

func kindOf(code codes.Code) Kind {
	switch code {
	case codes.InvalidArgument, codes.OutOfRange:
		return Invalid
	case codes.NotFound:
		return NotFound
	case codes.Aborted, codes.AlreadyExists:
		return Conflict
	case codes.Unauthenticated:
		return Unauthenticated
	case codes.PermissionDenied:
		return PermissionDenied
	case codes.FailedPrecondition:
		return FailedPrecondition
	case codes.ResourceExhausted:
		return RateLimited
	case codes.Unavailable:
		return Unavailable
	case codes.DeadlineExceeded:
		return DeadlineExceeded
	case codes.Canceled:
		return Canceled
	default:
		return Internal
	}
}

// String is the kind's name, which is also the reason of faults of this kind that nobody named.
func (k Kind) String() string {
	reason, _ := k.unnamed()
	return reason
}

// unnamed is what callers learn of a failure that carries no fault of ours: a reason and a detail with
// nothing of its text, which may hold addresses or values.
func (k Kind) unnamed() (reason, detail string) {
	switch k {
	case Invalid:
		return "invalid", "the request is not valid"
	case NotFound:
		return "not-found", "there is no such thing"
	case Conflict:
		return "conflict", "the request conflicts with another"
	case Unauthenticated:
		return "unauthenticated", "the caller is not known"
	case PermissionDenied:
		return "permission-denied", "the caller may not do this"
	case FailedPrecondition:
		return "failed-precondition", "not possible in the present state"
	case RateLimited:
		return "rate-limited", "too many or too large requests"
	case Unavailable:
		return ReasonUnavailable, "not reachable at the moment"
	case DeadlineExceeded:
		return ReasonDeadlineExceeded, "the time for the request ran out"
	case Canceled:
		return ReasonCanceled, "the request was given up"
	default:
		return ReasonInternal, "something went wrong on our side"
	}
}

// GRPCStatus is the fault as it crosses the wire: code, detail, ErrorInfo and RetryInfo, without causes.
func (e *Error) GRPCStatus() *status.Status {
	full, err := e.status()
	if err == nil {
		return full
	}
	full, err = e.inUTF8().status() // hostile text in the metadata must not cost the reason
	if err != nil {
		return status.New(e.Kind.Code(), "")
	}
	return full
}

func (e *Error) status() (*status.Status, error) {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Reason, Domain: domain, Metadata: e.Metadata}}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	return status.New(e.Kind.Code(), strings.ToValidUTF8(e.Detail, "?")).WithDetails(details...)
}

// inUTF8 returns a copy that protobuf can encode.
func (e *Error) inUTF8() *Error {
	copied := *e
	copied.Reason = strings.ToValidUTF8(e.Reason, "?")
	copied.Metadata = make(map[string]string, len(e.Metadata))
	for key, value := range e.Metadata {
		copied.Metadata[strings.ToValidUTF8(key, "?")] = strings.ToValidUTF8(value, "?")
	}
	return &copied
}

// Of returns the fault inside err, or one rebuilt from a gRPC status, or an Internal one around err.
// It is nil for nil: do not return its result as an error without that check.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if found := inside(err); found != nil {
		return found
	}
	if received, ok := status.FromError(err); ok {
		return ofStatus(received, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return unnamed(DeadlineExceeded, err)
	}
	if errors.Is(err, context.Canceled) {
		return unnamed(Canceled, err)
	}
	return unnamed(Internal, err)
}

func unnamed(kind Kind, cause error) *Error {
	reason, detail := kind.unnamed()
	return New(kind, reason, detail).Because(cause)
}

// ofStatus rebuilds what a peer sent. A status without ErrorInfo of ours comes from the transport
// or from foreign code: its text goes to the cause, not to the public detail.
func ofStatus(received *status.Status, err error) *Error {
	kind := kindOf(received.Code())
	rebuilt := (*Error)(nil)
	retryAfter := time.Duration(0)
	for _, detail := range received.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			if known.GetDomain() == domain {
				rebuilt = &Error{Kind: kind, Reason: known.GetReason(), Detail: received.Message(), Metadata: known.GetMetadata()}
			}
		case *errdetails.RetryInfo:
			retryAfter = known.GetRetryDelay().AsDuration()
		}
	}
	if rebuilt == nil {
		rebuilt = unnamed(kind, err)
	}
	rebuilt.RetryAfter = retryAfter
	return rebuilt
}
