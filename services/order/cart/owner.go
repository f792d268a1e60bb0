package cart

import (
	"regexp"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
)

const anonymousIDLength = 20

var anonymousIDForm = regexp.MustCompile(`^[A-Za-z0-9]{20}$`)

// owner is whose carts are meant: an account's, a guest's, or both as long as a guest's cart waits to be merged.
type owner struct {
	accountID   int64  // 0 for a guest
	anonymousID string // empty when the browser has no cart cookie
}

// ownerOf takes an id that has not our form for none: the edge lets only ids through that it signed itself, so such
// a one is a leftover, and no cart is found or made under it.
func ownerOf(shopper *orderv1.Shopper) owner {
	of := owner{accountID: max(0, shopper.GetAccountId()), anonymousID: shopper.GetAnonymousCartId()}
	if !anonymousIDForm.MatchString(of.anonymousID) {
		of.anonymousID = ""
	}
	return of
}

func (o owner) nobody() bool { return o.accountID == 0 && o.anonymousID == "" }

// mayCarryGuestCart: an account that still has the cookie of a guest's cart.
func (o owner) mayCarryGuestCart() bool { return o.accountID != 0 && o.anonymousID != "" }

// carriesGuestCart tells whether one of an account's rows is of a guest's cart.
func (o owner) carriesGuestCart(rows []dbgen.ReadCartsRow) bool {
	if !o.mayCarryGuestCart() {
		return false
	}
	for _, row := range rows {
		if row.AnonymousID != nil {
			return true
		}
	}
	return false
}
