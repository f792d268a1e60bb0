package fulfilment_test

import (
	"context"
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

const (
	patience = 20 * time.Second
	total    = 2*checkouttest.PaperClipsMinor + checkouttest.GroundMinor
)

// sale is an order that was paid.
type sale struct {
	*checkouttest.Shop
	intent, order string
}

func sell(t *testing.T, shop *checkouttest.Shop, changes ...func(*paymentv1.Session)) sale {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, changes...))
	return sale{Shop: shop, intent: "pi_of_" + session, order: shop.Complete(t, session)}
}

func (s sale) set(ctx context.Context, process *checkouttest.Process, status string) string {
	_, err := process.Fulfilments.SetOrderStatus(ctx, &orderv1.SetOrderStatusRequest{OrderIdentifier: s.order, Status: status, By: "ann"})
	return fault.ReasonOf(err)
}

func (s sale) track(ctx context.Context, process *checkouttest.Process, number string) string {
	_, err := process.Fulfilments.SetTrackingNumber(ctx, &orderv1.SetTrackingNumberRequest{OrderIdentifier: s.order, TrackingNumber: number, By: "ann"})
	return fault.ReasonOf(err)
}

func (s sale) cancel(ctx context.Context, process *checkouttest.Process, refund, restock bool) string {
	_, err := process.Fulfilments.CancelOrder(ctx, &orderv1.CancelOrderRequest{OrderIdentifier: s.order, Refund: refund, Restock: restock, By: "ann", Note: "asked for"})
	return fault.ReasonOf(err)
}

func (s sale) history(t *testing.T) (identifiers []string) {
	t.Helper()
	for _, status := range s.Order(t, s.order, 0).GetStatuses() {
		identifiers = append([]string{status.GetIdentifier()}, identifiers...)
	}
	return identifiers
}

// notices waits until nothing is queued any more, and answers the mails about changes of the order.
func (s sale) notices(t *testing.T) (sent []*userv1.SendOrderNoticeRequest) {
	t.Helper()
	require.Eventually(t, func() bool {
		return s.Count(t, "SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')") == 0
	}, patience, 5*time.Millisecond)
	for _, notice := range s.Mail.Notices() {
		if notice.GetOrderIdentifier() == s.order {
			sent = append(sent, notice)
		}
	}
	return sent
}

func TestEveryChangeIsHistoryAndMailsOnce(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.WorkJobs(t)
	steps := []string{"accepted", "manufacturing", "manufacturing", "packing", "manufacturing", "packing", "shipped", "shipped"}
	for _, status := range steps {
		s.Clock.Advance(time.Hour)
		require.Empty(t, s.set(t.Context(), s.Process, status))
	}
	require.Equal(t, []string{"accepted", "manufacturing", "packing", "manufacturing", "packing", "shipped"}, s.history(t))
	sent := s.notices(t)
	require.Len(t, sent, 5, "the first status has the confirmation")
	shipped := 0
	for _, notice := range sent {
		require.Equal(t, "buyer@example.com", notice.GetEmail())
		require.NotEmpty(t, notice.GetStatusDescription())
		if notice.GetKind() == userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED {
			shipped++
			require.Equal(t, "USPS Retail Ground", notice.GetCarrier())
		}
	}
	require.Equal(t, 1, shipped)
	require.Equal(t, 5, s.Count(t, "SELECT count(*) FROM purchase_status WHERE set_by = 'ann' AND notice_accepted_at IS NOT NULL"))
	require.Equal(t, 5, s.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'set-order-status' AND done_by = 'ann'"))
	s.Clock.Advance(24 * time.Hour)
	require.Empty(t, s.Violations(t))
}

func TestManyOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			if reason := s.set(t.Context(), processes[i%2], "packing"); reason != "" {
				t.Error(reason)
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{"accepted", "packing"}, s.history(t))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_notice'"))
}

func TestStatusesThatCannotBeSet(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	cases := map[string]string{
		"cancelled": "status-has-its-own-call", "refunded": "status-has-its-own-call", "partly-refunded": "status-has-its-own-call",
		"refund-failed": "status-has-its-own-call", "": "status-not-found", "Shipped": "status-not-found", "a\x00b": "status-not-found",
		strings.Repeat("s", 100_000): "status-not-found",
	}
	for status, reason := range cases {
		require.Equal(t, reason, s.set(t.Context(), s.Process, status))
	}
	for _, order := range []string{"", "nosuchorde", "\x00", strings.Repeat("o", 1000)} {
		unknown := sale{Shop: s.Shop, order: order}
		require.Equal(t, "order-not-found", unknown.set(t.Context(), s.Process, "packing"))
		require.Equal(t, "order-not-found", unknown.track(t.Context(), s.Process, "1Z"))
		require.Equal(t, "order-not-found", unknown.cancel(t.Context(), s.Process, true, true))
	}
	require.Equal(t, []string{"accepted"}, s.history(t))
}

