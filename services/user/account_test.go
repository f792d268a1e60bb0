package user_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestNewAccountHasEverythingThatBelongsToIt(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(func(f *userv1.CreateAccountRequest) {
		f.Newsletter, f.Remember = true, true
		f.Email = strings.Replace(f.Email, "mail.example", "Mail.EXAMPLE", 1)
	})

	account := made.GetAccount()
	require.Positive(t, account.GetAccountId())
	require.Len(t, account.GetMemberCode(), 20)
	require.Equal(t, filled.GetUsername()+"@mail.example", account.GetEmail(), "the domain is lower case")
	require.Regexp(t, `^[a-z0-9]{32}$`, made.GetSession().GetToken())
	require.True(t, made.GetSession().GetPersistent())

	resolved, err := s.resolve(made.GetSession().GetToken())
	require.NoError(t, err)
	require.Equal(t, account.GetAccountId(), resolved.GetAccount().GetAccountId())

	profile, err := s.accounts.GetProfile(t.Context(), &userv1.GetProfileRequest{AccountId: account.GetAccountId()})
	require.NoError(t, err)
	require.Equal(t, filled.GetUsername(), profile.GetAccount().GetUsername())
	require.True(t, profile.GetNewsletterSubscriber())
	require.False(t, profile.GetEmailUnsubscribed())
	require.False(t, profile.GetEmailVerified())
	for _, at := range []interface{ AsTime() time.Time }{
		profile.GetVerificationRequestedAt(), profile.GetJoinedAt(), profile.GetLastLoginAt(), profile.GetTermsAgreedAt(),
	} {
		require.WithinDuration(t, time.Now(), at.AsTime(), time.Minute)
	}
}

func TestWelcomeMailCarriesACodeThatOnlyItKnows(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)

	welcome := s.mailsTo(filled.GetEmail(), 1)[0]
	require.Equal(t, "Welcome to "+site, welcome.header.Get("Subject"))
	require.Equal(t, `"The Shop" <shop@shop.example>`, welcome.header.Get("From"))
	require.Equal(t, welcome.header.Get("From"), welcome.header.Get("Reply-To"))
	require.Contains(t, welcome.text, filled.GetUsername())
	link := regexp.MustCompile(site + `/account/\?email_verification_code=([A-Za-z0-9:_-]+)`)
	found := link.FindStringSubmatch(welcome.text)
	require.NotNil(t, found, welcome.text)
	require.Contains(t, welcome.html, found[0], "the colons stay as they are")

	value, err := verificationSigner().Unsign(found[1], time.Hour)
	require.NoError(t, err)
	require.Len(t, value, 20)
	var stored bool
	require.NoError(t, s.db.QueryRow(t.Context(), "SELECT verification_code_hash = sha256($1::text::bytea) FROM accounts WHERE id = $2",
		found[1], made.GetAccount().GetAccountId()).Scan(&stored))
	require.True(t, stored, "of the code a hash is stored")
	require.Equal(t, "{}", s.text("SELECT fields::text FROM mails"), "a sent mail leaves no code behind")
	require.Equal(t, 1, s.count("SELECT count(*) FROM email_sent WHERE account_id = $1", made.GetAccount().GetAccountId()))
}

func TestBrokenRulesAreListedInOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	taken, _ := s.register(nil)
	long := strings.Repeat("a", 400)
	cases := map[string]struct {
		change func(*userv1.CreateAccountRequest)
		want   []string
	}{
		"empty": {func(f *userv1.CreateAccountRequest) {
			*f = userv1.CreateAccountRequest{ClientAddress: f.GetClientAddress()}
		}, []string{
			"first_name required", "last_name required", "username required", "email required", "password required"}},
		"bad and long names": {func(f *userv1.CreateAccountRequest) { f.FirstName, f.LastName = long[:30]+"ü", "Ö'Hara\n" }, []string{
			"first_name not_valid", "first_name too_many_chars", "last_name not_valid"}},
		"short bad username":  {func(f *userv1.CreateAccountRequest) { f.Username = "ab ü" }, []string{"username not_valid", "username too_short"}},
		"long username":       {func(f *userv1.CreateAccountRequest) { f.Username = long }, []string{"username too_many_chars"}},
		"newline in username": {func(f *userv1.CreateAccountRequest) { f.Username += "\n" }, []string{"username not_valid"}},
		"taken and bad email": {func(f *userv1.CreateAccountRequest) { f.Username, f.Email, f.LastName = taken.GetUsername(), "x", "" }, []string{
			"last_name required", "username unavailable", "email not_valid"}},
		"long email":       {func(f *userv1.CreateAccountRequest) { f.Email = long + "@mail.example" }, []string{"email too_many_chars"}},
		"newline in email": {func(f *userv1.CreateAccountRequest) { f.Email += "\n" }, []string{"email not_valid"}},
		"odd start":        {func(f *userv1.CreateAccountRequest) { f.Email = "_a@b.co" }, []string{"email not_valid"}},
		"weak password": {func(f *userv1.CreateAccountRequest) { f.Password = "abc" }, []string{
			"password too_short", "password no_capital_letter", "password no_special_character", "password confirm_password_doesnt_match"}},
		"long password": {func(f *userv1.CreateAccountRequest) { f.Password, f.ConfirmPassword = "A!"+long, "A!"+long }, []string{"password too_many_chars"}},
		"umlaut capital": {func(f *userv1.CreateAccountRequest) {
			f.Password, f.ConfirmPassword = "ÄÖÜ!äöüß", "ÄÖÜ!äöüß"
		}, []string{
			"password no_capital_letter"}},
		"like the name and common": {func(f *userv1.CreateAccountRequest) {
			f.Username, f.Password, f.ConfirmPassword = "password2", "Password!", "Password!"
		}, []string{"password django_validation", "password django_validation"}},
		"no guess rules while others are broken": {func(f *userv1.CreateAccountRequest) {
			f.FirstName, f.Password, f.ConfirmPassword = "", "P@ssw0rd", "P@ssw0rd"
		}, []string{"first_name required"}},
		"nul everywhere": {func(f *userv1.CreateAccountRequest) {
			f.FirstName, f.LastName, f.Username, f.Email = "a\x00", "b\x00", "user\x00name", "a\x00@b.co"
		}, []string{"first_name not_valid", "last_name not_valid", "username not_valid", "email not_valid"}},
		"megabytes": {func(f *userv1.CreateAccountRequest) {
			huge := strings.Repeat("a@", 200_000)
			f.FirstName, f.Username, f.Email = huge, huge, huge
		}, []string{"first_name not_valid", "first_name too_many_chars", "username not_valid", "username too_many_chars", "email not_valid", "email too_many_chars"}},
	}
	before := s.count("SELECT count(*) FROM accounts")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			filled := form()
			c.change(filled)
			answer, err := s.accounts.CreateAccount(t.Context(), filled)
			require.NoError(t, err)
			require.Nil(t, answer.GetAccount())
			require.Nil(t, answer.GetSession())
			var got []string
			for _, broken := range answer.GetViolations() {
				got = append(got, broken.GetField()+" "+broken.GetCode())
				require.NotEmpty(t, broken.GetDescription())
				require.NotContains(t, broken.GetDescription(), "<")
			}
			require.Equal(t, c.want, got)
		})
	}
	require.Equal(t, before, s.count("SELECT count(*) FROM accounts"))
}

func TestOneUsernameIsGivenOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	wanted := form()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // 8 passwords are hashed, two at a time
	defer cancel()
	var made, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			filled := form()
			filled.Username = wanted.GetUsername()
			answer, err := s.accounts.CreateAccount(ctx, filled)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case answer.GetAccount() != nil:
				made++
			case len(answer.GetViolations()) == 1 && answer.GetViolations()[0].GetCode() == "unavailable":
				refused++
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, made)
	require.Equal(t, 7, refused)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts"))
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"))
	require.Equal(t, 1, s.count("SELECT count(*) FROM sessions"))
}

func TestNothingIsLeftOfAnAccountThatCouldNotBeMade(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec("DELETE FROM terms_versions")
	_, err := s.accounts.CreateAccount(t.Context(), form())
	require.Equal(t, "terms-not-found", fault.ReasonOf(err))
	for _, table := range []string{"accounts", "sessions", "mails", "terms_agreements"} {
		require.Zero(t, s.count("SELECT count(*) FROM "+table), table)
	}
}

func TestRegistrationConvertsTheProspect(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled := form()
	_, err := s.prospects.EnsureProspect(t.Context(), &userv1.EnsureProspectRequest{Email: strings.ToUpper(filled.GetEmail())})
	require.NoError(t, err)
	s.exec("UPDATE prospects SET email_unsubscribed = false, shop_comment = repeat('x', 5000)")
	_, err = s.accounts.CreateAccount(t.Context(), filled)
	require.NoError(t, err)
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE converted_at IS NOT NULL AND email_unsubscribed AND shop_comment LIKE '%x_Became account %'"))
}

func TestTheReplacedSessionEndsWithRegistration(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, first := s.register(nil)
	_, second := s.register(func(f *userv1.CreateAccountRequest) { f.ReplacedSessionToken = first.GetSession().GetToken() })
	_, err := s.resolve(first.GetSession().GetToken())
	require.Equal(t, "session-unknown", fault.ReasonOf(err))
	_, err = s.resolve(second.GetSession().GetToken())
	require.NoError(t, err)
}

func TestNewAccountsAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	try := func(address string) error {
		_, err := s.accounts.CreateAccount(t.Context(), &userv1.CreateAccountRequest{ClientAddress: address})
		return err
	}
	for _, host := range []string{"1", "2", "3:4:5", "ffff", "0"} {
		require.NoError(t, try("2001:db8:1:2::"+host), "an invalid form counts too, and a /64 is one customer")
	}
	err := try("2001:db8:1:2::99")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Equal(t, "rate-limited", fault.ReasonOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	require.LessOrEqual(t, fault.Of(err).RetryAfter, time.Hour)
	require.NoError(t, try("2001:db8:1:3::1"))
	s.clock.move(time.Hour)
	require.NoError(t, try("2001:db8:1:2::1"))
}

func TestUnknownProfile(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, id := range []int64{0, -1, 4711} {
		_, err := s.accounts.GetProfile(t.Context(), &userv1.GetProfileRequest{AccountId: id})
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		require.Equal(t, "account-not-found", fault.ReasonOf(err))
	}
}
