package user_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

func (s *shop) prefer(accountID int64, newsletter, unsubscribed bool, reasons *userv1.UnsubscribeReasons) error {
	_, err := s.subscriptions.UpdatePreferences(s.t.Context(), &userv1.UpdatePreferencesRequest{
		AccountId: accountID, Newsletter: newsletter, Unsubscribed: unsubscribed, Reasons: reasons,
	})
	return err
}

func (s *shop) unsubscribe(token *userv1.SubscriptionToken) (*userv1.UnsubscribeResponse, error) {
	return s.subscriptions.Unsubscribe(s.t.Context(), &userv1.UnsubscribeRequest{Token: token})
}

func (s *shop) lookUp(token *userv1.SubscriptionToken) (string, error) {
	found, err := s.subscriptions.LookUpSubscription(s.t.Context(), &userv1.LookUpSubscriptionRequest{Token: token})
	return found.GetMaskedEmail(), err
}

func (s *shop) explain(token *userv1.SubscriptionToken, reasons *userv1.UnsubscribeReasons, address string) error {
	_, err := s.subscriptions.ExplainUnsubscription(s.t.Context(), &userv1.ExplainUnsubscriptionRequest{
		Token: token, Reasons: reasons, ClientAddress: address,
	})
	return err
}

func member(token string) *userv1.SubscriptionToken {
	return &userv1.SubscriptionToken{MemberToken: &token}
}

func guest(token string) *userv1.SubscriptionToken {
	return &userv1.SubscriptionToken{ProspectToken: &token}
}

// subscriber registers a member and gives the number and the token.
func (s *shop) subscriber(change func(*userv1.CreateAccountRequest)) (int64, string) {
	s.t.Helper()
	_, made := s.register(change)
	id := made.GetAccount().GetAccountId()
	return id, s.memberToken(id)
}

func (s *shop) memberToken(accountID int64) string {
	s.t.Helper()
	return s.text("SELECT unsubscribe_token FROM accounts WHERE id = $1", accountID)
}

// wishes are newsletter and unsubscribed of a member, as tt, tf, ft or ff.
func (s *shop) wishes(accountID int64) string {
	s.t.Helper()
	return s.text("SELECT left(newsletter_subscriber::text, 1) || left(email_unsubscribed::text, 1) FROM accounts WHERE id = $1", accountID)
}

// guestOnTheList makes a prospect who gets mail, and gives the number and the token.
func (s *shop) guestOnTheList(email string) (int64, string) {
	s.t.Helper()
	made, err := s.ensure(email)
	require.NoError(s.t, err)
	s.exec("UPDATE prospects SET email_unsubscribed = false WHERE id = $1", made.GetProspectId())
	return made.GetProspectId(), s.text("SELECT unsubscribe_token FROM prospects WHERE id = $1", made.GetProspectId())
}

func requireReason(t *testing.T, kind fault.Kind, reason string, err error) {
	t.Helper()
	require.Equal(t, reason, fault.ReasonOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err))
}

func TestTheTokenChangesOnlyWithTheWishToGetNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	for _, step := range []struct {
		newsletter, unsubscribed, renewed bool
		wishes                            string
	}{
		{true, false, false, "tf"}, {true, false, false, "tf"}, {false, false, false, "ff"},
		{false, true, true, "ft"}, {false, true, false, "ft"}, {true, false, true, "tf"},
	} {
		require.NoError(t, s.prefer(id, step.newsletter, step.unsubscribed, nil))
		require.Equal(t, step.wishes, s.wishes(id))
		now := s.memberToken(id)
		require.Equal(t, step.renewed, now != token)
		token = now
	}
	_, err := signing.NewSigner(signing.Key{Secret: secretKey}, "email_unsubscribe").
		Unsign(s.text("SELECT unsubscribe_string FROM accounts WHERE id = $1", id) + ":" + token)
	require.NoError(t, err)
}

func TestPreferencesThatCannotBe(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	spam := &userv1.UnsubscribeReasons{Spam: true}
	requireReason(t, fault.Invalid, "preferences-contradict", s.prefer(id, true, true, spam))
	for _, nobody := range []int64{0, -1, id + 1, 1<<63 - 1} {
		requireReason(t, fault.NotFound, "account-not-found", s.prefer(nobody, false, true, spam))
	}
	require.Equal(t, "ff", s.wishes(id))
	require.Equal(t, token, s.memberToken(id))
	require.Zero(t, s.count("SELECT count(*) FROM unsubscribe_reasons"))
}

