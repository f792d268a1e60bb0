package purchase

import (
	"net/url"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
)

func (s stored) proto() *orderv1.Order {
	order := s.purchase
	return &orderv1.Order{
		Identifier: order.Identifier,
		OrderedAt:  timestamppb.New(order.OrderedAt),
		Lines:      s.protoLines(),
		ShippingMethod: &orderv1.ShippingMethod{
			Identifier:          s.shipping.Identifier,
			Carrier:             s.shipping.Carrier,
			CostMinor:           order.ShippingMinor,
			TrackingCodeBaseUrl: s.shipping.TrackingBaseUrl,
		},
		ItemSubtotalMinor:     order.ItemSubtotalMinor,
		ItemDiscountMinor:     order.ItemDiscountMinor,
		ShippingMinor:         order.ShippingMinor,
		ShippingDiscountMinor: order.ShippingDiscountMinor,
		SalesTaxMinor:         order.SalesTaxMinor,
		TotalMinor:            order.TotalMinor,
		Statuses:              s.protoStatuses(),
		ShippingAddress:       protoAddress(s.addresses["shipping"]),
		BillingAddress:        protoAddress(s.addresses["billing"]),
		Payment: &orderv1.OrderPayment{
			Email: order.Email, PaymentType: s.payment.PaymentType, CardName: s.payment.CardName,
		},
		Discounts:      s.protoDiscounts(),
		TrackingNumber: orEmpty(s.shipping.TrackingNumber),
		TrackingUrl:    trackingURL(s.shipping.TrackingBaseUrl, s.shipping.TrackingNumber),
		RefundedMinor:  s.refundedMinor,
	}
}

// trackingURL is where the carrier tells where the parcel is; empty without a number, or when the carrier has no such page.
func trackingURL(base string, number *string) string {
	if base == "" || orEmpty(number) == "" {
		return ""
	}
	return base + strings.ReplaceAll(url.QueryEscape(*number), "+", "%20") // right in a path as well
}

func (s stored) protoDiscounts() []*orderv1.OrderDiscount {
	discounts := make([]*orderv1.OrderDiscount, len(s.discounts))
	for i, discount := range s.discounts {
		discounts[i] = &orderv1.OrderDiscount{
			DiscountCodeId:    orZero(discount.DiscountCodeID),
			Code:              discount.Code,
			Description:       discount.Description,
			StartsAt:          timestamppb.New(discount.StartsAt),
			EndsAt:            timestamppb.New(discount.EndsAt),
			Combinable:        discount.Combinable,
			AmountHundredths:  discount.AmountHundredths,
			OrderMinimumMinor: discount.OrderMinimumMinor,
			TypeTitle:         discount.TypeTitle,
			TypeDescription:   discount.TypeDescription,
			AppliesTo:         discount.AppliesTo,
			Action:            discount.Action,
			Applied:           discount.Applied,
			DiscountMinor:     discount.DiscountMinor,
		}
	}
	return discounts
}

func (s stored) protoLines() []*orderv1.OrderLine {
	lines := make([]*orderv1.OrderLine, len(s.lines))
	for i, line := range s.lines {
		lines[i] = &orderv1.OrderLine{
			SkuId:       line.SkuID,
			Quantity:    line.Quantity,
			PriceMinor:  line.PriceMinor,
			Color:       line.Color,
			Size:        line.Size,
			Description: line.Description,
			Inventory: &orderv1.Inventory{
				Identifier: line.InventoryIdentifier, Title: line.InventoryTitle, Description: line.InventoryDescription,
			},
			ProductIdentifier: line.ProductIdentifier,
			ProductTitle:      line.ProductTitle,
			ProductTitleUrl:   line.ProductTitleUrl,
			ImageUrl:          line.ImageUrl,
			DiscountMinor:     line.DiscountMinor,
		}
	}
	return lines
}

func (s stored) protoStatuses() []*orderv1.OrderStatus {
	statuses := make([]*orderv1.OrderStatus, len(s.statuses))
	for i, status := range s.statuses {
		statuses[i] = &orderv1.OrderStatus{
			Identifier:  status.Identifier,
			Title:       status.Title,
			Description: status.Description,
			SetAt:       timestamppb.New(status.SetAt),
		}
	}
	return statuses
}

func protoAddress(address dbgen.PurchaseAddress) *orderv1.OrderAddress {
	return &orderv1.OrderAddress{
		Name:       address.Name,
		Line1:      address.Line1,
		Line2:      address.Line2,
		City:       address.City,
		State:      address.State,
		PostalCode: address.PostalCode,
		Country:    address.Country,
	}
}
