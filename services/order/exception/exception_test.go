package exception_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// bank gives money back once per exception, as package refund does.
type bank struct {
	db    *postgres.Database
	mutex sync.Mutex
	asked int
	given map[int64]int64
	fail  error
	// resolves: the exception is resolved with the money, as package refund does it.
	resolves bool
}

func (b *bank) RefundException(ctx context.Context, id int64, intent string, amountMinor int64, by, note string) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.asked++
	if b.fail != nil {
		return b.fail
	}
	if _, done := b.given[id]; done {
		return nil
	}
	b.given[id] = amountMinor
	_, err := b.db.Exec(ctx, `INSERT INTO refund (key, exception_id, payment_intent, amount_minor, currency, state, requested_by, note, requested_at, settled_at)
		VALUES ($6, $1, $2, $3, 'usd', 'succeeded', $4, $5, now(), now())`, id, intent, amountMinor, by, note, fmt.Sprintf("exception/%d", id))
	if err == nil && b.resolves {
		_, err = b.db.Exec(ctx, `UPDATE payment_exception SET resolved_at = now(), resolved_by = $2, resolution = $3, proposed_refund_minor = 0
			WHERE id = $1 AND resolved_at IS NULL`, id, by, note)
	}
	return err
}

type room struct {
	*exception.Exceptions
	db   *postgres.Database
	bank *bank
}

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T) room {
	t.Helper()
	db := dbtest.New(t, migrations.Set())
	teller := &bank{db: db, given: map[int64]int64{}}
	return room{exception.New(db, teller, telemetry.Silent(), now), db, teller}
}

func (r room) noted(t *testing.T, finding exception.Finding) bool {
	t.Helper()
	isNew := false
	require.NoError(t, r.db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		isNew, err = r.Note(ctx, tx, finding)
		return err
	}))
	return isNew
}

func soldOut() exception.Finding {
	return exception.Finding{
		SessionID: "cs_1", Reason: exception.OutOfStock, Reference: "checkout_1", PaymentIntent: "pi_1", Currency: "usd",
		SubtotalMinor: 4304, TotalMinor: 4304, Email: "ann@example.com", ProposedRefundMinor: 4304, Detail: "SKU 1: 2 wanted, 1 there",
	}
}

func (r room) list(t *testing.T, all bool) []*orderv1.Exception {
	t.Helper()
	answer, err := r.ListExceptions(t.Context(), &orderv1.ListExceptionsRequest{ResolvedToo: all})
	require.NoError(t, err)
	return answer.GetExceptions()
}

func (r room) resolve(ctx context.Context, id int64, note string, refund bool) error {
	_, err := r.ResolveException(ctx, &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: note, Refund: refund})
	return err
}

func (r room) count(t *testing.T, sql string) int {
	t.Helper()
	var number int
	require.NoError(t, r.db.QueryRow(t.Context(), sql).Scan(&number))
	return number
}

func TestAFindingIsNotedOnceAndOpensAgainWithAnotherDetail(t *testing.T) {
	t.Parallel()
	r := open(t)
	require.True(t, r.noted(t, soldOut()))
	require.False(t, r.noted(t, soldOut()), "it is known")
	id := r.list(t, false)[0].GetExceptionId()
	require.NoError(t, r.resolve(t.Context(), id, "sent by hand", false))
	require.Empty(t, r.list(t, false))
	require.False(t, r.noted(t, soldOut()), "it stays resolved")
	require.Empty(t, r.list(t, false))

	worse := soldOut()
	worse.Detail = "SKU 1: 2 wanted, 0 there"
	require.True(t, r.noted(t, worse))
	listed := r.list(t, false)
	require.Len(t, listed, 1)
	require.Equal(t, worse.Detail, listed[0].GetDetail())
	require.Nil(t, listed[0].GetResolvedAt())
}

func TestResolvingGivesTheMoneyBackOnce(t *testing.T) {
	t.Parallel()
	for name, resolves := range map[string]bool{"the refund resolves": true, "the refund only gives back": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testResolvingOnce(t, resolves)
		})
	}
}

