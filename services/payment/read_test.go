package payment_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func address(line1 string) map[string]any {
	return map[string]any{"line1": line1, "line2": "Apt 2", "city": "Chicago", "state": "IL", "postal_code": "60601", "country": "US"}
}

// paid is what Stripe says of a paid session of ours.
func paid(reference string) map[string]any {
	return map[string]any{
		"id": "cs_test_1", "object": "checkout.session", "status": "complete", "payment_status": "paid",
		"currency": "usd", "amount_subtotal": 1199, "amount_total": 1079, "expires_at": 1893456000, "payment_intent": "pi_1",
		"client_reference_id": reference, "metadata": map[string]any{"shop": "startupwebapp", "reference": reference},
		"created": 1893450000,
		"total_details": map[string]any{"amount_discount": 200, "amount_tax": 80, "amount_shipping": 0, "breakdown": map[string]any{"discounts": []any{
			map[string]any{"amount": 150, "discount": map[string]any{"coupon": map[string]any{"id": "HALFOFF", "name": "Half off", "percent_off": 50}, "promotion_code": "promo_1"}},
			map[string]any{"amount": 50, "discount": map[string]any{"coupon": map[string]any{"id": "odd", "name": nil, "percent_off": 12.55}}},
			map[string]any{"discount": nil},
		}}},
		"customer_email": nil,
		"customer_details": map[string]any{
			"email": "buyer@example.com", "name": "Buyer Name", "phone": "+13125550100", "address": address("1 Main St"),
		},
	}
}

func TestGetSessionTellsWhatStripeTells(t *testing.T) {
	t.Parallel()
	shipping := map[string]any{"name": "Ship Name", "address": address("2 Ship St")}
	places := map[string]map[string]any{
		"at the top level":            {"shipping_details": shipping},
		"under collected_information": {"collected_information": map[string]any{"shipping_details": shipping}},
		"at both":                     {"shipping_details": shipping, "collected_information": map[string]any{"shipping_details": nil}},
	}
	for name, place := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Change("cs_test_1", paid("ref-1"))
			s.stripe.Change("cs_test_1", place)
			read, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
			require.NoError(t, err)
			want := &paymentv1.Session{
				SessionId: "cs_test_1", Reference: "ref-1", Currency: "usd", PaymentIntentId: "pi_1",
				Status:        paymentv1.SessionStatus_SESSION_STATUS_COMPLETE,
				PaymentStatus: paymentv1.PaymentStatus_PAYMENT_STATUS_PAID,
				SubtotalMinor: 1199, DiscountMinor: 200, TaxMinor: 80, TotalMinor: 1079, CreatedAt: &timestamppb.Timestamp{Seconds: 1893450000},
				Discounts: []*paymentv1.SessionDiscount{
					{CouponId: "HALFOFF", Name: "Half off", AmountMinor: 150, PercentHundredths: 5000},
					{CouponId: "odd", Name: "odd", AmountMinor: 50, PercentHundredths: 1255}, {},
				},
				CustomerEmail: "buyer@example.com", CustomerName: "Buyer Name", CustomerPhone: "+13125550100",
				BillingAddress:  &paymentv1.Address{Name: "Buyer Name", Line1: "1 Main St", Line2: "Apt 2", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"},
				ShippingAddress: &paymentv1.Address{Name: "Ship Name", Line1: "2 Ship St", Line2: "Apt 2", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"},
				ExpiresAt:       &timestamppb.Timestamp{Seconds: 1893456000},
			}
			require.True(t, proto.Equal(want, read.GetSession()), "%v", read.GetSession())
			for _, private := range []string{"buyer@", "Buyer", "Main St", "Ship", "5550100"} {
				require.NotContains(t, s.logs.String(), private)
			}
		})
	}
}

func TestGetSessionCopesWithWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Change("cs_bare", map[string]any{"payment_status": "no_payment_required", "customer_details": nil, "collected_information": nil, "total_details": nil, "metadata": nil})
	s.stripe.Change("cs_no_address", map[string]any{
		"status": "something new", "customer_email": "given@example.com",
		"customer_details": map[string]any{"email": "typed@example.com", "name": nil, "address": nil}, "shipping_details": map[string]any{"name": nil, "address": nil},
	})
	bare, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_bare"})
	require.NoError(t, err)
	require.True(t, proto.Equal(&paymentv1.Session{SessionId: "cs_bare", PaymentStatus: paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED}, bare.GetSession()), "%v", bare)
	partial, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_no_address"})
	require.NoError(t, err)
	require.True(t, proto.Equal(&paymentv1.Session{SessionId: "cs_no_address", CustomerEmail: "given@example.com"}, partial.GetSession()), "%v", partial)
}

