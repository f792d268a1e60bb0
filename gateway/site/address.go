package site

import (
	"net/http"
	"strings"
)

// page is one row of the table of addresses. Titles are compared by the shop's old browser tests, too (contract
// storefront.md 9).
type page struct {
	address string
	file    string // below pages/
	title   string
	module  string // below assets/page/, without .js; empty where only the frame's scripts run
	search  search
	status  int // 0 is 200
	about   string
}

// search is what search engines are told of a page.
type search int

const (
	hidden search = iota // not to be listed: it is about one visitor or one step
	found                // may be listed; the address alone, without its query, is not the whole page
	listed               // stands in sitemap.xml, and names itself as the canonical address
)

// notFound is the page of every address that is none.
const notFound = "/not-found"

// addresses is the one table of pages (contract storefront.md 9 and 10).
func addresses() []page {
	table := shopAddresses()
	table = append(table, loginAddresses()...)
	table = append(table, accountAddresses()...)
	return append(table, textAddresses()...)
}

func shopAddresses() []page {
	return []page{
		{address: "/", file: "home.html", title: "Home Page", module: "home", search: listed,
			about: "Paper clips, binder clips and rubber bands for desks that are in use, shipped within the United States and Canada."},
		{address: "/products", file: "products.html", title: "Products", module: "products", search: listed,
			about: "Everything we sell, with prices and what is in stock today."},
		{address: "/product", file: "product.html", title: "Product", module: "product", search: found,
			about: "Pictures, price and stock of one product, in every size and colour that it comes in."},
		{address: "/cart", file: "cart.html", title: "Shopping Cart", module: "cart",
			about: "What is in your cart, how it is shipped and what it comes to."},
		{address: "/checkout/confirm", file: "checkout/confirm.html", title: "Confirm Order", module: "checkout-confirm",
			about: "Look at your order once more before you pay."},
		{address: "/checkout/success", file: "checkout/success.html", title: "Processing Order", module: "checkout-success",
			about: "We are taking down your order."},
		{address: "/pythonabot", file: "pythonabot.html", title: "PythonABot", module: "pythonabot", search: listed,
			about: "PythonABot is coming. Leave your address and be told first."},
		{address: "/ad", file: "ad.html", title: "Ad Example",
			about: "A sample of the ads that lead to our pages."},
	}
}

func loginAddresses() []page {
	return []page{
		{address: "/login", file: "login.html", title: "Log In", module: "login", search: listed,
			about: "Log in to see your orders and to check out faster."},
		{address: "/create-account", file: "create-account.html", title: "Create Account", module: "create-account", search: listed,
			about: "An account keeps your orders in one place."},
		{address: "/forgot-username", file: "forgot-username.html", title: "Forgot Username", module: "forgot-username",
			about: "Have your username sent to your e-mail address."},
		{address: "/reset-password", file: "reset-password.html", title: "Reset Password", module: "reset-password",
			about: "Ask for a link that lets you set a new password."},
		{address: "/set-new-password", file: "set-new-password.html", title: "Set Password", module: "set-new-password",
			about: "Set a new password with the link from your mail."},
	}
}

func accountAddresses() []page {
	return []page{
		{address: "/account", file: "account/index.html", title: "My Account", module: "account",
			about: "Your details, your mail and your orders."},
		{address: "/account/edit-my-information", file: "account/edit-my-information.html", title: "Edit My Information", module: "account-edit-my-information",
			about: "Change your name or your e-mail address."},
		{address: "/account/edit-communication-preferences", file: "account/edit-communication-preferences.html", title: "Edit My Communication Preferences",
			module: "account-edit-communication-preferences", about: "Choose which mail you get from us."},
		{address: "/account/change-password", file: "account/change-password.html", title: "Change My Password", module: "account-change-password",
			about: "Choose a new password for your account."},
		{address: "/account/order", file: "account/order.html", title: "My Order", module: "account-order",
			about: "One order: what is in it, what it cost and where it is."},
		{address: "/account/email-unsubscribe", file: "account/email-unsubscribe.html", title: "Email Unsubscribe", module: "account-email-unsubscribe",
			about: "Stop the mail that you no longer want."},
	}
}

func textAddresses() []page {
	return []page{
		{address: "/about", file: "about.html", title: "About", search: listed,
			about: "Who we are and why we sell small things that hold others together."},
		{address: "/contact", file: "contact.html", title: "Contact", search: listed,
			about: "Call us, write to us or leave a message right here."},
		{address: "/terms-of-use", file: "terms-of-use.html", title: "Terms of Use", search: listed,
			about: "What we ask of you, and you may ask of us, when you use this site."},
		{address: "/privacy-policy", file: "privacy-policy.html", title: "Privacy Policy", search: listed,
			about: "What we know about you, why, and for how long."},
		{address: "/terms-of-sale", file: "terms-of-sale.html", title: "Terms of Sale", search: listed,
			about: "Prices, shipping, returns and refunds."},
		{address: notFound, file: "not-found.html", title: "Error", status: http.StatusNotFound,
			about: "This page does not exist."},
	}
}

// key is the page's name in a bucket; the front page's is index.html, the usual default of one.
func (p page) key() string {
	if p.address == "/" {
		return "index.html"
	}
	return strings.TrimPrefix(p.address, "/")
}

// modulePath is the module's file below assets/, empty when the page has none.
func (p page) modulePath() string {
	if p.module == "" {
		return ""
	}
	return "page/" + p.module + ".js"
}

func (p page) robots() string {
	if p.search == hidden {
		return "noindex"
	}
	return "index, follow"
}

func (p page) canonical(siteOrigin string) string {
	if p.search != listed {
		return ""
	}
	return siteOrigin + p.address
}

// entry is one line of the menu. Its link has the id menu-<Name>-link, which the shop's browser tests know.
type entry struct {
	Name, Label, Address string
}

// menu is in the old menu's order (contract storefront.md 3). The script of the frame adds the way out for members.
func menu() []entry {
	return []entry{
		{Name: "login", Label: "Login", Address: "/login"},
		{Name: "home", Label: "Home", Address: "/"},
		{Name: "pythonabot", Label: "PythonABot", Address: "/pythonabot"},
		{Name: "products", Label: "Products", Address: "/products"},
		{Name: "about", Label: "About", Address: "/about"},
		{Name: "contact", Label: "Contact", Address: "/contact"},
		{Name: "terms-of-use", Label: "Terms of Use", Address: "/terms-of-use"},
		{Name: "privacy-policy", Label: "Privacy Policy", Address: "/privacy-policy"},
	}
}
