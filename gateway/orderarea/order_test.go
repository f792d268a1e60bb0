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
	require.Nil(t, answer.GetOrderData().GetOrderDiscountCodes())
	require.Nil(t, answer.GetOrderData().GetOrderPaymentInfo())
	request, ok := v.behind.requests["GetOrder"].(*orderv1.GetOrderRequest)
	require.True(t, ok)
	require.Zero(t, request.GetAccountId(), "a guest asks as nobody")
}

// The keys that D27 of the contract allows, beside those of the old server.
func TestAShippedOrderWithDiscounts(t *testing.T) {
	t.Parallel()
	v := member(t)
	order := fullOrder()
	order.TrackingNumber, order.TrackingUrl = "1Z 999", "https://track.example/?n=1Z%20999"
	order.ItemDiscountMinor, order.SalesTaxMinor, order.TotalMinor = 70, 8, 1594
	order.Lines[0].DiscountMinor = 70
	at := order.GetOrderedAt()
	order.Discounts = []*orderv1.OrderDiscount{
		{
			DiscountCodeId: 4, Code: "TEN", Description: "{} percent off", StartsAt: at, EndsAt: at, Combinable: true, AmountHundredths: 1000, OrderMinimumMinor: 500,
			TypeTitle: "Percent", TypeDescription: "Takes off", AppliesTo: "item_total", Action: "percent-off", Applied: true, DiscountMinor: 70,
		},
		{Code: "PROMO", StartsAt: at, EndsAt: at, AmountHundredths: 50, AppliesTo: "item_total", Action: "dollar-amt-off", Applied: true, DiscountMinor: 50},
		{Code: "PROMO2", StartsAt: at, EndsAt: at, Applied: true},
	}
	v.behind.order = order
	answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{OrderIdentifier: "Abc1234567"})
	detail := answer.GetOrderData()
	detail.OrderPaymentInfo, detail.OrderShippingAddress, detail.OrderStatuses = nil, nil, nil
	const times, bare = `"start_date_time":"2026-03-09T23:30:00Z","end_date_time":"2026-03-09T23:30:00Z"`, `"order_minimum":"0.00","combinable":false,` +
		`"discounttype__title":"","discounttype__description":"","discount_applied":true`
	v.sees(`{"order_detail":"success","order_data":{
		"order_attributes":{"identifier":"Abc1234567","order_date_time":"2026-03-09T23:30:00Z","sales_tax_amt":"0.08"},
		"order_items":{"product_sku_data":{"0":{"sku_id":1,"sku_type__title":"product","sku_inventory__title":"In Stock","color":"Silver","size":null,
			"description":null,"price":"3.50","quantity":2,"parent_product__title":"Paper Clips","parent_product__title_url":"PaperClips",
			"parent_product__identifier":"bSusp6dBHm","sku_image_url":"/img/clips.jpg",
			"discount_applied":true,"original_price_cents":350,"discounted_price_cents":315}}},
		"order_shipping_method":{"identifier":"USPSRetailGround","carrier":"USPS","shipping_cost":"9.56","tracking_code_base_url":"https://track.example/?n=",
			"tracking_number":"1Z 999","tracking_url":"https://track.example/?n=1Z%20999"},
		"order_totals":{"item_subtotal":"7.00","shipping_subtotal":"9.56","order_total":"15.94","item_discount":"0.70"},
		"order_statuses":{},"order_shipping_address":{},"order_billing_address":{},"order_payment_info":{},
		"order_discount_codes":{
			"4":{"discount_code_id":4,"code":"TEN","description":"{} percent off",`+times+`,"combinable":true,"discount_amount":"10.00","order_minimum":"5.00",
				"discounttype__title":"Percent","discounttype__description":"Takes off","discounttype__applies_to":"item_total",
				"discounttype__action":"percent-off","discount_applied":true},
			"0":{"discount_code_id":0,"code":"PROMO","description":"",`+times+`,"discount_amount":"0.50",`+bare+`,
				"discounttype__applies_to":"item_total","discounttype__action":"dollar-amt-off"},
			"-1":{"discount_code_id":-1,"code":"PROMO2","description":"",`+times+`,"discount_amount":"0.00",`+bare+`,
				"discounttype__applies_to":"","discounttype__action":""}}},`+version+`}`, answer, err)
}

