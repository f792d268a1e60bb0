package privacy_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/privacy"
)

const patience = 20 * time.Second

// person is what Stripe and the account tell of the customer of these tests; none of it may outlive an anonymisation.
func person() []string {
	return []string{"ann@example.com", "member@example.com", "Bea Buyer", "Sam Ship", "Unit 7", "1 Main St", "60601", "+13125550100", "Chicago", "1Z-TRACK"}
}

func export(t *testing.T, shop *checkouttest.Shop, accountID string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, privacy.ExportTask(t.Context(), shop.DB, []string{accountID}, &out))
	return out.String()
}

func anonymise(t *testing.T, shop *checkouttest.Shop, accountID string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := privacy.AnonymiseTask(t.Context(), shop.DB, shop.Clock.Now(), []string{accountID}, &out)
	return out.String(), err
}

func buy(t *testing.T, shop *checkouttest.Shop, shopper *orderv1.Shopper, email string) string {
	t.Helper()
	shop.Fill(t, shopper, checkouttest.PaperClips, 2)
	session := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.CustomerEmail = email }))
	return shop.Complete(t, session)
}

func claim(t *testing.T, shop *checkouttest.Shop, accountID int64, email string) {
	t.Helper()
	_, err := shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: accountID, ClaimedEmail: email})
	require.NoError(t, err)
}

// deliver hands over all confirmation mails.
func deliver(t *testing.T, shop *checkouttest.Shop) {
	t.Helper()
	shop.WorkJobs(t)
	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM purchase WHERE confirmation_accepted_at IS NULL") == 0
	}, patience, 5*time.Millisecond)
}

// everything is all rows of all tables, as text.
func everything(t *testing.T, shop *checkouttest.Shop, where string) string {
	t.Helper()
	tables, err := shop.DB.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename LIKE $1 ORDER BY 1", where)
	require.NoError(t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, names)
	var all strings.Builder
	for _, name := range names {
		rows, err := shop.DB.Query(t.Context(), "SELECT t::text FROM "+pgx.Identifier{name}.Sanitize()+" AS t ORDER BY 1")
		require.NoError(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		all.WriteString(name + "\n" + strings.Join(texts, "\n") + "\n")
	}
	return all.String()
}

func TestExportIsEverythingOfTheAccountAndNothingElse(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	claimed := buy(t, shop, checkouttest.Guest(), "Ann@example.com")
	claim(t, shop, 7, "ann@example.com")
	own := buy(t, shop, checkouttest.Member(7), "ann@example.com")
	others := buy(t, shop, checkouttest.Member(8), "other@example.com")
	guests := buy(t, shop, checkouttest.Guest(), "guest@example.com")
	shop.Fill(t, checkouttest.Member(7), checkouttest.RubberBands, 3)
	shop.Start(t, checkouttest.Member(7))

	text := export(t, shop, "7")

	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	require.InDelta(t, 7, document["account_id"], 0)
	orders := document["orders"].([]any)
	require.Len(t, orders, 2)
	first := orders[0].(map[string]any)
	require.Equal(t, claimed, first["identifier"])
	require.Equal(t, "Ann@example.com", first["email"])
	require.Equal(t, "usd", first["currency"])
	require.Equal(t, "16.56", first["total"])
	require.Equal(t, "7.00", first["item_subtotal"])
	require.Equal(t, "3.50", first["lines"].([]any)[0].(map[string]any)["price"])
	require.Equal(t, "Sam Ship", first["addresses"].([]any)[0].(map[string]any)["name"])
	require.Equal(t, "accepted", first["statuses"].([]any)[0].(map[string]any)["identifier"])
	require.Equal(t, "Bea Buyer", first["payment"].(map[string]any)["card_name"])
	require.Equal(t, "2026-11-23T10:00:00Z", first["ordered_at"])
	require.NotNil(t, first["claimed_at"])
	require.Equal(t, own, orders[1].(map[string]any)["identifier"])
	require.Nil(t, orders[1].(map[string]any)["claimed_at"])
	checkouts := document["checkouts"].([]any)
	require.Len(t, checkouts, 3)
	require.Equal(t, "open", checkouts[2].(map[string]any)["state"])
	require.Equal(t, "member@example.com", checkouts[2].(map[string]any)["email"])
	line := document["carts"].([]any)[0].(map[string]any)["lines"].([]any)[0].(map[string]any)
	require.InDelta(t, 3, line["quantity"], 0)
	for _, foreign := range []string{others, guests, "other@example.com", "guest@example.com"} {
		require.NotContains(t, text, foreign)
	}
	require.Equal(t, text, export(t, shop, "7"), "the same twice")
}

func TestExportOfAnUnknownAccountIsEmpty(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.JSONEq(t, `{"account_id": 99, "orders": [], "checkouts": [], "carts": [], "adopted_guests": []}`, export(t, shop, "99"))
}

func TestAnAnonymisedAccountLeavesItsBooksAndNoPerson(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1) // never bought, under an address of its own
	request := checkouttest.Request(guest)
	request.GuestEmail = "ann@example.com"
	begun, err := shop.Checkouts.StartCheckout(t.Context(), request)
	require.NoError(t, err)
	_, err = shop.Carts.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: 7, AnonymousCartId: guest.GetAnonymousCartId()})
	require.NoError(t, err)
	shop.Payment.Expire(t, begun.GetSessionId())
	_, err = shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: begun.GetSessionId()})
	require.Error(t, err)
	buy(t, shop, checkouttest.Guest(), "ANN@example.com")
	claim(t, shop, 7, "ann@example.com")
	own := buy(t, shop, checkouttest.Member(7), "ann@example.com")
	shop.Exec(t, "UPDATE purchase_shipping_method SET tracking_number = '1Z-TRACK'")
	shop.Fill(t, checkouttest.Member(7), checkouttest.RubberBands, 3)
	deliver(t, shop)
	before := shop.Order(t, own, 7)

	said, err := anonymise(t, shop, "7")

	require.NoError(t, err)
	require.Equal(t, "account 7: 2 orders and 3 checkouts anonymised, 1 carts deleted, 1 guests forgotten\n", said)
	left := strings.ToLower(everything(t, shop, "%"))
	for _, known := range append(person(), guest.GetAnonymousCartId()) {
		require.NotContains(t, left, strings.ToLower(known))
	}
	after := shop.Order(t, own, 7)
	require.Equal(t, before.GetTotalMinor(), after.GetTotalMinor())
	require.Equal(t, before.GetLines()[0].String(), after.GetLines()[0].String())
	require.Equal(t, before.GetStatuses()[0].String(), after.GetStatuses()[0].String())
	require.Equal(t, before.GetOrderedAt().AsTime(), after.GetOrderedAt().AsTime())
	require.Equal(t, before.GetShippingAddress().GetState(), after.GetShippingAddress().GetState())
	require.Equal(t, before.GetShippingAddress().GetCountry(), after.GetShippingAddress().GetCountry())
	require.NotEmpty(t, after.GetShippingAddress().GetCountry())
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase_payment WHERE payment_intent_id IS NOT NULL"))
	require.Empty(t, shop.Violations(t))

	said, err = anonymise(t, shop, "7")
	require.NoError(t, err)
	require.Equal(t, "account 7: nothing to do\n", said)
	require.NotContains(t, export(t, shop, "7"), "@")
}

