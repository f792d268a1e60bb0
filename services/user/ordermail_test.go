package user_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	memberTemplate = "gvREoqen93ffZsmBIc8zl"
	guestTemplate  = "FpGyZy6kld9R2XTjqvBQN"
)

// guestOrder is a complete one.
func guestOrder() *userv1.SendOrderConfirmationRequest {
	return &userv1.SendOrderConfirmationRequest{
		OrderIdentifier: identifier.New(10), Email: "buyer@mail.example", RecipientName: "Grace Hopper", TemplateCode: guestTemplate,
		OrderedAt: timestamppb.New(time.Date(2026, 3, 9, 23, 30, 0, 0, time.UTC)),
		Lines: []*userv1.ConfirmationLine{
			{Title: "Paper Clips", Description: "a box", Color: "Silver", Size: "Large", PriceMinor: 350, Quantity: 2},
			{Title: "Desk <script>alert(1)</script> & Chair", PriceMinor: 123456, Quantity: 10},
		},
		ShippingCarrier: "USPS", ItemSubtotalMinor: 1235260, ItemDiscountMinor: 1000, ShippingMinor: 956, SalesTaxMinor: 8,
		TotalMinor: 1235224, PaymentSummary: "Visa ending in 4242",
		ShippingAddress: &userv1.PostalAddress{Name: "Grace Hopper", Line1: "1 Main St", Line2: "Apt 2", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"},
		BillingAddress:  &userv1.PostalAddress{Name: "G. Hopper", City: "Chicago", Country: "US"},
	}
}

func (s *shop) confirm(order *userv1.SendOrderConfirmationRequest) *userv1.SendOrderConfirmationResponse {
	s.t.Helper()
	answer, err := s.mail.SendOrderConfirmation(s.t.Context(), order)
	require.NoError(s.t, err)
	return answer
}

func TestGuestIsToldAboutTheOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := guestOrder()
	answer := s.confirm(order)
	require.Positive(t, answer.GetProspectId())

	got := s.mailsTo("buyer@mail.example", 1)[0]
	code := s.text("SELECT prospect_code FROM prospects")
	require.Equal(t, "We have your order", got.header.Get("Subject"))
	require.Equal(t, "<buyer@mail.example>", got.header.Get("To"))
	require.Equal(t, "auto-generated", got.header.Get("Auto-Submitted"))
	for _, part := range []string{
		"Hello Grace Hopper,\r\n\r\n", "Order number: " + order.GetOrderIdentifier() + "\r\nOrder date: March 9, 2026\r\n",
		"Paper Clips, a box, Silver, Large, $3.50 each, Quantity: 2, Subtotal: $7.00\r\n",
		"Desk <script>alert(1)</script> & Chair, $1,234.56 each, Quantity: 10, Subtotal: $12,345.60\r\n", "USPS $9.56\r\n",
		"Item subtotal: $12,352.60\r\nItem discount: ($10.00)\r\nShipping: $9.56\r\nSales tax: $0.08\r\nOrder total: $12,352.24\r\n",
		"Visa ending in 4242\r\n", "Grace Hopper\r\n1 Main St\r\nApt 2\r\nChicago, IL 60601\r\nUS\r\n", "G. Hopper\r\nChicago\r\nUS\r\n",
		site + "/account/order?identifier=" + order.GetOrderIdentifier() + "&em_cd=" + guestTemplate + "&pr_cd=" + code + "\r\n",
		"not on our mailing list",
	} {
		require.Contains(t, got.text, part)
	}
	require.NotContains(t, got.text, "None")
	require.NotContains(t, got.text, "{")
	require.Contains(t, got.html, "Desk &lt;script&gt;alert(1)&lt;/script&gt; &amp; Chair")
	require.NotContains(t, got.html, "<script")
	require.Contains(t, got.html, "&amp;pr_cd="+code)
	require.Equal(t, 1, s.count("SELECT count(*) FROM email_sent WHERE prospect_id = $1", answer.GetProspectId()))
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE email_unsubscribed AND shop_comment LIKE '%' || $1 || '%'", order.GetOrderIdentifier()))
}

