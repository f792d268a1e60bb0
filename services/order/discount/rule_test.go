package discount_test

import (
	"math/big"
	"math/rand" //nolint:depguard // testing/quick hands its own over
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/discount"
)

const rounds = 20_000

func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// purchase is a cart with codes as testing/quick makes them up.
type purchase struct {
	lines []int64 // what each costs
	bill  discount.Bill
	codes []discount.Code
	off   int64 // any part of the subtotal
}

// Generate makes carts of up to 20 lines: prices 0 to 9,999,999.99, quantities 0 to 99; small prices are as likely as large ones.
func (purchase) Generate(random *rand.Rand, _ int) reflect.Value {
	made := purchase{lines: make([]int64, random.Intn(21))}
	for i := range made.lines {
		made.lines[i] = random.Int63n([]int64{10, 1000, 100_000, 1_000_000_000}[random.Intn(4)]) * random.Int63n(100)
		made.bill.ItemSubtotalMinor += made.lines[i]
	}
	made.off = random.Int63n(made.bill.ItemSubtotalMinor + 1)
	made.bill.ShippingMinor = random.Int63n(2000)
	made.bill.ShippingIdentifier = []string{"USPSRetailGround", "UPSGround", ""}[random.Intn(3)]
	made.codes = make([]discount.Code, random.Intn(11))
	for i := range made.codes {
		made.codes[i] = randomCode(random, int64(i+1), made.bill)
	}
	return reflect.ValueOf(made)
}

// randomCode is of any type: good, out of date, used up, or with a minimum around the subtotal.
func randomCode(random *rand.Rand, id int64, bill discount.Bill) discount.Code {
	kinds := []discount.Code{
		{AppliesTo: "item_total", Action: "percent-off", AmountHundredths: random.Int63n(10_001)},
		{AppliesTo: "item_total", Action: "percent-off", AmountHundredths: 9_999_999_999},
		{AppliesTo: "item_total", Action: "dollar-amt-off", AmountHundredths: random.Int63n(10_000)},
		{AppliesTo: "item_total", Action: "dollar-amt-off", AmountHundredths: bill.ItemSubtotalMinor + random.Int63n(3) - 1},
		{AppliesTo: "shipping", Action: "free-usps-ground-shipping", AmountHundredths: random.Int63n(10_000)},
		{AppliesTo: "subscription", Action: "free-digital-months", AmountHundredths: 300},
	}
	code := kinds[random.Intn(len(kinds))]
	code.ID, code.AmountHundredths = id, max(0, code.AmountHundredths)
	code.StartsAt, code.EndsAt = noon().Add(-time.Hour), noon().Add(time.Hour)
	code.Combinable, code.UsedUp = random.Intn(2) == 0, random.Intn(5) == 0
	if random.Intn(2) == 0 {
		code.OrderMinimumMinor = max(0, bill.ItemSubtotalMinor+random.Int63n(3)-1)
	}
	switch random.Intn(6) {
	case 0:
		code.StartsAt = noon().Add(time.Nanosecond)
	case 1:
		code.EndsAt = noon().Add(-time.Nanosecond)
	case 2:
		code.StartsAt, code.EndsAt = noon(), noon()
	}
	return code
}

func forAll(t *testing.T, property func(purchase) bool) {
	t.Helper()
	require.NoError(t, quick.Check(property, &quick.Config{MaxCount: rounds}))
}

// expected is the rule of contract order.md 5.6 once more, with fractions of any size in place of our arithmetic.
func expected(of purchase) (item, shipping int, itemMinor, shippingMinor int64) {
	item, shipping = -1, -1
	for i, code := range of.codes {
		good := !code.UsedUp && !noon().Before(code.StartsAt) && !code.EndsAt.Before(noon()) && of.bill.ItemSubtotalMinor >= code.OrderMinimumMinor
		if !good {
			continue
		}
		if off := exactly(code, of.bill.ItemSubtotalMinor); code.AppliesTo == "item_total" && item < 0 && off > 0 {
			item, itemMinor = i, off
		}
		if code.AppliesTo == "shipping" && shipping < 0 && of.bill.ShippingIdentifier == "USPSRetailGround" && of.bill.ShippingMinor > 0 {
			shipping, shippingMinor = i, of.bill.ShippingMinor
		}
	}
	return item, shipping, itemMinor, shippingMinor
}

