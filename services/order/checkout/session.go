package checkout

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
)

const (
	// paymentTimeout bounds one call of the payment service, which itself waits for Stripe.
	paymentTimeout = 15 * time.Second
	// longestText is what Stripe's page can take of a name or a description, in characters.
	longestText = 250
	// longestDiscountName is Stripe's limit of a coupon's name, in characters.
	longestDiscountName = 40
	// sessionLifetime is how long goods and codes stay promised to one customer: Stripe's shortest is 30 minutes, counted by
	// Stripe's clock.
	sessionLifetime = 31 * time.Minute
)

func (c *Checkouts) openSession(ctx context.Context, checkout frozen) (*paymentv1.OpenSessionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	return c.payment.OpenSession(ctx, c.sessionRequest(checkout))
}

func (c *Checkouts) getSession(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	answer, err := c.payment.GetSession(ctx, &paymentv1.GetSessionRequest{SessionId: sessionID})
	return answer.GetSession(), err
}

func (c *Checkouts) expireSession(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	answer, err := c.payment.ExpireSession(ctx, &paymentv1.ExpireSessionRequest{SessionId: sessionID})
	return answer.GetSession(), err
}

// paid tells whether the customer has done everything: money that came counts in any case. Where there is nothing to
// pay, as with a promotion of 100 %, Stripe says so while the customer is still at the page, so that the session must also be
// complete (contract payment.md P-03).
func paid(session *paymentv1.Session) bool {
	complete := session.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_COMPLETE
	switch session.GetPaymentStatus() {
	case paymentv1.PaymentStatus_PAYMENT_STATUS_PAID:
		return complete || session.GetTotalMinor() > 0
	case paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED:
		return complete
	default:
		return false
	}
}

// payable: a state that we do not know may be one in which the customer can still pay.
func payable(session *paymentv1.Session) bool {
	status := session.GetStatus()
	return status != paymentv1.SessionStatus_SESSION_STATUS_COMPLETE && status != paymentv1.SessionStatus_SESSION_STATUS_EXPIRED
}

// sessionRequest is what the customer sees at Stripe (contract payment.md 4, P-24). It is made of frozen content alone,
// so that it comes out the same however often it is made.
func (c *Checkouts) sessionRequest(checkout frozen) *paymentv1.OpenSessionRequest {
	return &paymentv1.OpenSessionRequest{
		Reference:          checkout.Reference,
		Currency:           checkout.Currency,
		Lines:              c.sessionLines(checkout),
		CustomerEmail:      checkout.Email,
		SuccessUrl:         c.cfg.SiteOrigin + "/checkout/success?session_id={CHECKOUT_SESSION_ID}",
		CancelUrl:          c.cfg.SiteOrigin + "/checkout/confirm",
		ExpectedTotalMinor: checkout.TotalMinor,
		DiscountMinor:      checkout.ItemDiscountMinor + checkout.ShippingDiscountMinor,
		DiscountName:       discountName(checkout.discounts),
		LifetimeSeconds:    int32(sessionLifetime / time.Second),
	}
}

// discountName is how Stripe's page calls what our codes take off.
func discountName(discounts []purchase.Discount) string {
	var codes []string
	for _, discount := range discounts {
		if discount.Applied {
			codes = append(codes, discount.Code)
		}
	}
	return shortened(strings.Join(codes, " + "), longestDiscountName)
}

func (c *Checkouts) sessionLines(checkout frozen) []*paymentv1.SessionLine {
	lines := make([]*paymentv1.SessionLine, 0, len(checkout.lines)+1)
	for _, line := range checkout.lines {
		lines = append(lines, &paymentv1.SessionLine{
			Name:            shortened(line.ProductTitle, longestText),
			Description:     shortened(variant(line), longestText),
			ImageUrl:        c.absolute(line.ImageURL),
			UnitAmountMinor: line.PriceMinor,
			Quantity:        line.Quantity,
		})
	}
	if checkout.ShippingMinor > 0 {
		lines = append(lines, &paymentv1.SessionLine{
			Name: shortened(checkout.ShippingCarrier, longestText), Description: "Shipping", UnitAmountMinor: checkout.ShippingMinor, Quantity: 1,
		})
	}
	return lines
}

// variant tells which SKU of a product it is; what the SKU does not have is left out.
func variant(line purchase.Line) string {
	var parts []string
	for _, part := range []*string{line.Color, line.Size} {
		if part != nil && *part != "" {
			parts = append(parts, *part)
		}
	}
	return strings.Join(parts, " - ")
}

func (c *Checkouts) absolute(image string) string {
	if image == "" || strings.HasPrefix(image, "https://") || strings.HasPrefix(image, "http://") {
		return image
	}
	return c.cfg.SiteOrigin + "/" + strings.TrimLeft(image, "/")
}

func shortened(text string, longest int) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest-1]) + "…"
}
