package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

const (
	// failuresRule names these counters where the limits are watched.
	failuresRule = "login-failures"
	// answerLimit is how long a login waits for the counter before it goes on without.
	answerLimit = 2 * time.Second
	// forgottenAfter is how long failures count; CountTry says the same.
	forgottenAfter = 24 * time.Hour
	// shortestWait is said to somebody whose wait has ended while the answer was on its way.
	shortestWait = time.Second
)

// failures counts how often in a row logging in failed under a name, whether anybody has the name or not: the answers must
// not tell. How long the next try has to wait is said by the query CountTry.
//
// A try is counted as failed before its password is looked at, and forgotten when it was right: otherwise two hundred
// guesses at once would all find a name without failures.
//
// The waits go by the processes' clocks. Where these differ by a second or two a wait is as much shorter or longer, but the
// number of failures, which makes the waits grow, is exact.
type failures struct {
	queries *dbgen.Queries
	limiter *limit.Limiter
	now     func() time.Time
}

// count answers RateLimited "rate-limited" to a try that comes too early; such a try costs nothing and prolongs nothing.
// Without the counter everything is let through, loudly (contract user.md 1.6), and counted is false.
func (f failures) count(ctx context.Context, username string) (counted bool, err error) {
	now := f.now()
	asking, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	changed, err := f.queries.CountTry(asking, dbgen.CountTryParams{Subject: subjectOf(username), Now: now})
	if err != nil {
		return false, f.limiter.LetThrough(ctx, failuresRule, err)
	}
	if changed > 0 {
		return true, nil
	}
	until, err := f.queries.BlockedUntil(asking, subjectOf(username))
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // no rows: the owner has just come in
		return false, f.limiter.LetThrough(ctx, failuresRule, err)
	}
	return false, fault.New(fault.RateLimited, "rate-limited", "").After(max(until.Sub(now), shortestWait))
}

// takeBack uncounts a try whose password nobody looked at. It does so for callers who are gone, too.
func (f failures) takeBack(ctx context.Context, username string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	changed, err := f.queries.TakeBackTry(ctx, subjectOf(username))
	if err == nil && changed == 0 {
		err = f.queries.TakeBackOnlyTry(ctx, subjectOf(username))
	}
	f.note(ctx, err)
}

func (f failures) forget(ctx context.Context, username string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerLimit)
	defer cancel()
	f.note(ctx, f.queries.ForgetFailures(ctx, subjectOf(username)))
}

// note keeps a counter that does not answer from being the end of a login.
func (f failures) note(ctx context.Context, err error) {
	if err != nil {
		_ = f.limiter.LetThrough(context.WithoutCancel(ctx), failuresRule, err)
	}
}

// ForgetFailures makes the next tries under a name cost nothing again, within tx: for somebody who has shown otherwise that
// the account is his.
func (s *Service) ForgetFailures(ctx context.Context, tx pgx.Tx, username string) error {
	if err := s.queries.WithTx(tx).ForgetFailures(ctx, subjectOf(username)); err != nil {
		return fmt.Errorf("forget failed logins: %w", err)
	}
	return nil
}

// subjectOf takes any text, however long or malformed, and keeps names out of the table.
func subjectOf(username string) []byte {
	sum := sha256.Sum256([]byte(username))
	return sum[:]
}
