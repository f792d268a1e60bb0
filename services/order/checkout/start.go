package checkout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	// startAttempts is how often a start begins anew because the world changed under it.
	startAttempts = 5
	// sessionMargin is the least time that a session which is given out must have left. Stripe's last a day.
	sessionMargin = 10 * time.Minute
)

// errStartOver: what was frozen is no longer what can be paid; look at the cart again.
var errStartOver = errors.New("the cart or its checkout changed")

// StartCheckout freezes the shopper's cart and answers the payment session of exactly that. An unchanged cart gets the
// session it has; a changed one gets a new session after the old one was made unpayable.
//
// Two rules keep a cart from having two sessions that can be paid. A session's address leaves this process only after
// the session is stored with its checkout and the checkout was still open then; and a cart is frozen anew only after
// every replaced session was ended at Stripe, of this cart and of those that it took the place of: what those had promised
// is free again by then. A process may die anywhere in between: nobody has the address of
// a session that is not stored, and the next call or the sweep carries on from what is.
func (c *Checkouts) StartCheckout(ctx context.Context, request *orderv1.StartCheckoutRequest) (*orderv1.StartCheckoutResponse, error) {
	if !c.catalogue.Snapshot().Allows(request.GetShopper()) {
		return nil, errNotAllowed
	}
	retired := map[string]bool{}
	for range startAttempts {
		response, err := c.start(ctx, request, retired)
		if !errors.Is(err, errStartOver) {
			return response, err
		}
	}
	return nil, errBusy.Because(errStartOver)
}

// start notes in retired which sessions it has ended, also those that Stripe does not know or that wait for slow money, which the
// books still list as replaced.
func (c *Checkouts) start(ctx context.Context, request *orderv1.StartCheckoutRequest, retired map[string]bool) (*orderv1.StartCheckoutResponse, error) {
	checkout, replaced, err := c.prepare(ctx, request, retired)
	if code := discount.Unavailable(err); code != 0 && errors.Is(err, discount.ErrNotAvailable) {
		return nil, errors.Join(err, c.dropCode(ctx, request, code))
	}
	if err != nil {
		return nil, err
	}
	for _, old := range replaced {
		if err := c.retire(ctx, old.SessionID); err != nil {
			return nil, err
		}
		retired[old.SessionID] = true
	}
	if checkout.ID == 0 {
		return nil, errStartOver // nothing stands in the way of freezing the cart now
	}
	if checkout.sessionIsLive(c.now()) {
		return &orderv1.StartCheckoutResponse{SessionId: *checkout.SessionID, Url: *checkout.SessionUrl}, nil
	}
	return c.open(ctx, checkout)
}

// prepare decides, under the lock of the cart, which checkout the cart has now and which sessions it had before. As long as there
// are such, a cart that needs a new checkout has none.
func (c *Checkouts) prepare(ctx context.Context, request *orderv1.StartCheckoutRequest, retired map[string]bool) (frozen, []dbgen.SupersedeForerunnersRow, error) {
	var checkout frozen
	var replaced []dbgen.SupersedeForerunnersRow
	var refusal error
	err := c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		checkout, refusal = frozen{}, nil
		contents, err := c.carts.LockForCheckout(ctx, tx, request.GetShopper())
		if err != nil {
			return err
		}
		draft, err := newDraft(contents, request)
		if err != nil {
			return err
		}
		if stale := contents.Stale(c.now()); stale.Any() {
			refusal = staleRefusal(stale)
			return c.carts.Drop(ctx, tx, contents.CartID, stale)
		}
		fingerprint, err := draft.content.fingerprint()
		if err != nil {
			return err
		}
		present, usable, err := c.reuse(ctx, dbgen.New(tx), draft, fingerprint)
		if err != nil {
			return err
		}
		if replaced, err = c.replace(ctx, tx, contents); err != nil {
			return err
		}
		replaced = slices.DeleteFunc(replaced, func(old dbgen.SupersedeForerunnersRow) bool { return retired[old.SessionID] })
		if usable || len(replaced) > 0 {
			checkout = present
			return nil
		}
		checkout, err = c.freeze(ctx, tx, draft, fingerprint)
		return err
	})
	return checkout, replaced, cmp.Or(err, refusal)
}

// staleRefusal: what was shown as taken off, or as the cost of shipping, may not be charged otherwise without a word. It is out of
// the cart by then, so that the page shows what counts, and the next start goes through.
func staleRefusal(stale cart.Stale) error {
	if len(stale.CodeIDs) > 0 {
		return discount.ErrNotAvailable
	}
	return errNothingShips
}

// dropCode takes a code off the shopper's cart that they cannot use.
func (c *Checkouts) dropCode(ctx context.Context, request *orderv1.StartCheckoutRequest, code int64) error {
	return c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		contents, err := c.carts.LockForCheckout(ctx, tx, request.GetShopper())
		if err != nil {
			return err
		}
		return c.carts.Drop(ctx, tx, contents.CartID, cart.Stale{CodeIDs: []int64{code}})
	})
}