func testResolvingOnce(t *testing.T, resolves bool) {
	t.Helper()
	r := open(t)
	r.bank.resolves = resolves
	r.noted(t, soldOut())
	id := r.list(t, false)[0].GetExceptionId()

	r.bank.fail = fault.New(fault.Unavailable, "stripe-unavailable", "")
	require.Equal(t, "stripe-unavailable", fault.ReasonOf(r.resolve(t.Context(), id, "returned", true)))
	require.Len(t, r.list(t, false), 1, "nothing was given back, so nothing is resolved")

	r.bank.fail = nil
	for range 3 {
		require.NoError(t, r.resolve(t.Context(), id, " returned ", true))
	}
	require.Equal(t, map[int64]int64{id: 4304}, r.bank.given)
	resolved := r.list(t, true)[0]
	require.Equal(t, "ada", resolved.GetResolvedBy())
	require.Equal(t, "returned", resolved.GetResolution())
	require.NoError(t, r.resolve(t.Context(), id, "returned", false), "the same, asked for less")
	require.Equal(t, "exception-is-resolved", fault.ReasonOf(r.resolve(t.Context(), id, "another note", true)))
	require.Equal(t, 1, r.count(t, "SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND command = 'resolve-exception' AND detail LIKE '%gave back 43.04 usd'"))
}

func TestResolvedWithoutMoneyIsNotTakenForResolvedWithIt(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.noted(t, soldOut())
	id := r.list(t, false)[0].GetExceptionId()
	require.NoError(t, r.resolve(t.Context(), id, "sent by hand", false))
	require.Equal(t, "exception-is-resolved", fault.ReasonOf(r.resolve(t.Context(), id, "sent by hand", true)))
	require.Zero(t, r.bank.asked)
}

func TestManyResolveAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.noted(t, soldOut())
	id := r.list(t, false)[0].GetExceptionId()
	outcomes := make([]error, 12)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			note := []string{"returned", "sent by hand"}[i%2]
			outcomes[i] = r.resolve(t.Context(), id, note, i%2 == 0)
		})
	}
	group.Wait()
	resolution := r.list(t, true)[0].GetResolution()
	for i, err := range outcomes {
		note := []string{"returned", "sent by hand"}[i%2]
		if note == resolution {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, "exception-is-resolved", fault.ReasonOf(err))
	}
	require.LessOrEqual(t, len(r.bank.given), 1)
	require.Equal(t, 1, r.count(t, "SELECT count(*) FROM operator_action"))
}

func TestWhatCannotBeResolved(t *testing.T) {
	t.Parallel()
	r := open(t)
	hopeless := soldOut()
	hopeless.ProposedRefundMinor = 0
	r.noted(t, hopeless)
	id := r.list(t, false)[0].GetExceptionId()
	for name, wrong := range map[string]struct {
		request *orderv1.ResolveExceptionRequest
		reason  string
	}{
		"unknown":          {&orderv1.ResolveExceptionRequest{ExceptionId: 99, By: "ada", Note: "x"}, "exception-not-found"},
		"negative":         {&orderv1.ResolveExceptionRequest{ExceptionId: -1, By: "ada", Note: "x"}, "exception-not-found"},
		"no note":          {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada"}, "note-required"},
		"blank note":       {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: " \n"}, "note-required"},
		"note with a zero": {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: "a\x00b"}, "note-required"},
		"a forged line":    {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: "x\n[OPERATOR] y"}, "note-required"},
		"note not UTF-8":   {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: "a\xff"}, "note-required"},
		"endless note":     {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: strings.Repeat("é", 2001)}, "note-required"},
		"nobody":           {&orderv1.ResolveExceptionRequest{ExceptionId: id, Note: "x"}, "name-required"},
		"nothing to give":  {&orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ada", Note: "x", Refund: true}, "no-refund-proposed"},
	} {
		_, err := r.ResolveException(t.Context(), wrong.request)
		require.Equal(t, wrong.reason, fault.ReasonOf(err), name)
	}
	require.Len(t, r.list(t, false), 1)
	require.Zero(t, r.bank.asked)
}

// command runs a command as the program does and answers what it printed.
func command(t *testing.T, run func(ctx context.Context, args []string) error, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	failed := errors.New("the task did not run")
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"it": {Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			failed = run(ctx, args)
			return nil
		}},
	}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{"it"}, args...), nil, &out, &logs))
	return out.String(), failed
}