func TestOthersKeepTheirsWhenAnAccountIsAnonymised(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shared := checkouttest.Guest() // a browser at which both sign in
	for _, accountID := range []int64{7, 8} {
		_, err := shop.Carts.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: accountID, AnonymousCartId: shared.GetAnonymousCartId()})
		require.NoError(t, err)
	}
	shop.Clock.Advance(time.Hour) // what the guest adds later is a guest's
	buy(t, shop, checkouttest.Member(8), "other@example.com")
	buy(t, shop, shared, "guest@example.com")
	shop.Fill(t, checkouttest.Member(8), checkouttest.RubberBands, 3)
	shop.Start(t, checkouttest.Member(8))
	deliver(t, shop)
	before := everything(t, shop, "purchase%") + everything(t, shop, "c%")

	_, err := anonymise(t, shop, "7")
	require.NoError(t, err)

	require.Equal(t, before, everything(t, shop, "purchase%")+everything(t, shop, "c%"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM guest_adopted"))
}

func TestWhatCameAfterThePaymentIsExportedAndStays(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	order := buy(t, shop, checkouttest.Member(7), "ann@example.com")
	deliver(t, shop)
	session := shop.Payment.Sessions()[0].GetSessionId()
	_, err := shop.Fulfilments.SetOrderStatus(t.Context(), &orderv1.SetOrderStatusRequest{OrderIdentifier: order, Status: "shipped", By: "bob"})
	require.NoError(t, err)
	_, err = shop.Fulfilments.SetTrackingNumber(t.Context(), &orderv1.SetTrackingNumberRequest{OrderIdentifier: order, TrackingNumber: "1Z-TRACK", By: "bob"})
	require.NoError(t, err)
	_, err = shop.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: order, Key: "k", AmountMinor: 100, By: "bob", Note: "late"})
	require.NoError(t, err)
	shop.Payment.Dispute(t, "du_1", session, "needs_response")
	require.NoError(t, shop.Refunds.LearnDispute(t.Context(), "du_1"))

	var document map[string]any
	require.NoError(t, json.Unmarshal([]byte(export(t, shop, "7")), &document))

	exported := document["orders"].([]any)[0].(map[string]any)
	refund := exported["refunds"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"1.00", "usd", "succeeded"}, []any{refund["amount"], refund["currency"], refund["state"]})
	dispute := exported["disputes"].([]any)[0].(map[string]any)
	require.Equal(t, []any{"du_1", "fraudulent", "needs_response"}, []any{dispute["dispute_id"], dispute["reason"], dispute["status"]})
	require.Equal(t, "bob", exported["statuses"].([]any)[1].(map[string]any)["set_by"])
	require.Empty(t, exported["discounts"])
	require.NotNil(t, exported["discounts"])

	_, err = anonymise(t, shop, "7")
	require.Error(t, err, "who disputes it must be known until that is resolved")
	shop.Payment.Dispute(t, "du_1", session, "won")
	require.NoError(t, shop.Refunds.LearnDispute(t.Context(), "du_1"))
	_, err = anonymise(t, shop, "7")
	require.NoError(t, err)
	left := everything(t, shop, "%")
	for _, personal := range person() {
		require.NotContains(t, left, personal)
	}
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM refund WHERE note = 'late'"))
}

