package checkout

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// completionTimeout bounds a completion with its questions to Stripe.
const completionTimeout = 2 * paymentTimeout

var (
	sessionForm = regexp.MustCompile(`^[A-Za-z0-9_.@:-]{1,255}$`)

	// errSettledBefore: another call made the order, or the exception, while this one waited for the lock.
	errSettledBefore = errors.New("settled by another call")
	// errGivenBack: an operator has given the money back.
	errGivenBack = errors.New("the money was given back")
)

// CompleteCheckout makes the order of a paid session, or finds it when it is made: the webhook, the success page and
// the sweep all end here, in any order, any number of times and at once.
func (c *Checkouts) CompleteCheckout(ctx context.Context, request *orderv1.CompleteCheckoutRequest) (*orderv1.CompleteCheckoutResponse, error) {
	order, err := c.complete(ctx, request.GetSessionId())
	if err != nil {
		return nil, err
	}
	return &orderv1.CompleteCheckoutResponse{OrderIdentifier: order}, nil
}

// complete answers from the books when they know the session's order; else it asks what Stripe says now. The webhook and the
// success page mostly come at the same moment: the second waits for the first, if they meet in one process, and saves its
// questions. The first works for both, so it goes on when its own caller leaves.
func (c *Checkouts) complete(ctx context.Context, sessionID string) (string, error) {
	if !sessionForm.MatchString(sessionID) {
		return "", errNoSession
	}
	order, err, _ := c.completing.Do(sessionID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), completionTimeout)
		defer cancel()
		return c.completeOnce(ctx, sessionID)
	})
	text, _ := order.(string)
	return text, err
}

func (c *Checkouts) completeOnce(ctx context.Context, sessionID string) (string, error) {
	known, found, err := c.purchases.OfSession(ctx, sessionID)
	if err != nil || found {
		return known.Identifier, err
	}
	session, err := c.getSession(ctx, sessionID)
	if err != nil {
		return "", err
	}
	return c.settle(ctx, session)
}

// settle does what a session, as Stripe describes it now, asks for. The checkout is found by the reference that the
// session carries, so a session that a crash kept from being stored here counts just the same. Whether the checkout is open,
// superseded or expired does not matter: paid is paid.
func (c *Checkouts) settle(ctx context.Context, session *paymentv1.Session) (string, error) {
	checkout, found, err := c.find(ctx, session)
	if err != nil {
		return "", err
	}
	if !paid(session) {
		return "", c.unpaid(ctx, checkout, session)
	}
	if !found {
		return c.stray(ctx, session)
	}
	if reason := objection(checkout, session); reason != "" {
		return c.except(ctx, session, reason, &checkout)
	}
	return c.inTrace(ctx, checkout.Traceparent, func(ctx context.Context) (string, error) {
		return c.makeOrder(ctx, checkout, session)
	})
}

// unpaid ends the checkout when its session is over. A session that is complete but unpaid waits for a slow method of
// payment: it is neither ended nor forgotten.
func (c *Checkouts) unpaid(ctx context.Context, checkout frozen, session *paymentv1.Session) error {
	if session.GetStatus() != paymentv1.SessionStatus_SESSION_STATUS_EXPIRED || checkout.ID == 0 {
		return errNotPaid
	}
	err := dbgen.New(c.db).EndCheckout(ctx, dbgen.EndCheckoutParams{ID: checkout.ID, SessionID: session.GetSessionId(), Now: c.now()})
	if err != nil {
		return fmt.Errorf("end checkout: %w", err)
	}
	return errNotPaid
}

// objection compares what was paid with what was asked for; "" when they are the same (contract payment.md P-02).
// Shipping is one of the lines, so Stripe's subtotal is our total before the discount. Where our codes take something off,
// Stripe took off exactly that; where they do not, a promotion of Stripe's page may.
func objection(checkout frozen, session *paymentv1.Session) string {
	if session.GetCurrency() != checkout.Currency {
		return exception.CurrencyMismatch
	}
	net := session.GetSubtotalMinor() - session.GetDiscountMinor() + session.GetShippingMinor()
	ours := checkout.ItemDiscountMinor + checkout.ShippingDiscountMinor
	sane := session.GetDiscountMinor() >= 0 && session.GetTaxMinor() >= 0 && session.GetShippingMinor() >= 0 &&
		session.GetDiscountMinor() <= session.GetSubtotalMinor()
	asAsked := session.GetSubtotalMinor() == checkout.TotalMinor+ours && (ours == 0 || session.GetDiscountMinor() == ours)
	// Tax comes on top, or is within prices that include it.
	added := session.GetTotalMinor() == net+session.GetTaxMinor() || session.GetTotalMinor() == net && session.GetTaxMinor() > 0
	if !sane || !asAsked || !added {
		return exception.AmountMismatch
	}
	return ""
}

// makeOrder writes the order, or says why there is none to write.
func (c *Checkouts) makeOrder(ctx context.Context, checkout frozen, session *paymentv1.Session) (string, error) {
	order, err := c.writeOrder(ctx, checkout, session)
	switch {
	case errors.Is(err, errSettledBefore):
		return c.settledBefore(ctx, checkout, session)
	case errors.Is(err, errGivenBack):
		return "", c.endGivenBack(ctx, checkout)
	case errors.Is(err, errSoldOut):
		return c.except(ctx, session, exception.OutOfStock, &checkout)
	case postgres.IsUniqueViolation(err, purchase.PaymentConstraint):
		return c.except(ctx, session, exception.PaidAgain, &checkout)
	case err != nil:
		return "", fmt.Errorf("complete checkout %s: %w", checkout.Reference, err)
	}
	c.completed.Add(ctx, 1)
	c.tel.Logger.InfoContext(ctx, "checkout completed", "reference", checkout.Reference, "total_minor", session.GetTotalMinor(), "from", checkout.State)
	return order, nil
}

