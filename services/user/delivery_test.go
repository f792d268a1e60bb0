package user_test

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
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

func TestAMailThatBreaksOffHalfWayIsSentAgainWhole(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]string{"in the content": "MID-CONTENT", "before the answer to it": "CONTENT"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			var tries atomic.Int32
			s.sink.fail(func(command string) string {
				if command == point && tries.Add(1) == 1 {
					return "drop"
				}
				return ""
			})
			order := longOrder()
			s.confirm(order)
			got := s.mailsTo("buyer@mail.example", 1)[0]
			require.Equal(t, int32(2), tries.Load())
			require.Contains(t, got.text, "Article 499")
			require.Zero(t, s.count("SELECT count(*) FROM mails WHERE handed_over_at IS NOT NULL"))
		})
	}
}

// longOrder does not fit into one packet.
func longOrder() *userv1.SendOrderConfirmationRequest {
	order := guestOrder()
	for i := range 500 {
		order.Lines = append(order.Lines, &userv1.ConfirmationLine{Title: fmt.Sprintf("Article %d", i), Description: strings.Repeat("x", 200), PriceMinor: 1, Quantity: 1})
	}
	return order
}

func TestAServerThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stop()
	address := s.sink.listener.Addr().String()
	require.NoError(t, s.sink.listener.Close())
	s.start()
	s.confirm(guestOrder())
	filled, _ := s.register(nil)
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.send' AND attempt > 0") == 2
	}, patience, tick)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	s.sink = startMailSinkOn(t, listener)
	s.mailsTo("buyer@mail.example", 1)
	s.mailsTo(filled.GetEmail(), 1)
}

func TestASlowServerHoldsUpNoRequest(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sink.fail(func(string) string {
		<-time.After(1500 * time.Millisecond) // each of its answers, the greeting aside
		return ""
	})
	begun := time.Now()
	for range 6 { // more than are sent at once
		s.confirm(guestOrder())
	}
	filled, _ := s.register(nil)
	require.Less(t, time.Since(begun), 1500*time.Millisecond*4, "no request waits for a mail")
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state = 'sent'") == 7 }, 2*patience, tick)
	s.mailsTo("buyer@mail.example", 6)
	s.mailsTo(filled.GetEmail(), 1)
}

func TestOneRefusedRecipientAmongOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sink.fail(func(command string) string {
		if strings.Contains(command, "RCPT TO:<nobody@") {
			return "550 5.1.1 nobody here"
		}
		return ""
	})
	for _, email := range []string{"buyer@mail.example", "nobody@mail.example", "other@mail.example"} {
		order := guestOrder()
		order.Email = email
		s.confirm(order)
	}
	s.failed()
	s.mailsTo("buyer@mail.example", 1)
	s.mailsTo("other@mail.example", 1)
	require.Equal(t, "nobody@mail.example", s.text("SELECT recipient FROM mails JOIN mail_failures ON mail_id = mails.id"))
}

func TestARefusedCopyKeepsNoCustomerFromTheMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec("UPDATE mail_templates SET bcc_address = 'books@shop.example, The Boss <boss@shop.example>' WHERE code = $1", guestTemplate)
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT TO:<books@") {
			return "550 5.2.1 <books@shop.example> is full"
		}
		return ""
	})
	s.confirm(guestOrder())
	require.Equal(t, []string{"buyer@mail.example", "boss@shop.example"}, s.mailsTo("buyer@mail.example", 1)[0].recipients)
	require.Contains(t, s.logs.String(), `"copy_refused"`)
	require.NotContains(t, s.logs.String(), "books@")
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"))
}

// A server that took the whole content and is silent may be at work on it: a second try could be a second mail.
func TestAMailWithoutAnAnswerIsListedAndNotSentAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	var contents atomic.Int32
	s.sink.fail(func(command string) string {
		if command == "CONTENT" {
			contents.Add(1)
			return "silence"
		}
		return ""
	})
	order := guestOrder()
	s.confirm(order)
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mail_failures WHERE kind = 'interrupted'") == 1 }, 2*patience, tick)
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM river_job WHERE state = 'cancelled'") == 1 }, patience, tick)
	require.Equal(t, int32(1), contents.Load())
	require.Contains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
	require.Contains(t, s.logs.String(), order.GetOrderIdentifier())
	require.NotContains(t, s.logs.String(), "buyer@")
}

func TestAStopLetsAMailFinish(t *testing.T) {
	t.Parallel()
	s := open(t)
	reached := make(chan bool, 1)
	s.sink.fail(func(command string) string {
		if command == "CONTENT" {
			reached <- true
			<-time.After(2 * time.Second)
		}
		return ""
	})
	s.confirm(guestOrder())
	receive(t, reached)
	s.stop()
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails WHERE state = 'sent' AND handed_over_at IS NULL"))
}

func TestAStopCutsOffWhatTheServerHasNotTaken(t *testing.T) {
	t.Parallel()
	s := open(t)
	reached := make(chan bool, 1)
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT TO") {
			reached <- true
			return "silence"
		}
		return ""
	})
	s.confirm(guestOrder())
	receive(t, reached)
	s.stop()
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails WHERE state = 'queued' AND handed_over_at IS NULL"))
	s.sink.fail(nil)
	s.start()
	s.mailsTo("buyer@mail.example", 1)
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"))
}

func receive(t *testing.T, from <-chan bool) {
	t.Helper()
	select {
	case <-from:
	case <-time.After(patience):
		t.Fatal("nothing came")
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
		"order_total_information":"","discount_information":"","payment_information":"","shipping_address_information":"","billing_address_information":"",
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
