package orderarea_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/orderarea"
	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	sessionToken = "abcdefghij0123456789abcdefghij01"
	cartID       = "abcdefghij0123456789"
	newCartID    = "zyxwvutsrq0123456789"
	key          = "a-secret-key-of-tests"
)

func clock() time.Time { return time.Unix(1700000000, 0) }

// services stands in for everybody whom the area asks. A call fails with what fails says of its method.
type services struct {
	orderv1.CartServiceClient
	orderv1.CheckoutServiceClient
	orderv1.OrderServiceClient
	paymentv1.PaymentServiceClient
	userv1.ProspectServiceClient
	userv1.LimitServiceClient
	userv1.SessionServiceClient

	fails    map[string]error
	asked    []string // methods, in order, but for the session
	requests map[string]proto.Message

	cart   *orderv1.Cart
	closed bool // nobody may check out
	older  bool // of the release before: a cart does not say whether it may be checked out
	order  *orderv1.Order
	event  *paymentv1.Event
}

func (s *services) hear(method string, request proto.Message) error {
	s.asked = append(s.asked, method)
	s.requests[method] = request
	return s.fails[method]
}

func (s *services) ResolveSession(_ context.Context, request *userv1.ResolveSessionRequest, _ ...grpc.CallOption) (*userv1.ResolveSessionResponse, error) {
	if err := s.fails["ResolveSession"]; err != nil {
		return nil, err
	}
	if request.GetToken() != sessionToken {
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	}
	return &userv1.ResolveSessionResponse{Account: &userv1.Account{AccountId: 7, Username: "grace", Email: "grace@mail.example"}}, nil
}

func (s *services) GetCart(_ context.Context, request *orderv1.GetCartRequest, _ ...grpc.CallOption) (*orderv1.GetCartResponse, error) {
	answer := &orderv1.GetCartResponse{Cart: s.cart}
	if !s.older {
		answer.CheckoutAllowed = pointer(!s.closed)
	}
	return answer, s.hear("GetCart", request)
}

func (s *services) AddToCart(_ context.Context, request *orderv1.AddToCartRequest, _ ...grpc.CallOption) (*orderv1.AddToCartResponse, error) {
	return &orderv1.AddToCartResponse{Lines: 3, AnonymousCartId: newCartID}, s.hear("AddToCart", request)
}

func (s *services) SetCartQuantity(_ context.Context, request *orderv1.SetCartQuantityRequest, _ ...grpc.CallOption) (*orderv1.SetCartQuantityResponse, error) {
	return &orderv1.SetCartQuantityResponse{LineSubtotalMinor: 700, Cart: s.cart}, s.hear("SetCartQuantity", request)
}

func (s *services) RemoveFromCart(_ context.Context, request *orderv1.RemoveFromCartRequest, _ ...grpc.CallOption) (*orderv1.RemoveFromCartResponse, error) {
	return &orderv1.RemoveFromCartResponse{Cart: s.cart}, s.hear("RemoveFromCart", request)
}

func (s *services) ChooseShippingMethod(_ context.Context, request *orderv1.ChooseShippingMethodRequest, _ ...grpc.CallOption) (*orderv1.ChooseShippingMethodResponse, error) {
	return &orderv1.ChooseShippingMethodResponse{Cart: s.cart}, s.hear("ChooseShippingMethod", request)
}

func (s *services) ApplyDiscountCode(_ context.Context, request *orderv1.ApplyDiscountCodeRequest, _ ...grpc.CallOption) (*orderv1.ApplyDiscountCodeResponse, error) {
	return &orderv1.ApplyDiscountCodeResponse{Cart: s.cart}, s.hear("ApplyDiscountCode", request)
}

func (s *services) RemoveDiscountCode(_ context.Context, request *orderv1.RemoveDiscountCodeRequest, _ ...grpc.CallOption) (*orderv1.RemoveDiscountCodeResponse, error) {
	return &orderv1.RemoveDiscountCodeResponse{Cart: s.cart}, s.hear("RemoveDiscountCode", request)
}

func (s *services) DeleteCart(_ context.Context, request *orderv1.DeleteCartRequest, _ ...grpc.CallOption) (*orderv1.DeleteCartResponse, error) {
	return &orderv1.DeleteCartResponse{}, s.hear("DeleteCart", request)
}

func (s *services) CheckoutAllowed(_ context.Context, request *orderv1.CheckoutAllowedRequest, _ ...grpc.CallOption) (*orderv1.CheckoutAllowedResponse, error) {
	return &orderv1.CheckoutAllowedResponse{Allowed: !s.closed}, s.hear("CheckoutAllowed", request)
}

