package exception

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	mostListed     = 500
	mostUnresolved = 10_000
	longestNote    = 2000 // characters
	longestBy      = 200

	resolving = "resolve-exception" // the command, in the books of what operators did
)

// The faults of resolving (proto order.v1.ExceptionService).
var (
	errNotFound   = fault.New(fault.NotFound, "exception-not-found", "there is no such exception")
	errResolved   = fault.New(fault.Conflict, "exception-is-resolved", "somebody has resolved it, with another note")
	errUnrefunded = fault.New(fault.Conflict, "exception-is-resolved", "it was resolved without giving money back")
	errRefunded   = fault.New(fault.Conflict, "exception-is-resolved", "somebody has resolved it meanwhile, with another note; the money was given back")
	errNote       = fault.New(fault.Invalid, "note-required", "say in 1 to 2,000 characters, on one line, how it was resolved")
	errBy         = fault.New(fault.Invalid, "name-required", "say in 1 to 200 characters who resolves it")
	errNoProposal = fault.New(fault.FailedPrecondition, "no-refund-proposed", "nothing is proposed to go back; resolve it without a refund")
)

// ListExceptions implements orderv1.ExceptionServiceServer.
func (e *Exceptions) ListExceptions(ctx context.Context, request *orderv1.ListExceptionsRequest) (*orderv1.ListExceptionsResponse, error) {
	rows, err := dbgen.New(e.db).ListExceptions(ctx, dbgen.ListExceptionsParams{ResolvedToo: request.GetResolvedToo(), Most: mostListed})
	if err != nil {
		return nil, fmt.Errorf("list exceptions: %w", err)
	}
	return &orderv1.ListExceptionsResponse{Exceptions: protosOf(rows)}, nil
}

// Unresolved are those that wait for somebody, newest first, at most 10,000.
func (e *Exceptions) Unresolved(ctx context.Context) ([]*orderv1.Exception, error) {
	rows, err := dbgen.New(e.db).ListExceptions(ctx, dbgen.ListExceptionsParams{Most: mostUnresolved})
	if err != nil {
		return nil, fmt.Errorf("list exceptions: %w", err)
	}
	return protosOf(rows), nil
}

// ResolveException closes an exception. The money goes first, under the exception's own key: whoever repeats this, or does it at
// the same moment, gives back nothing more, and one that dies in between is finished by saying it again.
func (e *Exceptions) ResolveException(ctx context.Context, request *orderv1.ResolveExceptionRequest) (*orderv1.ResolveExceptionResponse, error) {
	by, note, err := signature(request)
	if err != nil {
		return nil, err
	}
	found, err := e.find(ctx, request.GetExceptionId())
	if err != nil {
		return nil, err
	}
	wanted := resolution{by: by, note: note, refund: request.GetRefund(), minor: found.ProposedRefundMinor}
	resolved, err := e.resolve(ctx, found, wanted)
	if found.ResolvedAt == nil {
		e.tellOperators(ctx, found, wanted, err)
	}
	if err != nil {
		return nil, err
	}
	return &orderv1.ResolveExceptionResponse{Exception: protoOf(resolved)}, nil
}

func (e *Exceptions) resolve(ctx context.Context, found dbgen.PaymentException, wanted resolution) (dbgen.PaymentException, error) {
	if found.ResolvedAt == nil && wanted.refund {
		if err := e.giveBack(ctx, found, wanted); err != nil {
			return dbgen.PaymentException{}, err
		}
	}
	return e.close(ctx, found.ID, wanted)
}

// tellOperators logs who did it, or tried; with a refund, package refund has resolved it by now.
func (e *Exceptions) tellOperators(ctx context.Context, found dbgen.PaymentException, wanted resolution, err error) {
	attributes := []slog.Attr{slog.String("by", wanted.by), slog.Int64("exception", found.ID), slog.String("reason", found.Reason)}
	if found.OrderIdentifier != "" {
		attributes = append(attributes, slog.String("order", found.OrderIdentifier))
	}
	if wanted.refund {
		attributes = append(attributes, slog.Int64("refund_minor", wanted.minor), slog.String("currency", found.Currency))
	}
	if err != nil {
		attributes = append(attributes, slog.Any("error", err))
	}
	e.tel.Logger.LogAttrs(ctx, slog.LevelInfo, "[OPERATOR] "+resolving, attributes...)
}

// resolution is how somebody wants an exception resolved.
type resolution struct {
	by, note string
	refund   bool
	minor    int64 // what was proposed when it was read; a refund lowers the proposal
}

func signature(request *orderv1.ResolveExceptionRequest) (by, note string, err error) {
	by, note = strings.TrimSpace(request.GetBy()), strings.TrimSpace(request.GetNote())
	if !storable(note, longestNote) {
		return "", "", errNote
	}
	if !storable(by, longestBy) {
		return "", "", errBy
	}
	return by, note, nil
}