func TestCommands(t *testing.T) {
	t.Parallel()
	r := open(t)
	printed, err := command(t, r.ListCommand)
	require.NoError(t, err)
	require.Equal(t, "0 exceptions\n", printed)

	r.noted(t, soldOut())
	printed, err = command(t, r.ListCommand)
	require.NoError(t, err)
	require.Equal(t, "#1  out-of-stock  checkout_1  cs_1  pi_1  paid 43.04 usd  proposed refund 43.04 usd  0 min ago\n"+
		"    SKU 1: 2 wanted, 1 there\n    of ann@example.com\n1 exceptions\n", printed)

	for _, wrong := range [][]string{{}, {"1"}, {"-by", "ada", "--note", "x"}, {"one", "--note", "x"}, {"1", "2", "--note", "x"}, {"1", "--note", " "}, {"7", "--note", "x"}} {
		_, err = command(t, r.ResolveCommand, append([]string{"-by", "ada", "-yes"}, wrong...)...)
		require.ErrorContains(t, err, "resolve-exception: ", "%v", wrong)
	}
	require.Empty(t, r.bank.given)

	printed, err = command(t, r.ResolveCommand, "#1", "--note", "sold out", "--refund", "-by", "ada", "-yes")
	require.NoError(t, err)
	require.Contains(t, printed, "Exception 1 will be closed, 43.04 usd of pi_1 goes back to the customer. Note: sold out\n")
	require.Contains(t, printed, "exception 1 is resolved\n")
	require.Equal(t, map[int64]int64{1: 4304}, r.bank.given)

	printed, err = command(t, r.ListCommand, "--all")
	require.NoError(t, err)
	require.Contains(t, printed, "paid 43.04 usd  gave back 43.04 usd  0 min ago\n")
	require.NotContains(t, printed, "proposed")
	require.Contains(t, printed, "    resolved 2026-11-23 by ada: sold out\n1 exceptions\n")
	_, err = command(t, r.ListCommand, "--everything")
	require.Error(t, err)
}

func TestAResolvedExceptionIsNotAskedAboutAgain(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.noted(t, soldOut())
	_, err := command(t, r.ResolveCommand, "1", "--note", "sent by hand", "-by", "ada", "-yes")
	require.NoError(t, err)

	printed, err := command(t, r.ResolveCommand, "1", "--note", "sent by hand", "-by", "bob")
	require.NoError(t, err, "there is nobody to ask, and nothing to ask for")
	require.Contains(t, printed, "exception 1 was resolved by ada at 2026-11-23 12:00 UTC, with the same note; nothing changes\n")
	for _, other := range [][]string{{"--note", "lost"}, {"--note", "sent by hand", "--refund"}} {
		printed, err = command(t, r.ResolveCommand, append([]string{"1", "-by", "bob"}, other...)...)
		require.ErrorContains(t, err, "exception 1 was resolved by ada at 2026-11-23 12:00 UTC; nothing was changed")
		require.NotContains(t, printed, "will be closed")
	}
	require.Zero(t, r.bank.asked)
}

func TestWhatCannotBeDoneIsSaidBeforeItIsAskedFor(t *testing.T) {
	t.Parallel()
	r := open(t)
	hopeless := soldOut()
	hopeless.ProposedRefundMinor = 0
	r.noted(t, hopeless)
	for wrong, said := range map[string][]string{
		"nothing is proposed": {"--note", "x", "--refund"},
		"on one line":         {"--note", "x\n[OPERATOR] fake"},
		"2,000 characters":    {"--note", strings.Repeat("x", 2001)},
	} {
		printed, err := command(t, r.ResolveCommand, append([]string{"1", "-by", "ada"}, said...)...)
		require.ErrorContains(t, err, wrong)
		require.NotContains(t, printed, "will be closed")
	}
	require.Len(t, r.list(t, false), 1)
}

func TestWhatStrangersTypedMakesNoLines(t *testing.T) {
	t.Parallel()
	r := open(t)
	forged := soldOut()
	forged.Detail, forged.Email = "a\n[OPERATOR] b", "ann\x1b[2J@example.com"
	r.noted(t, forged)
	_, err := r.db.Exec(t.Context(), "UPDATE payment_exception SET resolved_at = now(), resolved_by = 'ada', resolution = E'x\\n[OPERATOR] fake'")
	require.NoError(t, err)

	printed, err := command(t, r.ListCommand, "--all")

	require.NoError(t, err)
	require.Contains(t, printed, "by ada: x\uFFFD[OPERATOR] fake\n")
	require.NotContains(t, printed, "\n[OPERATOR]")
	require.NotContains(t, printed, "\x1b")
}

func TestOperatorsAreToldOfMoneyThatGoesBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.bank.resolves = true
	var logs bytes.Buffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(&logs, nil))
	r.Exceptions = exception.New(r.db, r.bank, tel, now)
	r.noted(t, soldOut())
	for range 2 {
		require.NoError(t, r.resolve(t.Context(), 1, "returned", true))
	}
	require.Equal(t, 1, strings.Count(logs.String(), "\n"))
	require.Contains(t, logs.String(), `"msg":"[OPERATOR] resolve-exception","by":"ada","exception":1,"reason":"out-of-stock","refund_minor":4304,"currency":"usd"}`)
}
