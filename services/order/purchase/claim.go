package purchase

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
)

// longestClaim is the longest address that an account can have, in characters.
const longestClaim = 254

// claim makes the guests' orders of an address the account's, for good. That the account verified the address, and was the
// first to do so, is for the caller to know (contract user.md, defect 10). Safe to repeat and to race: an order goes to
// who comes first. A confirmation mail that is still under way goes out as a member's, whose link leads to an order that
// now needs a login; if the user service has taken over the guest's already, its key keeps it the only one.
func (p *Purchases) claim(ctx context.Context, accountID int64, email string) error {
	if accountID <= 0 || !claimable(email) {
		return nil
	}
	err := dbgen.New(p.db).ClaimGuestPurchases(ctx, dbgen.ClaimGuestPurchasesParams{AccountID: accountID, Email: email, Now: p.now().UTC()})
	if err != nil {
		return fmt.Errorf("claim guest orders: %w", err)
	}
	return nil
}

// claimable tells whether an order can have such an address. Orders without one belong to nobody, and what PostgreSQL cannot
// store must not fail a list of orders.
func claimable(email string) bool {
	return email != "" && utf8.ValidString(email) && !strings.ContainsRune(email, 0) && utf8.RuneCountInString(email) <= longestClaim
}
