package payment_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func aPeriod(from, until time.Time) *paymentv1.ListPaymentsRequest {
	return &paymentv1.ListPaymentsRequest{From: timestamppb.New(from), Until: timestamppb.New(until)}
}

// allPayments reads all pages.
func (s *shop) allPayments(request *paymentv1.ListPaymentsRequest) (payments []*paymentv1.Payment) {
	s.t.Helper()
	for range 20 {
		page, err := s.client.ListPayments(s.t.Context(), request)
		require.NoError(s.t, err)
		payments = append(payments, page.GetPayments()...)
		if page.GetNextPageToken() == "" {
			return payments
		}
		request.PageToken = page.GetNextPageToken()
	}
	require.Fail(s.t, "the pages do not end")
	return nil
}

func TestListPaymentsTellsWhatBecameOfTheMoney(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	now := time.Now()
	_, err := s.client.OpenSession(t.Context(), aCheckout("open"))
	require.NoError(t, err)
	refunded := s.sold("refunded")
	_, err = s.client.CreateRefund(t.Context(), aRefund("key", refunded, 199))
	require.NoError(t, err)
	s.stripe.AddDispute("du_1", s.sold("disputed"), 1199)
	free, err := s.client.OpenSession(t.Context(), discounted("free", 1199))
	require.NoError(t, err)
	s.stripe.Change(free.GetSessionId(), map[string]any{"status": "complete", "payment_status": "no_payment_required"})
	s.stripe.Change("cs_foreign", map[string]any{"status": "complete", "payment_status": "paid", "metadata": map[string]any{"cart_id": "1"}, "created": now.Unix()})

	told := []string{}
	for _, each := range s.allPayments(aPeriod(now.Add(-time.Minute), now.Add(time.Minute))) {
		require.WithinDuration(t, now, each.GetCreatedAt().AsTime(), time.Minute)
		require.Equal(t, "usd", each.GetCurrency())
		told = append(told, fmt.Sprint(each.GetReference(), " ", each.GetSessionId(), " ", each.GetPaymentIntentId(), " ", each.GetPaymentStatus(), " ",
			each.GetSubtotalMinor(), " ", each.GetDiscountMinor(), " ", each.GetTotalMinor(), " ", each.GetRefundedMinor(), " ", each.GetDisputed()))
	}
	require.Equal(t, []string{
		"free cs_test_4  PAYMENT_STATUS_NOT_REQUIRED 1199 1199 0 0 false",
		"disputed cs_test_3 pi_test_3 PAYMENT_STATUS_PAID 1199 0 1199 0 true",
		"refunded cs_test_2 pi_test_2 PAYMENT_STATUS_PAID 1199 0 1199 199 false",
	}, told)
}

func TestListPaymentsGoesByPagesAndPeriod(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for n := range 250 {
		metadata := map[string]any{"shop": "startupwebapp", "reference": fmt.Sprint("ref-", n)}
		if n >= 100 && n < 200 {
			metadata = map[string]any{"cart_id": "1"} // a whole page of another system
		}
		s.stripe.Change(fmt.Sprint("cs_", n), map[string]any{"status": "complete", "payment_status": "paid", "created": noon.Unix() + int64(n), "metadata": metadata})
	}
	all := s.allPayments(aPeriod(noon, noon.Add(time.Hour)))
	require.Len(t, all, 150)
	require.Equal(t, "ref-249 ref-0", all[0].GetReference()+" "+all[149].GetReference())
	some := s.allPayments(aPeriod(noon.Add(time.Second), noon.Add(3*time.Second)))
	require.Len(t, some, 2, "from is in it, until is not")
	require.Len(t, s.allPayments(aPeriod(noon.Add(time.Nanosecond), noon.Add(2*time.Second+time.Nanosecond))), 2)
}

func TestListPaymentsRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	now := time.Now()
	withToken := aPeriod(now.Add(-time.Hour), now)
	withToken.PageToken = "cs_of_nobody"
	hostile := aPeriod(now.Add(-time.Hour), now)
	hostile.PageToken = "cs_\x00&limit=1"
	for name, request := range map[string]*paymentv1.ListPaymentsRequest{
		"nothing":   {},
		"no end":    {From: timestamppb.New(now)},
		"no start":  {Until: timestamppb.New(now)},
		"backwards": aPeriod(now, now.Add(-time.Hour)),
		"empty":     aPeriod(now, now),
		"no time":   {From: &timestamppb.Timestamp{Nanos: -1}, Until: timestamppb.New(now)},
		"token":     withToken,
		"hostile":   hostile,
	} {
		_, err := s.client.ListPayments(t.Context(), request)
		require.True(t, fault.HasReason(err, "invalid-request"), "%s: %v", name, err)
	}
	s.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	_, err := s.client.ListPayments(t.Context(), aPeriod(now.Add(-time.Hour), now))
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
}

func TestGetDispute(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	s.stripe.AddDispute("du_1", payment, 1199)
	s.stripe.AddDispute("dp_2", "pi_foreign", 1199)
	s.stripe.AddDispute("dp_3", "", 1199)
	read, err := s.client.GetDispute(t.Context(), &paymentv1.GetDisputeRequest{DisputeId: "du_1"})
	require.NoError(t, err)
	dispute := read.GetDispute()
	require.Equal(t, "du_1 "+payment+" 1199 usd fraudulent needs_response", fmt.Sprint(dispute.GetDisputeId(), " ", dispute.GetPaymentIntentId(), " ",
		dispute.GetAmountMinor(), " ", dispute.GetCurrency(), " ", dispute.GetReason(), " ", dispute.GetStatus()))
	require.WithinDuration(t, time.Now(), dispute.GetCreatedAt().AsTime(), time.Minute)
	for _, id := range []string{"", "du_none", "dp_2", "dp_3", "ch_1", "du_../charges", "du_\x00", "du_" + strings.Repeat("x", 300)} {
		_, err := s.client.GetDispute(t.Context(), &paymentv1.GetDisputeRequest{DisputeId: id})
		require.True(t, fault.HasReason(err, "dispute-not-found"), "%q: %v", id, err)
	}
	s.stripe.Fail(http.MethodGet, "/v1/disputes", http.StatusUnauthorized, serverError, false)
	_, err = s.client.GetDispute(t.Context(), &paymentv1.GetDisputeRequest{DisputeId: "du_1"})
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	require.NotContains(t, s.logs.String(), "buyer@example.com")
}
