package orderarea

import (
	"context"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ListCartDiscountCodes is GET /order/cart-discount-codes.
func (a *Area) ListCartDiscountCodes(ctx context.Context, _ *storefrontv1.ListCartDiscountCodesRequest) (*storefrontv1.ListCartDiscountCodesResponse, error) {
	cart, err := a.callersCart(ctx)
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ListCartDiscountCodesResponse{CartFound: cart != nil, DiscountCodeData: discountCodes(cart)}, nil
}

// ListConfirmDiscountCodes is GET /order/confirm-discount-codes.
func (a *Area) ListConfirmDiscountCodes(ctx context.Context, _ *storefrontv1.ListConfirmDiscountCodesRequest) (*storefrontv1.ListConfirmDiscountCodesResponse, error) {
	cart, allowed, err := a.cartToConfirm(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ListConfirmDiscountCodesResponse{}, err
	}
	return &storefrontv1.ListConfirmDiscountCodesResponse{
		CheckoutAllowed: true, CartFound: pointerTo(cart != nil), DiscountCodeData: discountCodes(cart),
	}, nil
}

// ApplyDiscountCode is POST /order/cart-apply-discount-code. Its field holds the code's text, in spite of its name (contract
// order.md 5.1).
func (a *Area) ApplyDiscountCode(ctx context.Context, form *storefrontv1.ApplyDiscountCodeRequest) (*storefrontv1.ApplyDiscountCodeResponse, error) {
	refused := func(errors *storefrontv1.ErrorCode, echo *string) *storefrontv1.ApplyDiscountCodeResponse {
		return &storefrontv1.ApplyDiscountCodeResponse{CartApplyDiscountCode: "error", Errors: errors, DiscountCodeId: echo}
	}
	who, found, err := a.cartToChange(ctx, form.DiscountCodeId != nil)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return refused(refusal("cart-not-found"), nil), nil
	case form.DiscountCodeId == nil:
		return refused(refusal("discount-code-required"), nil), nil
	}
	applied, err := a.applyCode(ctx, who, form.GetDiscountCodeId())
	switch reason := fault.ReasonOf(err); {
	case reason == "cart-not-found":
		return refused(refusal(reason), nil), nil
	case reason == "discount-code-not-found" || reason == "discount-code-not-active" || reason == "discount-code-already-applied":
		return refused(refusal("cart-"+reason), form.DiscountCodeId), nil
	case reason == "too-many-discount-codes":
		return refused(explainedRefusal(reason, "No more codes fit on this cart. Please remove one first."), form.DiscountCodeId), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.ApplyDiscountCodeResponse{
		CartApplyDiscountCode: "success", CartFound: pointerTo(true), DiscountCodeId: form.DiscountCodeId,
		DiscountCodeData: discountCodes(applied.GetCart()), CartTotalsData: totals(applied.GetCart()),
	}, nil
}

// applyCode counts the try before it tells anything: nobody shall find codes by trying.
func (a *Area) applyCode(ctx context.Context, who *orderv1.Shopper, code string) (*orderv1.ApplyDiscountCodeResponse, error) {
	if _, err := a.Limits.Allow(ctx, &userv1.AllowRequest{Bucket: "discount-code", Key: visitor.From(ctx).ClientAddress()}); err != nil {
		return nil, err
	}
	return a.Carts.ApplyDiscountCode(ctx, &orderv1.ApplyDiscountCodeRequest{Shopper: who, Code: code})
}

// RemoveDiscountCode is POST /order/cart-remove-discount-code. Its field holds the code's id, here.
func (a *Area) RemoveDiscountCode(ctx context.Context, form *storefrontv1.RemoveDiscountCodeRequest) (*storefrontv1.RemoveDiscountCodeResponse, error) {
	refused := func(code string, echo *string) *storefrontv1.RemoveDiscountCodeResponse {
		return &storefrontv1.RemoveDiscountCodeResponse{CartRemoveDiscountCode: "error", Errors: refusal(code), DiscountCodeId: echo}
	}
	codeID, isNumber := dialect.Integer(form.GetDiscountCodeId())
	who, found, err := a.cartToChange(ctx, isNumber)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return refused("cart-not-found", nil), nil
	case form.DiscountCodeId == nil:
		return refused("discount-code-required", nil), nil
	case !isNumber:
		return refused("cart-discount-code-not-found", form.DiscountCodeId), nil
	}
	removed, err := a.Carts.RemoveDiscountCode(ctx, &orderv1.RemoveDiscountCodeRequest{Shopper: who, DiscountCodeId: codeID})
	switch reason := fault.ReasonOf(err); {
	case reason == "cart-not-found":
		return refused(reason, nil), nil
	case reason == "discount-code-not-found":
		return refused("cart-"+reason, form.DiscountCodeId), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.RemoveDiscountCodeResponse{
		CartRemoveDiscountCode: "success", CartFound: pointerTo(true), DiscountCodeId: form.DiscountCodeId,
		DiscountCodeData: discountCodes(removed.GetCart()), CartTotalsData: totals(removed.GetCart()),
	}, nil
}

// discountCodes is empty, not absent, without a cart or a code (contract order.md 3.4).
func discountCodes(cart *orderv1.Cart) *storefrontv1.DiscountCodes {
	codes := make([]*storefrontv1.DiscountCode, 0, len(cart.GetDiscountCodes()))
	for _, code := range cart.GetDiscountCodes() {
		codes = append(codes, &storefrontv1.DiscountCode{
			DiscountCodeId: code.GetDiscountCodeId(), Code: code.GetCode(), Description: code.GetDescription(),
			StartDateTime: code.GetStartsAt(), EndDateTime: code.GetEndsAt(),
			Combinable: code.GetCombinable(), DiscountAmount: code.GetAmountHundredths(), OrderMinimum: code.GetOrderMinimumMinor(),
			DiscounttypeTitle: code.GetTypeTitle(), DiscounttypeDescription: code.GetTypeDescription(),
			DiscounttypeAppliesTo: code.GetAppliesTo(), DiscounttypeAction: code.GetAction(), DiscountApplied: code.GetApplied(),
		})
	}
	return &storefrontv1.DiscountCodes{Codes: codes}
}
