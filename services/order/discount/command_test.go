package discount_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// command is a command of an operator as the program runs it; it gives what was printed and logged.
func (s shop) command(t *testing.T, now time.Time, name string, args ...string) (printed, logged string, err error) {
	t.Helper()
	var out, logs bytes.Buffer
	counter := discount.Counter{DB: s.Database, Logger: slog.New(slog.NewTextHandler(&logs, nil)), Now: func() time.Time { return now }}
	run := map[string]func(context.Context, []string) error{
		"create-discount-code": counter.Create, "end-discount-code": counter.End, "discount-codes": counter.List,
	}[name]
	task := process.Task[struct{}]{Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
		err = run(ctx, args)
		return nil
	}}
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{name: task}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{name}, args...), nil, &out, io.Discard))
	return out.String(), logs.String(), err
}

func (s shop) text(t *testing.T, sql string) (text string) {
	t.Helper()
	require.NoError(t, s.QueryRow(t.Context(), sql).Scan(&text))
	return text
}

func (s shop) create(t *testing.T, args ...string) (string, error) {
	t.Helper()
	printed, _, err := s.command(t, noon(), "create-discount-code", append(args, "-by", "Grace", "-yes")...)
	return printed, err
}

func TestMakingACode(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	printed, logged, err := shop.command(t, noon(), "create-discount-code", "SUMMER", "--type", "percent-off", "--amount", "12.5", "--minimum", "20",
		"--starts", "2026-07-01", "--ends", "2026-08-01T09:30:00+02:00", "--limit", "100", "--limit-per-customer", "1", "--description", "{}% off, only now", "-by", "Grace", "-yes")
	require.NoError(t, err)
	require.Equal(t, `SUMMER: 12.50 % off, customers read "12.50% off, only now", from 20.00 of goods, from 2026-07-01T00:00:00Z until 2026-08-01T07:30:00Z, at most 100 in all, at most 1 by one customer
SUMMER is made; it is good from 2026-07-01T00:00:00Z until 2026-08-01T07:30:00Z
`, printed)
	require.Contains(t, logged, "[OPERATOR] create-discount-code")
	require.Contains(t, logged, "by=Grace")
	require.Equal(t, "SUMMER|{}% off, only now|2026-07-01 00:00:00|2026-08-01 07:30:00|percent-off|1250|2000|100|1", shop.text(t, `SELECT concat_ws('|', code,
		discount_code.description, starts_at AT TIME ZONE 'UTC', ends_at AT TIME ZONE 'UTC', action, amount_hundredths, order_minimum_minor, usage_limit, usage_limit_per_customer)
		FROM discount_code JOIN discount_type ON discount_type.id = discount_type_id`))
	require.Equal(t, "Grace create-discount-code SUMMER", shop.text(t, "SELECT concat_ws(' ', done_by, command, subject) FROM operator_action"))
}

func TestWhatIsLeftOutHasAUse(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	printed, err := shop.create(t, "SHIP", "-type", "free-usps-ground-shipping")
	require.NoError(t, err)
	require.Contains(t, printed, `SHIP: free-usps-ground-shipping, customers read "Free USPS ground shipping", from 2026-06-01T12:00:00Z until 2027-06-01T12:00:00Z`)
	require.Contains(t, printed, "SHIP can be used\n")
	_, err = discount.Find(t.Context(), shop, "SHIP", noon())
	require.NoError(t, err, "it is good at once")
	require.Equal(t, "t", shop.text(t, "SELECT (usage_limit IS NULL AND usage_limit_per_customer IS NULL AND order_minimum_minor = 0)::text::char FROM discount_code"))
}

