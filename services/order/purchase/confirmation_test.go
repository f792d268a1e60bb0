package purchase_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const patience = 20 * time.Second

func TestConfirmationSaysWhatWasBought(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.WorkJobs(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	request := checkouttest.Request(guest)
	request.GuestEmail, request.Newsletter = "guest@example.com", true
	answer, err := shop.Checkouts.StartCheckout(t.Context(), request)
	require.NoError(t, err)
	require.True(t, shop.Payment.Pay(answer.GetSessionId(), checkouttest.Discount(100), checkouttest.Tax(30)))

	identifier := shop.Complete(t, answer.GetSessionId())

	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM purchase WHERE prospect_id = 77 AND confirmation_accepted_at IS NOT NULL") == 1
	}, patience, 5*time.Millisecond)
	mail := shop.Mail.Sent()[identifier]
	require.Equal(t, "guest@example.com", mail.GetEmail())
	require.Equal(t, "Bea Buyer", mail.GetRecipientName())
	require.Equal(t, "FpGyZy6kld9R2XTjqvBQN", mail.GetTemplateCode())
	require.True(t, mail.GetNewsletter())
	require.Equal(t, "USPS Retail Ground", mail.GetShippingCarrier())
	require.Equal(t, 2*checkouttest.PaperClipsMinor, mail.GetItemSubtotalMinor())
	require.EqualValues(t, 100, mail.GetItemDiscountMinor())
	require.EqualValues(t, 30, mail.GetSalesTaxMinor())
	require.Equal(t, 2*checkouttest.PaperClipsMinor+checkouttest.GroundMinor-70, mail.GetTotalMinor())
	require.Len(t, mail.GetLines(), 1)
	require.Equal(t, "Desk-Tidy Paper Clips", mail.GetLines()[0].GetTitle())
	require.EqualValues(t, 2, mail.GetLines()[0].GetQuantity())
	require.Equal(t, "Unit 7", mail.GetShippingAddress().GetLine2())
	require.Equal(t, "1 Main St", mail.GetBillingAddress().GetLine1())
}

func TestConfirmationNamesTheDiscountsThatCount(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	for i, discount := range []struct {
		code, description string
		hundredths        int64
		applied           bool
	}{
		{"TEN", "{}% off", 1000, true}, {"HALF", "Take {} off, really {}", 1250, true}, {"LATE", "Nothing", 0, false}, {"Summer", "Summer", 100, true},
	} {
		shop.Exec(t, `INSERT INTO purchase_discount (purchase_id, position, code, description, starts_at, ends_at, combinable, amount_hundredths,
			order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor)
			SELECT id, $2, $3, $4, now(), now(), false, $5, 0, '', '', 'item_total', 'percent-off', $6, 0 FROM purchase WHERE identifier = $1`,
			identifier, i+1, discount.code, discount.description, discount.hundredths, discount.applied)
	}
	shop.WorkJobs(t)
	require.Eventually(t, func() bool { return shop.Mail.Sent()[identifier] != nil }, patience, 5*time.Millisecond)
	told := map[string]string{}
	for _, discount := range shop.Mail.Sent()[identifier].GetDiscounts() {
		told[discount.GetCode()] = discount.GetDescription()
	}
	require.Equal(t, map[string]string{"TEN": "10% off", "HALF": "Take 12.50 off, really 12.50", "Summer": ""}, told)
}

func TestConfirmationOfAMember(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.WorkJobs(t)

	identifier := buy(t, shop, checkouttest.Member(12), checkouttest.PaperClips, 1)

	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM purchase WHERE confirmation_accepted_at IS NOT NULL AND prospect_id IS NULL") == 1
	}, patience, 5*time.Millisecond)
	mail := shop.Mail.Sent()[identifier]
	require.EqualValues(t, 12, mail.GetAccountId())
	require.Equal(t, "gvREoqen93ffZsmBIc8zl", mail.GetTemplateCode())
	require.Equal(t, "member@example.com", mail.GetEmail())
}

func TestConfirmationWaitsForTheUserService(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var away atomic.Bool
	away.Store(true)
	shop.Mail.Before = func(context.Context) error {
		if away.Load() {
			return fault.New(fault.Unavailable, "unavailable", "")
		}
		return nil
	}
	shop.WorkJobs(t)

	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)

	require.Equal(t, identifier, shop.Order(t, identifier, 0).GetIdentifier(), "the order does not wait for its mail")
	require.Eventually(t, func() bool { return shop.Mail.Asked() > 0 }, patience, 5*time.Millisecond)
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase WHERE confirmation_accepted_at IS NOT NULL"))
	away.Store(false)
	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM purchase WHERE confirmation_accepted_at IS NOT NULL") == 1
	}, patience, 20*time.Millisecond)
}

func TestConfirmationWithoutAnAddressIsGivenUpAndNothingElseIs(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.WorkJobs(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.CustomerEmail = "" }))

	shop.Complete(t, session)

	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM river_job WHERE state = 'cancelled'") == 1
	}, patience, 5*time.Millisecond)
	require.Zero(t, shop.Mail.Asked())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestAddressOfTheCheckoutCountsWhenStripeTellsNone(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(2)
	shop.Fill(t, member, checkouttest.PaperClips, 1)
	session := shop.Start(t, member)
	require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.CustomerEmail = "" }))

	order := shop.Order(t, shop.Complete(t, session), 2)

	require.Equal(t, "member@example.com", order.GetPayment().GetEmail())
}

func TestGivenUpConfirmationIsLoggedForMonitoring(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	report := purchase.MailGivenUp(tel)

	report(t.Context(), &rivertype.JobRow{Kind: "something_else"}, errors.New("no"))
	require.Empty(t, log.String())

	report(t.Context(), &rivertype.JobRow{Kind: "order_confirmation", EncodedArgs: []byte(`{"order_identifier":"abcdefghij"}`)}, errors.New("no"))
	require.Contains(t, log.String(), "[ORDER_EMAIL_FAILURE]")
	require.Contains(t, log.String(), "abcdefghij")
}
