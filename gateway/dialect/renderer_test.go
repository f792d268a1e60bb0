package dialect_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
)

func areas() []protoreflect.ServiceDescriptor {
	var found []protoreflect.ServiceDescriptor
	for _, file := range files() {
		for i := range file.Services().Len() {
			found = append(found, file.Services().Get(i))
		}
	}
	return found
}

func files() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		storefrontv1.File_storefront_v1_user_proto, storefrontv1.File_storefront_v1_order_proto, storefrontv1.File_storefront_v1_clientevent_proto,
	}
}

func newRenderer(t testing.TB) *dialect.Renderer {
	t.Helper()
	renderer, err := dialect.NewRenderer(areas()...)
	require.NoError(t, err)
	return renderer
}

func at(text string) *timestamppb.Timestamp {
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return timestamppb.New(parsed)
}

var renderings = []struct {
	name    string
	message proto.Message
	want    string
}{
	{"version key at the end", &storefrontv1.DeleteCartResponse{CartDeleteCart: "success"},
		`{"cart_delete_cart":"success","order-api-version":"0.0.1"}`},
	{"bare text", &storefrontv1.ReportPageviewResponse{Answer: "thank you"}, `"thank you"`},
	{"page", &storefrontv1.ShowUserIndexResponse{Html: "<p>\"hello\"</p>"}, `<p>"hello"</p>`},
	{"empty keyed list", &storefrontv1.ListProductsResponse{}, `{"products_data":{},"order-api-version":"0.0.1"}`},
	{"keyed by text, in order, nulls and money", &storefrontv1.ListProductsResponse{ProductsData: []*storefrontv1.ProductSummary{
		{Title: "Z", TitleUrl: "Zz", Identifier: "zz", Headline: proto.String(""), PriceLow: proto.Int64(350), PriceHigh: proto.Int64(1499), ProductImageUrl: proto.String("/img/z.jpg")},
		{Title: "A", TitleUrl: "Aa", Identifier: "aa"},
	}}, `{"products_data":{` +
		`"zz":{"title":"Z","title_url":"Zz","identifier":"zz","headline":"","description_part_1":null,"description_part_2":null,"price_low":"3.50","price_high":"14.99","product_image_url":"/img/z.jpg"},` +
		`"aa":{"title":"A","title_url":"Aa","identifier":"aa","headline":null,"description_part_1":null,"description_part_2":null,"price_low":null,"price_high":null,"product_image_url":null}},` +
		`"order-api-version":"0.0.1"}`},
	{"keyed by id, key not repeated inside", &storefrontv1.ShowProductResponse{Product: "success", ProductIdentifier: "zz", ProductData: &storefrontv1.ProductDetail{
		ProductImages: []*storefrontv1.ProductImage{{ImageId: 12, ImageUrl: "b", Main: true}, {ImageId: 3, ImageUrl: "a", Caption: proto.String("c")}},
		Skus:          []*storefrontv1.ProductSku{{SkuId: 7, Color: proto.String("Red"), Price: 5}},
	}}, `{"product":"success","product_identifier":"zz","product_data":{"title":"","title_url":"","identifier":"","headline":null,"description_part_1":null,"description_part_2":null,` +
		`"product_images":{"12":{"image_url":"b","main":true,"caption":null},"3":{"image_url":"a","main":false,"caption":"c"}},"product_videos":{},` +
		`"skus":{"7":{"color":"Red","size":null,"description":null,"price":"0.05","inventory_status_identifier":"","inventory_status_title":"","inventory_status_description":null,"sku_images":{}}}},` +
		`"order-api-version":"0.0.1"}`},
	{"error with an absent description", &storefrontv1.ShowProductResponse{Product: "error", Errors: &storefrontv1.ErrorCode{Error: "product-identifier-not-found"}, ProductIdentifier: "x"},
		`{"product":"error","errors":{"error":"product-identifier-not-found"},"product_identifier":"x","order-api-version":"0.0.1"}`},
	{"no cart: an empty object", &storefrontv1.ListCartItemsResponse{ItemData: &storefrontv1.ItemData{}},
		`{"cart_found":false,"item_data":{},"order-api-version":"0.0.1"}`},
	{"empty cart: an empty list within", &storefrontv1.ListCartItemsResponse{CartFound: true, ItemData: &storefrontv1.ItemData{ProductSkuData: &storefrontv1.ItemLines{}}},
		`{"cart_found":true,"item_data":{"product_sku_data":{}},"order-api-version":"0.0.1"}`},
	{"counted lines, integers as numbers", &storefrontv1.ListCartItemsResponse{CartFound: true, ItemData: &storefrontv1.ItemData{ProductSkuData: &storefrontv1.ItemLines{Lines: []*storefrontv1.ItemLine{
		{SkuId: 1, Price: 350, Quantity: 2}, {SkuId: 9007199254740993, Price: -94, Quantity: 0, SkuInventoryIdentifier: proto.String("in-stock")},
	}}}}, `{"cart_found":true,"item_data":{"product_sku_data":{` +
		`"0":{"sku_id":1,"sku_type__title":"","sku_inventory__title":"","color":null,"size":null,"description":null,"price":"3.50","quantity":2,"parent_product__title":"","parent_product__title_url":"","parent_product__identifier":"","sku_image_url":""},` +
		`"1":{"sku_id":9007199254740993,"sku_type__title":"","sku_inventory__title":"","sku_inventory__identifier":"in-stock","color":null,"size":null,"description":null,"price":"-0.94","quantity":0,"parent_product__title":"","parent_product__title_url":"","parent_product__identifier":"","sku_image_url":""}}},` +
		`"order-api-version":"0.0.1"}`},
	{"nested list, null sku", &storefrontv1.AddProductSkuResponse{CartAddProductSku: "error", Errors: &storefrontv1.CartErrors{Quantity: []*storefrontv1.InputError{{Type: "out_of_range", Description: proto.String("0 to 99")}}}},
		`{"cart_add_product_sku":"error","errors":{"quantity":[[{"type":"out_of_range","description":"0 to 99"}]]},"sku_id":null,"order-api-version":"0.0.1"}`},
	{"nested list absent when empty", &storefrontv1.AddProductSkuResponse{Errors: &storefrontv1.CartErrors{Error: proto.String("sku-not-found")}, SkuId: proto.String(" 2 ")},
		`{"cart_add_product_sku":"","errors":{"error":"sku-not-found"},"sku_id":" 2 ","order-api-version":"0.0.1"}`},
	{"valid is true, invalid a list", &storefrontv1.CreateAccountResponse{CreateAccount: "false", Errors: &storefrontv1.CreateAccountErrors{EmailAddress: []*storefrontv1.InputError{{Type: "required"}}}},
		`{"create_account":"false","errors":{"firstname":true,"lastname":true,"username":true,"email-address":[{"type":"required"}],"password":true},"user-api-version":"0.0.1"}`},
	{"number or the text null: null", &storefrontv1.TellLoggedInResponse{}, `{"logged_in":false,"log_client_events":false,"client_event_id":"null","cart_item_count":0,"user-api-version":"0.0.1"}`},
	{"number or the text null: number", &storefrontv1.TellLoggedInResponse{LoggedIn: true, ClientEventId: proto.Int64(5), FirstName: proto.String("")},
		`{"logged_in":true,"log_client_events":false,"client_event_id":5,"first_name":"","cart_item_count":0,"user-api-version":"0.0.1"}`},
	{"counted from one, dates", &storefrontv1.ShowAccountContentResponse{AccountContent: &storefrontv1.AccountContent{Authenticated: "true", OrdersData: &storefrontv1.OrderList{Orders: []*storefrontv1.OrderListEntry{
		{OrderId: 4, Identifier: "o", OrderDateTime: at("2026-11-23T07:21:54.850999Z"), OrderTotal: 956}, {OrderDateTime: at("2019-04-20T00:00:00Z")},
	}}}}, `{"account_content":{"authenticated":"true","orders_data":{"1":{"order_id":4,"identifier":"o","order_date_time":"2026-11-23T07:21:54.850Z","sales_tax_amt":"0.00","order_total":"9.56"},` +
		`"2":{"order_id":0,"identifier":"","order_date_time":"2019-04-20T00:00:00Z","sales_tax_amt":"0.00","order_total":"0.00"}}},"user-api-version":"0.0.1"}`},
	{"present and empty list of orders, null dates", &storefrontv1.ShowAccountContentResponse{AccountContent: &storefrontv1.AccountContent{OrdersData: &storefrontv1.OrderList{}, PersonalData: &storefrontv1.PersonalData{JoinedDateTime: at("2026-01-02T03:04:05.000400Z"), LastLoginDateTime: at("2026-01-02T03:04:05.0000004Z")}}},
		`{"account_content":{"authenticated":"","personal_data":{"username":"","first_name":"","last_name":"","newsletter_subscriber":false,"email_unsubscribed":false,"terms_of_use_agreed_date_time":null,"joined_date_time":"2026-01-02T03:04:05.000Z","last_login_date_time":"2026-01-02T03:04:05Z"},"orders_data":{}},"user-api-version":"0.0.1"}`},
	{"bare null, three-valued text", &storefrontv1.ShowConfirmPaymentDataResponse{CheckoutAllowed: true, Email: &storefrontv1.NullableText{}, CustomerData: &storefrontv1.CustomerData{}},
		`{"checkout_allowed":true,"email":null,"customer_data":null,"order-api-version":"0.0.1"}`},
	{"bare text within, absent", &storefrontv1.ShowConfirmPaymentDataResponse{Email: &storefrontv1.NullableText{Text: proto.String("a@b.co")}},
		`{"checkout_allowed":false,"email":"a@b.co","order-api-version":"0.0.1"}`},
	{"unset is an empty object", &storefrontv1.ShowOrderResponse{OrderDetail: "success", OrderData: &storefrontv1.OrderDetail{OrderShippingAddress: &storefrontv1.OrderAddress{Name: proto.String("N")}}},
		`{"order_detail":"success","order_data":{"order_shipping_method":{},"order_statuses":{},"order_shipping_address":{"name":"N","address_line1":null,"city":null,"state":null,"zip":null,"country":null,"country_code":null},"order_billing_address":{},"order_payment_info":{}},"order-api-version":"0.0.1"}`},
	{"no version key", &storefrontv1.ReceiveStripeWebhookResponse{Received: proto.Bool(true)}, `{"received":true}`},
	{"nothing at all", &storefrontv1.ReceiveStripeWebhookResponse{}, `{}`},
}

