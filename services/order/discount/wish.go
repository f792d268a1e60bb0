package discount

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

const (
	groundFree = "free-usps-ground-shipping"

	// nearlyWholly, in hundredths of a percent, is where a discount begins to leave cents of common prices.
	nearlyWholly = 99 * 100

	// mostMinor is what the tables take.
	mostMinor = 99_999_999_99
	// longestDescription is what the table takes, in characters.
	longestDescription = 500
	// usualYears is how long a code lasts for which nothing else is said, like the old shop's first one (contract order.md 5.2).
	usualYears = 1
)

// typableCode is what the pages let customers type (contract order.md 5.1).
var typableCode = regexp.MustCompile(`^[A-Z0-9]{1,100}$`)

// wish is a code as an operator types it.
type wish struct {
	code, action, amount, minimum, starts, ends, description, limit, limitPerCustomer string
}

func (w *wish) define(flags *flag.FlagSet) {
	flags.StringVar(&w.action, "type", "", "percent-off, dollar-amt-off or free-usps-ground-shipping")
	flags.StringVar(&w.amount, "amount", "", "how many percent, or how much money, like 10.00; free shipping takes none")
	flags.StringVar(&w.minimum, "minimum", "0.00", "how much the goods must cost, like 20.00")
	flags.StringVar(&w.starts, "starts", "", "a day like 2026-12-01, or a moment like 2026-12-01T09:00:00Z; now if left out")
	flags.StringVar(&w.ends, "ends", "", "likewise; a day ends it as the day begins; a year after its start if left out")
	flags.StringVar(&w.limit, "limit", "", "how often in all, at least 1; as often as anybody likes if left out")
	flags.StringVar(&w.limitPerCustomer, "limit-per-customer", "", "how often by one customer, likewise")
	flags.StringVar(&w.description, "description", "", "what customers read, like '{}% off this week': where {} is, they see the amount")
}

// plan is a code as it would be made.
type plan struct {
	code, action, description string
	amountHundredths          int64
	minimumMinor              int64
	startsAt, endsAt          time.Time
	limit, limitPerCustomer   *int32
}

// plan reads everything, so that one answer names everything that is wrong.
func (w *wish) plan(now time.Time) (plan, error) {
	made := plan{code: w.code, action: w.action, description: cmp.Or(strings.TrimSpace(w.description), usualDescription(w.action))}
	var failed [6]error
	made.amountHundredths, failed[0] = w.readAmount()
	made.minimumMinor, failed[1] = amountOf("minimum", w.minimum, 0, mostMinor)
	made.startsAt, made.endsAt, failed[2] = w.readTimes(now)
	made.limit, failed[3] = limitOf("limit", w.limit)
	made.limitPerCustomer, failed[4] = limitOf("limit-per-customer", w.limitPerCustomer)
	if !typableCode.MatchString(w.code) {
		failed[5] = errors.New("the code is not valid: customers can type 1 to 100 of A-Z and 0-9")
	}
	if utf8.RuneCountInString(made.description) > longestDescription || !utf8.ValidString(made.description) || strings.ContainsRune(made.description, 0) {
		failed[5] = errors.Join(failed[5], fmt.Errorf("--description is not valid: expected at most %d characters", longestDescription))
	}
	return made, errors.Join(failed[:]...)
}

// readAmount wants at least the smallest amount of a code that has one, and none of the others.
func (w *wish) readAmount() (int64, error) {
	switch w.action {
	case percentOff:
		return amountOf("amount", w.amount, 1, wholly)
	case amountOff:
		return amountOf("amount", w.amount, 1, mostMinor)
	case groundFree:
		if w.amount != "" {
			return 0, errors.New("--amount is not valid: " + groundFree + " takes off all of the shipping; leave it out")
		}
		return 0, nil
	default:
		return 0, errors.New("--type is not valid: expected " + percentOff + ", " + amountOff + " or " + groundFree)
	}
}

func (w *wish) readTimes(now time.Time) (startsAt, endsAt time.Time, err error) {
	startsAt, startFailed := momentOf("starts", w.starts, now)
	endsAt, endFailed := momentOf("ends", w.ends, startsAt.AddDate(usualYears, 0, 0))
	if err := errors.Join(startFailed, endFailed); err != nil {
		return time.Time{}, time.Time{}, err
	}
	if !endsAt.After(startsAt) || !endsAt.After(now) {
		return time.Time{}, time.Time{}, errors.New("--ends is not valid: expected a moment after the start that has not passed")
	}
	return startsAt, endsAt, nil
}

func usualDescription(action string) string {
	switch action {
	case percentOff:
		return "{}% off your items"
	case amountOff:
		return "${} off your items"
	default:
		return "Free USPS ground shipping"
	}
}

func amountOf(name, text string, least, most int64) (int64, error) {
	amount, err := money.Parse(text)
	if err != nil || amount < least || amount > most {
		return 0, fmt.Errorf("--%s is not valid: expected %s to %s", name, money.Format(least), money.Format(most))
	}
	return amount, nil
}

// momentOf is in UTC. The database keeps microseconds.
func momentOf(name, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise.UTC().Truncate(time.Microsecond), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s is not valid: expected a day like 2026-12-01 or a moment like 2026-12-01T09:00:00Z", name)
}

// limitOf is nil for what was not given: no limit.
func limitOf(name, text string) (*int32, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no limit
	}
	count, err := strconv.ParseInt(text, 10, 32)
	if err != nil || count < 1 {
		return nil, fmt.Errorf("--%s is not valid: expected 1 to %d; leave it out for no limit", name, math.MaxInt32)
	}
	limit := int32(count)
	return &limit, nil
}
