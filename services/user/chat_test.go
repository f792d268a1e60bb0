package user_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const operator = "operator@shop.example"

func message(change func(*userv1.PutMessageRequest)) *userv1.PutMessageRequest {
	written := &userv1.PutMessageRequest{
		Name: "Ada Byron", Email: "guest@mail.example", Message: "Do you ship to the moon?", ClientAddress: anyAddress(),
	}
	if change != nil {
		change(written)
	}
	return written
}

func (s *shop) write(change func(*userv1.PutMessageRequest)) ([]*userv1.FieldViolation, error) {
	answer, err := s.chat.PutMessage(s.t.Context(), message(change))
	return answer.GetViolations(), err
}

func (s *shop) written(change func(*userv1.PutMessageRequest)) {
	s.t.Helper()
	broken, err := s.write(change)
	require.NoError(s.t, err)
	require.Empty(s.t, broken)
}

// filedUnder says who the newest message is filed under, as account/prospect.
func (s *shop) filedUnder() string {
	s.t.Helper()
	return s.text("SELECT COALESCE(account_id::text, '-') || '/' || COALESCE(prospect_id::text, '-') FROM chat_messages ORDER BY id DESC LIMIT 1")
}

func TestAMessageIsKeptAndAnnounced(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.written(func(m *userv1.PutMessageRequest) { m.Message = "Grüße 🙂\r\n<b>'; {x}" })
	require.Equal(t, 1, s.count(`SELECT count(*) FROM chat_messages
		WHERE name = 'Ada Byron' AND email = 'guest@mail.example' AND message = E'Grüße 🙂\r\n<b>''; {x}'`))
	require.Equal(t, 1, s.count(`SELECT count(*) FROM prospects WHERE email = 'guest@mail.example' AND email_unsubscribed
		AND shop_comment LIKE '%chat%' AND prospect_comment = '' AND unsubscribe_token <> '' AND converted_at IS NULL`))
	require.Equal(t, "-/"+s.text("SELECT id::text FROM prospects"), s.filedUnder())
	notice := s.mailsTo(operator, 1)[0]
	require.Contains(t, notice.text, s.text("SELECT id::text FROM chat_messages"))
	for _, secret := range []string{"Ada", "Byron", "guest@mail.example", "Grüße"} {
		require.NotContains(t, notice.raw+notice.text+notice.html, secret)
		require.NotContains(t, s.logs.String(), secret)
	}
}

func TestMessagesThatCannotBeKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, wrong := range []struct {
		name, email, message string
		want                 []string
	}{
		{"", "", "", []string{"name:required", "email:required", "message:required"}},
		{"Ümit", "x", strings.Repeat("ü", 5001), []string{"name:not_valid", "email:not_valid", "message:too_many_chars"}},
		{strings.Repeat("a", 31), "a@b.co", "x", []string{"name:too_many_chars"}},
		{"Ada\n", "a@b.co\n", "x", []string{"name:not_valid", "email:not_valid"}},
		{"A\x00", "a\x00@b.co", "x\x00", []string{"name:not_valid", "email:not_valid", "message:not_valid"}},
		{"Ada", strings.Repeat("a", 250) + "@b.co", "x", []string{"email:too_many_chars"}},
		{"Ada", "a@b.co", strings.Repeat("x", 3<<20), []string{"message:too_many_chars"}},
	} {
		broken, err := s.write(func(m *userv1.PutMessageRequest) { m.Name, m.Email, m.Message = wrong.name, wrong.email, wrong.message })
		require.NoError(t, err)
		require.Equal(t, wrong.want, codes(broken))
	}
	_, err := s.write(func(m *userv1.PutMessageRequest) { m.Message = strings.Repeat("x", 10<<20) })
	require.Error(t, err, "more than a call carries")
	require.Zero(t, s.count("SELECT count(*) FROM chat_messages")+s.count("SELECT count(*) FROM mails")+s.count("SELECT count(*) FROM prospects"))

	s.written(func(m *userv1.PutMessageRequest) {
		m.Name, m.Message = strings.Repeat("a", 30), strings.Repeat("🙂", 5000)
	})
}