func TestRenderer(t *testing.T) {
	t.Parallel()
	renderer := newRenderer(t)
	for _, c := range renderings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := renderer.Append([]byte("before "), c.message)
			require.NoError(t, err)
			require.Equal(t, "before "+c.want, string(got))
		})
	}
}

func TestRendererRefusesStrangers(t *testing.T) {
	t.Parallel()
	_, err := newRenderer(t).Append(nil, durationpb.New(1))
	require.ErrorIs(t, err, dialect.ErrUnknownMessage)
	_, err = dialect.NewRenderer(orderv1.File_order_v1_catalogue_proto.Services().ByName("CatalogueService"))
	require.NoError(t, err, "messages without options are written plainly")
}

// An answer whose texts are hostile is JSON all the same, and holds them.
func TestRendererEscapesText(t *testing.T) {
	t.Parallel()
	renderer := newRenderer(t)
	for _, text := range []string{
		"plain", `"quoted" \ </script>`, "\x00\x01\x1f\x7f\n\r\t\b", "line\u2028and\u2029paragraph", "ümläut 漢字 🛒", "",
	} {
		got, err := renderer.Append(nil, &storefrontv1.ReportPageviewResponse{Answer: text})
		require.NoError(t, err)
		var back string
		require.NoError(t, json.Unmarshal(got, &back), "%s", got)
		require.Equal(t, text, back)
		require.False(t, strings.ContainsAny(string(got), "\x00\n\u2028\u2029"), "%s", got)
	}
	got, err := renderer.Append(nil, &storefrontv1.ReportPageviewResponse{Answer: "a\xffb\xe2\x80"})
	require.NoError(t, err)
	require.Equal(t, `"a\ufffdb\ufffd\ufffd"`, string(got))
}