// writeOrder writes the order and everything that comes with it in one transaction. The cart is locked before the
// checkout, as StartCheckout does it, so that the two never wait for each other crosswise.
func (c *Checkouts) writeOrder(ctx context.Context, checkout frozen, session *paymentv1.Session) (order string, err error) {
	err = c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := c.carts.RemovePurchased(ctx, tx, checkout.CartID, checkout.purchased()); err != nil {
			return fmt.Errorf("empty cart: %w", err)
		}
		now, known, err := lockForOrder(ctx, dbgen.New(tx), checkout, session)
		if err != nil {
			return err
		}
		if order, err = c.purchases.Record(ctx, tx, c.sale(checkout, session)); err != nil {
			return err
		}
		if err := c.takeOffShelf(ctx, tx, checkout, now, order); err != nil {
			return err
		}
		if known.Excepted {
			if err := c.exceptions.OrderWasMade(ctx, tx, session.GetSessionId(), order); err != nil {
				return err
			}
		}
		return dbgen.New(tx).CompleteCheckout(ctx, dbgen.CompleteCheckoutParams{ID: checkout.ID, Now: c.now()})
	})
	return order, err
}

// lockForOrder locks the checkout and refuses one of which no order can be made any more.
func lockForOrder(ctx context.Context, queries *dbgen.Queries, checkout frozen, session *paymentv1.Session) (dbgen.LockCheckoutStateRow, dbgen.KnownOfPaymentRow, error) {
	now, err := queries.LockCheckoutState(ctx, checkout.ID)
	if err != nil {
		return now, dbgen.KnownOfPaymentRow{}, fmt.Errorf("lock checkout: %w", err)
	}
	if now.State == stateCompleted || now.State == stateException {
		return now, dbgen.KnownOfPaymentRow{}, errSettledBefore
	}
	known, err := queries.KnownOfPayment(ctx, dbgen.KnownOfPaymentParams{SessionID: session.GetSessionId(), PaymentIntent: session.GetPaymentIntentId()})
	if err != nil {
		return now, known, fmt.Errorf("look what is known of the payment: %w", err)
	}
	if known.GivenBack {
		return now, known, errGivenBack
	}
	return now, known, nil
}

// endGivenBack ends a checkout whose money an operator gave back when it had no order yet: what it promised is free again.
func (c *Checkouts) endGivenBack(ctx context.Context, checkout frozen) error {
	if err := dbgen.New(c.db).MarkException(ctx, dbgen.MarkExceptionParams{ID: checkout.ID, Now: c.now()}); err != nil {
		return fmt.Errorf("end refunded checkout: %w", err)
	}
	return errException
}

// settledBefore answers the winner's order. A second session that was paid for the same checkout has no order and
// must not pass for the first, nor for the exception that the first may have become.
func (c *Checkouts) settledBefore(ctx context.Context, checkout frozen, session *paymentv1.Session) (string, error) {
	order, found, err := c.purchases.OfCheckout(ctx, checkout.ID)
	if err != nil {
		return "", fmt.Errorf("find order of checkout: %w", err)
	}
	if found && order.SessionID == session.GetSessionId() {
		return order.Identifier, nil
	}
	kept, err := dbgen.New(c.db).HasPaymentException(ctx, session.GetSessionId())
	if err != nil {
		return "", fmt.Errorf("find payment exception: %w", err)
	}
	if kept {
		return "", errException
	}
	return c.except(ctx, session, exception.PaidAgain, &checkout)
}

func (c *Checkouts) sale(checkout frozen, session *paymentv1.Session) purchase.Sale {
	sale := purchase.Sale{
		CheckoutID:    checkout.ID,
		Email:         checkout.Email,
		Newsletter:    checkout.Newsletter,
		TermsAgreedAt: checkout.TermsAgreedAt,
		Lines:         checkout.lines,
		Shipping: purchase.ShippingMethod{
			Identifier:      checkout.ShippingIdentifier,
			Carrier:         checkout.ShippingCarrier,
			TrackingBaseURL: checkout.ShippingTrackingBaseUrl,
		},
		ItemSubtotalMinor:     checkout.ItemSubtotalMinor,
		ItemDiscountMinor:     checkout.ItemDiscountMinor,
		ShippingMinor:         checkout.ShippingMinor,
		ShippingDiscountMinor: checkout.ShippingDiscountMinor,
		Discounts:             checkout.discounts,
		FirstStatus:           c.firstStatus(),
		Session:               session,
	}
	if checkout.AccountID != nil {
		sale.AccountID = *checkout.AccountID
	}
	return sale
}

// firstStatus is the configured one. A setting that names none must not keep a paid order from being written.
func (c *Checkouts) firstStatus() catalogue.Status {
	snapshot := c.catalogue.Snapshot()
	if status, found := snapshot.Status(snapshot.Configuration().InitialOrderStatus); found {
		return status
	}
	return catalogue.Status{Identifier: "accepted", Title: "Accepted"}
}
