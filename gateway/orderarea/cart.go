package orderarea

import (
	"context"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ListCartItems is GET /order/cart-items.
func (a *Area) ListCartItems(ctx context.Context, _ *storefrontv1.ListCartItemsRequest) (*storefrontv1.ListCartItemsResponse, error) {
	cart, err := a.callersCart(ctx)
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ListCartItemsResponse{CartFound: cart != nil, ItemData: itemData(cart)}, nil
}

// ListCartShippingMethods is GET /order/cart-shipping-methods.
func (a *Area) ListCartShippingMethods(ctx context.Context, _ *storefrontv1.ListCartShippingMethodsRequest) (*storefrontv1.ListCartShippingMethodsResponse, error) {
	cart, err := a.callersCart(ctx)
	if err != nil || cart == nil {
		return &storefrontv1.ListCartShippingMethodsResponse{}, err
	}
	return &storefrontv1.ListCartShippingMethodsResponse{
		CartFound:              true,
		CartShippingMethods:    shippingMethods(cart.GetShippingMethods()),
		ShippingMethodSelected: chosenIdentifier(cart),
	}, nil
}

// ShowCartTotals is GET /order/cart-totals.
func (a *Area) ShowCartTotals(ctx context.Context, _ *storefrontv1.ShowCartTotalsRequest) (*storefrontv1.ShowCartTotalsResponse, error) {
	cart, err := a.callersCart(ctx)
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ShowCartTotalsResponse{CartFound: cart != nil, CartTotalsData: totals(cart)}, nil
}

// AddProductSku is POST /order/cart-add-product-sku.
func (a *Area) AddProductSku(ctx context.Context, form *storefrontv1.AddProductSkuRequest) (*storefrontv1.AddProductSkuResponse, error) {
	refused := func(errors *storefrontv1.CartErrors) *storefrontv1.AddProductSkuResponse {
		return &storefrontv1.AddProductSkuResponse{CartAddProductSku: "error", SkuId: form.SkuId, Errors: errors}
	}
	if form.SkuId == nil {
		return refused(&storefrontv1.CartErrors{Error: pointerTo("sku-id-required")}), nil
	}
	if form.Quantity == nil {
		return nil, quantityMissing()
	}
	quantity, isNumber, inRange := pieces(form.GetQuantity())
	if !isNumber {
		return refused(quantityError("not_an_int", "The quantity must be a whole number.")), nil
	}
	if !inRange {
		return refused(quantityError("out_of_range", "The quantity must be between 1 and 99.")), nil
	}
	added, err := a.add(ctx, form.GetSkuId(), quantity)
	switch {
	case fault.HasReason(err, "sku-not-found"):
		return refused(&storefrontv1.CartErrors{Error: pointerTo("sku-not-found")}), nil
	case fault.HasReason(err, "quantity-out-of-range"):
		return refused(quantityError("out_of_range", "A cart holds 1 to 99 of each article.")), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.AddProductSkuResponse{CartAddProductSku: "success", SkuId: form.SkuId, CartItemCount: pointerTo(int64(added.GetLines()))}, nil
}

func (a *Area) add(ctx context.Context, skuText string, quantity int32) (*orderv1.AddToCartResponse, error) {
	sku, isNumber := dialect.Integer(skuText)
	if !isNumber {
		return nil, fault.New(fault.NotFound, "sku-not-found", "")
	}
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, err
	}
	added, err := a.Carts.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: who, SkuId: sku, Quantity: quantity})
	if err != nil {
		return nil, err
	}
	if who.GetAccountId() == 0 {
		visitor.From(ctx).SetAnonymousCart(added.GetAnonymousCartId())
	}
	return added, nil
}

// pieces reads a quantity. The range is the order service's (contract order.md 4.7, O-02); here it keeps a number from
// being cut to 32 bits.
func pieces(text string) (quantity int32, isNumber, inRange bool) {
	number, isNumber := dialect.Integer(text)
	if number < 0 || number > 99 {
		return 0, isNumber, false
	}
	return int32(number), isNumber, true
}

// quantityMissing was a 500 of the old server.
func quantityMissing() error {
	return fault.New(fault.Invalid, "field-missing", "The form lacks the field quantity.")
}

func quantityError(code, description string) *storefrontv1.CartErrors {
	return &storefrontv1.CartErrors{Quantity: []*storefrontv1.InputError{{Type: code, Description: &description}}}
}

// UpdateSkuQuantity is POST /order/cart-update-sku-quantity.
func (a *Area) UpdateSkuQuantity(ctx context.Context, form *storefrontv1.UpdateSkuQuantityRequest) (*storefrontv1.UpdateSkuQuantityResponse, error) {
	refused := func(code string, echo *string) *storefrontv1.UpdateSkuQuantityResponse {
		return &storefrontv1.UpdateSkuQuantityResponse{CartUpdateSkuQuantity: "error", Errors: refusal(code), SkuId: echo}
	}
	sku, skuIsNumber := dialect.Integer(form.GetSkuId())
	quantity, isNumber, inRange := pieces(form.GetQuantity())
	readable := skuIsNumber && isNumber
	who, found, err := a.cartToChange(ctx, readable && inRange)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return refused("cart-not-found", nil), nil
	case form.SkuId == nil:
		return refused("sku-id-required", nil), nil
	case form.Quantity == nil:
		return nil, quantityMissing()
	case !readable:
		return refused("cart-sku-not-found", form.SkuId), nil
	case !inRange:
		return refused("quantity-out-of-range", form.SkuId), nil
	}
	changed, err := a.Carts.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: who, SkuId: sku, Quantity: quantity})
	switch reason := fault.ReasonOf(err); {
	case reason == "cart-not-found":
		return refused(reason, nil), nil
	case reason == "cart-sku-not-found" || reason == "quantity-out-of-range":
		return refused(reason, form.SkuId), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.UpdateSkuQuantityResponse{
		CartUpdateSkuQuantity: "success", CartFound: pointerTo(true), SkuId: form.SkuId,
		SkuSubtotal: &changed.LineSubtotalMinor, CartTotalsData: totals(changed.GetCart()), DiscountCodeData: discountCodes(changed.GetCart()),
	}, nil
}

