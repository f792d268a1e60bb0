package user_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// notice is a complete one, to a guest.
func notice(kind userv1.OrderNoticeKind) *userv1.SendOrderNoticeRequest {
	return &userv1.SendOrderNoticeRequest{
		Key: "order-status/" + identifier.New(6), Kind: kind, OrderIdentifier: "Abc0123456", Email: "buyer@mail.example", RecipientName: "Grace Hopper",
		StatusTitle: "Packing", StatusDescription: "We put it into a box.",
		Carrier: "USPS", TrackingNumber: "9400 1000", TrackingUrl: "https://tools.carrier.example/track?a=1&b=2",
		RefundMinor: 500, RefundedMinor: 123456, TotalMinor: 200000,
	}
}

func (s *shop) notify(request *userv1.SendOrderNoticeRequest) {
	s.t.Helper()
	_, err := s.mail.SendOrderNotice(s.t.Context(), request)
	require.NoError(s.t, err)
}

func TestBuyersHearNewsOfTheirOrders(t *testing.T) {
	t.Parallel()
	for kind, c := range map[userv1.OrderNoticeKind]struct {
		code, subject string
		text          []string
	}{
		userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS:    {"order-status", "Your order Abc0123456: Packing", []string{"Packing\r\nWe put it into a box.\r\n\r\n"}},
		userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED:   {"order-shipped", "Your order Abc0123456 is on its way", []string{"Carrier: USPS\r\nTracking number: 9400 1000\r\nhttps://tools.carrier.example/track?a=1&b=2\r\n\r\n"}},
		userv1.OrderNoticeKind_ORDER_NOTICE_KIND_CANCELLED: {"order-cancelled", "Your order Abc0123456 was cancelled", []string{"will not be delivered"}},
		userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED: {"order-refunded", "A refund for your order Abc0123456", []string{
			"Refund: $5.00\r\nWith earlier refunds: $1,234.56\r\nOrder total: $2,000.00\r\n\r\n",
		}},
	} {
		t.Run(c.code, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			_, made := s.register(nil)
			ofGuest, ofMember := notice(kind), notice(kind)
			ofMember.AccountId, ofMember.Email = made.GetAccount().GetAccountId(), "member@mail.example"
			s.notify(ofGuest)
			s.notify(ofMember)
			link := site + "/account/order?identifier=Abc0123456&em_cd=" + c.code
			for to, holder := range map[string]string{
				"buyer@mail.example": "&pr_cd=" + s.text("SELECT prospect_code FROM prospects"), "member@mail.example": "&mb_cd=" + made.GetAccount().GetMemberCode(),
			} {
				got := s.mailsTo(to, 1)[0]
				require.Equal(t, c.subject, got.header.Get("Subject"))
				require.Contains(t, got.text, "Hello Grace Hopper,\r\n\r\n")
				require.Contains(t, got.text, link+holder+"\r\n")
				require.Contains(t, got.html, `<a href="`+strings.ReplaceAll(link+holder, "&", "&amp;")+`">`)
				for _, part := range c.text {
					require.Contains(t, got.text, part)
				}
				require.NotContains(t, got.text+got.html, "{")
				require.NotContains(t, got.text, "\r\n\r\n\r\n")
			}
			require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE email_unsubscribed"), "news is no subscription")
			require.Equal(t, 1, s.count("SELECT count(*) FROM email_sent e JOIN mail_templates t ON t.id = e.template_id WHERE t.code = $1 AND e.account_id = $2", c.code, ofMember.GetAccountId()))
		})
	}
}

func TestOneKeyIsOneNotice(t *testing.T) {
	t.Parallel()
	s := open(t)
	request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS)
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if _, err := s.mail.SendOrderNotice(t.Context(), request); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again, ok := proto.Clone(request).(*userv1.SendOrderNoticeRequest)
	require.True(t, ok)
	again.Email, again.AccountId, again.Kind = "another@mail.example", 4711, userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED
	s.notify(again)
	s.mailsTo("buyer@mail.example", 1)
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"))

	confirmation := guestOrder() // whose order has the key for its identifier
	confirmation.OrderIdentifier = request.GetKey()
	s.confirm(confirmation)
	request.Key += "0"
	s.notify(request)
	s.mailsTo("buyer@mail.example", 3)
}

func TestNoticesOutliveARestartAndAFailure(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sink.fail(func(string) string { return "451 4.3.0 later" })
	request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED)
	s.notify(request)
	s.stop()
	s.sink.fail(nil)
	s.start()
	s.notify(request)
	s.mailsTo("buyer@mail.example", 1)
}

func TestANoticeThatIsRefusedRaisesTheAlarmOfOrders(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.refuseAll()
	request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED)
	s.notify(request)
	s.failed()
	require.Contains(t, s.logs.String(), `"msg":"[ORDER_EMAIL_FAILURE]"`)
	require.Contains(t, s.logs.String(), `"order":"Abc0123456"`)
	s.notify(request)
	require.Equal(t, 1, s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.send'"), "given up is given up")

	s.sink.fail(nil)
	s.mailCommandWorks("resend-mail", "-by", "ann", "-yes", s.text("SELECT id::text FROM mails"))
	require.Contains(t, s.mailsTo("buyer@mail.example", 1)[0].text, "Refund: $5.00")
	require.Equal(t, "{}", s.text("SELECT fields::text FROM mails"), "what was said is forgotten")
}