func (s *services) StartCheckout(_ context.Context, request *orderv1.StartCheckoutRequest, _ ...grpc.CallOption) (*orderv1.StartCheckoutResponse, error) {
	return &orderv1.StartCheckoutResponse{SessionId: "cs_1", Url: "http://pay.example/cs_1"}, s.hear("StartCheckout", request)
}

func (s *services) CompleteCheckout(_ context.Context, request *orderv1.CompleteCheckoutRequest, _ ...grpc.CallOption) (*orderv1.CompleteCheckoutResponse, error) {
	return &orderv1.CompleteCheckoutResponse{OrderIdentifier: "Abc1234567"}, s.hear("CompleteCheckout", request)
}

func (s *services) HandlePaymentEvent(_ context.Context, request *orderv1.HandlePaymentEventRequest, _ ...grpc.CallOption) (*orderv1.HandlePaymentEventResponse, error) {
	answer := &orderv1.HandlePaymentEventResponse{Reason: "payment-not-completed"}
	if request.GetEventType() == "checkout.session.completed" {
		answer = &orderv1.HandlePaymentEventResponse{OrderIdentifier: "Abc1234567"}
	}
	return answer, s.hear("HandlePaymentEvent", request)
}

func (s *services) GetOrder(_ context.Context, request *orderv1.GetOrderRequest, _ ...grpc.CallOption) (*orderv1.GetOrderResponse, error) {
	return &orderv1.GetOrderResponse{Order: s.order}, s.hear("GetOrder", request)
}

func (s *services) ReceiveWebhook(_ context.Context, request *paymentv1.ReceiveWebhookRequest, _ ...grpc.CallOption) (*paymentv1.ReceiveWebhookResponse, error) {
	return &paymentv1.ReceiveWebhookResponse{Event: s.event}, s.hear("ReceiveWebhook", request)
}

func (s *services) Allow(_ context.Context, request *userv1.AllowRequest, _ ...grpc.CallOption) (*userv1.AllowResponse, error) {
	return &userv1.AllowResponse{}, s.hear("Allow", request)
}

func (s *services) EnsureProspect(_ context.Context, request *userv1.EnsureProspectRequest, _ ...grpc.CallOption) (*userv1.EnsureProspectResponse, error) {
	return &userv1.EnsureProspectResponse{ProspectId: 1, ProspectCode: "p"}, s.hear("EnsureProspect", request)
}

// visit is one request of a browser.
type visit struct {
	*orderarea.Area
	behind  *services
	t       *testing.T
	visitor *visitor.Visitor
	ctx     context.Context
	logs    *strings.Builder
}

// arrive is a browser with these cookies; the services know a cart until the test says otherwise.
func arrive(t *testing.T, cookies ...string) *visit {
	t.Helper()
	behind := &services{fails: map[string]error{}, requests: map[string]proto.Message{}, cart: fullCart()}
	request := httptest.NewRequest(http.MethodPost, "/order/", nil)
	request.RemoteAddr = "192.0.2.7:4711"
	request.Header.Set("Cookie", strings.Join(cookies, "; "))
	request.Header.Set("Stripe-Signature", "t=1,v1=abc")
	met := visitor.NewPolicy(visitor.Settings{Key: signing.Key{Secret: key}}, clock).Meet(request)
	logs := &strings.Builder{}
	area := orderarea.New(orderarea.Peers{
		Finder: shopper.NewFinder(behind), Carts: behind, Checkouts: behind, Orders: behind, Payments: behind, Prospects: behind, Limits: behind,
		StripePublishableKey: "pk_test_1", Logger: slog.New(slog.NewTextHandler(logs, nil)),
	})
	return &visit{Area: area, behind: behind, t: t, visitor: met, ctx: met.In(t.Context()), logs: logs}
}

// guest has a cart cookie, member a session, stranger nothing.
func guest(t *testing.T) *visit {
	t.Helper()
	return arrive(t, "an_ct="+signing.NewCookieSigner(signing.Key{Secret: key}, "an_ct", "anonymouscartcookieisthis", clock).Sign(cartID))
}

func member(t *testing.T) *visit {
	t.Helper()
	return arrive(t, "sessionid="+sessionToken)
}

func stranger(t *testing.T) *visit {
	t.Helper()
	return arrive(t)
}

func (v *visit) setCookies() string {
	header := http.Header{}
	v.visitor.WriteHeaders(header)
	return strings.Join(header["Set-Cookie"], "\n")
}

var sentence = regexp.MustCompile(`"description":"[^"]+[.]"`)