func TestStatusesOfTheShopsOwn(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Exec(t, "INSERT INTO status (identifier, title, description) VALUES ('delivered', 'Delivered', 'It is with you.')")
	require.Empty(t, s.set(t.Context(), s.Process, "shipped"))
	require.Empty(t, s.set(t.Context(), s.Process, "delivered"))
	require.Equal(t, "It is with you.", s.Order(t, s.order, 0).GetStatuses()[0].GetDescription())
	require.Equal(t, "order-is-shipped", s.cancel(t.Context(), s.Process, true, true))
	require.Empty(t, s.set(t.Context(), s.Process, "packing"), "it came back")
	require.Empty(t, s.cancel(t.Context(), s.Process, false, false))
}

func TestTrackingNumberIsShownAndMailedOncePerNumber(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.WorkJobs(t)
	require.Empty(t, s.track(t.Context(), s.Process, "9400 1000&x=1"))
	require.Empty(t, s.notices(t), "it has not left yet")
	require.Empty(t, s.set(t.Context(), s.Process, "shipped"))
	order := s.Order(t, s.order, 0)
	require.Equal(t, "9400 1000&x=1", order.GetTrackingNumber())
	require.Equal(t, "https://tools.usps.com/go/TrackConfirmAction.action?tRef=fullpage&tLc=1&text28777=&tLabels=9400%201000%26x%3D1", order.GetTrackingUrl())
	sent := s.notices(t)
	require.Len(t, sent, 1)
	require.Equal(t, order.GetTrackingUrl(), sent[0].GetTrackingUrl())

	for _, number := range []string{"second", "second", "third", "second"} {
		require.Empty(t, s.track(t.Context(), s.Process, number))
		s.notices(t)
	}
	told := map[string]int{}
	for _, notice := range s.notices(t) {
		require.Equal(t, userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED, notice.GetKind())
		told[notice.GetTrackingNumber()]++
	}
	require.Equal(t, map[string]int{"9400 1000&x=1": 1, "second": 1, "third": 1}, told)
	require.Zero(t, s.Count(t, "SELECT count(*) FROM river_job WHERE args::text LIKE '%second%'"), "a number tells where somebody lives")
	require.Equal(t, []string{"accepted", "shipped"}, s.history(t))
}

func TestTrackingNumbersThatAreNone(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	for _, number := range []string{"", " ", " 1", "1 ", "a\nb", "a\x00", "ü", strings.Repeat("1", 101), strings.Repeat("1", 1_000_000)} {
		require.Equal(t, "tracking-number-invalid", s.track(t.Context(), s.Process, number))
	}
	require.Empty(t, s.track(t.Context(), s.Process, strings.Repeat("1", 100)))
	require.Empty(t, s.track(t.Context(), s.Process, "1"))
}

func TestCancelledGoesBackWithEverything(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	s.WorkJobs(t)
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if reason := s.cancel(t.Context(), processes[i%2], true, true); reason != "" {
				t.Error(reason)
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{"accepted", "cancelled", "refunded"}, s.history(t))
	require.Len(t, s.Payment.Refunds(s.intent), 1)
	require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'cancel-order' AND detail = 'asked for'"))
	kinds := map[userv1.OrderNoticeKind]int{}
	for _, notice := range s.notices(t) {
		kinds[notice.GetKind()]++
	}
	require.Equal(t, map[userv1.OrderNoticeKind]int{userv1.OrderNoticeKind_ORDER_NOTICE_KIND_CANCELLED: 1, userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED: 1}, kinds)

	require.Equal(t, "order-is-cancelled", s.set(t.Context(), s.Process, "packing"))
	require.Equal(t, "order-is-cancelled", s.track(t.Context(), s.Process, "1Z"))
	require.Empty(t, s.Violations(t))
}

func TestCancelBeforeShippedOnly(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	require.Empty(t, s.set(t.Context(), s.Process, "shipped"))
	require.Equal(t, "order-is-shipped", s.cancel(t.Context(), s.Process, true, true))
	require.Equal(t, []string{"accepted", "shipped"}, s.history(t))
	require.Empty(t, s.Payment.Refunds(s.intent))
}

