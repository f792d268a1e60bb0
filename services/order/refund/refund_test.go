package refund_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const patience = 20 * time.Second

// total is what two boxes of paper clips cost that are sent by ground.
const total = 2*checkouttest.PaperClipsMinor + checkouttest.GroundMinor

// sale is an order that was paid.
type sale struct {
	*checkouttest.Shop
	session, intent, order string
}

func sell(t *testing.T, shop *checkouttest.Shop) sale {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	return sale{Shop: shop, session: session, intent: "pi_of_" + session, order: shop.Complete(t, session)}
}

// giveBack asks one process for a refund and answers it, or the reason why there is none.
func (s sale) giveBack(ctx context.Context, process *checkouttest.Process, key string, amountMinor int64) (*orderv1.Refund, string) {
	return s.ask(ctx, process, &orderv1.RefundOrderRequest{Key: key, AmountMinor: amountMinor})
}

func (s sale) ask(ctx context.Context, process *checkouttest.Process, request *orderv1.RefundOrderRequest) (*orderv1.Refund, string) {
	request.OrderIdentifier, request.By = s.order, "ann"
	answer, err := process.Refunds.RefundOrder(ctx, request)
	return answer.GetRefund(), fault.ReasonOf(err)
}

// atStripe is what Stripe gave back.
func (s sale) atStripe() (sumMinor int64) {
	for _, refund := range s.Payment.Refunds(s.intent) {
		if refund.GetStatus() != paymentv1.RefundStatus_REFUND_STATUS_FAILED {
			sumMinor += refund.GetAmountMinor()
		}
	}
	return sumMinor
}

// history is the statuses of the order, oldest first.
func (s sale) history(t *testing.T) (identifiers []string) {
	t.Helper()
	for _, status := range s.Order(t, s.order, 0).GetStatuses() {
		identifiers = append([]string{status.GetIdentifier()}, identifiers...)
	}
	return identifiers
}

func (s sale) exceptions(t *testing.T, reason string, resolved bool) int {
	t.Helper()
	return s.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = $1 AND (resolved_at IS NOT NULL) = $2", reason, resolved)
}

func (s sale) state(t *testing.T, key string) (state string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), "SELECT state FROM refund WHERE key = $1", key).Scan(&state))
	return state
}

func (s sale) booksAreInOrder(t *testing.T) {
	t.Helper()
	require.Empty(t, s.Violations(t))
}

func TestEverythingGoesBackOnce(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.WorkJobs(t)

	first, reason := s.giveBack(t.Context(), s.Process, "return 1!", 0)
	require.Equal(t, "refund-key-invalid", reason)
	require.Nil(t, first)
	first, reason = s.giveBack(t.Context(), s.Process, "return#1", 0)
	require.Empty(t, reason)
	again, reason := s.giveBack(t.Context(), s.Another(t, nil), "return#1", 0)
	require.Empty(t, reason)

	require.Equal(t, first.String(), again.String())
	require.Equal(t, total, first.GetAmountMinor())
	require.Equal(t, orderv1.RefundState_REFUND_STATE_SUCCEEDED, first.GetState())
	require.Len(t, s.Payment.Refunds(s.intent), 1)
	order := s.Order(t, s.order, 0)
	require.Equal(t, total, order.GetRefundedMinor())
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
	require.Equal(t, "What you paid is on its way back to you.", order.GetStatuses()[0].GetDescription())
	listed, err := s.Refunds.ListRefunds(t.Context(), &orderv1.ListRefundsRequest{OrderIdentifier: s.order})
	require.NoError(t, err)
	require.Len(t, listed.GetRefunds(), 1)
	require.Equal(t, "ann", listed.GetRefunds()[0].GetBy())

	require.Eventually(t, func() bool { return len(s.Mail.Notices()) == 1 }, patience, 5*time.Millisecond)
	for key, notice := range s.Mail.Notices() {
		require.True(t, strings.HasPrefix(key, "order-status/"), key)
		require.Equal(t, userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED, notice.GetKind())
		require.Equal(t, []int64{total, total, total}, []int64{notice.GetRefundMinor(), notice.GetRefundedMinor(), notice.GetTotalMinor()})
		require.Equal(t, []string{s.order, "buyer@example.com", "Refunded"}, []string{notice.GetOrderIdentifier(), notice.GetEmail(), notice.GetStatusTitle()})
	}
	s.booksAreInOrder(t)
}