// Every name of the old surface is given explicitly: protobuf's own spelling of it would be camel case.
func TestNamesAreExplicit(t *testing.T) {
	t.Parallel()
	var names int
	var walk func(messages protoreflect.MessageDescriptors)
	walk = func(messages protoreflect.MessageDescriptors) {
		for i := range messages.Len() {
			fields := messages.Get(i).Fields()
			for j := range fields.Len() {
				names++
				if name := fields.Get(j).JSONName(); name != "pageWidth" {
					require.Equal(t, strings.ToLower(name), name, fields.Get(j).FullName())
				}
			}
			walk(messages.Get(i).Messages())
		}
	}
	for _, file := range files() {
		walk(file.Messages())
	}
	require.Greater(t, names, 150)
}

func FuzzRendererWritesJSON(f *testing.F) {
	renderer := newRenderer(f)
	for _, seed := range []string{"", "a\"b", "\u2028", "\xff\xfe", "\\", "\x00"} {
		f.Add(seed, int64(1250))
	}
	f.Fuzz(func(t *testing.T, text string, number int64) {
		got, err := renderer.Append(nil, &storefrontv1.ListProductsResponse{ProductsData: []*storefrontv1.ProductSummary{
			{Title: text, Identifier: text, Headline: &text, PriceLow: &number},
		}})
		require.NoError(t, err)
		require.True(t, json.Valid(got), "%s", got)
	})
}

func BenchmarkRendererLoggedIn(b *testing.B) {
	renderer := newRenderer(b)
	answer := &storefrontv1.TellLoggedInResponse{LoggedIn: true, LogClientEvents: true, ClientEventId: proto.Int64(5), MemberInitials: proto.String("AB"),
		FirstName: proto.String("Ada"), LastName: proto.String("Byron"), EmailAddress: proto.String("ada@example.com"), CartItemCount: 3}
	out := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		out, _ = renderer.Append(out[:0], answer)
	}
}

func BenchmarkRendererCartItems(b *testing.B) {
	renderer := newRenderer(b)
	lines := make([]*storefrontv1.ItemLine, 5)
	for i := range lines {
		lines[i] = &storefrontv1.ItemLine{SkuId: int64(i), SkuTypeTitle: "product", SkuInventoryTitle: "In Stock", Color: proto.String("Blue"), Size: proto.String("Large"),
			Price: 1499, Quantity: 2, ParentProductTitle: "Paper Clips", ParentProductTitleUrl: "PaperClips", ParentProductIdentifier: "bSusp6dBHm", SkuImageUrl: "/img/product/paper_clip_main_2.jpg"}
	}
	answer := &storefrontv1.ListCartItemsResponse{CartFound: true, ItemData: &storefrontv1.ItemData{ProductSkuData: &storefrontv1.ItemLines{Lines: lines}}}
	out := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out, _ = renderer.Append(out[:0], answer)
	}
}