func TestMemberIsToldAtTheAddressGivenForThePayment(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	order := guestOrder()
	order.AccountId, order.TemplateCode, order.Newsletter = made.GetAccount().GetAccountId(), memberTemplate, true
	require.Zero(t, s.confirm(order).GetProspectId())
	require.Zero(t, s.confirm(order).GetProspectId())

	got := s.mailsTo("buyer@mail.example", 1)[0]
	require.Contains(t, got.text, "&em_cd="+memberTemplate+"&mb_cd="+made.GetAccount().GetMemberCode()+"\r\n")
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))
	require.Equal(t, 2, s.count("SELECT count(*) FROM email_sent WHERE account_id = $1", order.GetAccountId()), "welcome and order")
}

func TestABareOrderLeavesNoHoles(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.confirm(&userv1.SendOrderConfirmationRequest{OrderIdentifier: "bare", Email: "local@domain", TemplateCode: guestTemplate,
		RecipientName: "Eve\r\nBcc: x@y.example\x00", ShippingAddress: &userv1.PostalAddress{Line1: "\x00", State: "IL"}})
	got := s.mailsTo("local@domain", 1)[0]
	require.Contains(t, got.text, "Hello Eve Bcc: x@y.example,")
	require.Contains(t, got.text, "PAYMENT\r\nPaid online\r\n")
	require.Contains(t, got.text, "WE DELIVER TO\r\nIL\r\n")
	require.Contains(t, got.text, "BILLED TO\r\nNot given\r\n")
	require.NotContains(t, got.text, "\r\n\r\n\r\n")
	require.NotContains(t, got.text, "Sales tax")
	require.Empty(t, got.header.Get("Bcc"))
}

func TestOneOrderIsOneMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := guestOrder()
	ids := make([]int64, 10)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			answer, err := s.mail.SendOrderConfirmation(t.Context(), order)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = answer.GetProspectId()
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	other, ok := proto.Clone(order).(*userv1.SendOrderConfirmationRequest)
	require.True(t, ok)
	other.Email, other.TemplateCode = "another@mail.example", "changed-meanwhile"
	require.Equal(t, ids[0], s.confirm(other).GetProspectId(), "a repeat answers as the first time")
	s.mailsTo("buyer@mail.example", 1)
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE shop_comment = 'Bought as a guest.' || E'\n' || 'Placed order ' || $1 || '.'", order.GetOrderIdentifier()))
}

func TestTheNewsletterBoxIsKeptButNeverUndoesAnUnsubscription(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := guestOrder()
	order.Newsletter = true
	s.confirm(order)
	subscribed := func() int { return s.count("SELECT count(*) FROM prospects WHERE NOT email_unsubscribed") }
	require.Equal(t, 1, subscribed())
	got := s.mailsTo("buyer@mail.example", 1)[0]
	require.Contains(t, got.text, site+"/account/email-unsubscribe?em_cd="+guestTemplate+"&pr_cd="+s.text("SELECT prospect_code FROM prospects")+
		"&pr_token="+s.text("SELECT unsubscribe_token FROM prospects"))

	second := guestOrder()
	s.confirm(second)
	require.Equal(t, 1, subscribed(), "a box left empty takes nobody off the list")
	s.exec("UPDATE prospects SET email_unsubscribed = true")
	s.confirm(order)
	require.Zero(t, subscribed(), "the repeat of an old order changes nothing")
	comment := s.text("SELECT shop_comment FROM prospects")
	require.Contains(t, comment, order.GetOrderIdentifier())
	require.Contains(t, comment, second.GetOrderIdentifier())
}

