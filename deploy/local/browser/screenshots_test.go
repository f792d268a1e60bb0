package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestScreenshots takes pictures for people, when scripts/screenshots asks for them.
func TestScreenshots(t *testing.T) {
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		t.Skip("scripts/screenshots asks for it")
	}
	for _, held := range devices() {
		guest, member := newCustomer(t, held), newCustomer(t, held)
		member.register()
		member.add("1", "2")
		_, order := member.buy()
		guest.add("1", "2")
		guest.add("7", "1")
		for _, each := range []struct {
			name, address string
			by            *customer
			dark          bool
		}{
			{name: "home", address: "/", by: guest, dark: true},
			{name: "products", address: "/products", by: guest},
			{name: "product", address: "/product?name=PaperClips&id=bSusp6dBHm", by: guest, dark: true},
			{name: "cart", address: "/cart", by: guest, dark: true},
			{name: "confirm", address: "/checkout/confirm", by: guest},
			{name: "login", address: "/login", by: guest},
			{name: "create-account", address: "/create-account", by: guest},
			{name: "not-found", address: "/no-such-page", by: guest},
			{name: "account", address: "/account", by: member},
			{name: "order", address: "/account/order?identifier=" + order, by: member},
		} {
			each.by.expect("status 404")
			each.by.light()
			each.by.open(each.address)
			each.by.photograph(filepath.Join(folder, each.name+"-"+held.name+".png"))
			if each.dark {
				each.by.dark()
				each.by.photograph(filepath.Join(folder, each.name+"-"+held.name+"-dark.png"))
			}
			each.by.acceptCookies() // only the first page shows the notice
		}
	}
}

// photograph writes a picture of the whole length of the page. Pictures that load when they are scrolled to are waited for.
func (c *customer) photograph(path string) {
	c.t.Helper()
	evaluate[chromedp.Void](c, strings.TrimSpace(`
		Promise.all([...document.images].map((picture) => {
			picture.loading = "eager";
			return picture.decode().catch(() => {});
		})).then(() => {})`))
	c.settled()
	picture, err := try(c, chromedp.FullScreenshot(100))
	require.NoError(c.t, err)
	require.NoError(c.t, os.WriteFile(path, picture, 0o600))
}