// cartToChange says who shops and whether they have a cart, which the old server looked for before it read the form.
// Where the form is good and there may be a cart, that is left to the change itself, which asks the same: found is true.
func (a *Area) cartToChange(ctx context.Context, goodForm bool) (who *orderv1.Shopper, found bool, err error) {
	if who, err = a.Finder.Shopper(ctx); err != nil {
		return nil, false, err
	}
	if goodForm && mayHaveCart(who) {
		return who, true, nil
	}
	cart, err := a.cart(ctx, who)
	return who, cart != nil, err
}

// RemoveSku is POST /order/cart-remove-sku. The shipping choice stays (order.md O-06).
func (a *Area) RemoveSku(ctx context.Context, form *storefrontv1.RemoveSkuRequest) (*storefrontv1.RemoveSkuResponse, error) {
	refused := func(code string, echo *string) *storefrontv1.RemoveSkuResponse {
		return &storefrontv1.RemoveSkuResponse{CartRemoveSku: "error", Errors: refusal(code), SkuId: echo}
	}
	sku, isNumber := dialect.Integer(form.GetSkuId())
	who, found, err := a.cartToChange(ctx, isNumber)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return refused("cart-not-found", nil), nil
	case form.SkuId == nil:
		return refused("sku-id-required", nil), nil
	case !isNumber:
		return refused("cart-sku-not-found", form.SkuId), nil
	}
	removed, err := a.Carts.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: who, SkuId: sku})
	switch reason := fault.ReasonOf(err); {
	case reason == "cart-not-found":
		return refused(reason, nil), nil
	case reason == "cart-sku-not-found":
		return refused(reason, form.SkuId), nil
	case err != nil:
		return nil, err
	}
	cart := removed.GetCart()
	return &storefrontv1.RemoveSkuResponse{
		CartRemoveSku: "success", CartFound: pointerTo(true), SkuId: form.SkuId,
		CartItemCount:          pointerTo(int64(len(cart.GetLines()))),
		CartShippingMethods:    &storefrontv1.ShippingMethods{Methods: shippingMethods(cart.GetShippingMethods())},
		ShippingMethodSelected: chosenIdentifier(cart),
		CartTotalsData:         totals(cart),
		DiscountCodeData:       discountCodes(cart),
	}, nil
}

// UpdateShippingMethod is POST /order/cart-update-shipping-method.
func (a *Area) UpdateShippingMethod(ctx context.Context, form *storefrontv1.UpdateShippingMethodRequest) (*storefrontv1.UpdateShippingMethodResponse, error) {
	refused := func(code string, echo *string) *storefrontv1.UpdateShippingMethodResponse {
		return &storefrontv1.UpdateShippingMethodResponse{CartUpdateShippingMethod: "error", Errors: refusal(code), ShippingMethodIdentifier: echo}
	}
	who, found, err := a.cartToChange(ctx, form.ShippingMethodIdentifier != nil)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return refused("cart-not-found", nil), nil
	case form.ShippingMethodIdentifier == nil:
		return refused("shipping-method-identifier-required", nil), nil
	}
	changed, err := a.Carts.ChooseShippingMethod(ctx, &orderv1.ChooseShippingMethodRequest{Shopper: who, Identifier: form.GetShippingMethodIdentifier()})
	switch reason := fault.ReasonOf(err); {
	case reason == "cart-not-found":
		return refused(reason, nil), nil
	case reason == "shipping-method-not-found":
		return refused("error-setting-cart-shipping-method", form.ShippingMethodIdentifier), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.UpdateShippingMethodResponse{
		CartUpdateShippingMethod: "success", CartFound: pointerTo(true),
		ShippingMethodIdentifier: form.ShippingMethodIdentifier, CartTotalsData: totals(changed.GetCart()),
		DiscountCodeData: discountCodes(changed.GetCart()),
	}, nil
}

// DeleteCart is POST /order/cart-delete-cart.
func (a *Area) DeleteCart(ctx context.Context, _ *storefrontv1.DeleteCartRequest) (*storefrontv1.DeleteCartResponse, error) {
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, err
	}
	_, err = a.Carts.DeleteCart(ctx, &orderv1.DeleteCartRequest{Shopper: who})
	if fault.HasReason(err, "cart-not-found") {
		return &storefrontv1.DeleteCartResponse{CartDeleteCart: "error", Errors: refusal("cart-not-found")}, nil
	}
	if err != nil {
		return nil, err
	}
	return &storefrontv1.DeleteCartResponse{CartDeleteCart: "success"}, nil
}
