// Package browser walks through the shop's pages as customers do: a real Chromium against the whole shop, with real mouse, touch and
// keyboard. It holds tests only.
//
// shop_test.go starts the shop and the browser, customer_test.go and tab_test.go are who uses them, proxy_test.go stands between a customer and the shop,
// watch_test.go notices what goes wrong on the way, hands_test.go with hands.js is what a customer can do, the rest are journeys, one file per area.
package browser