func TestCancelFirstAndChooseLater(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	require.Empty(t, s.cancel(t.Context(), s.Process, false, false))
	require.Empty(t, s.Payment.Refunds(s.intent))
	require.Equal(t, 8, s.Count(t, "SELECT on_hand FROM stock"))
	_, err := s.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "k", AmountMinor: 100,
		Restock: []*orderv1.RestockLine{{SkuId: checkouttest.PaperClips, Quantity: 1}}})
	require.NoError(t, err, "money may still go back")
	for range 2 {
		require.Empty(t, s.cancel(t.Context(), s.Process, true, true))
	}
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Equal(t, []string{"accepted", "cancelled", "partly-refunded", "refunded"}, s.history(t))
	require.Empty(t, s.Violations(t))
}

func TestCancelThatCostNothing(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t), checkouttest.Discount(total))
	require.Empty(t, s.cancel(t.Context(), s.Process, true, true))
	require.Equal(t, []string{"accepted", "cancelled"}, s.history(t))
}

func TestCancelWhoseRefundDiesHalfWay(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]func(t *testing.T, s sale){
		"repeated": func(t *testing.T, s sale) { t.Helper(); require.Empty(t, s.cancel(t.Context(), s.Process, true, true)) },
		"swept": func(t *testing.T, s sale) {
			t.Helper()
			s.Clock.Advance(time.Minute)
			require.NoError(t, s.Refunds.Sweep(t.Context()))
		},
	} {
		for _, lost := range []string{"request", "answer"} {
			t.Run(name+" "+lost, func(t *testing.T) {
				t.Parallel()
				shop := checkouttest.Open(t)
				require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
				s := sell(t, shop)
				broken := s.Another(t, nil)
				fail := func(context.Context, string) error { return checkouttest.Unavailable() }
				if broken.Client.Before = fail; lost == "answer" {
					broken.Client.Before, broken.Client.After = nil, fail
				}
				require.Equal(t, "stripe-unavailable", s.cancel(t.Context(), broken, true, true))
				require.Equal(t, []string{"accepted", "cancelled"}, s.history(t))
				require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"), "the goods do not wait for the money")
				finish(t, s)
				require.Equal(t, []string{"accepted", "cancelled", "refunded"}, s.history(t))
				require.Len(t, s.Payment.Refunds(s.intent), 1)
				require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
				require.Empty(t, s.Violations(t))
			})
		}
	}
}

func TestNobodyToMail(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t), func(session *paymentv1.Session) { session.CustomerEmail = "" })
	forgotten := sell(t, s.Shop)
	s.Exec(t, "UPDATE purchase SET email = '', customer_name = '', prospect_id = NULL, anonymised_at = now() WHERE identifier = $1", forgotten.order)
	for _, each := range []sale{s, forgotten} {
		require.Empty(t, each.set(t.Context(), s.Process, "shipped"))
		require.Empty(t, each.track(t.Context(), s.Process, "1Z"))
	}
	s.WorkJobs(t)
	require.Empty(t, s.notices(t))
	require.Empty(t, forgotten.notices(t))
	require.Zero(t, s.Count(t, "SELECT count(*) FROM river_job WHERE kind LIKE 'order_%notice' AND state <> 'completed'"))
}

func TestMailServiceIsAwayOrDiesAfterItsAnswer(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	var mutex sync.Mutex
	failures := 0
	s.Mail.Before = func(context.Context) error {
		mutex.Lock()
		defer mutex.Unlock()
		if failures++; failures <= 2 {
			return fault.New(fault.Unavailable, "unavailable", "")
		}
		return nil
	}
	require.Empty(t, s.set(t.Context(), s.Process, "packing"))
	s.WorkJobs(t)
	require.Len(t, s.notices(t), 1)
	// The answer came, and the process died before it noted that.
	s.Exec(t, "UPDATE purchase_status SET notice_accepted_at = NULL")
	s.Exec(t, "UPDATE river_job SET state = 'available', finalized_at = NULL, attempt = 0, scheduled_at = now() WHERE kind = 'order_notice'")
	require.Eventually(t, func() bool {
		return s.Count(t, "SELECT count(*) FROM purchase_status WHERE notice_accepted_at IS NOT NULL") == 1
	}, patience, 20*time.Millisecond)
	require.Len(t, s.notices(t), 1)
}
