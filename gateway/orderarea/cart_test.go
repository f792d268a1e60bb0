package orderarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestTheCartAsPagesReadIt(t *testing.T) {
	t.Parallel()
	v := guest(t)
	items, err := v.ListCartItems(v.ctx, &storefrontv1.ListCartItemsRequest{})
	v.sees(`{"cart_found":true,"item_data":{"product_sku_data":`+fullLine+`},`+version+`}`, items, err)
	methods, err := v.ListCartShippingMethods(v.ctx, &storefrontv1.ListCartShippingMethodsRequest{})
	v.sees(`{"cart_found":true,"cart_shipping_methods":{"0":`+method+`},"shipping_method_selected":"USPSRetailGround",`+version+`}`, methods, err)
	sums, err := v.ShowCartTotals(v.ctx, &storefrontv1.ShowCartTotalsRequest{})
	v.sees(`{"cart_found":true,"cart_totals_data":`+fullTotals+`,`+version+`}`, sums, err)
	require.Empty(t, v.setCookies(), "reading changes no cookie")
}

func TestWithoutACartNothingIsFound(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*visit{"stranger": stranger(t), "guest whose cart is gone": guest(t), "member": member(t)} {
		v.behind.cart = nil
		items, err := v.ListCartItems(v.ctx, &storefrontv1.ListCartItemsRequest{})
		v.sees(`{"cart_found":false,"item_data":{},`+version+`}`, items, err)
		methods, err := v.ListCartShippingMethods(v.ctx, &storefrontv1.ListCartShippingMethodsRequest{})
		v.sees(`{"cart_found":false,"cart_shipping_methods":{},"shipping_method_selected":null,`+version+`}`, methods, err)
		sums, err := v.ShowCartTotals(v.ctx, &storefrontv1.ShowCartTotalsRequest{})
		v.sees(`{"cart_found":false,"cart_totals_data":`+noTotals+`,`+version+`}`, sums, err)
		if name == "stranger" {
			require.Empty(t, v.behind.asked, "who has no cart cookie has no cart")
		}
	}
}

func TestAnEmptyCartHasAnEmptyList(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.cart = &orderv1.Cart{}
	items, err := v.ListCartItems(v.ctx, &storefrontv1.ListCartItemsRequest{})
	v.sees(`{"cart_found":true,"item_data":{"product_sku_data":{}},`+version+`}`, items, err)
}

func TestAddingToTheCart(t *testing.T) {
	t.Parallel()
	v := guest(t)
	answer, err := v.AddProductSku(v.ctx, &storefrontv1.AddProductSkuRequest{SkuId: text(" 1"), Quantity: text("+0_2")})
	v.sees(`{"cart_add_product_sku":"success","sku_id":" 1","cart_item_count":3,`+version+`}`, answer, err)
	request, ok := v.behind.requests["AddToCart"].(*orderv1.AddToCartRequest)
	require.True(t, ok)
	require.Equal(t, int64(1), request.GetSkuId())
	require.Equal(t, int32(2), request.GetQuantity())
	require.Equal(t, cartID, request.GetShopper().GetAnonymousCartId())
	require.Contains(t, v.setCookies(), "an_ct="+newCartID+":")

	m := member(t)
	_, err = m.AddProductSku(m.ctx, &storefrontv1.AddProductSkuRequest{SkuId: text("1"), Quantity: text("2")})
	require.NoError(t, err)
	require.Empty(t, m.setCookies(), "a member's cart needs no cookie")
}

// The codes of contract order.md 4.7, in their order.
func TestWhatCannotBeAdded(t *testing.T) {
	t.Parallel()
	quantity := func(code string) string {
		return `{"cart_add_product_sku":"error","errors":{"quantity":[[{"type":"` + code + `","description":"(text)"}]]},"sku_id":"1",` + version + `}`
	}
	unknown := `{"cart_add_product_sku":"error","errors":{"error":"sku-not-found"},"sku_id":"1",` + version + `}`
	for name, c := range map[string]struct {
		sku, quantity *string
		failure       error
		want          string
	}{
		"no sku":           {nil, text("x"), nil, `{"cart_add_product_sku":"error","errors":{"error":"sku-id-required"},"sku_id":null,` + version + `}`},
		"no number":        {text("1"), text("two"), nil, quantity("not_an_int")},
		"empty quantity":   {text("1"), text(""), nil, quantity("not_an_int")},
		"fraction":         {text("1"), text("2.5"), nil, quantity("not_an_int")},
		"negative":         {text("1"), text("-1"), nil, quantity("out_of_range")},
		"too many":         {text("1"), text("100"), nil, quantity("out_of_range")},
		"beyond 64 bits":   {text("1"), text("99999999999999999999"), nil, quantity("out_of_range")},
		"too many in all":  {text("1"), text("99"), named(fault.Invalid, "quantity-out-of-range"), quantity("out_of_range")},
		"unknown sku":      {text("1"), text("1"), named(fault.NotFound, "sku-not-found"), unknown},
		"sku is no number": {text("x"), text("1"), nil, `{"cart_add_product_sku":"error","errors":{"error":"sku-not-found"},"sku_id":"x",` + version + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["AddToCart"] = c.failure
			answer, err := v.AddProductSku(v.ctx, &storefrontv1.AddProductSkuRequest{SkuId: c.sku, Quantity: c.quantity})
			v.sees(c.want, answer, err)
			require.Empty(t, v.setCookies(), "what fails changes no cookie")
		})
	}
}