func TestAClosedAccountTakesNoWishes(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, _ := s.subscriber(nil)
	s.exec("UPDATE accounts SET is_active = false")
	requireReason(t, fault.NotFound, "account-not-found", s.prefer(id, false, true, &userv1.UnsubscribeReasons{Other: "my name is Ada"}))
	require.Zero(t, s.count("SELECT count(*) FROM unsubscribe_reasons"))
}

func TestReasonsOfPreferencesAreKeptOnlyWithTheWishToGetNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, _ := s.subscriber(nil)
	spam := &userv1.UnsubscribeReasons{Spam: true, Other: "too many"}
	require.NoError(t, s.prefer(id, false, false, spam))
	require.NoError(t, s.prefer(id, true, false, spam))
	require.NoError(t, s.prefer(id, false, true, nil))
	require.NoError(t, s.prefer(id, false, true, &userv1.UnsubscribeReasons{}))
	require.NoError(t, s.prefer(id, false, true, &userv1.UnsubscribeReasons{Other: "\x00"}))
	require.Zero(t, s.count("SELECT count(*) FROM unsubscribe_reasons"))

	for n, reasons := range []*userv1.UnsubscribeReasons{
		{NoLongerWantToReceive: true}, {NeverSignedUp: true}, {Inappropriate: true}, {Spam: true}, {Other: "too many"},
	} {
		require.NoError(t, s.prefer(id, false, true, reasons))
		require.Equal(t, n+1, s.count(`SELECT count(*) FROM unsubscribe_reasons WHERE account_id = $1 AND prospect_id IS NULL
			AND no_longer_want_to_receive::int + never_signed_up::int + inappropriate::int + spam::int + (other = 'too many')::int = 1`, id))
	}
}

func TestPreferencesTakeNothingFromWhoeverWritesAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	tx, err := s.db.Pool().Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE accounts SET first_name = 'Grace', email_verified = true, email_unsubscribed = true WHERE id = $1", id)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- s.prefer(id, false, true, nil) }()
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
	}, patience, tick)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-done)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE first_name = 'Grace' AND email_verified AND email_unsubscribed"))
	require.Equal(t, token, s.memberToken(id), "the wish was no other than what it had become")
}

func TestTokensOfLinksThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	_, guestToken := s.guestOnTheList("guest@mail.example")
	both := &userv1.SubscriptionToken{MemberToken: &token, ProspectToken: &guestToken}
	unknown := "x"
	calls := map[string]func(*userv1.SubscriptionToken) error{
		"look up":     func(given *userv1.SubscriptionToken) error { _, err := s.lookUp(given); return err },
		"unsubscribe": func(given *userv1.SubscriptionToken) error { _, err := s.unsubscribe(given); return err },
		"explain":     func(given *userv1.SubscriptionToken) error { return s.explain(given, nil, anyAddress()) },
	}
	for name, call := range calls {
		requireReason(t, fault.Invalid, "token-required", call(nil))
		requireReason(t, fault.Invalid, "token-required", call(&userv1.SubscriptionToken{}))
		for _, wrong := range []string{
			"", " ", ".", unknown, guestToken, token[:42], strings.ToLower(token), "x" + token, token + "%2E" + token, token[:20] + "\x00" + token[20:],
			token[:20] + "é" + token[20:], strings.Repeat("a", 500_000), "' OR true --",
		} {
			requireReason(t, fault.NotFound, "member-not-found", call(member(wrong)))
		}
		requireReason(t, fault.NotFound, "member-not-found", call(guest(token)))
		requireReason(t, fault.NotFound, "member-not-found", call(guest("")))
		requireReason(t, fault.NotFound, "member-not-found", call(&userv1.SubscriptionToken{MemberToken: &unknown, ProspectToken: &guestToken}))
		require.Zero(t, s.count("SELECT count(*) FROM unsubscribe_reasons"), name)
	}

	masked, err := s.lookUp(both)
	require.NoError(t, err)
	require.Regexp(t, `^memb\*+@mail\.example$`, masked, "the member's token wins")
	for _, end := range []string{".", " ", "\n", ").", "\x00"} {
		_, err = s.lookUp(member(token + end))
		require.NoError(t, err)
	}

	s.exec("UPDATE accounts SET unsubscribe_string = 'another' WHERE id = $1", id)
	for _, call := range calls {
		requireReason(t, fault.Invalid, "token-altered", call(member(token)))
	}
	s.exec("UPDATE accounts SET email_unsubscribed = true WHERE id = $1", id)
	for _, name := range []string{"look up", "unsubscribe"} {
		requireReason(t, fault.FailedPrecondition, "email-address-already-unsubscribed", calls[name](member(token)))
	}
	require.Zero(t, s.count("SELECT count(*) FROM unsubscribe_reasons"))
}