func TestHostileTextsInNotices(t *testing.T) {
	t.Parallel()
	s := open(t)
	request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS)
	request.RecipientName, request.StatusTitle = "<b>Eve</b>\r\nBcc: x@y.example", "Done\r\nBcc: x@y.example <script>1</script>"
	request.StatusDescription = "{identifier} <img src=x onerror=alert(1)>"
	s.notify(request)
	got := s.mailsTo("buyer@mail.example", 1)[0]
	require.Empty(t, got.header.Get("Bcc"))
	require.Len(t, got.recipients, 1)
	require.Contains(t, got.html, "&lt;b&gt;Eve&lt;/b&gt; Bcc: x@y.example")
	require.Contains(t, got.html, "{identifier} &lt;img src=x onerror=alert(1)&gt;")
	require.NotContains(t, got.html, "<script")
	require.Contains(t, got.text, "{identifier} <img")
}

func TestOnlyPagesOfTheWebAreLinked(t *testing.T) {
	t.Parallel()
	s := open(t)
	shipped := func(carrier, page string) sunkMail {
		t.Helper()
		request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED)
		request.Email = strings.ToLower(identifier.New(12)) + "@mail.example"
		request.Carrier, request.TrackingUrl = carrier, page
		s.notify(request)
		return s.mailsTo(request.GetEmail(), 1)[0]
	}
	good := shipped("USPS", `https://carrier.example/a?b="><script>&c=1`)
	require.Contains(t, good.html, `<a href="https://carrier.example/a?b=&#34;&gt;&lt;script&gt;&amp;c=1">https://carrier`)
	for _, page := range []string{
		"javascript:alert(1)", "JavaScript://x.example/%0aalert(1)", "data:text/html,<script>", "//x.example/a", "/a", "carrier.example", "https://", "https:x.example",
		"https://shop.example@evil.example/", "https://evil.example/\u202egpj", "https://evil example/", "ftp://x.example/", "https://x.example/" + strings.Repeat("a", 2000), "\x00",
		"https://x.example/\r\nhttps://evil.example/",
	} {
		got := shipped("https://evil.example/", page)
		require.Equal(t, 1, strings.Count(got.html, "<a "), page)
		require.Contains(t, got.text, "Carrier: https://evil.example/\r\nTracking number: 9400 1000\r\n\r\n", page)
	}
	require.NotContains(t, shipped("", "").text, "Carrier")
}

func TestNoticesThatCannotBeSent(t *testing.T) {
	t.Parallel()
	s := open(t)
	for name, c := range map[string]struct {
		change func(*userv1.SendOrderNoticeRequest)
		kind   fault.Kind
		reason string
	}{
		"no kind":       {func(n *userv1.SendOrderNoticeRequest) { n.Kind = 0 }, fault.Invalid, "invalid-request"},
		"unknown kind":  {func(n *userv1.SendOrderNoticeRequest) { n.Kind = 99 }, fault.Invalid, "invalid-request"},
		"no key":        {func(n *userv1.SendOrderNoticeRequest) { n.Key = "" }, fault.Invalid, "invalid-request"},
		"long key":      {func(n *userv1.SendOrderNoticeRequest) { n.Key = strings.Repeat("k", 101) }, fault.Invalid, "invalid-request"},
		"nul in key":    {func(n *userv1.SendOrderNoticeRequest) { n.Key = "a\x00" }, fault.Invalid, "invalid-request"},
		"no order":      {func(n *userv1.SendOrderNoticeRequest) { n.OrderIdentifier = "" }, fault.Invalid, "invalid-request"},
		"two addresses": {func(n *userv1.SendOrderNoticeRequest) { n.Email = "a@b.co, c@d.co" }, fault.Invalid, "email-invalid"},
		"no account":    {func(n *userv1.SendOrderNoticeRequest) { n.AccountId = 4711 }, fault.NotFound, "account-not-found"},
	} {
		request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS)
		c.change(request)
		_, err := s.mail.SendOrderNotice(t.Context(), request)
		require.Equal(t, c.kind, fault.KindOf(err), name)
		require.Equal(t, c.reason, fault.ReasonOf(err), name)
	}
	s.exec("DELETE FROM mail_templates WHERE code = 'order-status'")
	_, err := s.mail.SendOrderNotice(t.Context(), notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS))
	require.Equal(t, "mail-template-not-found", fault.ReasonOf(err))
	require.Zero(t, s.count("SELECT count(*) FROM mails"))
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))
}

func TestNoticesAreForgottenWithThePerson(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.mailsTo(s.text("SELECT email FROM accounts"), 1)
	s.refuseAll()
	request := notice(userv1.OrderNoticeKind_ORDER_NOTICE_KIND_CANCELLED)
	request.AccountId = made.GetAccount().GetAccountId()
	s.notify(request)
	s.failed()
	s.mailCommandWorks("anonymise-account", "--account-id", s.text("SELECT id::text FROM accounts"), "--yes")
	require.Equal(t, 2, s.count("SELECT count(*) FROM mails WHERE recipient = 'anonymised@invalid' AND fields = '{}'"))
	s.notify(request)
	require.Equal(t, 2, s.count("SELECT count(*) FROM mails"), "the key is remembered")
}