func TestWhoseMessageItIs(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	id := made.GetAccount().GetAccountId()

	s.written(func(m *userv1.PutMessageRequest) { m.AccountId, m.Email = id, "another@mail.example" })
	require.Equal(t, fmt.Sprintf("%d/-", id), s.filedUnder(), "who is logged in is known, whatever is typed")
	for _, email := range []string{filled.GetEmail(), strings.ToUpper(filled.GetEmail())} {
		s.written(func(m *userv1.PutMessageRequest) { m.Email = email })
		require.Equal(t, "-/-", s.filedUnder(), "that the address is theirs is not proved")
	}
	s.register(func(second *userv1.CreateAccountRequest) { second.Email = filled.GetEmail() })
	s.written(func(m *userv1.PutMessageRequest) { m.Email = filled.GetEmail() })
	require.Equal(t, "-/-", s.filedUnder(), "of two accounts neither")
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))

	known, err := s.ensure("Buyer@mail.example")
	require.NoError(t, err)
	s.written(func(m *userv1.PutMessageRequest) { m.Email = "buyer@MAIL.example" })
	require.Equal(t, fmt.Sprintf("-/%d", known.GetProspectId()), s.filedUnder())
	require.Equal(t, "buyer@MAIL.example", s.text("SELECT email FROM chat_messages ORDER BY id DESC LIMIT 1"), "as it was typed")
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects"))

	s.written(func(m *userv1.PutMessageRequest) { m.AccountId, m.Email = id+1000, filled.GetEmail() })
	require.Equal(t, "-/-", s.filedUnder(), "the account has gone, the message stays")
	require.Equal(t, 6, s.count("SELECT count(*) FROM chat_messages"))
}

func TestMessagesOfANewAddressAtOnceMakeOneProspect(t *testing.T) {
	t.Parallel()
	s := open(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			broken, err := s.write(func(m *userv1.PutMessageRequest) {
				if i%2 == 0 {
					m.Email = strings.ToUpper(m.Email)
				}
			})
			if err != nil || len(broken) > 0 {
				t.Error(err, broken)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects"))
	require.Equal(t, 20, s.count("SELECT count(*) FROM chat_messages WHERE prospect_id IS NOT NULL"))
	s.mailsTo(operator, 20)
}

func TestAMessageWithoutNoticeIsNotKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec("UPDATE mail_templates SET code = 'gone' WHERE code = 'chat-notice'")
	_, err := s.write(nil)
	require.Error(t, err)
	require.Zero(t, s.count("SELECT count(*) FROM chat_messages")+s.count("SELECT count(*) FROM prospects"))
}

func TestAMailServerThatIsDownDelaysNoMessage(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sink.fail(func(string) string { return "drop" })
	s.written(nil)
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.send' AND cardinality(errors) > 0") == 1
	}, patience, tick)
	s.sink.fail(nil)
	s.mailsTo(operator, 1)
}

func TestMessagesAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	for n := range 20 { // refused ones count too
		_, err := s.write(func(m *userv1.PutMessageRequest) {
			m.ClientAddress = "192.0.2.7"
			if n < 19 {
				m.Message = ""
			}
		})
		require.NoError(t, err)
	}
	_, err := s.write(func(m *userv1.PutMessageRequest) { m.ClientAddress = "::ffff:192.0.2.7" })
	requireReason(t, fault.RateLimited, "rate-limited", err)
	require.Positive(t, fault.Of(err).RetryAfter)

	for range 20 {
		s.written(func(m *userv1.PutMessageRequest) { m.AccountId = made.GetAccount().GetAccountId() })
	}
	_, err = s.write(func(m *userv1.PutMessageRequest) { m.AccountId = made.GetAccount().GetAccountId() })
	requireReason(t, fault.RateLimited, "rate-limited", err)
	s.written(nil)
	require.Equal(t, 22, s.count("SELECT count(*) FROM chat_messages"))
}

func TestOldMessagesAreRemoved(t *testing.T) {
	t.Parallel()
	s := open(t)
	purged := func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = 'chat.purge' AND state = 'completed'") == 1
	}
	require.Eventually(t, purged, patience, tick, "the service begins with it")
	s.exec(`INSERT INTO chat_messages (name, email, message, created_at)
		SELECT 'Ada', 'a@b.co', age, now() - CASE age WHEN 'old' THEN interval '24 months 1 day' ELSE interval '23 months 27 days' END
		FROM unnest(ARRAY['old', 'kept']) age, generate_series(1, 2500)`)
	s.exec("UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'chat.purge'")
	require.Eventually(t, purged, patience, tick)
	require.Zero(t, s.count("SELECT count(*) FROM chat_messages WHERE message = 'old'"))
	require.Equal(t, 2500, s.count("SELECT count(*) FROM chat_messages WHERE message = 'kept'"))
}