func TestAMemberUnsubscribes(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(func(filled *userv1.CreateAccountRequest) { filled.Newsletter = true })
	require.Equal(t, "tf", s.wishes(id))
	other, _ := s.subscriber(func(filled *userv1.CreateAccountRequest) { filled.Newsletter = true })

	done, err := s.unsubscribe(member(token))
	require.NoError(t, err)
	require.Regexp(t, `^memb\*+@mail\.example$`, done.GetMaskedEmail())
	require.Regexp(t, `^[A-Za-z0-9_-]{43}$`, done.GetToken())
	require.NotEqual(t, token, done.GetToken())
	require.Equal(t, done.GetToken(), s.memberToken(id))
	require.Equal(t, "ft", s.wishes(id))
	require.Equal(t, "tf", s.wishes(other))

	_, err = s.unsubscribe(member(token))
	requireReason(t, fault.NotFound, "member-not-found", err)
	_, err = s.unsubscribe(member(done.GetToken()))
	requireReason(t, fault.FailedPrecondition, "email-address-already-unsubscribed", err)
	_, err = s.lookUp(member(done.GetToken()))
	requireReason(t, fault.FailedPrecondition, "email-address-already-unsubscribed", err)

	require.NoError(t, s.explain(member(done.GetToken()), &userv1.UnsubscribeReasons{NeverSignedUp: true, Other: "free text"}, anyAddress()))
	require.NoError(t, s.explain(member(done.GetToken()), nil, anyAddress()), "saying nothing is kept too")
	require.Equal(t, 1, s.count("SELECT count(*) FROM unsubscribe_reasons WHERE account_id = $1 AND never_signed_up AND NOT spam AND other = 'free text'", id))
	require.Equal(t, 1, s.count("SELECT count(*) FROM unsubscribe_reasons WHERE account_id = $1 AND NOT never_signed_up AND other = ''", id))
	require.Equal(t, done.GetToken(), s.memberToken(id), "explaining does not renew")
}

func TestAGuestUnsubscribes(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.guestOnTheList("guest@mail.example")
	masked, err := s.lookUp(guest(token))
	require.NoError(t, err)
	require.Equal(t, "gues*@mail.example", masked)
	done, err := s.unsubscribe(guest(token + "."))
	require.NoError(t, err)
	require.Equal(t, masked, done.GetMaskedEmail())
	require.Equal(t, done.GetToken(), s.text("SELECT unsubscribe_token FROM prospects WHERE id = $1 AND email_unsubscribed", id))
	_, err = s.lookUp(guest(token))
	requireReason(t, fault.NotFound, "member-not-found", err)
	_, err = s.unsubscribe(guest(done.GetToken()))
	requireReason(t, fault.FailedPrecondition, "email-address-already-unsubscribed", err)
	require.NoError(t, s.explain(guest(done.GetToken()), &userv1.UnsubscribeReasons{Spam: true}, anyAddress()))
	require.Equal(t, 1, s.count("SELECT count(*) FROM unsubscribe_reasons WHERE prospect_id = $1 AND account_id IS NULL AND spam", id))
}

func TestAddressesAreMasked(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	for address, want := range map[string]string{
		"longname@x.co": "long****@x.co", "abcde@x.co": "abcd*@x.co", "abcd@x.co": "a***@x.co", "ab@x.co": "a*@x.co", "a@x.co": "*@x.co",
		"@x.co": "@x.co", "nowhere": "nowh***", "no": "n*", "": "", "@": "@", "jürgens@localhost": "jürg***@localhost", "a@b@x.co": "a**@x.co",
	} {
		s.exec("UPDATE accounts SET email = $1 WHERE id = $2", address, id)
		masked, err := s.lookUp(member(token))
		require.NoError(t, err)
		require.Equal(t, want, masked)
	}
}

func TestOneTokenUnsubscribesOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, token := s.subscriber(nil)
	_, guestToken := s.guestOnTheList("guest@mail.example")
	for _, given := range []*userv1.SubscriptionToken{member(token), guest(guestToken)} {
		reasons := make([]string, 20)
		var all sync.WaitGroup
		for i := range reasons {
			all.Go(func() {
				_, err := s.unsubscribe(given)
				reasons[i] = fault.ReasonOf(err)
			})
		}
		all.Wait()
		counted := map[string]int{}
		for _, reason := range reasons {
			counted[reason]++
		}
		require.Equal(t, map[string]int{"": 1, "member-not-found": 19}, counted)
	}
}

func TestUnsubscribingAndChoosingAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	signer := signing.NewSigner(signing.Key{Secret: secretKey}, "email_unsubscribe")
	id, _ := s.subscriber(nil)
	seen := map[string]int{}
	for range 40 {
		require.NoError(t, s.prefer(id, true, false, nil))
		token := s.memberToken(id)
		var given string
		var all sync.WaitGroup
		all.Go(func() {
			done, err := s.unsubscribe(member(token))
			if err != nil {
				t.Error(err) // choosing the newsletter again does not renew the token
			}
			given = done.GetToken()
		})
		all.Go(func() {
			if err := s.prefer(id, true, false, nil); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		last := s.wishes(id)
		seen[last]++
		require.Contains(t, []string{"ft", "tf"}, last, "a mix of both wishes is nobody's")
		require.Equal(t, last == "ft", given == s.memberToken(id), "who chose after unsubscribing has another token")
		_, err := signer.Unsign(s.text("SELECT unsubscribe_string || ':' || unsubscribe_token FROM accounts WHERE id = $1", id))
		require.NoError(t, err)
	}
	t.Log(seen)
}

func TestFreeWordsAreCutAndCleaned(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, token := s.subscriber(nil)
	for given, want := range map[string]string{
		strings.Repeat("ü", 5000):               strings.Repeat("ü", 5000),
		strings.Repeat("🙂", 5001):               strings.Repeat("🙂", 5000),
		strings.Repeat("x", 3<<20):              strings.Repeat("x", 5000),
		"\x00a\x00b\x00":                        "ab",
		strings.Repeat("\x00", 5000) + "x":      "x",
		"'); DROP TABLE accounts; --\r\n<b>x\\": "'); DROP TABLE accounts; --\r\n<b>x\\",
	} {
		s.exec("DELETE FROM unsubscribe_reasons")
		require.NoError(t, s.explain(member(token), &userv1.UnsubscribeReasons{Other: given}, anyAddress()))
		require.Equal(t, want, s.text("SELECT other FROM unsubscribe_reasons"))
	}
	s.exec("DELETE FROM unsubscribe_reasons")
	require.NoError(t, s.prefer(id, false, true, &userv1.UnsubscribeReasons{Other: "\x00" + strings.Repeat("x", 6000)}))
	require.Equal(t, strings.Repeat("x", 5000), s.text("SELECT other FROM unsubscribe_reasons"))

	err := s.explain(member(s.memberToken(id)), &userv1.UnsubscribeReasons{Other: strings.Repeat("x", 10<<20)}, anyAddress())
	require.Error(t, err, "more than a call carries")
	require.Equal(t, 1, s.count("SELECT count(*) FROM unsubscribe_reasons"))
}

func TestExplanationsAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, first := s.subscriber(nil)
	_, second := s.subscriber(nil)
	_, third := s.guestOnTheList("guest@mail.example")
	const address = "192.0.2.7"
	for range 20 {
		require.NoError(t, s.explain(member(first), nil, address))
	}
	requireReason(t, fault.RateLimited, "rate-limited", s.explain(member(first), nil, address))
	requireReason(t, fault.RateLimited, "rate-limited", s.explain(member(first), nil, "192.0.2.8"))
	for range 20 {
		require.NoError(t, s.explain(member(second), nil, address))
	}
	for range 18 {
		require.NoError(t, s.explain(guest(third), nil, address))
	}
	requireReason(t, fault.NotFound, "member-not-found", s.explain(member("x"), nil, address))
	err := s.explain(guest(third), nil, address)
	requireReason(t, fault.RateLimited, "rate-limited", err)
	require.Positive(t, fault.Of(err).RetryAfter)
	require.NoError(t, s.explain(guest(third), nil, "192.0.2.9"))
	require.Equal(t, 59, s.count("SELECT count(*) FROM unsubscribe_reasons"))
}

func TestUnsubscribingLeavesNoTraceInTheLogs(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, token := s.subscriber(nil)
	_, err := s.unsubscribe(member(token))
	require.NoError(t, err)
	_, err = s.unsubscribe(member(token))
	require.Error(t, err)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.subscriptions.Unsubscribe(gone, &userv1.UnsubscribeRequest{Token: member(token)})
	require.Error(t, err)
	require.NotContains(t, s.logs.String(), token)
	require.NotContains(t, s.logs.String(), "@mail.example")
}