func TestGetSessionGivesNoReferenceOfAnotherSystem(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]any{
		"no metadata":    nil,
		"old style":      map[string]any{"cart_id": "1"},
		"another shop":   map[string]any{"shop": "another", "reference": "ref-1"},
		"only reference": map[string]any{"reference": "ref-1"},
	} {
		s := newShop(t)
		s.stripe.Change("cs_test_1", paid("ref-1"))
		s.stripe.Change("cs_test_1", map[string]any{"metadata": metadata})
		read, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
		require.NoError(t, err, name)
		require.Empty(t, read.GetSession().GetReference(), name)
	}
}

func TestGetSessionWhenThereIsNone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, id := range []string{"cs_missing", "", "cs_", "nothing", "cs_../../v1/balance", "cs_a b", "cs_\x00", "cs_" + strings.Repeat("a", 300), "cs_ä"} {
		_, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: id})
		require.True(t, fault.HasReason(err, "session-not-found"), "%q: %v", id, err)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
	}
	for _, asked := range s.stripe.Requests() {
		require.Contains(t, []string{openPath + "/cs_missing", openPath + "/cs_"}, asked.Path)
	}
}

func TestGetSessionAsksOnceMoreThenSaysUnavailable(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Change("cs_test_1", paid("ref-1"))
	s.stripe.Fail(http.MethodGet, openPath, http.StatusServiceUnavailable, serverError, false)
	_, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
	require.NoError(t, err)
	for _, status := range []int{500, 500, 401, 429} {
		s.stripe.Fail(http.MethodGet, openPath, status, serverError, false)
	}
	for _, why := range []string{"500 twice", "401", "429"} {
		_, err = s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
		require.True(t, fault.HasReason(err, "stripe-unavailable"), "%s: %v", why, err)
	}
	s.stripe.Fail(http.MethodGet, openPath, http.StatusOK, `{"id": 7, "customer_email": "buyer@example.com"`, false)
	_, err = s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	require.NotContains(t, s.logs.String(), "buyer@example.com")
}

func TestBooksFollowWhatStripeSays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	s.stripe.Change("cs_test_1", paid("ref-1"))
	_, err = s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: "cs_test_1"})
	require.NoError(t, err)
	require.Equal(t, "complete paid pi_1 1079", s.text("SELECT concat_ws(' ', status, payment_status, payment_intent_id, total_minor) FROM payment_session"))
}

func TestBooksTakeAPromotionForAPaymentOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	for _, step := range []struct{ status, told, kept string }{
		{"open", "no_payment_required", "unpaid"}, {"open", "unpaid", "unpaid"}, {"complete", "paid", "paid"},
	} {
		s.stripe.Change(opened.GetSessionId(), map[string]any{"status": step.status, "payment_status": step.told})
		_, err = s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: opened.GetSessionId()})
		require.NoError(t, err)
		require.Equal(t, step.kept, s.text("SELECT payment_status FROM payment_session"))
	}
}

func TestExpireSession(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	for range 2 { // again says the same
		ended, err := s.client.ExpireSession(t.Context(), &paymentv1.ExpireSessionRequest{SessionId: "cs_test_1"})
		require.NoError(t, err)
		require.Equal(t, paymentv1.SessionStatus_SESSION_STATUS_EXPIRED, ended.GetSession().GetStatus())
		require.Equal(t, "ref-1", ended.GetSession().GetReference())
	}
	require.Equal(t, "expired", s.text("SELECT status FROM payment_session"))
	_, err = s.client.ExpireSession(t.Context(), &paymentv1.ExpireSessionRequest{SessionId: "cs_missing"})
	require.True(t, fault.HasReason(err, "session-not-found"), "%v", err)
}

func TestExpireSessionThatWasPaidMeanwhileStaysPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	s.stripe.Change("cs_test_1", paid("ref-1"))
	ended, err := s.client.ExpireSession(t.Context(), &paymentv1.ExpireSessionRequest{SessionId: "cs_test_1"})
	require.NoError(t, err)
	require.Equal(t, paymentv1.PaymentStatus_PAYMENT_STATUS_PAID, ended.GetSession().GetPaymentStatus())
	require.Equal(t, "complete", s.text("SELECT status FROM payment_session"))
}

func TestExpireSessionLeavesAnotherSystemsSessionAlone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Change("cs_foreign", map[string]any{"status": "open", "payment_status": "unpaid", "metadata": map[string]any{"cart_id": "1"}})
	ended, err := s.client.ExpireSession(t.Context(), &paymentv1.ExpireSessionRequest{SessionId: "cs_foreign"})
	require.NoError(t, err)
	require.Equal(t, paymentv1.SessionStatus_SESSION_STATUS_OPEN, ended.GetSession().GetStatus())
	require.Len(t, s.stripe.Requests(), 1) // read, not ended
}
