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

func (s *shop) ensure(email string) (*userv1.EnsureProspectResponse, error) {
	return s.prospects.EnsureProspect(s.t.Context(), &userv1.EnsureProspectRequest{Email: email})
}

func TestAProspectIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	first, err := s.ensure(" Guest@mail.example ")
	require.NoError(t, err)
	require.Regexp(t, `^[A-Za-z0-9]{20}$`, first.GetProspectCode())
	again, err := s.ensure("guest@MAIL.example")
	require.NoError(t, err)
	require.Equal(t, first.GetProspectId(), again.GetProspectId())
	require.Equal(t, first.GetProspectCode(), again.GetProspectCode())
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE email = 'Guest@mail.example' AND email_unsubscribed AND converted_at IS NULL"))

	payload, token := s.text("SELECT unsubscribe_string FROM prospects"), s.text("SELECT unsubscribe_token FROM prospects")
	require.Len(t, token, 43)
	_, err = signing.NewSigner(signing.Key{Secret: secretKey}, "email_unsubscribe").Unsign(payload + ":" + token)
	require.NoError(t, err)
}

func TestAProspectIsMadeOnceByManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	ids := make([]int64, 12)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			email := "guest@mail.example"
			if i%2 == 0 {
				email = strings.ToUpper(email)
			}
			found, err := s.ensure(email)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = found.GetProspectId()
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
}

func TestAMembersAddressIsNoProspects(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	_, err := s.ensure(strings.ToUpper(filled.GetEmail()))
	require.Equal(t, fault.Conflict, fault.KindOf(err))
	require.Equal(t, "email-belongs-to-member", fault.ReasonOf(err))
	require.Zero(t, s.count("SELECT count(*) FROM prospects"))
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, email := range []string{
		"", " ", "x", "x@", "@x.co", "a@localhost", "a b@c.co", "a@b.co,c@d.co", "A <a@b.co>", "a@b.co\nBcc: c@d.co", "a\x00@b.co",
		strings.Repeat("a", 250) + "@b.co", strings.Repeat("a", 500_000),
	} {
		_, err := s.ensure(email)
		require.Equal(t, "email-invalid", fault.ReasonOf(err), "%.40q", email)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	for _, email := range []string{"_a@b.co", "o'brien@mail.example", "a+b@sub.mail.example", "jürgen@mail.example"} {
		_, err := s.ensure(email)
		require.NoError(t, err, email)
	}
}

func TestLookupsAreLimitedForCustomersOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	lookup := func(address string) error {
		_, err := s.limits.Allow(t.Context(), &userv1.AllowRequest{Bucket: "payment-lookup", Key: address})
		return err
	}
	for range 60 {
		require.NoError(t, lookup("192.0.2.1"))
	}
	err := lookup("192.0.2.1")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	require.NoError(t, lookup("192.0.2.2"))
	for range 61 {
		_, err := s.ensure("guest@mail.example")
		require.NoError(t, err, "other services make prospects without a limit")
	}
}

func TestCurrentTermsAreTheHighestVersion(t *testing.T) {
	t.Parallel()
	s := open(t)
	current, err := s.terms.GetCurrentTerms(t.Context(), &userv1.GetCurrentTermsRequest{})
	require.NoError(t, err)
	require.Equal(t, int32(1), current.GetVersion())
	require.Nil(t, current.Note)
	require.Equal(t, "2019-04-20T00:00:00Z", current.GetPublishedAt().AsTime().Format("2006-01-02T15:04:05Z07:00"))

	s.exec("INSERT INTO terms_versions (version, note, published_at) VALUES (12, '<b>new</b>', now()), (7, NULL, now())")
	current, err = s.terms.GetCurrentTerms(t.Context(), &userv1.GetCurrentTermsRequest{})
	require.NoError(t, err)
	require.Equal(t, int32(12), current.GetVersion())
	require.Equal(t, "<b>new</b>", current.GetNote())
	_, made := s.register(nil)
	require.Equal(t, 12, s.count("SELECT version FROM terms_agreements JOIN terms_versions v ON v.id = terms_version_id WHERE account_id = $1", made.GetAccount().GetAccountId()))

	s.exec("DELETE FROM terms_agreements")
	s.exec("DELETE FROM terms_versions")
	_, err = s.terms.GetCurrentTerms(t.Context(), &userv1.GetCurrentTermsRequest{})
	require.Equal(t, "terms-not-found", fault.ReasonOf(err))
}
