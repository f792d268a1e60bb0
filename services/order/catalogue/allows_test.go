package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
)

// Contract order.md 2.4 with O-13: entries are trimmed, and a shopper without a cookie never matches an entry.
func TestWhoMayCheckOut(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	ann, guest := &orderv1.Shopper{AccountId: 1, Username: "ann"}, &orderv1.Shopper{AnonymousCartId: "abcdefghij0123456789"}
	cases := []struct {
		usernames, cookies        string
		ann, guest, withoutCookie bool
	}{
		{"*", "*", true, true, true},
		{"", "*", false, true, true},
		{"a, *", "", true, false, false},
		{" ann ", "x", true, false, false},
		{"Ann,annie", "x, abcdefghij0123456789", false, true, false},
		{"abcdefghij0123456789", "ann,False", false, false, false},
		{",", " , ", false, false, false},
		{"**", "*x", false, false, false},
	}
	for _, c := range cases {
		shop.Exec(t, `UPDATE configuration SET usernames_allowed_to_checkout = $1, an_ct_values_allowed_to_checkout = $2`, c.usernames, c.cookies)
		snapshot := func() *catalogue.Snapshot { return shop.Catalogue.Snapshot() }
		require.Eventually(t, func() bool {
			return snapshot().Allows(ann) == c.ann && snapshot().Allows(guest) == c.guest && snapshot().Allows(nil) == c.withoutCookie
		}, ordertest.Patience, pause, "%q and %q", c.usernames, c.cookies)
	}
	require.False(t, shop.Catalogue.Snapshot().Allows(&orderv1.Shopper{AccountId: 1}), "an account without a name matches no entry")
}
