package user_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func (s *shop) failed() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.count("SELECT count(*) FROM mail_failures") == 1 }, patience, tick)
	require.Equal(s.t, 1, s.count("SELECT count(*) FROM mails WHERE state = 'failed'"))
}

func TestAMailIsTriedAgainUntilTheServerTakesIt(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{"busy": "451 later", "login refused": "535 no", "hangs up": "drop"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var tries atomic.Int32
			s.sink.fail(func(command string) string {
				if strings.HasPrefix(command, "MAIL FROM") && tries.Add(1) <= 3 {
					return answer
				}
				return ""
			})
			s.confirm(guestOrder())
			s.mailsTo("buyer@mail.example", 1)
			require.Equal(t, int32(4), tries.Load())
			require.Zero(t, s.count("SELECT count(*) FROM mail_failures"))
		})
	}
}

func TestAServerThatSaysNothingHoldsAMailUpForSeconds(t *testing.T) {
	t.Parallel()
	s := open(t)
	var asked atomic.Int32
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT TO") && asked.Add(1) == 1 {
			return "silence"
		}
		return ""
	})
	s.confirm(guestOrder())
	s.mailsTo("buyer@mail.example", 1)
	require.Equal(t, int32(2), asked.Load(), "given up once, then taken")
}

func TestAttemptsCarryTheSameMessageID(t *testing.T) {
	t.Parallel()
	s := open(t)
	var quits, contents atomic.Int32
	s.sink.fail(func(command string) string {
		switch {
		case command == "CONTENT" && contents.Add(1) == 1:
			return "" // taken
		case command == "QUIT" && quits.Add(1) == 1:
			return "drop"
		}
		return ""
	})
	order := guestOrder()
	s.confirm(order)
	first := s.mailsTo("buyer@mail.example", 1)[0]
	require.NotEmpty(t, first.header.Get("Message-ID"))
	require.NotContains(t, first.header.Get("Message-ID"), order.GetOrderIdentifier())
	require.True(t, strings.HasSuffix(first.header.Get("Message-ID"), "@shop.example>"))

	// What a process that died after the server's yes leaves behind: a mail still queued and its job.
	s.exec("UPDATE mails SET state = 'queued', sent_at = NULL, fields = $1", guestFields(order.GetOrderIdentifier()))
	s.exec("UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'mail.send'")
	second := s.mailsTo("buyer@mail.example", 2)[1]
	require.Equal(t, first.header.Get("Message-ID"), second.header.Get("Message-ID"))
}

// guestFields gives values for every placeholder of the guest's template.
func guestFields(order string) string {
	return `{"recipient_first_name":"G","identifier":"` + order + `","order_information":"","product_information":"","shipping_information":"",
		"order_total_information":"","payment_information":"","shipping_address_information":"","billing_address_information":"",
		"pr_cd":"p","prosepct_email_unsubscribe_str":""}` //nolint:misspell // as the old templates
}

func TestARefusedRecipientIsAVisibleFailure(t *testing.T) {
	t.Parallel()
	s := open(t)
	var tries atomic.Int32
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT TO") {
			tries.Add(1)
			return "550 5.1.1 <buyer@mail.example> is nobody here"
		}
		return ""
	})
	order := guestOrder()
	s.confirm(order)
	s.failed()
	require.Equal(t, int32(1), tries.Load(), "what is refused for good is not tried again")
	require.Equal(t, "smtp_send", s.text("SELECT kind FROM mail_failures"))
	require.Contains(t, s.text("SELECT message FROM mail_failures"), "550")
	require.Contains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
	require.Contains(t, s.logs.String(), order.GetOrderIdentifier())
	require.NotContains(t, s.logs.String(), "buyer@mail.example")
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM river_job WHERE state = 'cancelled'") == 1 }, patience, tick)
	require.NotContains(t, s.text("SELECT errors::text FROM river_job WHERE kind = 'mail.send'"), "buyer@mail.example")
}

func TestAMistakeInATemplateIsAVisibleFailure(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"unknown": "Hi {recipient_name}", "open": "Hi {recipient_first_name", "closed": "Hi }", "formatted": "{identifier:>10}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.exec("UPDATE mail_templates SET body_text = $1 WHERE code = $2", body, guestTemplate)
			s.confirm(guestOrder())
			s.failed()
			require.Equal(t, "formatting", s.text("SELECT kind FROM mail_failures"))
			require.Contains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
			require.Empty(t, s.sink.mails())
		})
	}
}

func TestAWelcomeThatFailsHasItsOwnTag(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec("UPDATE mail_templates SET from_address = 'nobody' WHERE code = 'member-welcome'")
	filled, _ := s.register(nil)
	s.failed()
	require.Contains(t, s.logs.String(), "[EMAIL_FAILURE]")
	require.NotContains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
	require.NotContains(t, s.logs.String(), filled.GetEmail())
	_, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err, "the account is made all the same")
}

func TestOperatorsEditTheTemplates(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(`UPDATE mail_templates SET subject = 'Order {identifier}', from_address = 'Orders <orders@shop.example>', bcc_address = 'books@shop.example',
		body_html = '', body_text = '{{braces}}{line_break}{recipient_first_name}{short_line_break}{discount_information}{ENVIRONMENT_DOMAIN}' WHERE code = $1`, guestTemplate)
	order := guestOrder()
	s.confirm(order)
	got := s.mailsTo("buyer@mail.example", 1)[0]
	require.Equal(t, "Order "+order.GetOrderIdentifier(), got.header.Get("Subject"))
	require.Equal(t, `"Orders" <orders@shop.example>`, got.header.Get("From"))
	require.Equal(t, `"Orders" <orders@shop.example>`, got.header.Get("Reply-To"))
	require.Equal(t, []string{"buyer@mail.example", "books@shop.example"}, got.recipients)
	require.NotContains(t, got.raw, "books@shop.example")
	require.Equal(t, "{braces}\r\n\r\nGrace Hopper\r\nItem discount: ($10.00)"+site, strings.TrimRight(got.text, "\r\n"))
	require.Empty(t, got.html)
}

func TestMailSurvivesARestart(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sink.fail(func(string) string { return "drop" })
	s.confirm(guestOrder())
	filled, _ := s.register(nil)
	s.stop()
	require.Equal(t, 2, s.count("SELECT count(*) FROM mails WHERE state = 'queued'"))
	s.sink.fail(nil)
	s.start()
	s.mailsTo("buyer@mail.example", 1)
	s.mailsTo(filled.GetEmail(), 1)
}