// sees compares an answer with the JSON of the contract. Sentences are ours: they appear as (text).
func (v *visit) sees(want string, answer proto.Message, err error) {
	v.t.Helper()
	require.NoError(v.t, err)
	renderer, err := dialect.NewRenderer(storefrontv1.File_storefront_v1_order_proto.Services().ByName("OrderAreaService"))
	require.NoError(v.t, err)
	rendered, err := renderer.Append(nil, answer)
	require.NoError(v.t, err)
	require.JSONEq(v.t, want, sentence.ReplaceAllString(string(rendered), `"description":"(text)"`))
}

func text(value string) *string { return &value }

func named(kind fault.Kind, reason string) error {
	return fault.New(kind, reason, "a detail that stays inside")
}

func fullCart() *orderv1.Cart {
	begun := timestamppb.New(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	over := timestamppb.New(time.Date(2027, 1, 2, 3, 4, 5, 678_000_000, time.UTC))
	ground := &orderv1.ShippingMethod{Identifier: "USPSRetailGround", Carrier: "USPS", CostMinor: 956, TrackingCodeBaseUrl: "https://track.example/?n="}
	return &orderv1.Cart{
		Lines: []*orderv1.CartLine{{
			SkuId: 1, Quantity: 2, PriceMinor: 350, Color: text("Silver"), ProductIdentifier: "bSusp6dBHm", ProductTitle: "Paper Clips",
			ProductTitleUrl: "PaperClips", ImageUrl: "/img/clips.jpg", Inventory: &orderv1.Inventory{Identifier: "in-stock", Title: "In Stock"},
		}},
		Totals: &orderv1.Totals{
			ItemSubtotalMinor: 700, ItemDiscountMinor: 70, ShippingMinor: 956, ShippingDiscountMinor: 956, TotalMinor: 630,
		},
		ShippingMethod: ground, ShippingMethods: []*orderv1.ShippingMethod{ground},
		DiscountCodes: []*orderv1.CartDiscountCode{
			{
				DiscountCodeId: 3, Code: "TEN", Description: "{} % off", StartsAt: begun, EndsAt: over, AmountHundredths: 1000, OrderMinimumMinor: 500,
				TypeTitle: "Percent off", TypeDescription: "A part of it", AppliesTo: "item_total", Action: "percent-off", Applied: true,
			},
			{
				DiscountCodeId: 12, Code: "FREE", StartsAt: begun, EndsAt: over, Combinable: true,
				TypeTitle: "Free", AppliesTo: "shipping", Action: "free-usps-ground-shipping",
			},
		},
	}
}

const (
	fullLine = `{"0":{"sku_id":1,"sku_type__title":"product","sku_inventory__title":"In Stock","sku_inventory__identifier":"in-stock","color":"Silver",
		"size":null,"description":null,"price":"3.50","quantity":2,"parent_product__title":"Paper Clips","parent_product__title_url":"PaperClips",
		"parent_product__identifier":"bSusp6dBHm","sku_image_url":"/img/clips.jpg"}}`
	fullTotals = `{"item_subtotal":"7.00","item_discount":"0.70","shipping_subtotal":"9.56","shipping_discount":"9.56","cart_total":"6.30"}`
	noTotals   = `{"item_subtotal":"0.00","item_discount":"0.00","shipping_subtotal":"0.00","shipping_discount":"0.00","cart_total":"0.00"}`
	fullCodes  = `{"3":{"discount_code_id":3,"code":"TEN","description":"{} % off","start_date_time":"2026-01-02T03:04:05Z",
		"end_date_time":"2027-01-02T03:04:05.678Z","combinable":false,"discount_amount":"10.00","order_minimum":"5.00","discounttype__title":"Percent off",
		"discounttype__description":"A part of it","discounttype__applies_to":"item_total","discounttype__action":"percent-off","discount_applied":true},
		"12":{"discount_code_id":12,"code":"FREE","description":"","start_date_time":"2026-01-02T03:04:05Z","end_date_time":"2027-01-02T03:04:05.678Z",
		"combinable":true,"discount_amount":"0.00","order_minimum":"0.00","discounttype__title":"Free","discounttype__description":"",
		"discounttype__applies_to":"shipping","discounttype__action":"free-usps-ground-shipping","discount_applied":false}}`
	method  = `{"identifier":"USPSRetailGround","carrier":"USPS","shipping_cost":"9.56","tracking_code_base_url":"https://track.example/?n="}`
	version = `"order-api-version":"0.0.1"`
)

func pointer[T any](value T) *T { return &value }