func TestPartsNeverComeToMoreThanThePayment(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))

	_, reason := s.giveBack(t.Context(), s.Process, "a", 400)
	require.Empty(t, reason)
	_, reason = s.giveBack(t.Context(), s.Process, "b", total-400+1)
	require.Equal(t, "refund-exceeds-payment", reason)
	require.Equal(t, "4.00 of 16.56 is on its way back to you.", s.Order(t, s.order, 0).GetStatuses()[0].GetDescription())
	_, reason = s.giveBack(t.Context(), s.Process, "a", 401)
	require.Equal(t, "refund-key-reused", reason)
	rest, reason := s.giveBack(t.Context(), s.Process, "c", 0)
	require.Empty(t, reason)

	require.Equal(t, total-400, rest.GetAmountMinor())
	require.Equal(t, total, s.atStripe())
	require.Equal(t, []string{"accepted", "partly-refunded", "refunded"}, s.history(t))
	_, reason = s.giveBack(t.Context(), s.Process, "d", 0)
	require.Equal(t, "refund-exceeds-payment", reason)
	again, reason := s.giveBack(t.Context(), s.Process, "c", 0)
	require.Empty(t, reason, "all that was left is what the key meant then")
	require.Equal(t, total-400, again.GetAmountMinor())
	require.Equal(t, 2, s.Count(t, "SELECT count(*) FROM refund"))
	require.Equal(t, 2, s.Count(t, "SELECT count(*) FROM operator_action WHERE subject = $1 AND done_by = 'ann' AND command = 'refund-order'", s.order))
	s.booksAreInOrder(t)
}

func TestWhatIsNoRefund(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	cases := map[string]*orderv1.RefundOrderRequest{
		"refund-key-invalid":     {Key: ""},
		"refund-amount-invalid":  {Key: "k", AmountMinor: -1},
		"refund-exceeds-payment": {Key: "k", AmountMinor: 1 << 62},
		"restock-invalid":        {Key: "k", Restock: []*orderv1.RestockLine{{SkuId: checkouttest.RubberBands, Quantity: 1}}},
	}
	for reason, request := range cases {
		_, got := s.ask(t.Context(), s.Process, request)
		require.Equal(t, reason, got)
	}
	for _, key := range []string{strings.Repeat("k", 101), "a b", "ü", "a\x00", "stripe/re_1", "exception/1", "cancel/order"} {
		_, reason := s.giveBack(t.Context(), s.Process, key, 1)
		require.Equal(t, "refund-key-invalid", reason, key)
	}
	for _, restock := range [][]*orderv1.RestockLine{{{SkuId: 1, Quantity: 0}}, {{SkuId: 1, Quantity: -1}}, {{SkuId: 1, Quantity: 1}, {SkuId: 1, Quantity: 1}}} {
		_, reason := s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "k", Restock: restock})
		require.Equal(t, "restock-invalid", reason)
	}
	for _, order := range []string{"", "nosuchorde", "a\x00b", strings.Repeat("a", 1000)} {
		_, err := s.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: order, Key: "k"})
		require.Equal(t, "order-not-found", fault.ReasonOf(err))
		_, err = s.Refunds.ListRefunds(t.Context(), &orderv1.ListRefundsRequest{OrderIdentifier: order})
		require.Equal(t, "order-not-found", fault.ReasonOf(err))
	}
	require.Zero(t, s.Count(t, "SELECT count(*) FROM refund"))
	require.Empty(t, s.Payment.Refunds(s.intent))
	s.booksAreInOrder(t)
}

func TestHostileTextIsKept(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	refund, reason := s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{
		Key: "~'\"%s;DROP", AmountMinor: 1, Note: "a\x00b\xff" + strings.Repeat("é", 100_000),
	})
	require.Empty(t, reason)
	require.True(t, strings.HasPrefix(refund.GetNote(), "a\uFFFDb\uFFFDé"))
	require.Len(t, []rune(refund.GetNote()), 2000)
	require.Regexp(t, `^order-digest/`+s.order+`/[0-9a-f]{64}$`, s.Payment.Refunds(s.intent)[0].GetKey())
}

func TestNothingWasCharged(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, checkouttest.Discount(total)))
	s := sale{Shop: shop, session: session, order: shop.Complete(t, session)}
	for _, amount := range []int64{0, 1} {
		_, reason := s.giveBack(t.Context(), s.Process, "k", amount)
		require.Equal(t, "nothing-was-charged", reason)
	}
}

func TestManyAtOnceNeverExceedThePayment(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	reasons := make([]string, 12)
	var all sync.WaitGroup
	for i := range reasons {
		all.Go(func() { _, reasons[i] = s.giveBack(t.Context(), processes[i%2], fmt.Sprintf("k%d", i), 300) })
	}
	all.Wait()

	given := 0
	for _, reason := range reasons {
		if reason == "" {
			given++
			continue
		}
		require.Equal(t, "refund-exceeds-payment", reason)
	}
	require.Equal(t, 5, given, "of 16.56")
	require.EqualValues(t, 1500, s.atStripe())
	require.EqualValues(t, 1500, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Len(t, s.history(t), 6)
	s.booksAreInOrder(t)
}

func TestOneKeyManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			_, err := processes[i%2].Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "k", AmountMinor: 300, RestockAll: true})
			if err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := processes[i%2].Refunds.LearnRefunds(t.Context(), s.intent); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 300, s.atStripe())
	require.Equal(t, []string{"accepted", "partly-refunded"}, s.history(t))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_notice'"))
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM stock_movement WHERE reason = 'restocked'"))
	s.booksAreInOrder(t)
}

