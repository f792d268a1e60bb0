// Package limit counts how often something is tried and refuses what is too often, in fixed windows that all processes
// of the service share.
//
// Which rules there are is said here; who is counted is said by those who ask.
package limit

import (
	"context"
	"fmt"
	"hash/crc32"
	"log/slog"
	"net/netip"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit/dbgen"
)

// Rule says how often something may be tried by one subject.
type Rule struct {
	Name   string
	Most   int32
	Window time.Duration // whole seconds
}

// Login is per client address (contract user.md 1.6).
func Login() Rule { return Rule{Name: "login", Most: 10, Window: time.Hour} }

// CreateAccount is per client address (contract user.md 1.6).
func CreateAccount() Rule { return Rule{Name: "create-account", Most: 5, Window: time.Hour} }

// PaymentLookup is per client address: the lookup before paying tells whether somebody has an account.
func PaymentLookup() Rule { return Rule{Name: "payment-lookup", Most: 60, Window: time.Hour} }

// Chat is per client address, and per account of somebody who is logged in (contract user.md 8, defect 7).
func Chat() Rule { return Rule{Name: "chat", Most: 20, Window: time.Hour} }

// Pythonabot is per client address (contract user.md 8, defect 7).
func Pythonabot() Rule { return Rule{Name: "pythonabot", Most: 20, Window: time.Hour} }

// UnsubscribeWhy is per client address (contract user.md 8, defect 26).
func UnsubscribeWhy() Rule { return Rule{Name: "unsubscribe-why", Most: 60, Window: time.Hour} }

// UnsubscribeWhyOfPerson is per member or prospect whom the token names (contract user.md 8, defect 26).
func UnsubscribeWhyOfPerson() Rule {
	return Rule{Name: "unsubscribe-why-of-person", Most: 20, Window: time.Hour}
}

// ChangeEmail is per account: each change mails whatever address was typed.
func ChangeEmail() Rule { return Rule{Name: "change-email", Most: 20, Window: time.Hour} }

// VerifyEmailAddress is per account: each request is a mail.
func VerifyEmailAddress() Rule {
	return Rule{Name: "verify-email-address", Most: 20, Window: time.Hour}
}

// VerifyEmailAddressFromOneClient is per client address, behind which more than one customer may be.
func VerifyEmailAddressFromOneClient() Rule {
	return Rule{Name: "verify-email-address-from-one-client", Most: 60, Window: time.Hour}
}

// VerifyEmailAddressResponse is per account and per client address.
func VerifyEmailAddressResponse() Rule {
	return Rule{Name: "verify-email-address-response", Most: 60, Window: time.Hour}
}

// countLimit is how long a request waits for the counters before it goes on without them.
const countLimit = 2 * time.Second

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

// Allow counts one try of the subject and answers RateLimited "rate-limited", with the time until the window ends, when
// there were too many. When the counters cannot be reached everything is allowed, loudly: customers matter more than the
// limit (contract user.md 1.6). A caller whose ctx has ended gets ctx's error.
func (l *Limiter) Allow(ctx context.Context, rule Rule, subject string) error {
	now := l.now()
	end := windowEnd(now, rule.Window, subject)
	counting, cancel := context.WithTimeout(ctx, countLimit)
	defer cancel()
	uses, err := l.queries.Use(counting, dbgen.UseParams{Rule: rule.Name, Subject: subject, EndsAt: end})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("count %s: %w", rule.Name, ctx.Err()) // the caller is gone: no failure of the counters
	}
	if err != nil {
		l.failures.Add(ctx, 1)
		l.logger.ErrorContext(ctx, "[RATE_LIMIT_FAILURE] counters do not answer, request let through", "rule", rule.Name, "error", err)
		return nil
	}
	if uses > rule.Most {
		return fault.New(fault.RateLimited, "rate-limited", "").After(end.Sub(now))
	}
	return nil
}

// windowEnd gives each subject windows of its own: all starting at once would let everybody in again at once.
func windowEnd(now time.Time, window time.Duration, subject string) time.Time {
	length := int64(window / time.Second)
	offset := int64(crc32.ChecksumIEEE([]byte(subject))) % length
	started := (now.Unix() - offset) / length * length
	return time.Unix(started+offset+length, 0).UTC()
}

// Address is the subject for a client's address: an IPv4 address, or the /64 that an IPv6 customer has to himself.
// What is no address is counted together.
func Address(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return "unknown"
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}

// Account is the subject for somebody who is logged in.
func Account(accountID int64) string { return "account:" + strconv.FormatInt(accountID, 10) }
