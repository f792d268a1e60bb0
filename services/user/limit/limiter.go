package limit

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit/dbgen"
)

const (
	// countLimit is how long a request waits for the counters before it goes on without them.
	countLimit = 2 * time.Second
	// longestSubject is what the table takes, in characters.
	longestSubject = 200
)

// Limiter counts in the service's database. Safe for concurrent use.
type Limiter struct {
	queries  *dbgen.Queries
	now      func() time.Time
	logger   *slog.Logger
	failures metric.Int64Counter
}

// New makes a limiter.
func New(db *postgres.Database, tel telemetry.Telemetry, now func() time.Time) *Limiter {
	return &Limiter{
		queries:  dbgen.New(db),
		now:      now,
		logger:   tel.Logger,
		failures: tel.Counter("user.limit.failures", "{request}", "Requests let through because the counters of the rate limits did not answer."),
	}
}

// Use is one try under a rule by a subject: any text, an Address or an Account.
type Use struct {
	Rule    Rule
	Subject string
}

// Allow counts one try of the subject and answers RateLimited "rate-limited", with the time until the window ends, when
// there were too many. When the counters cannot be reached everything is allowed, loudly: customers matter more than the
// limit (contract user.md 1.6). A caller whose ctx has ended gets ctx's error.
func (l *Limiter) Allow(ctx context.Context, rule Rule, subject string) error {
	return l.AllowAll(ctx, Use{Rule: rule, Subject: subject})
}

// AllowAll counts one try under several rules, in one statement, and answers as Allow, with the longest of the times. A try
// that a rule refuses is not counted under the others: who is over the limit of his address must not use up the limit of
// somebody's account.
func (l *Limiter) AllowAll(ctx context.Context, uses ...Use) error {
	now := l.now()
	counting, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	refused, err := l.queries.Use(counting, parametersOf(uses, now))
	if err != nil {
		return l.LetThrough(ctx, namesOf(uses), err)
	}
	if len(refused) > 0 {
		return fault.New(fault.RateLimited, "rate-limited", "").After(slices.MaxFunc(refused, time.Time.Compare).Sub(now))
	}
	return nil
}

// LetThrough notes, for whoever watches the shop, that a request goes on uncounted because counters did not answer. What it
// gives back is nil, or the error of a ctx that has ended: a caller who is gone is no failure of the counters.
func (l *Limiter) LetThrough(ctx context.Context, rule string, cause error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("count %s: %w", rule, ctx.Err())
	}
	l.failures.Add(ctx, 1)
	l.logger.ErrorContext(ctx, "[RATE_LIMIT_FAILURE] counters do not answer, request let through", "rule", rule, "error", cause)
	return nil
}

// parametersOf puts the counters in one order for all requests, so that two requests with two counters in common never wait
// for each other, and each only once.
func parametersOf(uses []Use, now time.Time) dbgen.UseParams {
	sorted := slices.Clone(uses)
	for i := range sorted {
		sorted[i].Subject = storable(sorted[i].Subject)
	}
	slices.SortFunc(sorted, func(a, b Use) int {
		return cmp.Or(cmp.Compare(a.Rule.Name, b.Rule.Name), cmp.Compare(a.Subject, b.Subject))
	})
	var parameters dbgen.UseParams
	for _, use := range slices.Compact(sorted) {
		parameters.Rules = append(parameters.Rules, use.Rule.Name)
		parameters.Subjects = append(parameters.Subjects, use.Subject)
		parameters.Ends = append(parameters.Ends, windowEnd(now, use.Rule.Window, use.Subject))
		parameters.Most = append(parameters.Most, use.Rule.Most)
	}
	return parameters
}

func namesOf(uses []Use) string {
	names := make([]string, len(uses))
	for i, use := range uses {
		names[i] = use.Rule.Name
	}
	return strings.Join(names, ", ")
}

// storable keeps hostile text from being a failure of the counters, which lets through.
func storable(subject string) string {
	if utf8.ValidString(subject) && !strings.ContainsRune(subject, 0) && utf8.RuneCountInString(subject) <= longestSubject {
		return subject
	}
	return Typed(subject)
}

// windowEnd gives each subject windows of its own: all starting at once would let everybody in again at once.
//
// It takes the process's clock, not the database's. Clocks that differ by some seconds let two processes count in two
// neighbouring windows for these seconds; each window still counts exactly, so that what a subject can do around the end
// of a window is what fixed windows always allow: one window's worth before it and one after it. For this, PurgeWorker has to
// leave a window alone until the slowest clock has passed its end.
func windowEnd(now time.Time, window time.Duration, subject string) time.Time {
	length := int64(window / time.Second)
	offset := int64(crc32.ChecksumIEEE([]byte(subject))) % length
	started := (now.Unix() - offset) / length * length
	return time.Unix(started+offset+length, 0).UTC()
}