// exactly rounds the half up, as everybody does by hand.
func exactly(code discount.Code, subtotal int64) int64 {
	off := big.NewRat(code.AmountHundredths, 1)
	if code.Action == "percent-off" {
		off.Mul(big.NewRat(subtotal, 1), big.NewRat(code.AmountHundredths, 10_000))
	}
	off.Add(off, big.NewRat(1, 2))
	whole := new(big.Int).Quo(off.Num(), off.Denom())
	if whole.Cmp(big.NewInt(subtotal)) > 0 {
		return subtotal
	}
	return whole.Int64()
}

func TestTheRuleIsTheLastOneOfTheOldShop(t *testing.T) {
	t.Parallel()
	forAll(t, func(of purchase) bool {
		outcome := discount.Evaluate(of.codes, of.bill, noon())
		item, shipping, itemMinor, shippingMinor := expected(of)
		for i := range of.codes {
			wanted := int64(0)
			switch i {
			case item:
				wanted = itemMinor
			case shipping:
				wanted = shippingMinor
			}
			if outcome.TakenMinor[i] != wanted || outcome.Applied[i] != (wanted > 0) {
				return false
			}
		}
		return outcome.ItemMinor == itemMinor && outcome.ShippingMinor == shippingMinor
	})
}

func TestTotalsAddUpAndNothingIsNegative(t *testing.T) {
	t.Parallel()
	forAll(t, func(of purchase) bool {
		outcome := discount.Evaluate(of.codes, of.bill, noon())
		taken, applied := int64(0), 0
		for i := range of.codes {
			if outcome.TakenMinor[i] < 0 {
				return false
			}
			taken += outcome.TakenMinor[i]
			if outcome.Applied[i] {
				applied++
			}
		}
		within := outcome.ItemMinor >= 0 && outcome.ItemMinor <= of.bill.ItemSubtotalMinor &&
			outcome.ShippingMinor >= 0 && outcome.ShippingMinor <= of.bill.ShippingMinor
		return within && applied <= 2 && taken == outcome.ItemMinor+outcome.ShippingMinor && len(outcome.Applied) == len(of.codes)
	})
}

func TestSharesOfLinesAddUpToTheCent(t *testing.T) {
	t.Parallel()
	forAll(t, func(of purchase) bool {
		outcome := discount.Evaluate(of.codes, of.bill, noon())
		shares, sum := discount.Spread(outcome.ItemMinor, of.lines), int64(0)
		for i, share := range shares {
			if share < 0 || share > of.lines[i] || !isInProportion(share, of.lines[i], outcome.ItemMinor, of.bill.ItemSubtotalMinor) {
				return false
			}
			sum += share
		}
		return len(shares) == len(of.lines) && sum == outcome.ItemMinor
	})
}

// isInProportion: a share is less than a cent away from what it would be without rounding.
func isInProportion(share, line, off, subtotal int64) bool {
	if subtotal == 0 {
		return share == 0
	}
	exact := new(big.Rat).Mul(big.NewRat(line, subtotal), big.NewRat(off, 1))
	distance := exact.Sub(exact, big.NewRat(share, 1))
	return distance.Abs(distance).Cmp(big.NewRat(1, 1)) < 0
}

// Any discount up to the sum can be spread, also one that is no rounded percentage.
func TestAnySumIsSpreadWithinTheLines(t *testing.T) {
	t.Parallel()
	forAll(t, func(of purchase) bool {
		sum := int64(0)
		for i, share := range discount.Spread(of.off, of.lines) {
			if share < 0 || share > of.lines[i] {
				return false
			}
			sum += share
		}
		return sum == of.off
	})
}

// Only which of the qualifying codes of its kind is first matters.
func TestCodesThatAreNotFirstChangeNothing(t *testing.T) {
	t.Parallel()
	forAll(t, func(of purchase) bool {
		all := discount.Evaluate(of.codes, of.bill, noon())
		var first []discount.Code
		for i, code := range of.codes {
			if all.Applied[i] {
				first = append(first, code)
			}
		}
		slices.Reverse(first) // goods and shipping are in nobody's way
		alone := discount.Evaluate(first, of.bill, noon())
		return alone.ItemMinor == all.ItemMinor && alone.ShippingMinor == all.ShippingMinor && !slices.Contains(alone.Applied, false)
	})
}

