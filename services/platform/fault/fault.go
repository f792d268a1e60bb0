// Package fault holds the one typed error of the shop: a kind, a machine reason and a public
// detail, carried between processes as a gRPC status with google.rpc.ErrorInfo.
//
// The cause of a fault stays in the process that saw it (its logs); it never crosses the wire.
// Which reasons exist is the business of the service that raises them, not of this package.
package fault

import (
	"errors"
	"maps"
	"time"
)

// Kind says what sort of failure a fault is; it decides the gRPC code.
type Kind int

// The kinds of failure. Internal is the zero value, so a fault nobody classified is a defect of ours.
const (
	Internal           Kind = iota // our own defect, or a failure nobody expected
	Invalid                        // the request itself is wrong and stays wrong
	NotFound                       // the thing asked for does not exist
	Conflict                       // another writer was there first, or the thing exists already
	Unauthenticated                // the caller did not prove who it is
	PermissionDenied               // the caller is known and may not do this
	FailedPrecondition             // the request is right but not in the present state
	RateLimited                    // too many requests; RetryAfter may say when to come back
	Unavailable                    // a dependency is away; the same request may succeed later
	DeadlineExceeded               // the time for the request ran out
	Canceled                       // the caller went away before the answer
)

// Reasons of faults that no service raises by name.
const (
	ReasonInternal         = "internal"
	ReasonDeadlineExceeded = "deadline-exceeded"
	ReasonCanceled         = "canceled"
	ReasonUnavailable      = "unavailable"
)

// Error is the typed error. Treat a value as immutable: the methods that change something return a copy.
type Error struct {
	Kind       Kind
	Reason     string            // machine code in kebab case, like "cart-not-found"
	Detail     string            // public text, may be empty; never holds personal data or causes
	Metadata   map[string]string // public facts for machines, may be nil
	RetryAfter time.Duration     // when to try again; 0 says nothing

	cause error
}

// New makes a fault. The reason is a machine code; the detail is public text and may be empty.
func New(kind Kind, reason, detail string) *Error {
	return &Error{Kind: kind, Reason: reason, Detail: detail}
}

// Because returns a copy that carries the cause, for logs and errors.Is alone.
func (e *Error) Because(cause error) *Error {
	copied := *e
	copied.cause = cause
	return &copied
}

// With returns a copy with one more metadata entry.
func (e *Error) With(key, value string) *Error {
	copied := *e
	copied.Metadata = make(map[string]string, len(e.Metadata)+1)
	maps.Copy(copied.Metadata, e.Metadata)
	copied.Metadata[key] = value
	return &copied
}

// After returns a copy that says when the caller may try again.
func (e *Error) After(d time.Duration) *Error {
	copied := *e
	copied.RetryAfter = d
	return &copied
}

// Error is the text for logs: reason, detail and the causes. It is not what callers elsewhere see.
func (e *Error) Error() string {
	text := e.Reason
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.cause != nil {
		text += ": " + e.cause.Error()
	}
	return text
}

// Unwrap returns the cause, nil when there is none.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same kind and reason; detail and metadata do not count.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other != nil && other.Kind == e.Kind && other.Reason == e.Reason
}

// ReasonOf returns the reason of Of(err), "" for nil.
func ReasonOf(err error) string {
	if err == nil {
		return ""
	}
	return Of(err).Reason
}

// KindOf returns the kind of Of(err). Ask it only about an error: nil counts as Internal.
func KindOf(err error) Kind {
	if err == nil {
		return Internal
	}
	return Of(err).Kind
}

// HasReason reports whether err is a fault with this reason.
func HasReason(err error, reason string) bool {
	return err != nil && ReasonOf(err) == reason
}

func inside(err error) *Error {
	var found *Error
	if errors.As(err, &found) {
		return found
	}
	return nil
}
