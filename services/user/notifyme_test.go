package user_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

func (s *shop) notifyMe(email, howExcited, address string) ([]*userv1.FieldViolation, error) {
	answer, err := s.prospects.NotifyMe(s.t.Context(), &userv1.NotifyMeRequest{Email: email, HowExcited: howExcited, ClientAddress: address})
	return answer.GetViolations(), err
}

// codes are those of the broken rules, each with its field.
func codes(violations []*userv1.FieldViolation) []string {
	found := []string{}
	for _, violation := range violations {
		found = append(found, violation.GetField()+":"+violation.GetCode())
	}
	return found
}

func TestSomebodyWantsToBeNotified(t *testing.T) {
	t.Parallel()
	s := open(t)
	broken, err := s.notifyMe("Guest@mail.example", "4", anyAddress())
	require.NoError(t, err)
	require.Empty(t, broken)
	require.Equal(t, 1, s.count(`SELECT count(*) FROM prospects WHERE email = 'Guest@mail.example' AND email_unsubscribed AND converted_at IS NULL
		AND prospect_comment LIKE '%4' AND shop_comment LIKE '%notified%' AND length(prospect_code) = 20`))
	_, err = signing.NewSigner(signing.Key{Secret: secretKey}, "email_unsubscribe").
		Unsign(s.text("SELECT unsubscribe_string || ':' || unsubscribe_token FROM prospects"))
	require.NoError(t, err)

	for _, again := range []string{"Guest@mail.example", "guest@MAIL.example"} {
		_, err = s.notifyMe(again, "5", anyAddress())
		requireReason(t, fault.Conflict, "prospect-exists", err)
	}
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE prospect_comment LIKE '%4'"))

	_, err = s.ensure("buyer@mail.example")
	require.NoError(t, err)
	_, err = s.notifyMe("buyer@mail.example", "1", anyAddress())
	requireReason(t, fault.Conflict, "prospect-exists", err)

	filled, _ := s.register(nil)
	_, err = s.notifyMe(filled.GetEmail(), "1", anyAddress())
	require.NoError(t, err, "members may be curious too")
	require.NotContains(t, s.logs.String(), "@mail.example")
}

func TestNotificationsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, wrong := range []struct {
		email, howExcited string
		want              []string
	}{
		{"", "", []string{"email:required", "how_excited:required"}},
		{"x", "0", []string{"email:not_valid", "how_excited:out_of_range"}},
		{"a@b.co", "6", []string{"how_excited:out_of_range"}},
		{"a@b.co", "10", []string{"how_excited:out_of_range"}},
		{"a@b.co", "1.5", []string{"how_excited:out_of_range"}},
		{"a@b.co", "１", []string{"how_excited:out_of_range"}},
		{"a@b.co", "1\x00", []string{"how_excited:out_of_range"}},
		{"a@b.co\n", "1", []string{"email:not_valid"}},
		{" a@b.co", "1", []string{"email:not_valid"}},
		{"a\x00@b.co", "1", []string{"email:not_valid"}},
		{strings.Repeat("a", 250) + "@b.co", "1", []string{"email:too_many_chars"}},
		{strings.Repeat("é", 1<<20), strings.Repeat("1", 1<<20), []string{"email:not_valid", "email:too_many_chars", "how_excited:out_of_range"}},
	} {
		broken, err := s.notifyMe(wrong.email, wrong.howExcited, anyAddress())
		require.NoError(t, err)
		require.Equal(t, wrong.want, codes(broken), "%.20q %.20q", wrong.email, wrong.howExcited)
	}
	_, err := s.notifyMe(strings.Repeat("a", 10<<20), "1", anyAddress())
	require.Error(t, err, "more than a call carries")
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))
}

func TestTwentyWhoAreOnePersonMakeOneProspect(t *testing.T) {
	t.Parallel()
	s := open(t)
	reasons := make([]string, 20)
	var all sync.WaitGroup
	for i := range reasons {
		all.Go(func() {
			email := "guest@mail.example"
			if i%2 == 0 {
				email = strings.ToUpper(email)
			}
			_, err := s.notifyMe(email, "3", anyAddress())
			reasons[i] = fault.ReasonOf(err)
		})
	}
	all.Wait()
	counted := map[string]int{}
	for _, reason := range reasons {
		counted[reason]++
	}
	require.Equal(t, map[string]int{"": 1, "prospect-exists": 19}, counted)
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects"))
}

func TestNotificationsAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 20 {
		_, err := s.notifyMe("", "", "2001:db8::1")
		require.NoError(t, err)
	}
	_, err := s.notifyMe("guest@mail.example", "3", "2001:db8::2")
	requireReason(t, fault.RateLimited, "rate-limited", err)
	require.Positive(t, fault.Of(err).RetryAfter)
	_, err = s.notifyMe("guest@mail.example", "3", "2001:db8:0:1::1")
	require.NoError(t, err)
}