// A 500 of the old server is a 400 here.
func TestAFormWithoutQuantity(t *testing.T) {
	t.Parallel()
	v := guest(t)
	_, err := v.AddProductSku(v.ctx, &storefrontv1.AddProductSkuRequest{SkuId: text("1")})
	require.Equal(t, "field-missing", fault.ReasonOf(err))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	_, err = v.UpdateSkuQuantity(v.ctx, &storefrontv1.UpdateSkuQuantityRequest{SkuId: text("1")})
	require.Equal(t, "field-missing", fault.ReasonOf(err))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestChangingAQuantity(t *testing.T) {
	t.Parallel()
	v := guest(t)
	answer, err := v.UpdateSkuQuantity(v.ctx, &storefrontv1.UpdateSkuQuantityRequest{SkuId: text("1"), Quantity: text("0")})
	v.sees(`{"cart_update_sku_quantity":"success","cart_found":true,"sku_id":"1","sku_subtotal":"7.00","cart_totals_data":`+fullTotals+`,"discount_code_data":`+fullCodes+`,`+version+`}`, answer, err)
	require.Equal(t, []string{"SetCartQuantity"}, v.behind.asked, "one question is enough")
}

// The codes of contract order.md 4.8: the cart is looked for before the fields are read.
func TestQuantitiesThatCannotBeChanged(t *testing.T) {
	t.Parallel()
	refused := func(code, echo string) string {
		return `{"cart_update_sku_quantity":"error","errors":{"error":"` + code + `"},` + echo + version + `}`
	}
	for name, c := range map[string]struct {
		sku, quantity *string
		cartless      bool
		failure       error
		want          string
	}{
		"no cart, good form":    {text("1"), text("2"), true, named(fault.NotFound, "cart-not-found"), refused("cart-not-found", "")},
		"no cart, bad quantity": {text("1"), text("x"), true, nil, refused("cart-not-found", "")},
		"no cart, no quantity":  {text("1"), nil, true, nil, refused("cart-not-found", "")},
		"no cart, too many":     {text("1"), text("100"), true, nil, refused("cart-not-found", "")},
		"no cart, no sku":       {nil, text("1"), true, nil, refused("cart-not-found", "")},
		"no sku":                {nil, text("x"), false, nil, refused("sku-id-required", "")},
		"sku is no number":      {text("x"), text("1"), false, nil, refused("cart-sku-not-found", `"sku_id":"x",`)},
		"quantity is none":      {text("1"), text("2.5"), false, nil, refused("cart-sku-not-found", `"sku_id":"1",`)},
		"quantity is empty":     {text("1"), text(""), false, nil, refused("cart-sku-not-found", `"sku_id":"1",`)},
		"negative":              {text("1"), text("-3"), false, nil, refused("quantity-out-of-range", `"sku_id":"1",`)},
		"too many":              {text("1"), text("100"), false, nil, refused("quantity-out-of-range", `"sku_id":"1",`)},
		"not in the cart":       {text("1"), text("1"), false, named(fault.NotFound, "cart-sku-not-found"), refused("cart-sku-not-found", `"sku_id":"1",`)},
		"refused by the order":  {text("1"), text("1"), false, named(fault.Invalid, "quantity-out-of-range"), refused("quantity-out-of-range", `"sku_id":"1",`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, v := range []*visit{guest(t), member(t)} {
				v.behind.fails["SetCartQuantity"] = c.failure
				if c.cartless {
					v.behind.cart = nil
				}
				answer, err := v.UpdateSkuQuantity(v.ctx, &storefrontv1.UpdateSkuQuantityRequest{SkuId: c.sku, Quantity: c.quantity})
				v.sees(c.want, answer, err)
			}
		})
	}
}

func TestRemovingALine(t *testing.T) {
	t.Parallel()
	v := guest(t)
	answer, err := v.RemoveSku(v.ctx, &storefrontv1.RemoveSkuRequest{SkuId: text("1")})
	v.sees(`{"cart_remove_sku":"success","cart_found":true,"sku_id":"1","cart_item_count":1,"cart_shipping_methods":{"0":`+method+`},
		"shipping_method_selected":"USPSRetailGround","cart_totals_data":`+fullTotals+`,"discount_code_data":`+fullCodes+`,`+version+`}`, answer, err)
}

// The codes of contract order.md 4.9.
func TestLinesThatCannotBeRemoved(t *testing.T) {
	t.Parallel()
	refused := func(code, echo string) string {
		return `{"cart_remove_sku":"error","errors":{"error":"` + code + `"},` + echo + version + `}`
	}
	for name, c := range map[string]struct {
		sku      *string
		cartless bool
		failure  error
		want     string
	}{
		"no cart":              {text("1"), true, named(fault.NotFound, "cart-not-found"), refused("cart-not-found", "")},
		"no cart, no number":   {text("x"), true, nil, refused("cart-not-found", "")},
		"no cart, nothing":     {nil, true, nil, refused("cart-not-found", "")},
		"nothing":              {nil, false, nil, refused("sku-id-required", "")},
		"no number":            {text("x"), false, nil, refused("cart-sku-not-found", `"sku_id":"x",`)},
		"not in the cart":      {text("9"), false, named(fault.NotFound, "cart-sku-not-found"), refused("cart-sku-not-found", `"sku_id":"9",`)},
		"beyond every id":      {text("99999999999999999999"), false, named(fault.NotFound, "cart-sku-not-found"), refused("cart-sku-not-found", `"sku_id":"99999999999999999999",`)},
		"the empty text as id": {text(""), false, nil, refused("cart-sku-not-found", `"sku_id":"",`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["RemoveFromCart"] = c.failure
			if c.cartless {
				v.behind.cart = nil
			}
			answer, err := v.RemoveSku(v.ctx, &storefrontv1.RemoveSkuRequest{SkuId: c.sku})
			v.sees(c.want, answer, err)
		})
	}
}

// The codes of contract order.md 4.10.
func TestChoosingAShippingMethod(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		identifier *string
		cartless   bool
		failure    error
		want       string
	}{
		"chosen": {text("USPSRetailGround"), false, nil,
			`{"cart_update_shipping_method":"success","cart_found":true,"shipping_method_identifier":"USPSRetailGround","cart_totals_data":` + fullTotals + `,"discount_code_data":` + fullCodes + `,` + version + `}`},
		"unknown": {text("None"), false, named(fault.NotFound, "shipping-method-not-found"),
			`{"cart_update_shipping_method":"error","errors":{"error":"error-setting-cart-shipping-method"},"shipping_method_identifier":"None",` + version + `}`},
		"nothing": {nil, false, nil,
			`{"cart_update_shipping_method":"error","errors":{"error":"shipping-method-identifier-required"},` + version + `}`},
		"no cart": {text("None"), true, named(fault.NotFound, "cart-not-found"),
			`{"cart_update_shipping_method":"error","errors":{"error":"cart-not-found"},` + version + `}`},
		"no cart, nothing": {nil, true, nil,
			`{"cart_update_shipping_method":"error","errors":{"error":"cart-not-found"},` + version + `}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["ChooseShippingMethod"] = c.failure
			if c.cartless {
				v.behind.cart = nil
			}
			answer, err := v.UpdateShippingMethod(v.ctx, &storefrontv1.UpdateShippingMethodRequest{ShippingMethodIdentifier: c.identifier})
			v.sees(c.want, answer, err)
		})
	}
}

func TestDeletingTheCart(t *testing.T) {
	t.Parallel()
	v := guest(t)
	answer, err := v.DeleteCart(v.ctx, &storefrontv1.DeleteCartRequest{})
	v.sees(`{"cart_delete_cart":"success",`+version+`}`, answer, err)
	require.Empty(t, v.setCookies(), "the cookie stays (order.md 4.11)")
	v.behind.fails["DeleteCart"] = named(fault.NotFound, "cart-not-found")
	answer, err = v.DeleteCart(v.ctx, &storefrontv1.DeleteCartRequest{})
	v.sees(`{"cart_delete_cart":"error","errors":{"error":"cart-not-found"},`+version+`}`, answer, err)
}

// What nobody named an answer for stays a failure: the page then says that the shop is in trouble.
func TestTroubleBehindTheCartIsNotHidden(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"ResolveSession", "GetCart", "AddToCart", "SetCartQuantity", "RemoveFromCart", "ChooseShippingMethod", "DeleteCart"} {
		v := member(t)
		v.behind.fails[failing] = named(fault.Unavailable, "unavailable")
		var failures []error
		note := func(err error) { failures = append(failures, err) }
		_, err := v.ListCartItems(v.ctx, &storefrontv1.ListCartItemsRequest{})
		note(err)
		_, err = v.AddProductSku(v.ctx, &storefrontv1.AddProductSkuRequest{SkuId: text("1"), Quantity: text("1")})
		note(err)
		_, err = v.UpdateSkuQuantity(v.ctx, &storefrontv1.UpdateSkuQuantityRequest{SkuId: text("1"), Quantity: text("1")})
		note(err)
		_, err = v.RemoveSku(v.ctx, &storefrontv1.RemoveSkuRequest{SkuId: text("1")})
		note(err)
		_, err = v.UpdateShippingMethod(v.ctx, &storefrontv1.UpdateShippingMethodRequest{ShippingMethodIdentifier: text("x")})
		note(err)
		_, err = v.DeleteCart(v.ctx, &storefrontv1.DeleteCartRequest{})
		note(err)
		failed := 0
		for _, err := range failures {
			if err != nil {
				require.Equal(t, fault.Unavailable, fault.KindOf(err), failing)
				failed++
			}
		}
		want := 1
		if failing == "ResolveSession" {
			want = len(failures)
		}
		require.Equal(t, want, failed, failing)
	}
}