// replace takes the place of every checkout of the shopper's earlier carts: those that were deleted, and a guest's when the
// guest turned out to be the account. Their payment pages may be open in another tab (contract payment.md P-05, P-12). It
// answers all sessions that have to end before one is given out.
func (c *Checkouts) replace(ctx context.Context, tx pgx.Tx, contents cart.Contents) ([]dbgen.SupersedeForerunnersRow, error) {
	guests, err := c.carts.GuestsBehind(ctx, tx, contents)
	if err != nil {
		return nil, err
	}
	account, queries := orNull(contents.AccountID), dbgen.New(tx)
	replaced, err := queries.SupersedeForerunners(ctx, dbgen.SupersedeForerunnersParams{
		CartID: contents.CartID, AccountID: account, Guests: guests, Now: c.now(), NextCheckAt: c.now().Add(c.firstCheck()),
	})
	if err != nil {
		return nil, fmt.Errorf("supersede checkouts of earlier carts: %w", err)
	}
	return replaced, nil
}

// reuse finds the cart's open checkout if it is of the same content and its session, if any, is still good; any other it takes the
// place of.
func (c *Checkouts) reuse(ctx context.Context, queries *dbgen.Queries, draft draft, fingerprint string) (present frozen, usable bool, err error) {
	open, err := queries.LockOpenCheckout(ctx, draft.cartID)
	if errors.Is(err, pgx.ErrNoRows) {
		return frozen{}, false, nil
	}
	if err != nil {
		return frozen{}, false, fmt.Errorf("find open checkout: %w", err)
	}
	present = frozen{Checkout: open, lines: draft.content.Lines, discounts: draft.content.Discounts}
	if open.Fingerprint == fingerprint && (open.SessionID == nil || present.sessionIsLive(c.now())) {
		// Stripe knows nothing of the newsletter, so a change of mind needs no new session.
		return present, true, queries.KeepNewsletterChoice(ctx, dbgen.KeepNewsletterChoiceParams{ID: open.ID, Newsletter: draft.newsletter})
	}
	if err := queries.SupersedeCheckout(ctx, dbgen.SupersedeCheckoutParams{ID: open.ID, Now: c.now(), NextCheckAt: c.now().Add(c.firstCheck())}); err != nil {
		return frozen{}, false, fmt.Errorf("supersede checkout: %w", err)
	}
	return frozen{}, false, nil
}

// retire makes a replaced session unpayable. If it was paid before we could, its order is made and the start begins
// anew with what is left in the cart.
func (c *Checkouts) retire(ctx context.Context, sessionID string) error {
	session, err := c.expireSession(ctx, sessionID)
	if errors.Is(err, errNoSession) {
		return nil // nobody can pay what Stripe does not know; the sweep keeps an eye on it
	}
	if err != nil {
		return err
	}
	_, err = c.settle(ctx, session)
	switch {
	case err == nil:
		return errStartOver
	case errors.Is(err, errNotPaid) && payable(session):
		return errBusy.Because(errors.New("the replaced session is still open"))
	case settled(err):
		return nil
	default:
		return err
	}
}

// open gets the payment session of a checkout and stores it. The payment service answers the same session for the
// same reference, so that any number of calls may do this at once.
func (c *Checkouts) open(ctx context.Context, checkout frozen) (*orderv1.StartCheckoutResponse, error) {
	opened, err := c.openSession(ctx, checkout)
	if err != nil {
		return nil, c.refused(ctx, checkout, err)
	}
	state, err := dbgen.New(c.db).StoreSession(ctx, dbgen.StoreSessionParams{
		ID: checkout.ID, SessionID: opened.GetSessionId(), SessionUrl: opened.GetUrl(), SessionExpiresAt: opened.GetExpiresAt().AsTime(),
	})
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("store session: %w", err)
	}
	if state == stateOpen {
		return &orderv1.StartCheckoutResponse{SessionId: opened.GetSessionId(), Url: opened.GetUrl()}, nil
	}
	// The checkout was replaced meanwhile, or has another session: nobody will be told of this one.
	if err := c.retire(ctx, opened.GetSessionId()); err != nil {
		return nil, err
	}
	return nil, errStartOver
}

// refused gives a checkout up that can never get a session, so that the next start begins with a fresh reference.
func (c *Checkouts) refused(ctx context.Context, checkout frozen, refusal error) error {
	kind := fault.KindOf(refusal)
	if kind != fault.Invalid && kind != fault.Conflict {
		return refusal
	}
	err := dbgen.New(c.db).EndCheckoutWithoutSession(ctx, dbgen.EndCheckoutWithoutSessionParams{ID: checkout.ID, Now: c.now()})
	if err != nil {
		return fmt.Errorf("give up refused checkout: %w", err)
	}
	if kind == fault.Conflict {
		return errStartOver // the reference was used with other content, say before a change of SITE_ORIGIN
	}
	return refusal
}

func (c *Checkouts) endOfSession(ctx context.Context, sessionID string) error {
	err := dbgen.New(c.db).EndCheckoutOfSession(ctx, dbgen.EndCheckoutOfSessionParams{SessionID: sessionID, Now: c.now()})
	if err != nil {
		return fmt.Errorf("end checkout: %w", err)
	}
	return nil
}