func TestACarrierWithoutAPageOfParcels(t *testing.T) {
	t.Parallel()
	order := fullOrder()
	order.TrackingUrl = "https://track.example/"
	v := member(t)
	v.behind.order = order
	answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{})
	require.NoError(t, err)
	require.Nil(t, answer.GetOrderData().GetOrderShippingMethod().TrackingUrl, "no link without a number")
	order.TrackingNumber, order.TrackingUrl = "7", ""
	answer, err = v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, "7", answer.GetOrderData().GetOrderShippingMethod().GetTrackingNumber())
	require.Nil(t, answer.GetOrderData().GetOrderShippingMethod().TrackingUrl)
}

// The old page multiplies prices by pieces and puts the sum of the goods below: what it shows has to add up to the cent, to the
// full price or to the reduced one.
func TestLinesAddUpToWhatIsShown(t *testing.T) {
	t.Parallel()
	line := func(price int64, quantity int32, discount int64) *orderv1.OrderLine {
		return &orderv1.OrderLine{PriceMinor: price, Quantity: quantity, DiscountMinor: discount}
	}
	for name, c := range map[string]struct {
		lines    []*orderv1.OrderLine
		discount int64
		told     []bool
	}{
		"each piece alike":      {[]*orderv1.OrderLine{line(350, 2, 70), line(100, 3, 30)}, 100, []bool{true, true}},
		"one line without":      {[]*orderv1.OrderLine{line(350, 2, 70), line(100, 3, 0)}, 70, []bool{true, false}},
		"a cent too many":       {[]*orderv1.OrderLine{line(350, 2, 71)}, 71, []bool{false}},
		"one of two is uneven":  {[]*orderv1.OrderLine{line(350, 2, 70), line(100, 3, 31)}, 101, []bool{false, false}},
		"shares do not add up":  {[]*orderv1.OrderLine{line(350, 2, 70)}, 100, []bool{false}},
		"everything is free":    {[]*orderv1.OrderLine{line(350, 2, 700)}, 700, []bool{true}},
		"no discount":           {[]*orderv1.OrderLine{line(350, 2, 0)}, 0, []bool{false}},
		"no pieces":             {[]*orderv1.OrderLine{line(350, 0, 0)}, 0, []bool{false}},
		"a share of no pieces":  {[]*orderv1.OrderLine{line(350, 0, 5)}, 5, []bool{false}},
		"a discount of nothing": {nil, 5, []bool{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := stranger(t)
			v.behind.order = &orderv1.Order{Lines: c.lines, ItemDiscountMinor: c.discount}
			answer, err := v.ShowOrder(v.ctx, &storefrontv1.ShowOrderRequest{})
			require.NoError(t, err)
			told, shown, full := []bool{}, int64(0), int64(0)
			for _, item := range answer.GetOrderData().GetOrderItems().GetProductSkuData().GetLines() {
				told = append(told, item.GetDiscountApplied())
				require.Equal(t, item.GetDiscountApplied(), item.OriginalPriceCents != nil)
				require.Equal(t, item.GetDiscountApplied(), item.DiscountedPriceCents != nil)
				price := item.GetPrice()
				full += price * item.GetQuantity()
				if item.GetDiscountApplied() {
					require.Equal(t, price, item.GetOriginalPriceCents())
					price = item.GetDiscountedPriceCents()
				}
				shown += price * item.GetQuantity()
			}
			require.Equal(t, c.told, told)
			require.Contains(t, []int64{full, full - c.discount}, shown)
		})
	}
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
