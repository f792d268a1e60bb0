package checkout_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestStartShowsStripeExactlyWhatIsInTheCart(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	shop.Fill(t, guest, checkouttest.RubberBands, 1)
	request := checkouttest.Request(guest)
	request.GuestEmail = " guest@example.com "

	answer, err := shop.Checkouts.StartCheckout(t.Context(), request)
	require.NoError(t, err)

	asked := shop.Payment.Opened(t, answer.GetSessionId())
	require.Regexp(t, `^checkout_[A-Za-z0-9]{32}$`, asked.GetReference())
	require.Equal(t, "usd", asked.GetCurrency())
	require.Equal(t, "guest@example.com", asked.GetCustomerEmail())
	require.Equal(t, "https://shop.test/checkout/success?session_id={CHECKOUT_SESSION_ID}", asked.GetSuccessUrl())
	require.Equal(t, "https://shop.test/checkout/confirm", asked.GetCancelUrl())
	require.Equal(t, 2*checkouttest.PaperClipsMinor+checkouttest.RubberBandsMinor+checkouttest.GroundMinor, asked.GetExpectedTotalMinor())
	require.Len(t, asked.GetLines(), 3)
	clips, bands, shipping := asked.GetLines()[0], asked.GetLines()[1], asked.GetLines()[2]
	require.Equal(t, "Desk-Tidy Paper Clips", clips.GetName())
	require.Equal(t, "Silver - Medium", clips.GetDescription())
	require.Equal(t, "https://shop.test/img/product/paper_clip_left_2.jpg", clips.GetImageUrl())
	require.Equal(t, checkouttest.PaperClipsMinor, clips.GetUnitAmountMinor())
	require.EqualValues(t, 2, clips.GetQuantity())
	require.Equal(t, "https://shop.test/img/product/rubber_bands_2.jpg", bands.GetImageUrl())
	require.Equal(t, "USPS Retail Ground", shipping.GetName())
	require.Equal(t, checkouttest.GroundMinor, shipping.GetUnitAmountMinor())
}

func TestStartLeavesOutWhatASkuDoesNotHave(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.ChangeCatalogue(t, `UPDATE sku SET color = NULL WHERE id = 1; UPDATE sku SET color = NULL, size = NULL WHERE id = 6;
		UPDATE sku_image SET image_url = 'img/without/slash.jpg' WHERE sku_id = 1;
		UPDATE sku_image SET image_url = 'https://elsewhere.test/x.jpg' WHERE sku_id = 6;
		UPDATE shipping_method SET cost_minor = 0 WHERE identifier = 'USPSRetailGround'`,
		func(snapshot *catalogue.Snapshot) bool {
			method, _ := snapshot.ShippingMethod("USPSRetailGround")
			return method.CostMinor == 0
		})
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Fill(t, guest, checkouttest.BinderClips, 1)

	lines := shop.Payment.Opened(t, shop.Start(t, guest)).GetLines()

	require.Len(t, lines, 2, "shipping that costs nothing is no line")
	require.Equal(t, "Medium", lines[0].GetDescription())
	require.Empty(t, lines[1].GetDescription())
	require.Equal(t, "https://shop.test/img/without/slash.jpg", lines[0].GetImageUrl())
	require.Equal(t, "https://elsewhere.test/x.jpg", lines[1].GetImageUrl())
}

func TestUnchangedCartKeepsItsSession(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(5)
	shop.Fill(t, member, checkouttest.PaperClips, 1)
	first := shop.Start(t, member)
	again := checkouttest.Request(member)
	again.Newsletter = true

	second, err := shop.Checkouts.StartCheckout(t.Context(), again)

	require.NoError(t, err)
	require.Equal(t, first, second.GetSessionId())
	require.Equal(t, 1, shop.Client.Calls("OpenSession"), "Stripe need not be asked again")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout WHERE newsletter"), "the last choice counts")
	require.Equal(t, "member@example.com", shop.Payment.Opened(t, first).GetCustomerEmail())
}

func TestChangedCartGetsANewSessionAndEndsTheOldOne(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*testing.T, *checkouttest.Shop, *orderv1.StartCheckoutRequest){
		"quantity": func(t *testing.T, shop *checkouttest.Shop, request *orderv1.StartCheckoutRequest) {
			shop.Fill(t, request.GetShopper(), checkouttest.PaperClips, 1)
		},
		"shipping": func(t *testing.T, shop *checkouttest.Shop, request *orderv1.StartCheckoutRequest) {
			_, err := shop.Carts.ChooseShippingMethod(t.Context(), &orderv1.ChooseShippingMethodRequest{Shopper: request.GetShopper(), Identifier: "FedExGround"})
			require.NoError(t, err)
		},
		"price": func(t *testing.T, shop *checkouttest.Shop, _ *orderv1.StartCheckoutRequest) {
			shop.ChangeCatalogue(t, "UPDATE sku_price SET price_minor = 351 WHERE sku_id = 1", func(snapshot *catalogue.Snapshot) bool {
				sku, _ := snapshot.Sku(1)
				return sku.PriceMinor == 351
			})
		},
		"e-mail": func(_ *testing.T, _ *checkouttest.Shop, request *orderv1.StartCheckoutRequest) {
			request.GuestEmail = "other@example.com"
		},
		"time": func(_ *testing.T, shop *checkouttest.Shop, _ *orderv1.StartCheckoutRequest) {
			shop.Clock.Advance(checkouttest.SessionLifetime - 1)
		},
	}
	for what, change := range changes {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			first := shop.Start(t, guest)
			request := checkouttest.Request(guest)
			change(t, shop, request)

			second, err := shop.Checkouts.StartCheckout(t.Context(), request)

			require.NoError(t, err)
			require.NotEqual(t, first, second.GetSessionId())
			payable := shop.Payment.Payable()
			require.Len(t, payable, 1)
			require.Equal(t, second.GetSessionId(), payable[0].GetSessionId())
			state, _ := shop.Checkout(t, first)
			require.Equal(t, "expired", state)
		})
	}
}

