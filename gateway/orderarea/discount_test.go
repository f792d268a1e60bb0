package orderarea_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestDiscountCodesAsPagesReadThem(t *testing.T) {
	t.Parallel()
	v := guest(t)
	listed, err := v.ListCartDiscountCodes(v.ctx, &storefrontv1.ListCartDiscountCodesRequest{})
	v.sees(`{"cart_found":true,"discount_code_data":`+fullCodes+`,`+version+`}`, listed, err)
	confirmed, err := v.ListConfirmDiscountCodes(v.ctx, &storefrontv1.ListConfirmDiscountCodesRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"discount_code_data":`+fullCodes+`,`+version+`}`, confirmed, err)

	v.behind.cart = &orderv1.Cart{}
	listed, err = v.ListCartDiscountCodes(v.ctx, &storefrontv1.ListCartDiscountCodesRequest{})
	v.sees(`{"cart_found":true,"discount_code_data":{},`+version+`}`, listed, err)

	v.behind.closed = true
	confirmed, err = v.ListConfirmDiscountCodes(v.ctx, &storefrontv1.ListConfirmDiscountCodesRequest{})
	v.sees(`{"checkout_allowed":false,`+version+`}`, confirmed, err)
}

func TestDiscountCodesWithoutACart(t *testing.T) {
	t.Parallel()
	for _, v := range []*visit{stranger(t), guest(t), member(t)} {
		v.behind.cart = nil
		listed, err := v.ListCartDiscountCodes(v.ctx, &storefrontv1.ListCartDiscountCodesRequest{})
		v.sees(`{"cart_found":false,"discount_code_data":{},`+version+`}`, listed, err)
		confirmed, err := v.ListConfirmDiscountCodes(v.ctx, &storefrontv1.ListConfirmDiscountCodesRequest{})
		v.sees(`{"checkout_allowed":true,"cart_found":false,"discount_code_data":{},`+version+`}`, confirmed, err)
	}
}

// A cart that was not changed has no discount_code_data in the answer.
func TestApplyingADiscountCode(t *testing.T) {
	t.Parallel()
	refused := func(code, echo string) string {
		return `{"cart_apply_discount_code":"error","errors":{"error":"` + code + `"},` + echo + version + `}`
	}
	const echo = `"discount_code_id":"TEN",`
	for name, c := range map[string]struct {
		code     *string
		cartless bool
		failure  error
		want     string
	}{
		"applied": {text("TEN"), false, nil, `{"cart_apply_discount_code":"success","cart_found":true,"discount_code_id":"TEN",
			"discount_code_data":` + fullCodes + `,"cart_totals_data":` + fullTotals + `,` + version + `}`},
		"no cart":          {text("TEN"), true, named(fault.NotFound, "cart-not-found"), refused("cart-not-found", "")},
		"no cart, nothing": {nil, true, nil, refused("cart-not-found", "")},
		"nothing":          {nil, false, nil, refused("discount-code-required", "")},
		"unknown":          {text("TEN"), false, named(fault.NotFound, "discount-code-not-found"), refused("cart-discount-code-not-found", echo)},
		"empty":            {text(""), false, named(fault.NotFound, "discount-code-not-found"), refused("cart-discount-code-not-found", `"discount_code_id":"",`)},
		"over":             {text("TEN"), false, named(fault.FailedPrecondition, "discount-code-not-active"), refused("cart-discount-code-not-active", echo)},
		"twice":            {text("TEN"), false, named(fault.Conflict, "discount-code-already-applied"), refused("cart-discount-code-already-applied", echo)},
		"an eleventh": {text("TEN"), false, named(fault.FailedPrecondition, "too-many-discount-codes"),
			`{"cart_apply_discount_code":"error","errors":{"error":"too-many-discount-codes","description":"(text)"},` + echo + version + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range []*visit{guest(t), member(t)} {
				v.behind.fails["ApplyDiscountCode"] = c.failure
				if c.cartless {
					v.behind.cart = nil
				}
				answer, err := v.ApplyDiscountCode(v.ctx, &storefrontv1.ApplyDiscountCodeRequest{DiscountCodeId: c.code})
				v.sees(c.want, answer, err)
			}
		})
	}
}

func TestACodeIsHandedOnAsItWasTyped(t *testing.T) {
	t.Parallel()
	v := guest(t)
	_, err := v.ApplyDiscountCode(v.ctx, &storefrontv1.ApplyDiscountCodeRequest{DiscountCodeId: text(" ten ")})
	require.NoError(t, err)
	request, ok := v.behind.requests["ApplyDiscountCode"].(*orderv1.ApplyDiscountCodeRequest)
	require.True(t, ok)
	require.Equal(t, " ten ", request.GetCode(), "case and spaces count (contract order.md 5.1)")
	require.Equal(t, cartID, request.GetShopper().GetAnonymousCartId())
}

func TestTriesOfDiscountCodesAreCountedBeforeTheyTellAnything(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.fails["Allow"] = fault.New(fault.RateLimited, "rate-limited", "").After(time.Minute)
	_, err := v.ApplyDiscountCode(v.ctx, &storefrontv1.ApplyDiscountCodeRequest{DiscountCodeId: text("TEN")})
	require.Equal(t, fault.RateLimited, fault.KindOf(err), "the edge makes it 403 with Retry-After")
	require.Equal(t, time.Minute, fault.Of(err).RetryAfter)
	require.Equal(t, []string{"Allow"}, v.behind.asked)
	counted, ok := v.behind.requests["Allow"].(*userv1.AllowRequest)
	require.True(t, ok)
	require.Equal(t, "discount-code", counted.GetBucket())
	require.Equal(t, "192.0.2.7", counted.GetKey())

	without := stranger(t)
	_, err = without.ApplyDiscountCode(without.ctx, &storefrontv1.ApplyDiscountCodeRequest{DiscountCodeId: text("TEN")})
	require.NoError(t, err)
	require.Empty(t, without.behind.asked, "who has no cart learns nothing, and nobody has to be asked")
}

func TestRemovingADiscountCode(t *testing.T) {
	t.Parallel()
	refused := func(code, echo string) string {
		return `{"cart_remove_discount_code":"error","errors":{"error":"` + code + `"},` + echo + version + `}`
	}
	unknown := named(fault.NotFound, "discount-code-not-found")
	for name, c := range map[string]struct {
		id       *string
		cartless bool
		failure  error
		want     string
	}{
		"removed": {text("3"), false, nil, `{"cart_remove_discount_code":"success","cart_found":true,"discount_code_id":"3",
			"discount_code_data":` + fullCodes + `,"cart_totals_data":` + fullTotals + `,` + version + `}`},
		"no cart":              {text("3"), true, named(fault.NotFound, "cart-not-found"), refused("cart-not-found", "")},
		"no cart, no number":   {text("TEN"), true, nil, refused("cart-not-found", "")},
		"no cart, nothing":     {nil, true, nil, refused("cart-not-found", "")},
		"nothing":              {nil, false, nil, refused("discount-code-required", "")},
		"the code, not the id": {text("TEN"), false, nil, refused("cart-discount-code-not-found", `"discount_code_id":"TEN",`)},
		"empty":                {text(""), false, nil, refused("cart-discount-code-not-found", `"discount_code_id":"",`)},
		"unknown":              {text("999"), false, unknown, refused("cart-discount-code-not-found", `"discount_code_id":"999",`)},
		"beyond every id":      {text("99999999999999999999"), false, unknown, refused("cart-discount-code-not-found", `"discount_code_id":"99999999999999999999",`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range []*visit{guest(t), member(t)} {
				v.behind.fails["RemoveDiscountCode"] = c.failure
				if c.cartless {
					v.behind.cart = nil
				}
				answer, err := v.RemoveDiscountCode(v.ctx, &storefrontv1.RemoveDiscountCodeRequest{DiscountCodeId: c.id})
				v.sees(c.want, answer, err)
			}
		})
	}
}

func TestDiscountCodesWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GetCart", "Allow", "ApplyDiscountCode", "RemoveDiscountCode"} {
		v := guest(t)
		v.behind.fails[method] = named(fault.Unavailable, "database-away")
		var failures []error
		for _, call := range []func() error{
			func() error {
				_, err := v.ListCartDiscountCodes(v.ctx, &storefrontv1.ListCartDiscountCodesRequest{})
				return err
			},
			func() error {
				_, err := v.ListConfirmDiscountCodes(v.ctx, &storefrontv1.ListConfirmDiscountCodesRequest{})
				return err
			},
			func() error {
				_, err := v.ApplyDiscountCode(v.ctx, &storefrontv1.ApplyDiscountCodeRequest{DiscountCodeId: text("TEN")})
				return err
			},
			func() error {
				_, err := v.RemoveDiscountCode(v.ctx, &storefrontv1.RemoveDiscountCodeRequest{DiscountCodeId: text("3")})
				return err
			},
		} {
			if err := call(); err != nil {
				failures = append(failures, err)
			}
		}
		require.NotEmpty(t, failures, method)
		for _, err := range failures {
			require.Equal(t, fault.Unavailable, fault.KindOf(err), method)
		}
	}
}