func TestCodesThatCannotBeMade(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	_, err := shop.create(t, "TAKEN", "-type", "percent-off", "-amount", "10")
	require.NoError(t, err)
	good := func(more ...string) []string {
		return append([]string{"NEW", "-type", "percent-off", "-amount", "10"}, more...)
	}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"taken":                {[]string{"TAKEN", "-type", "percent-off", "-amount", "20"}, "choose another"},
		"no code":              {[]string{"-type", "percent-off", "-amount", "10"}, "expected one code"},
		"two codes":            {good("ANOTHER"), "expected one code"},
		"small letters":        {[]string{"new", "-type", "percent-off", "-amount", "10"}, "A-Z and 0-9"},
		"too long":             {[]string{strings.Repeat("N", 101), "-type", "percent-off", "-amount", "10"}, "A-Z and 0-9"},
		"no type":              {[]string{"NEW", "-amount", "10"}, "--type"},
		"a type of old":        {[]string{"NEW", "-type", "free-digital-months", "-amount", "10"}, "--type"},
		"no amount":            {[]string{"NEW", "-type", "dollar-amt-off"}, "--amount"},
		"nothing off":          {[]string{"NEW", "-type", "dollar-amt-off", "-amount", "0"}, "--amount"},
		"less than nothing":    {[]string{"NEW", "-type", "dollar-amt-off", "-amount", "-1"}, "--amount"},
		"more than everything": {[]string{"NEW", "-type", "percent-off", "-amount", "100.01"}, "0.01 to 100.00"},
		"fractions of a cent":  {[]string{"NEW", "-type", "dollar-amt-off", "-amount", "1.005"}, "--amount"},
		"beyond the table":     {[]string{"NEW", "-type", "dollar-amt-off", "-amount", "100000000.00"}, "--amount"},
		"odd minimum":          {good("-minimum", "x"), "--minimum"},
		"ends before it":       {good("-starts", "2026-07-02", "-ends", "2026-07-01"), "--ends"},
		"is over":              {good("-starts", "2026-01-01", "-ends", "2026-02-01"), "--ends"},
		"no day":               {good("-starts", "July"), "--starts"},
		"limit below 0":        {good("-limit", "-1"), "--limit"},
		"limit 0":              {good("-limit", "0"), "leave it out for no limit"},
		"each limit 0":         {good("-limit-per-customer", "0"), "--limit-per-customer is not valid: expected 1"},
		"odd limit":            {good("-limit", "many"), "--limit"},
		"amount of shipping":   {[]string{"NEW", "-type", "free-usps-ground-shipping", "-amount", "5"}, "leave it out"},
		"limit beyond":         {good("-limit-per-customer", "2147483648"), "--limit-per-customer"},
		"long description":     {good("-description", strings.Repeat("x", 501)), "--description"},
	} {
		printed, err := shop.create(t, c.args...)
		require.ErrorContains(t, err, c.says, name)
		require.NotContains(t, printed, "can be used", name)
		require.NotContains(t, printed, "is made", name)
	}
	require.Equal(t, "1", shop.text(t, "SELECT count(*)::text FROM discount_code"))
	require.Equal(t, "1", shop.text(t, "SELECT count(*)::text FROM operator_action"), "what was not done is not noted")
}

// Stripe charges nothing below 0.50.
func TestCodesThatLeaveTooLittleToCharge(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	for code, c := range map[string]struct {
		args  string
		warns bool
	}{
		"A": {"dollar-amt-off -amount 10", true}, "B": {"dollar-amt-off -amount 10 -minimum 10.49", true}, "C": {"dollar-amt-off -amount 10 -minimum 10.50", false},
		"D": {"percent-off -amount 99", false}, "E": {"percent-off -amount 99.01", true}, "F": {"percent-off -amount 99.50 -minimum 100", false},
		"G": {"percent-off -amount 99.50 -minimum 99", true}, "H": {"percent-off -amount 100", false}, "I": {"free-usps-ground-shipping", false},
	} {
		printed, err := shop.create(t, append([]string{code, "-type"}, strings.Fields(c.args)...)...)
		require.NoError(t, err)
		require.Equal(t, c.warns, strings.Contains(printed, "0.01 to 0.49, which Stripe does not charge"), c.args)
		require.NotContains(t, printed, "{}")
	}
}

func TestEndingACode(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	_, err := shop.create(t, "SUMMER", "-type", "percent-off", "-amount", "10")
	require.NoError(t, err)
	end := func(now time.Time, code string) (string, error) {
		printed, _, err := shop.command(t, now, "end-discount-code", code, "-by", "Grace", "-yes")
		return printed, err
	}
	later := noon().Add(time.Hour)
	printed, err := end(later, "SUMMER")
	require.NoError(t, err)
	require.Equal(t, "SUMMER: over from now on, not at 2027-06-01T12:00:00Z. Customers who are at the payment page keep it.\nSUMMER is over\n", printed)
	_, err = discount.Find(t.Context(), shop, "SUMMER", later.Add(time.Microsecond))
	require.ErrorIs(t, err, discount.ErrNotActive)
	printed, err = end(later.Add(time.Hour), "SUMMER")
	require.NoError(t, err)
	require.Equal(t, "SUMMER: over since 2026-06-01T13:00:00Z\n", printed, "and nothing is changed again")
	_, err = end(later, "summer")
	require.ErrorContains(t, err, `no code "summer"`)
	require.Equal(t, "2", shop.text(t, "SELECT count(*)::text FROM operator_action"))
}

func TestListingCodesWithTheirUses(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	two, one := 2, 1
	used := shop.code(t, "USED", &two, &one)
	shop.used(t, used, member(1), "completed")
	shop.used(t, used, member(2), "open")
	shop.used(t, used, member(3), "expired")
	shop.code(t, "FRESH", nil, nil)
	printed, _, err := shop.command(t, noon(), "discount-codes")
	require.NoError(t, err)
	rows := strings.Split(printed, "\n")
	require.Regexp(t, `^ID +CODE +WHAT`, rows[0])
	require.Regexp(t, `^1 +USED +10\.00 % off +0\.00 +2026-06-01T11:00:00Z +2026-06-01T13:00:00Z +used up +1 +1 +2 +1 +0\.10$`, rows[1])
	require.Regexp(t, `^2 +FRESH .* good +0 +0 +- +- +0\.00$`, rows[2])
	require.Equal(t, "2 discount codes", rows[3])
	printed, _, err = shop.command(t, noon().Add(2*time.Hour), "discount-codes")
	require.NoError(t, err)
	require.Equal(t, 2, strings.Count(printed, " over "))
	_, _, err = shop.command(t, noon(), "discount-codes", "--all")
	require.Error(t, err)
}
