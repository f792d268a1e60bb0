package shopper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Cards of the sandbox (deploy/local/stripesandbox/README.md).
const (
	GoodCard     = "4242424242424242"
	DeclinedCard = "4000000000000002"
	LateCard     = "4000002500003155"
)

// Password is that of every account made here.
const Password = "Tr0ub4dor&Horse"

// Refusal is an outcome that the shop tells in place of success (contract order.md 1.4).
type Refusal struct {
	Path string
	// Code is for machines, like "cart-not-found"; empty when the answer has none.
	Code string
}

// Error names both.
func (r *Refusal) Error() string { return r.Path + ": refused: " + r.Code }

// CodeOf is the code of a Refusal inside err, else empty.
func CodeOf(err error) string {
	var refused *Refusal
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// expect turns an answer that is no success into a Refusal.
func expect(path, key, success string, said Object, err error) (Object, error) {
	if err != nil {
		return nil, err
	}
	if said.Text(key) != success {
		return said, &Refusal{Path: path, Code: said.Object("errors").Text("error")}
	}
	return said, nil
}

func (s *Shopper) act(ctx context.Context, path, key string, form url.Values) (Object, error) {
	said, err := s.Post(ctx, path, form)
	return expect(path, key, "success", said, err)
}

// Add puts goods into the cart.
func (s *Shopper) Add(ctx context.Context, sku int64, quantity int) error {
	_, err := s.act(ctx, "/order/cart-add-product-sku", "cart_add_product_sku",
		url.Values{"sku_id": {strconv.FormatInt(sku, 10)}, "quantity": {strconv.Itoa(quantity)}})
	return err
}

// Ship chooses how the goods travel.
func (s *Shopper) Ship(ctx context.Context, method string) error {
	_, err := s.act(ctx, "/order/cart-update-shipping-method", "cart_update_shipping_method", url.Values{"shipping_method_identifier": {method}})
	return err
}

// ApplyCode puts a discount code on the cart.
func (s *Shopper) ApplyCode(ctx context.Context, code string) error {
	_, err := s.act(ctx, "/order/cart-apply-discount-code", "cart_apply_discount_code", url.Values{"discount_code_id": {code}})
	return err
}

// DeleteCart throws the cart away.
func (s *Shopper) DeleteCart(ctx context.Context) error {
	_, err := s.act(ctx, "/order/cart-delete-cart", "cart_delete_cart", nil)
	return err
}

// Lines are the quantities in the cart by SKU.
func (s *Shopper) Lines(ctx context.Context) (map[int64]int, error) {
	said, err := s.Get(ctx, "/order/cart-items")
	if err != nil {
		return nil, err
	}
	lines := map[int64]int{}
	for _, listed := range said.Object("item_data").Object("product_sku_data") {
		line, _ := listed.(map[string]any)
		sku, _ := line["sku_id"].(float64)
		quantity, _ := line["quantity"].(float64)
		lines[int64(sku)] = int(quantity)
	}
	return lines, nil
}

// Register makes an account and signs in.
func (s *Shopper) Register(ctx context.Context, username string) error {
	const path = "/user/create-account"
	said, err := s.Post(ctx, path, url.Values{
		"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {username}, "email_address": {s.Email},
		"password": {Password}, "confirm_password": {Password}, "newsletter": {"false"}, "remember_me": {"true"},
	})
	_, err = expect(path, "create_account", "true", said, err)
	return err
}

// LogIn signs in to an account that Register made.
func (s *Shopper) LogIn(ctx context.Context, username string) error {
	const path = "/user/login"
	said, err := s.Post(ctx, path, url.Values{"username": {username}, "password": {Password}, "remember_me": {"true"}})
	_, err = expect(path, "login", "true", said, err)
	return err
}

// Total is what the confirm page shows, minor units.
func (s *Shopper) Total(ctx context.Context) (int64, error) {
	const path = "/order/confirm-totals"
	said, err := s.Get(ctx, path)
	if err != nil {
		return 0, err
	}
	total := said.Object("confirm_totals_data")["cart_total"]
	text, ok := total.(string)
	if !ok {
		return 0, nil // the number 0: there is nothing in the cart (contract order.md 1.3)
	}
	minor, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: total %q: %w", path, text, err)
	}
	return minor, nil
}

// Payment is a page to pay at.
type Payment struct{ Session, Page string }

// CheckOut presses the pay button.
func (s *Shopper) CheckOut(ctx context.Context) (Payment, error) { return s.CheckOutUnder(ctx, "") }

// CheckOutUnder is CheckOut under an Idempotency-Key, unless it is empty.
func (s *Shopper) CheckOutUnder(ctx context.Context, key string) (Payment, error) {
	const path = "/order/create-checkout-session"
	said, err := s.postUnder(ctx, path, url.Values{
		"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {s.Email},
	}, key)
	said, err = expect(path, "create_checkout_session", "success", said, err)
	if err != nil {
		return Payment{}, err
	}
	return Payment{Session: said.Text("session_id"), Page: said.Text("checkout_url")}, nil
}

// Pay fills in the payment page. The status is 303 when the card was taken, 402 when it was declined, 410 when the page takes
// no money any more.
func (s *Shopper) Pay(ctx context.Context, page, card, promotionCode string) (status int, err error) {
	form := url.Values{
		"card": {card}, "email": {s.Email}, "name": {"Ada Shopper"}, "line1": {"1 Main St"}, "city": {"Chicago"},
		"state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	if promotionCode != "" {
		form.Set("promotion_code", promotionCode)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("pay: %w", err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, errors.Join(err, answer.Body.Close())
}

// Arrive opens the success page and gives the order's identifier.
func (s *Shopper) Arrive(ctx context.Context, session string) (string, error) {
	const path = "/order/checkout-session-success"
	said, err := s.Get(ctx, path+"?session_id="+url.QueryEscape(session))
	said, err = expect(path, "checkout_session_success", "success", said, err)
	return said.Text("order_identifier"), err
}