func TestAnAccountIsNotAnonymisedBeforeItIsSettled(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(7)
	shop.Fill(t, member, checkouttest.PaperClips, 1)
	session := shop.Start(t, member)
	refused := func(because string) {
		t.Helper()
		before := everything(t, shop, "%")
		said, err := anonymise(t, shop, "7")
		require.ErrorContains(t, err, "nothing was changed")
		require.Contains(t, said, because)
		require.NotContains(t, said, "@")
		require.Equal(t, before, everything(t, shop, "%"))
	}
	refused("may still be paid; its session ends at 2026-11-23T10:31:00Z")
	shop.Exec(t, "UPDATE checkout SET session_id = NULL, session_url = NULL, session_expires_at = NULL")
	refused("is being started")

	require.True(t, shop.Payment.Pay(session))
	order := shop.Complete(t, session)
	refused("the confirmation mail of order " + order + " is not handed over yet; it is given up after 2026-12-23")
	shop.Exec(t, `INSERT INTO payment_exception (session_id, reason, reference, checkout_id, payment_intent, currency, subtotal_minor,
		discount_minor, tax_minor, shipping_minor, total_minor, email, noticed_at)
		SELECT 'cs', 'paid-again', reference, id, '', 'usd', 1, 0, 0, 0, 1, 'ann@example.com', now() FROM checkout`)
	refused("the payment exception paid-again of checkout_")

	shop.Exec(t, "UPDATE payment_exception SET resolved_at = now(), resolved_by = 'op', resolution = 'returned'")
	shop.Clock.Advance(30 * 24 * time.Hour)
	_, err := anonymise(t, shop, "7")
	require.NoError(t, err)
	require.NotContains(t, everything(t, shop, "%"), "ann@example.com")
	require.Empty(t, shop.Violations(t), "a mail that was given up is nobody's any more")
}

func TestAnAccountAnonymisedManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	buy(t, shop, checkouttest.Member(7), "ann@example.com")
	deliver(t, shop)
	shop.Fill(t, checkouttest.Member(7), checkouttest.PaperClips, 1)
	said := make([]string, 8)
	var group sync.WaitGroup
	for i := range said {
		group.Go(func() {
			var out bytes.Buffer
			if err := privacy.AnonymiseTask(t.Context(), shop.DB, shop.Clock.Now(), []string{"7"}, &out); err != nil {
				said[i] = err.Error()
				return
			}
			said[i] = out.String()
		})
	}
	group.Wait()
	did := 0
	for _, each := range said {
		if strings.Contains(each, "1 orders and 1 checkouts anonymised, 1 carts deleted") {
			did++
			continue
		}
		require.Equal(t, "account 7: nothing to do\n", each)
	}
	require.Equal(t, 1, did)
	require.Empty(t, shop.Violations(t))
}

func TestAnonymisingWhileTheAccountBuys(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var group sync.WaitGroup
	outcomes := make([]error, 10)
	group.Go(func() {
		for i := range outcomes {
			var out bytes.Buffer
			outcomes[i] = privacy.AnonymiseTask(t.Context(), shop.DB, shop.Clock.Now(), []string{"7"}, &out)
		}
	})
	bought := 0
	for range 10 {
		member := checkouttest.Member(7)
		shop.Fill(t, member, checkouttest.PaperClips, 1)
		answer, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(member))
		if err != nil {
			require.ErrorContains(t, err, "cart-not-found")
			continue
		}
		require.True(t, shop.Payment.Pay(answer.GetSessionId()))
		shop.Complete(t, answer.GetSessionId())
		bought++
	}
	group.Wait()
	for _, err := range outcomes {
		if err != nil {
			require.ErrorContains(t, err, "nothing was changed")
		}
	}
	require.Equal(t, bought, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Equal(t, bought, shop.Count(t, "SELECT count(*) FROM purchase WHERE email <> ''"), "mails are under way")
	require.Empty(t, shop.Violations(t))
}

func TestTheTasksNeedOneAccount(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	said, err := anonymise(t, shop, "99")
	require.NoError(t, err)
	require.Equal(t, "account 99: nothing to do\n", said)
	for _, args := range [][]string{nil, {}, {"0"}, {"-1"}, {"ann@example.com"}, {"1", "2"}, {"99999999999999999999"}, {""}} {
		var out bytes.Buffer
		require.ErrorContains(t, privacy.ExportTask(t.Context(), shop.DB, args, &out), "expected the id of one account")
		require.ErrorContains(t, privacy.AnonymiseTask(t.Context(), shop.DB, shop.Clock.Now(), args, &out), "expected the id of one account")
		require.Empty(t, out.String())
	}
}
