package orderarea_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func fullOrder() *orderv1.Order {
	at := timestamppb.New(time.Date(2026, 3, 9, 23, 30, 0, 0, time.UTC))
	return &orderv1.Order{
		Identifier: "Abc1234567", OrderedAt: at, ItemSubtotalMinor: 700, ShippingMinor: 956, TotalMinor: 1656,
		Lines: []*orderv1.OrderLine{{
			SkuId: 1, Quantity: 2, PriceMinor: 350, Color: text("Silver"), ProductIdentifier: "bSusp6dBHm", ProductTitle: "Paper Clips",
			ProductTitleUrl: "PaperClips", ImageUrl: "/img/clips.jpg", Inventory: &orderv1.Inventory{Identifier: "in-stock", Title: "In Stock"},
		}},
		ShippingMethod:  fullCart().GetShippingMethod(),
		Statuses:        []*orderv1.OrderStatus{{Identifier: "accepted", Title: "Accepted", Description: "We have it.", SetAt: at}},
		ShippingAddress: &orderv1.OrderAddress{Name: "Grace", Line1: "1 Main St", Line2: "Apt 2", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"},
		Payment:         &orderv1.OrderPayment{Email: "grace@mail.example", PaymentType: "card", CardName: "Grace", CardBrand: text("visa"), CardLast4: text("4242")},
	}
}

// The shape of contract order.md 3.5.
func TestAnOrderAsThePageReadsIt(t *testing.T) {
	t.Parallel()
	v := member(t)
	v.behind.order = fullOrder()
	answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{OrderIdentifier: "Abc1234567"})
	v.sees(`{"order_detail":"success","order_data":{
		"order_attributes":{"identifier":"Abc1234567","order_date_time":"2026-03-09T23:30:00Z","sales_tax_amt":"0.00"},
		"order_items":{"product_sku_data":{"0":{"sku_id":1,"sku_type__title":"product","sku_inventory__title":"In Stock","color":"Silver","size":null,
			"description":null,"price":"3.50","quantity":2,"parent_product__title":"Paper Clips","parent_product__title_url":"PaperClips",
			"parent_product__identifier":"bSusp6dBHm","sku_image_url":"/img/clips.jpg"}}},
		"order_shipping_method":`+method+`,
		"order_totals":{"item_subtotal":"7.00","shipping_subtotal":"9.56","order_total":"16.56"},
		"order_statuses":{"0":{"identifier":"accepted","title":"Accepted","description":"(text)","created_date_time":"2026-03-09T23:30:00Z"}},
		"order_shipping_address":{"name":"Grace","address_line1":"1 Main St, Apt 2","city":"Chicago","state":"IL","zip":"60601","country":"US","country_code":"US"},
		"order_billing_address":{},
		"order_payment_info":{"email":"grace@mail.example","payment_type":"card","card_name":"Grace","card_brand":"visa","card_last4":"4242",
			"card_exp_month":null,"card_exp_year":null,"card_zip":null}},`+version+`}`, answer, err)
	request, ok := v.behind.requests["GetOrder"].(*orderv1.GetOrderRequest)
	require.True(t, ok)
	require.Equal(t, int64(7), request.GetAccountId())
}

func TestABareOrderAndOneWithDiscounts(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	v.behind.order = &orderv1.Order{Identifier: "Abc1234567", ItemSubtotalMinor: 700, ItemDiscountMinor: 70, ShippingDiscountMinor: 5, TotalMinor: 625}
	answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{OrderIdentifier: "Abc1234567"})
	require.NoError(t, err)
	totals := answer.GetOrderData().GetOrderTotals()
	require.Equal(t, int64(70), totals.GetItemDiscount())
	require.Equal(t, int64(5), totals.GetShippingDiscount())
	require.Nil(t, answer.GetOrderData().GetOrderShippingAddress())
	require.Nil(t, answer.GetOrderData().GetOrderPaymentInfo())
	request, ok := v.behind.requests["GetOrder"].(*orderv1.GetOrderRequest)
	require.True(t, ok)
	require.Zero(t, request.GetAccountId(), "a guest asks as nobody")
}

// The codes of contract order.md 4.14.
func TestOrdersThatAreNotShown(t *testing.T) {
	t.Parallel()
	for reason, kind := range map[string]fault.Kind{
		"order-not-found": fault.NotFound, "log-in-required-to-view-order": fault.Unauthenticated, "order-not-in-account": fault.PermissionDenied,
	} {
		v := member(t)
		v.behind.fails["GetOrder"] = named(kind, reason)
		answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{OrderIdentifier: "Abc1234567"})
		v.sees(`{"order_detail":"error","errors":{"error":"`+reason+`"},"order_identifier":"Abc1234567",`+version+`}`, answer, err)
	}
	v := member(t)
	v.behind.fails["GetOrder"] = named(fault.Unavailable, "unavailable")
	_, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{OrderIdentifier: "Abc1234567"})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestTheIndexIsAPage(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	answer, err := v.ShowOrderIndex(v.ctx, &storefrontv1.ShowOrderIndexRequest{})
	require.NoError(t, err)
	require.Contains(t, answer.GetHtml(), "0.0.1")
}