func storable(text string, most int) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl) && utf8.RuneCountInString(text) <= most
}

func (e *Exceptions) find(ctx context.Context, id int64) (dbgen.PaymentException, error) {
	found, err := dbgen.New(e.db).FindException(ctx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return dbgen.PaymentException{}, errNotFound
	}
	if err != nil {
		return dbgen.PaymentException{}, fmt.Errorf("find exception: %w", err)
	}
	return found, nil
}

func (e *Exceptions) giveBack(ctx context.Context, found dbgen.PaymentException, wanted resolution) error {
	if found.ProposedRefundMinor == 0 || found.PaymentIntent == "" || e.refunder == nil {
		return errNoProposal
	}
	err := e.refunder.RefundException(ctx, found.ID, found.PaymentIntent, found.ProposedRefundMinor, wanted.by, wanted.note)
	if err != nil {
		return fmt.Errorf("give money back: %w", err)
	}
	return nil
}

// close resolves it, or finds that it is resolved in just this way: package refund does so itself when the money has gone.
func (e *Exceptions) close(ctx context.Context, id int64, wanted resolution) (resolved dbgen.PaymentException, err error) {
	err = e.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := dbgen.New(tx)
		if resolved, err = queries.LockException(ctx, id); err != nil {
			return fmt.Errorf("lock exception: %w", err)
		}
		if resolved.ResolvedAt != nil {
			err = sameAsBefore(ctx, queries, resolved, wanted)
		} else {
			resolved, err = queries.ResolveException(ctx, dbgen.ResolveExceptionParams{ID: id, Now: e.now(), ResolvedBy: wanted.by, Resolution: wanted.note})
		}
		if err != nil {
			return fmt.Errorf("resolve exception: %w", err)
		}
		return e.noteAction(ctx, tx, resolved, wanted)
	})
	return resolved, err
}

// noteAction notes once what was done, also when it was done by an earlier attempt that died before this.
func (e *Exceptions) noteAction(ctx context.Context, tx pgx.Tx, resolved dbgen.PaymentException, wanted resolution) error {
	noted, err := dbgen.New(tx).WasNoted(ctx, dbgen.WasNotedParams{Command: resolving, Subject: subject(resolved), Since: resolved.NoticedAt})
	if err != nil || noted {
		return err
	}
	return operation.Note(ctx, tx, wanted.by, resolving, subject(resolved), whatWasDone(resolved, wanted), e.now())
}

func sameAsBefore(ctx context.Context, queries *dbgen.Queries, found dbgen.PaymentException, wanted resolution) error {
	refunded, err := queries.WasRefunded(ctx, dbgen.WasRefundedParams{ID: found.ID, PaymentIntent: found.PaymentIntent, Since: found.NoticedAt})
	if err != nil {
		return fmt.Errorf("look for refund of exception: %w", err)
	}
	switch same := *found.Resolution == wanted.note; {
	case same && (refunded || !wanted.refund):
		return nil
	case same:
		return errUnrefunded
	case wanted.refund && refunded:
		return errRefunded
	default:
		return errResolved
	}
}

func subject(row dbgen.PaymentException) string { return fmt.Sprintf("exception %d", row.ID) }

func whatWasDone(row dbgen.PaymentException, wanted resolution) string {
	if wanted.refund {
		return fmt.Sprintf("%s; gave back %s", row.Reason, amount(wanted.minor, row.Currency))
	}
	return row.Reason
}

func protosOf(rows []dbgen.PaymentException) []*orderv1.Exception {
	list := make([]*orderv1.Exception, len(rows))
	for i, row := range rows {
		list[i] = protoOf(row)
	}
	return list
}

func protoOf(row dbgen.PaymentException) *orderv1.Exception {
	out := &orderv1.Exception{
		ExceptionId: row.ID, Reason: row.Reason, SessionId: row.SessionID, Reference: row.Reference, PaymentIntentId: row.PaymentIntent,
		OrderIdentifier: row.OrderIdentifier, PaidMinor: row.TotalMinor, Currency: row.Currency,
		ProposedRefundMinor: row.ProposedRefundMinor, Detail: row.Detail, NoticedAt: timestamppb.New(row.NoticedAt),
	}
	if row.ExpectedMinor != nil {
		out.ExpectedMinor = *row.ExpectedMinor
	}
	if row.ResolvedAt != nil {
		out.ResolvedAt, out.ResolvedBy, out.Resolution = timestamppb.New(*row.ResolvedAt), *row.ResolvedBy, *row.Resolution
	}
	return out
}
