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

var codeOfKind = map[Kind]codes.Code{
	Internal:           codes.Internal,
	Invalid:            codes.InvalidArgument,
	NotFound:           codes.NotFound,
	Conflict:           codes.Aborted,
	Unauthenticated:    codes.Unauthenticated,
	PermissionDenied:   codes.PermissionDenied,
	FailedPrecondition: codes.FailedPrecondition,
	RateLimited:        codes.ResourceExhausted,
	Unavailable:        codes.Unavailable,
	DeadlineExceeded:   codes.DeadlineExceeded,
	Canceled:           codes.Canceled,
}

var kindOfCode = map[codes.Code]Kind{
	codes.InvalidArgument:    Invalid,
	codes.OutOfRange:         Invalid,
	codes.NotFound:           NotFound,
	codes.Aborted:            Conflict,
	codes.AlreadyExists:      Conflict,
	codes.Unauthenticated:    Unauthenticated,
	codes.PermissionDenied:   PermissionDenied,
	codes.FailedPrecondition: FailedPrecondition,
	codes.ResourceExhausted:  RateLimited,
	codes.Unavailable:        Unavailable,
	codes.DeadlineExceeded:   DeadlineExceeded,
	codes.Canceled:           Canceled,
}

// generic is what callers learn of a failure that carries no fault of ours: nothing of its text,
// which may hold addresses or values.
var generic = map[Kind]Error{
	Internal:           {Kind: Internal, Reason: ReasonInternal, Detail: "something went wrong on our side"},
	Invalid:            {Kind: Invalid, Reason: "invalid", Detail: "the request is not valid"},
	NotFound:           {Kind: NotFound, Reason: "not-found", Detail: "there is no such thing"},
	Conflict:           {Kind: Conflict, Reason: "conflict", Detail: "the request conflicts with another"},
	Unauthenticated:    {Kind: Unauthenticated, Reason: "unauthenticated", Detail: "the caller is not known"},
	PermissionDenied:   {Kind: PermissionDenied, Reason: "permission-denied", Detail: "the caller may not do this"},
	FailedPrecondition: {Kind: FailedPrecondition, Reason: "failed-precondition", Detail: "not possible in the present state"},
	RateLimited:        {Kind: RateLimited, Reason: "rate-limited", Detail: "too many or too large requests"},
	Unavailable:        {Kind: Unavailable, Reason: ReasonUnavailable, Detail: "not reachable at the moment"},
	DeadlineExceeded:   {Kind: DeadlineExceeded, Reason: ReasonDeadlineExceeded, Detail: "the time for the request ran out"},
	Canceled:           {Kind: Canceled, Reason: ReasonCanceled, Detail: "the request was given up"},
}

// Code is the gRPC code of the kind.
func (k Kind) Code() codes.Code {
	if code, ok := codeOfKind[k]; ok {
		return code
	}
	return codes.Internal
}

// String is the kind's name as the generic reason spells it, for logs.
func (k Kind) String() string {
	if known, ok := generic[k]; ok {
		return known.Reason
	}
	return ReasonInternal
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
		return genericOf(DeadlineExceeded, err)
	}
	if errors.Is(err, context.Canceled) {
		return genericOf(Canceled, err)
	}
	return genericOf(Internal, err)
}

func genericOf(kind Kind, cause error) *Error {
	made := generic[kind]
	made.cause = cause
	return &made
}

// ofStatus rebuilds what a peer sent. A status without ErrorInfo of ours comes from the transport
// or from foreign code: its text goes to the cause, not to the public detail.
func ofStatus(received *status.Status, err error) *Error {
	kind := kindOfCode[received.Code()]
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
		rebuilt = genericOf(kind, err)
	}
	rebuilt.RetryAfter = retryAfter
	return rebuilt
}