func TestStartFindsThatTheOldSessionWasPaid(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	old := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(old))
	shop.Fill(t, guest, checkouttest.RubberBands, 3)

	fresh := shop.Start(t, guest)

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1 AND total_minor = $2", old, 2*checkouttest.PaperClipsMinor+checkouttest.GroundMinor))
	require.Equal(t, map[int64]int32{checkouttest.RubberBands: 3}, shop.Cart(t, guest))
	require.Equal(t, 3*checkouttest.RubberBandsMinor+checkouttest.GroundMinor, shop.Payment.Opened(t, fresh).GetExpectedTotalMinor())
	require.Len(t, shop.Payment.Payable(), 1)
	require.Empty(t, shop.Violations(t))
}

func TestTwentyStartsAtOnceGiveOneSession(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	processes := []*checkouttest.Process{shop.Process, shop.Another(t, nil)}
	guest := checkouttest.Guest()
	for round := range 3 {
		shop.Fill(t, guest, checkouttest.PaperClips, int32(round+1)) // from the second round on there is a session to replace
		sessions := make([]string, 20)
		var group sync.WaitGroup
		for i := range sessions {
			group.Go(func() {
				answer, err := processes[i%2].Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))
				if err == nil {
					sessions[i] = answer.GetSessionId()
				}
			})
		}
		group.Wait()
		require.NotEmpty(t, sessions[0])
		for _, session := range sessions {
			require.Equal(t, sessions[0], session)
		}
		require.Len(t, shop.Payment.Payable(), 1)
		require.Len(t, shop.Payment.Sessions(), round+1)
		require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'open'"))
	}
}

// TestStartDiesAnywhere lets the first process die around each call that a start makes, after the cart changed. Whatever
// was done by then, the next start finds its way to one session that can be paid.
func TestStartDiesAnywhere(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"ExpireSession", "OpenSession"} {
		for _, after := range []bool{false, true} {
			name := map[bool]string{false: "before ", true: "after "}[after] + method
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				shop := checkouttest.Open(t)
				guest := checkouttest.Guest()
				shop.Fill(t, guest, checkouttest.PaperClips, 1)
				shop.Start(t, guest)
				shop.Fill(t, guest, checkouttest.PaperClips, 1)
				dying := shop.Another(t, nil)
				ctx, die := context.WithCancel(t.Context())
				defer die()
				kill := func(_ context.Context, called string) error {
					if called == method {
						die() // nothing that comes after this call reaches the database
					}
					return nil
				}
				if after {
					dying.Client.After = kill
				} else {
					dying.Client.Before = kill
				}
				_, err := dying.Checkouts.StartCheckout(ctx, checkouttest.Request(guest))
				require.Error(t, err)

				session := shop.Start(t, guest)

				payable := shop.Payment.Payable()
				require.Len(t, payable, 1)
				require.Equal(t, session, payable[0].GetSessionId())
				require.Equal(t, 2*checkouttest.PaperClipsMinor+checkouttest.GroundMinor, payable[0].GetTotalMinor())
				require.Len(t, shop.Payment.Sessions(), 2, "the same reference gets the same session")
				require.True(t, shop.Payment.Pay(session))
				shop.Complete(t, session)
				require.Empty(t, shop.Violations(t))
			})
		}
	}
}

func TestStartIsOvertakenWhileItsSessionOpens(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	slow := shop.Another(t, nil)
	var overtaking string
	var once sync.Once
	slow.Client.After = func(_ context.Context, method string) error {
		if method == "OpenSession" {
			once.Do(func() {
				shop.Fill(t, guest, checkouttest.RubberBands, 1)
				overtaking = shop.Start(t, guest)
			})
		}
		return nil
	}

	answer, err := slow.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))

	require.NoError(t, err)
	require.Equal(t, overtaking, answer.GetSessionId(), "the slow one must not give out a session of the cart as it was")
	require.Len(t, shop.Payment.Payable(), 1)
}

func TestRefusedStartBeginsAfresh(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Client.Before = func(_ context.Context, method string) error {
		if method == "OpenSession" && shop.Count(t, "SELECT count(*) FROM checkout") == 1 {
			return fault.New(fault.Invalid, "stripe-refused", "")
		}
		return nil
	}
	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))
	require.Equal(t, "stripe-refused", fault.ReasonOf(err))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'expired'"))

	shop.Start(t, guest)

	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM checkout"))
}

func TestReusedReferenceStartsOver(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Client.Before = func(_ context.Context, method string) error {
		if method == "OpenSession" && shop.Count(t, "SELECT count(*) FROM checkout") == 1 {
			return fault.New(fault.Conflict, "reference-reused", "")
		}
		return nil
	}

	shop.Start(t, guest)

	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM checkout"))
}

func TestStartWithoutPaymentServiceChangesNothingForGood(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	away := errors.New("away")
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable().Because(away) }
	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, "stripe-unavailable", fault.ReasonOf(err))

	shop.Client.Before = nil
	session := shop.Start(t, guest)

	_, reference := shop.Checkout(t, session)
	require.Equal(t, reference, shop.Payment.Opened(t, session).GetReference())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout"))
}

func TestReplacedSessionThatStripeDoesNotKnowHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Payment.Forget(shop.Start(t, guest))
	shop.Fill(t, guest, checkouttest.PaperClips, 1)

	shop.Start(t, guest)

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'superseded'"), "it is still watched")
}
