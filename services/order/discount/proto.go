package discount

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
)

// Proto is the code as a cart shows it.
func (c Code) Proto(applied bool) *orderv1.CartDiscountCode {
	return &orderv1.CartDiscountCode{
		DiscountCodeId: c.ID, Code: c.Code, Description: c.Description,
		StartsAt: timestamppb.New(c.StartsAt), EndsAt: timestamppb.New(c.EndsAt), Combinable: c.Combinable,
		AmountHundredths: c.AmountHundredths, OrderMinimumMinor: c.OrderMinimumMinor,
		TypeTitle: c.TypeTitle, TypeDescription: c.TypeDescription, AppliesTo: c.AppliesTo, Action: c.Action, Applied: applied,
	}
}
