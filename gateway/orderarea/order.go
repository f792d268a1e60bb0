package orderarea

import (
	"context"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ShowOrder is GET /order/{order_identifier}.
func (a *Area) ShowOrder(ctx context.Context, request *storefrontv1.ShowOrderRequest) (*storefrontv1.ShowOrderResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	found, err := a.Orders.GetOrder(ctx, &orderv1.GetOrderRequest{Identifier: request.GetOrderIdentifier(), AccountId: account.GetAccountId()})
	switch reason := fault.ReasonOf(err); reason {
	case "order-not-found", "log-in-required-to-view-order", "order-not-in-account":
		return &storefrontv1.ShowOrderResponse{OrderDetail: "error", Errors: refusal(reason), OrderIdentifier: &request.OrderIdentifier}, nil
	}
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ShowOrderResponse{OrderDetail: "success", OrderData: orderDetail(found.GetOrder())}, nil
}

func orderDetail(order *orderv1.Order) *storefrontv1.OrderDetail {
	return &storefrontv1.OrderDetail{
		OrderAttributes: &storefrontv1.OrderAttributes{
			Identifier: order.GetIdentifier(), OrderDateTime: order.GetOrderedAt(), SalesTaxAmt: order.GetSalesTaxMinor(),
		},
		OrderItems:           orderItems(order),
		OrderShippingMethod:  orderShippingMethod(order),
		OrderTotals:          orderTotals(order),
		OrderStatuses:        orderStatuses(order.GetStatuses()),
		OrderShippingAddress: orderAddress(order.GetShippingAddress()),
		OrderBillingAddress:  orderAddress(order.GetBillingAddress()),
		OrderPaymentInfo:     paymentInfo(order.GetPayment()),
		OrderDiscountCodes:   orderDiscountCodes(order.GetDiscounts()),
	}
}

func orderItems(order *orderv1.Order) *storefrontv1.ItemData {
	items := make([]*storefrontv1.ItemLine, 0, len(order.GetLines()))
	showsDiscount := discountIsPerPiece(order)
	for _, line := range order.GetLines() {
		item := &storefrontv1.ItemLine{
			SkuId: line.GetSkuId(), SkuTypeTitle: skuType, SkuInventoryTitle: line.GetInventory().GetTitle(),
			Color: line.Color, Size: line.Size, Description: line.Description,
			Price: line.GetPriceMinor(), Quantity: int64(line.GetQuantity()),
			ParentProductTitle: line.GetProductTitle(), ParentProductTitleUrl: line.GetProductTitleUrl(),
			ParentProductIdentifier: line.GetProductIdentifier(), SkuImageUrl: line.GetImageUrl(),
		}
		if showsDiscount && line.GetDiscountMinor() > 0 {
			item.DiscountApplied, item.OriginalPriceCents = pointerTo(true), &line.PriceMinor
			item.DiscountedPriceCents = pointerTo(line.GetPriceMinor() - line.GetDiscountMinor()/int64(line.GetQuantity()))
		}
		items = append(items, item)
	}
	return &storefrontv1.ItemData{ProductSkuData: &storefrontv1.ItemLines{Lines: items}}
}

// discountIsPerPiece tells whether each line's share is whole cents for each of its pieces. The old page multiplies the price of
// a piece and shows the sum of the goods below; with one line that cannot be told so, the lines would add up neither to
// the goods' full price nor to the reduced one. Then no line tells of the discount, and only the totals do.
func discountIsPerPiece(order *orderv1.Order) bool {
	told := int64(0)
	for _, line := range order.GetLines() {
		discount, quantity := line.GetDiscountMinor(), int64(line.GetQuantity())
		if discount > 0 && (quantity < 1 || discount%quantity != 0) {
			return false
		}
		told += discount
	}
	return told == order.GetItemDiscountMinor()
}

// orderShippingMethod has a number, and where the carrier tells of it, once the goods are on their way.
func orderShippingMethod(order *orderv1.Order) *storefrontv1.ChosenShippingMethod {
	method := chosenMethod(order.GetShippingMethod())
	if order.GetTrackingNumber() == "" {
		return method
	}
	method.TrackingNumber = &order.TrackingNumber
	if order.GetTrackingUrl() != "" {
		method.TrackingUrl = &order.TrackingUrl
	}
	return method
}

// orderDiscountCodes is left out where nothing lowered the price, as at HEAD (contract order.md 3.5). Promotions of Stripe's page
// have no id; so that none hides another they count down from 0.
func orderDiscountCodes(discounts []*orderv1.OrderDiscount) *storefrontv1.DiscountCodes {
	if len(discounts) == 0 {
		return nil
	}
	codes := make([]*storefrontv1.DiscountCode, 0, len(discounts))
	promotion := int64(0)
	for _, discount := range discounts {
		id := discount.GetDiscountCodeId()
		if id == 0 {
			id = promotion
			promotion--
		}
		codes = append(codes, &storefrontv1.DiscountCode{
			DiscountCodeId: id, Code: discount.GetCode(), Description: discount.GetDescription(),
			StartDateTime: discount.GetStartsAt(), EndDateTime: discount.GetEndsAt(),
			Combinable: discount.GetCombinable(), DiscountAmount: discount.GetAmountHundredths(), OrderMinimum: discount.GetOrderMinimumMinor(),
			DiscounttypeTitle: discount.GetTypeTitle(), DiscounttypeDescription: discount.GetTypeDescription(),
			DiscounttypeAppliesTo: discount.GetAppliesTo(), DiscounttypeAction: discount.GetAction(), DiscountApplied: discount.GetApplied(),
		})
	}
	return &storefrontv1.DiscountCodes{Codes: codes}
}

// orderTotals shows discounts only where there are some: the old server knew none at HEAD.
func orderTotals(order *orderv1.Order) *storefrontv1.OrderTotals {
	sums := &storefrontv1.OrderTotals{
		ItemSubtotal: order.GetItemSubtotalMinor(), ShippingSubtotal: order.GetShippingMinor(), OrderTotal: order.GetTotalMinor(),
	}
	if order.GetItemDiscountMinor() > 0 {
		sums.ItemDiscount = &order.ItemDiscountMinor
	}
	if order.GetShippingDiscountMinor() > 0 {
		sums.ShippingDiscount = &order.ShippingDiscountMinor
	}
	return sums
}

func orderStatuses(history []*orderv1.OrderStatus) []*storefrontv1.OrderStatus {
	statuses := make([]*storefrontv1.OrderStatus, 0, len(history))
	for _, status := range history {
		statuses = append(statuses, &storefrontv1.OrderStatus{
			Identifier: status.GetIdentifier(), Title: status.GetTitle(), Description: status.GetDescription(), CreatedDateTime: status.GetSetAt(),
		})
	}
	return statuses
}

// orderAddress puts both lines of the street into the one that old pages show; the second used to be lost (P-16).
func orderAddress(address *orderv1.OrderAddress) *storefrontv1.OrderAddress {
	if address == nil {
		return nil
	}
	street := address.GetLine1()
	if address.GetLine2() != "" {
		street += ", " + address.GetLine2()
	}
	return &storefrontv1.OrderAddress{
		Name: &address.Name, AddressLine1: &street, City: &address.City, State: &address.State,
		Zip: &address.PostalCode, Country: &address.Country, CountryCode: &address.Country,
	}
}

func paymentInfo(payment *orderv1.OrderPayment) *storefrontv1.OrderPaymentInfo {
	if payment == nil {
		return nil
	}
	return &storefrontv1.OrderPaymentInfo{
		Email: &payment.Email, PaymentType: &payment.PaymentType, CardName: &payment.CardName,
		CardBrand: payment.CardBrand, CardLast4: payment.CardLast4,
		CardExpMonth: payment.CardExpMonth, CardExpYear: payment.CardExpYear, CardZip: payment.CardZip,
	}
}
