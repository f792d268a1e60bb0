package orderarea

import (
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
)

// skuType is the one type that was ever sold; old pages are told it with each line.
const skuType = "product"

// itemData is empty without a cart and has an empty list for an empty one (contract order.md 3.1).
func itemData(cart *orderv1.Cart) *storefrontv1.ItemData {
	if cart == nil {
		return &storefrontv1.ItemData{}
	}
	lines := make([]*storefrontv1.ItemLine, 0, len(cart.GetLines()))
	for _, line := range cart.GetLines() {
		lines = append(lines, &storefrontv1.ItemLine{
			SkuId: line.GetSkuId(), SkuTypeTitle: skuType,
			SkuInventoryTitle: line.GetInventory().GetTitle(), SkuInventoryIdentifier: pointerTo(line.GetInventory().GetIdentifier()),
			Color: line.Color, Size: line.Size, Description: line.Description,
			Price: line.GetPriceMinor(), Quantity: int64(line.GetQuantity()),
			ParentProductTitle: line.GetProductTitle(), ParentProductTitleUrl: line.GetProductTitleUrl(),
			ParentProductIdentifier: line.GetProductIdentifier(), SkuImageUrl: line.GetImageUrl(),
		})
	}
	return &storefrontv1.ItemData{ProductSkuData: &storefrontv1.ItemLines{Lines: lines}}
}

func totals(cart *orderv1.Cart) *storefrontv1.CartTotals {
	sums := cart.GetTotals()
	return &storefrontv1.CartTotals{
		ItemSubtotal: sums.GetItemSubtotalMinor(), ItemDiscount: sums.GetItemDiscountMinor(),
		ShippingSubtotal: sums.GetShippingMinor(), ShippingDiscount: sums.GetShippingDiscountMinor(), CartTotal: sums.GetTotalMinor(),
	}
}

func shippingMethods(offered []*orderv1.ShippingMethod) []*storefrontv1.ShippingMethod {
	methods := make([]*storefrontv1.ShippingMethod, 0, len(offered))
	for _, method := range offered {
		methods = append(methods, &storefrontv1.ShippingMethod{
			Identifier: method.GetIdentifier(), Carrier: method.GetCarrier(),
			ShippingCost: method.GetCostMinor(), TrackingCodeBaseUrl: method.GetTrackingCodeBaseUrl(),
		})
	}
	return methods
}

func chosenIdentifier(cart *orderv1.Cart) *string {
	if cart.GetShippingMethod() == nil {
		return nil
	}
	return &cart.GetShippingMethod().Identifier
}

func chosenMethod(method *orderv1.ShippingMethod) *storefrontv1.ChosenShippingMethod {
	if method == nil {
		return &storefrontv1.ChosenShippingMethod{}
	}
	return &storefrontv1.ChosenShippingMethod{
		Identifier: &method.Identifier, Carrier: &method.Carrier,
		ShippingCost: &method.CostMinor, TrackingCodeBaseUrl: &method.TrackingCodeBaseUrl,
	}
}