func TestTheFirstQualifyingCodeWins(t *testing.T) {
	t.Parallel()
	good := discount.Code{AppliesTo: "item_total", StartsAt: noon(), EndsAt: noon()}
	tenth, ten := good, good
	tenth.Action, tenth.AmountHundredths = "percent-off", 1000
	ten.Action, ten.AmountHundredths = "dollar-amt-off", 1000
	bill := discount.Bill{ItemSubtotalMinor: 2100}
	require.Equal(t, []bool{true, false}, discount.Evaluate([]discount.Code{tenth, ten}, bill, noon()).Applied)
	require.Equal(t, []bool{true, false}, discount.Evaluate([]discount.Code{ten, tenth}, bill, noon()).Applied)
	ten.OrderMinimumMinor = 2101
	outcome := discount.Evaluate([]discount.Code{ten, tenth}, bill, noon())
	require.Equal(t, []bool{false, true}, outcome.Applied, "one that does not qualify is in nobody's way")
	require.Equal(t, []int64{0, 210}, outcome.TakenMinor)
}

// Contract order.md 8: the old shop stored 0.51 off 5.05 beside a total of 4.55, and 499 more of the kind.
func TestTenPercentOffEverySmallSubtotal(t *testing.T) {
	t.Parallel()
	tenth := []discount.Code{{AppliesTo: "item_total", Action: "percent-off", AmountHundredths: 1000, StartsAt: noon(), EndsAt: noon()}}
	halves := 0
	for subtotal := int64(1); subtotal < 5000; subtotal++ {
		off := discount.Evaluate(tenth, discount.Bill{ItemSubtotalMinor: subtotal}, noon()).ItemMinor
		require.Equal(t, (subtotal+5)/10, off, subtotal)
		if subtotal%10 == 5 {
			halves++
		}
	}
	require.Equal(t, 500, halves)
	require.Equal(t, int64(51), discount.Evaluate(tenth, discount.Bill{ItemSubtotalMinor: 505}, noon()).ItemMinor)
}

func TestHalvesAreRoundedUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ subtotal, hundredths, off int64 }{
		{1, 5000, 1}, {3, 5000, 2}, {2199, 5000, 1100}, {2199, 3333, 733}, {2199, 1000, 220}, {5000, 1, 1}, {4999, 1, 0}, {0, 10_000, 0},
		{700, 10_000, 700}, {700, 10_001, 700}, {99_999_999_99, 9999, 99_989_999_99}, {15, 1000, 2}, {14, 1000, 1},
	} {
		code := discount.Code{AppliesTo: "item_total", Action: "percent-off", AmountHundredths: c.hundredths, StartsAt: noon(), EndsAt: noon()}
		require.Equal(t, c.off, discount.Evaluate([]discount.Code{code}, discount.Bill{ItemSubtotalMinor: c.subtotal}, noon()).ItemMinor, c)
	}
}

func TestBothBoundsOfACodesTimeAreInside(t *testing.T) {
	t.Parallel()
	code := discount.Code{StartsAt: noon(), EndsAt: noon().Add(time.Hour)}
	for at, active := range map[time.Duration]bool{-1: false, 0: true, time.Hour: true, time.Hour + 1: false} {
		require.Equal(t, active, code.Active(noon().Add(at)), at)
	}
}

func TestSpreadingLiterally(t *testing.T) {
	t.Parallel()
	require.Equal(t, []int64{35, 80, 150}, discount.Spread(265, []int64{350, 798, 1499}))
	require.Equal(t, []int64{0, 1, 0}, discount.Spread(1, []int64{1, 1, 1}))
	require.Equal(t, []int64{0, 0}, discount.Spread(0, []int64{350, 0}))
	require.Equal(t, []int64{0, 7, 0}, discount.Spread(7, []int64{0, 7, 0}))
	require.Empty(t, discount.Spread(0, nil))
}