func TestStripeRefuses(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	s.Payment.RefundAtStripe(t, s.session, 1000) // which we have not heard of

	_, err := s.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "k", RestockAll: true})
	require.Equal(t, "stripe-refused", fault.ReasonOf(err))
	require.Equal(t, fault.Invalid, fault.KindOf(err))

	require.Equal(t, "failed", s.state(t, "k"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM refund WHERE failure = 'stripe-refused' AND refund_id IS NULL"))
	require.Equal(t, 1, s.Count(t, `SELECT count(*) FROM payment_exception WHERE reason = 'refund-failed' AND resolved_at IS NULL
		AND order_identifier = $1 AND detail = 'refund k of 16.56: stripe-refused'`, s.order))
	require.Equal(t, []string{"accepted"}, s.history(t))
	require.Equal(t, 8, s.Count(t, "SELECT on_hand FROM stock"), "nothing came back")

	require.NoError(t, s.Refunds.LearnRefunds(t.Context(), s.intent))
	_, err = s.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "k", RestockAll: true})
	require.Equal(t, "refund-exceeds-payment", fault.ReasonOf(err), "the key means what it meant")
	rest, err := s.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "rest", RestockAll: true})
	require.NoError(t, err)
	require.Equal(t, total-1000, rest.GetRefund().GetAmountMinor())
	require.Equal(t, []string{"accepted", "partly-refunded", "refunded"}, s.history(t))
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, 1, s.exceptions(t, "refund-failed", true), "nobody has to decide any more")
	s.booksAreInOrder(t)
}

func TestRefusedOnceIsAskedAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	poor := s.Another(t, nil)
	poor.Client.Before = func(_ context.Context, method string) error {
		if method == "CreateRefund" {
			return fault.New(fault.Invalid, "stripe-refused", "")
		}
		return nil
	}
	request := &orderv1.RefundOrderRequest{Key: "k", RestockAll: true}
	for range 2 {
		_, reason := s.ask(t.Context(), poor, request)
		require.Equal(t, "stripe-refused", reason)
	}
	require.Equal(t, 1, s.exceptions(t, "refund-failed", false))
	refund, reason := s.ask(t.Context(), s.Process, request)
	require.Empty(t, reason)
	require.Equal(t, total, refund.GetAmountMinor())
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, 1, s.exceptions(t, "refund-failed", true))
	s.booksAreInOrder(t)
}

func TestBankSendsItBackDaysLater(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.WorkJobs(t)
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	refund, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Empty(t, reason)
	require.Equal(t, orderv1.RefundState_REFUND_STATE_PENDING, refund.GetState())
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
	require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())

	s.Clock.Advance(72 * time.Hour)
	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	for range 2 { // an event that comes twice
		event := s.Payment.PaymentEvent(t, "refund.failed", s.session, "")
		_, err := s.Checkouts.HandlePaymentEvent(t.Context(), &orderv1.HandlePaymentEventRequest{
			EventId: event, EventType: "refund.failed", SessionId: s.session, PaymentIntentId: s.intent,
		})
		require.NoError(t, err)
	}

	require.Equal(t, "failed", s.state(t, "k"))
	require.Equal(t, []string{"accepted", "refunded", "refund-failed"}, s.history(t))
	require.Contains(t, s.Order(t, s.order, 0).GetStatuses()[0].GetDescription(), "16.56 did not reach you")
	require.Zero(t, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Equal(t, 1, s.exceptions(t, "refund-failed", false))
	require.Eventually(t, func() bool { return len(s.Mail.Notices()) == 2 }, patience, 5*time.Millisecond)
	again, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Empty(t, reason)
	require.Equal(t, orderv1.RefundState_REFUND_STATE_FAILED, again.GetState())

	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)
	_, reason = s.giveBack(t.Context(), s.Process, "k2", 0)
	require.Empty(t, reason)
	require.Equal(t, []string{"accepted", "refunded", "refund-failed", "refunded"}, s.history(t))
	require.Equal(t, 1, s.exceptions(t, "refund-failed", true))
}

func TestBankTakesItsTimeAndNoEventTells(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	_, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Empty(t, reason)
	s.Clock.Advance(time.Hour)
	require.NoError(t, s.Refunds.Sweep(t.Context()))
	require.Equal(t, "pending", s.state(t, "k"))
	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)
	s.Clock.Advance(2 * time.Hour)
	require.NoError(t, s.Refunds.Sweep(t.Context()))
	require.Equal(t, "succeeded", s.state(t, "k"))
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))

	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_PENDING) // an answer from before
	require.NoError(t, s.Refunds.LearnRefunds(t.Context(), s.intent))
	require.Equal(t, "succeeded", s.state(t, "k"))
}

func TestStripeFailsItAtOnce(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	refund, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Empty(t, reason)
	require.Equal(t, orderv1.RefundState_REFUND_STATE_FAILED, refund.GetState())
	require.Equal(t, []string{"accepted"}, s.history(t), "nobody was told that money is on its way")
	require.Equal(t, 1, s.exceptions(t, "refund-failed", false))
}