func TestOrdersThatCannotBeConfirmed(t *testing.T) {
	t.Parallel()
	s := open(t)
	cases := map[string]struct {
		change func(*userv1.SendOrderConfirmationRequest)
		kind   fault.Kind
		reason string
	}{
		"no template":   {func(o *userv1.SendOrderConfirmationRequest) { o.TemplateCode = "nothing" }, fault.NotFound, "mail-template-not-found"},
		"nul template":  {func(o *userv1.SendOrderConfirmationRequest) { o.TemplateCode = "a\x00" }, fault.NotFound, "mail-template-not-found"},
		"no account":    {func(o *userv1.SendOrderConfirmationRequest) { o.AccountId = 4711 }, fault.NotFound, "account-not-found"},
		"no address":    {func(o *userv1.SendOrderConfirmationRequest) { o.Email = "" }, fault.Invalid, "email-invalid"},
		"two addresses": {func(o *userv1.SendOrderConfirmationRequest) { o.Email = "a@b.co, c@d.co" }, fault.Invalid, "email-invalid"},
		"no order":      {func(o *userv1.SendOrderConfirmationRequest) { o.OrderIdentifier = "" }, fault.Invalid, "order-identifier-invalid"},
		"nul order":     {func(o *userv1.SendOrderConfirmationRequest) { o.OrderIdentifier = "a\x00" }, fault.Invalid, "order-identifier-invalid"},
		"long order":    {func(o *userv1.SendOrderConfirmationRequest) { o.OrderIdentifier = strings.Repeat("a", 1000) }, fault.Invalid, "order-identifier-invalid"},
	}
	for name, c := range cases {
		order := guestOrder()
		c.change(order)
		_, err := s.mail.SendOrderConfirmation(t.Context(), order)
		require.Equal(t, c.kind, fault.KindOf(err), name)
		require.Equal(t, c.reason, fault.ReasonOf(err), name)
	}
	require.Zero(t, s.count("SELECT count(*) FROM mails"))
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))
}

func TestHugeOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := guestOrder()
	for range 500 {
		order.Lines = append(order.Lines, &userv1.ConfirmationLine{Title: strings.Repeat("ü", 400), PriceMinor: 1, Quantity: 1})
	}
	s.confirm(order)
	require.Contains(t, s.mailsTo("buyer@mail.example", 1)[0].text, strings.Repeat("ü", 400))
}

func TestDiscountsAreToldByTheirCodes(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	order := guestOrder()
	order.ShippingDiscountMinor = 300
	order.Discounts = []*userv1.ConfirmationDiscount{{Code: "SAVE10", Description: "10% off <b>all</b>"}, {}, {Code: "FREE\r\nBcc: x@y.example"}}
	s.confirm(order)
	order.OrderIdentifier, order.Email = "of-a-member", "member@mail.example"
	order.AccountId, order.TemplateCode = made.GetAccount().GetAccountId(), memberTemplate
	s.confirm(order)
	for _, to := range []string{"buyer@mail.example", "member@mail.example"} {
		got := s.mailsTo(to, 1)[0]
		require.Contains(t, got.text, "Subtotal: $12,345.60\r\n\r\nDiscount SAVE10: 10% off <b>all</b>\r\nDiscount FREE Bcc: x@y.example\r\n\r\nDELIVERY")
		require.Contains(t, got.text, "Item discount: ($10.00)\r\nShipping: $9.56\r\nShipping discount: ($3.00)\r\nSales tax: $0.08\r\nOrder total: ")
		require.Contains(t, got.html, "<br>Discount SAVE10: 10% off &lt;b&gt;all&lt;/b&gt;<br>\r\nDiscount FREE Bcc: x@y.example</p>")
	}

	plain := guestOrder()
	plain.Email, plain.ItemDiscountMinor = "plain@mail.example", 0
	s.confirm(plain)
	got := s.mailsTo("plain@mail.example", 1)[0]
	require.NotContains(t, got.text+got.html, "iscount")
	require.NotContains(t, got.text, "\r\n\r\n\r\n")
}

// Texts from before discounts were told, and those that tell amounts only.
func TestEditedConfirmationsKeepWorking(t *testing.T) {
	t.Parallel()
	s := open(t)
	order := guestOrder()
	order.Discounts = []*userv1.ConfirmationDiscount{{Code: "SAVE10", Description: "10% off"}}
	s.mailCommandWorks("edit-mail-template", guestTemplate, "--text", file(t, "{identifier} costs {order_total_information}"), "--html", file(t, ""))
	s.confirm(order)
	require.Contains(t, s.mailsTo("buyer@mail.example", 1)[0].text, "Item discount: ($10.00)")
	s.mailCommandWorks("edit-mail-template", guestTemplate, "--text", file(t, "{identifier}: {discount_information}."))
	nameless := guestOrder()
	s.confirm(nameless)
	require.Contains(t, s.mailsTo("buyer@mail.example", 2)[1].text, nameless.GetOrderIdentifier()+": Item discount: ($10.00).")
}
