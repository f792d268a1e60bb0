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
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

func (s *shop) updateInformation(account int64, first, last, email string) (*userv1.UpdateInformationResponse, error) {
	return s.accounts.UpdateInformation(s.t.Context(), &userv1.UpdateInformationRequest{
		AccountId: account, FirstName: first, LastName: last, Email: email, ClientAddress: anyAddress(),
	})
}

// moves gives the account another address.
func (s *shop) moves(account int64, email string) {
	s.t.Helper()
	answer, err := s.updateInformation(account, "Ada", "Byron", email)
	require.NoError(s.t, err)
	require.Empty(s.t, answer.GetViolations())
}

func (s *shop) profile(account int64) *userv1.GetProfileResponse {
	s.t.Helper()
	profile, err := s.accounts.GetProfile(s.t.Context(), &userv1.GetProfileRequest{AccountId: account})
	require.NoError(s.t, err)
	return profile
}

func newAddress() string {
	return "new" + identifier.NewFrom("abcdefghijklmnopqrstuvwxyz", 10) + "@mail.example"
}

// codeIn is the verification code that the one link in a mail carries.
func codeIn(t *testing.T, sunk sunkMail) string {
	t.Helper()
	found := regexp.MustCompile(site+`/account/\?email_verification_code=([A-Za-z0-9:_-]+)`).FindAllStringSubmatch(sunk.text, -1)
	require.Len(t, found, 1, sunk.text)
	return found[0][1]
}

func violationsOf(broken []*userv1.FieldViolation) []string {
	var got []string
	for _, violation := range broken {
		got = append(got, violation.GetField()+" "+violation.GetCode())
	}
	return got
}

func TestANewAddressGetsTheCodeAndTheOldOneANotice(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account, before := made.GetAccount().GetAccountId(), filled.GetEmail()
	s.mailsTo(before, 1)
	s.exec("UPDATE accounts SET reset_code_hash = sha256('x'), reset_requested_at = now() WHERE id = $1", account)
	after := newAddress()

	answer, err := s.updateInformation(account, "Augusta", "King", strings.Replace(after, "mail.example", "MAIL.Example", 1))
	require.NoError(t, err)
	require.Empty(t, answer.GetViolations())

	profile := s.profile(account)
	require.Equal(t, "Augusta", profile.GetAccount().GetFirstName())
	require.Equal(t, "King", profile.GetAccount().GetLastName())
	require.Equal(t, after, profile.GetAccount().GetEmail(), "the domain is lower case")
	require.Equal(t, filled.GetUsername(), profile.GetAccount().GetUsername())
	require.False(t, profile.GetEmailVerified())
	require.WithinDuration(t, time.Now(), profile.GetVerificationRequestedAt().AsTime(), time.Minute)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE reset_code_hash IS NULL AND reset_requested_at IS NULL"),
		"a code for a new password that lies in the old mailbox is worth nothing")

	welcome := s.mailsTo(before, 2)[0]
	asked, notice := s.mailsTo(after, 1)[0], s.mailsTo(before, 2)[1]
	for _, sunk := range []sunkMail{asked, notice} {
		require.Len(t, sunk.recipients, 1)
		require.Contains(t, sunk.text, "Augusta King")
		require.Contains(t, sunk.text, filled.GetUsername())
	}
	require.NotContains(t, asked.raw, before, "the new mailbox does not learn the old address")
	local, _, _ := strings.Cut(after, "@")
	code := codeIn(t, asked)
	for _, text := range []string{notice.raw, notice.text, notice.html} {
		require.NotContains(t, text, local)
		require.NotContains(t, text, code)
		require.NotContains(t, text, "email_verification_code")
	}
	_, err = s.verify(account, codeIn(t, welcome))
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err), "the code of the old address proves nothing about the new one")
	verified, err := s.verify(account, code)
	require.NoError(t, err)
	require.Equal(t, after, verified.GetEmail())
}

func TestTheSameAddressStaysVerified(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	_, err := s.verify(account, codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0]))
	require.NoError(t, err)
	mails := s.count("SELECT count(*) FROM mails")
	local, _, _ := strings.Cut(filled.GetEmail(), "@")

	for typed, kept := range map[string]string{
		filled.GetEmail():                  filled.GetEmail(),
		strings.ToUpper(filled.GetEmail()): strings.ToUpper(local) + "@mail.example",
	} {
		answer, err := s.updateInformation(account, "Augusta", "King", typed)
		require.NoError(t, err)
		require.Empty(t, answer.GetViolations())
		profile := s.profile(account)
		require.Equal(t, kept, profile.GetAccount().GetEmail())
		require.Equal(t, "Augusta", profile.GetAccount().GetFirstName())
		require.True(t, profile.GetEmailVerified())
		require.True(t, profile.GetClaimsGuestOrders())
		require.Nil(t, profile.GetVerificationRequestedAt())
	}
	require.Equal(t, mails, s.count("SELECT count(*) FROM mails"))
	require.Zero(t, s.count("SELECT count(*) FROM rate_limits WHERE rule LIKE 'change-email%'"), "only another address counts")
}

func TestACodeSurvivesAnotherSpellingOfItsAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	s.moves(made.GetAccount().GetAccountId(), strings.ToUpper(filled.GetEmail()))
	_, err := s.verify(made.GetAccount().GetAccountId(), codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0]))
	require.NoError(t, err)
}

func TestBrokenRulesOfInformationChangeNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	row := "SELECT a::text FROM accounts a WHERE id = $1"
	before := s.text(row, account)
	long := strings.Repeat("a", 400)
	cases := map[string]struct {
		first, last, email string
		want               []string
	}{
		"empty":     {"", "", "", []string{"first_name required", "last_name required", "email required"}},
		"bad":       {"Ö", "<b>", "x", []string{"first_name not_valid", "last_name not_valid", "email not_valid"}},
		"long":      {long, long, long + "@mail.example", []string{"first_name too_many_chars", "last_name too_many_chars", "email too_many_chars"}},
		"all wrong": {long + "ü", "ok", long, []string{"first_name not_valid", "first_name too_many_chars", "email not_valid", "email too_many_chars"}},
		"newlines":  {"Ada\n", "Byron\r\nBcc: x", filled.GetEmail() + "\n", []string{"first_name not_valid", "last_name not_valid", "email not_valid"}},
		"nul":       {"a\x00", "b\x00", "a\x00@b.co", []string{"first_name not_valid", "last_name not_valid", "email not_valid"}},
		"one":       {"Ada", "", newAddress(), []string{"last_name required"}},
	}
	for name, c := range cases {
		answer, err := s.updateInformation(account, c.first, c.last, c.email)
		require.NoError(t, err, name)
		require.Equal(t, c.want, violationsOf(answer.GetViolations()), name)
	}
	require.Equal(t, before, s.text(row, account))
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"), "the welcome")
}

func TestOnlyAnOpenAccountHasInformation(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	closed := made.GetAccount().GetAccountId()
	s.exec("UPDATE accounts SET is_active = false WHERE id = $1", closed)
	for _, account := range []int64{0, -1, 4711, closed} {
		_, err := s.updateInformation(account, "Ada", "Byron", newAddress())
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		require.Equal(t, "account-not-found", fault.ReasonOf(err))
	}
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"))
}

func TestAnAccountWithoutAddressGetsOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	s.mailsTo(filled.GetEmail(), 1)
	s.exec("UPDATE accounts SET email = '' WHERE id = $1", account)
	after := newAddress()
	s.moves(account, after)
	_, err := s.verify(account, codeIn(t, s.mailsTo(after, 1)[0]))
	require.NoError(t, err)
	require.Equal(t, 2, s.count("SELECT count(*) FROM mails"), "there is no old address to write to")
}

func TestTwoAccountsMayHaveOneAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	first, _ := s.register(nil)
	_, second := s.register(nil)
	s.moves(second.GetAccount().GetAccountId(), first.GetEmail())
	require.Equal(t, 2, s.count("SELECT count(*) FROM accounts WHERE email = $1", first.GetEmail()))
}

func TestChangesOfAddressAtOnceAreAllMailedForWhatTheyWere(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	s.mailsTo(filled.GetEmail(), 1)
	const times = 8
	wanted := map[string]bool{}
	var all sync.WaitGroup
	for range times {
		address := newAddress()
		wanted[address] = true
		all.Go(func() {
			_, err := s.updateInformation(account, "Ada", "Byron", address)
			if err != nil {
				t.Error(err)
			}
		})
	}
	// What others change of the account at the same time is not theirs to undo (contract user.md 8, defect 31).
	all.Go(func() {
		_, err := s.db.Exec(t.Context(), "UPDATE accounts SET newsletter_subscriber = true, email_unsubscribed = true WHERE id = $1", account)
		if err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state <> 'sent'") == 0 }, patience, tick)

	last := s.profile(account).GetAccount().GetEmail()
	asked, noticed := map[string]int{}, map[string]int{}
	var lastCode string
	for _, sunk := range s.sink.mails() {
		switch subject := sunk.header.Get("Subject"); {
		case strings.HasPrefix(subject, "Confirm your new"):
			asked[sunk.recipients[0]]++
			if sunk.recipients[0] == last {
				lastCode = codeIn(t, sunk)
			}
		case strings.HasPrefix(subject, "The e-mail address"):
			noticed[sunk.recipients[0]]++
		}
	}
	require.Len(t, asked, times)
	require.Len(t, noticed, times, "each address that was left, once: a chain")
	require.Equal(t, 1, noticed[filled.GetEmail()])
	for address := range wanted {
		require.Equal(t, 1, asked[address])
		require.Equal(t, address != last, noticed[address] == 1)
	}
	profile := s.profile(account)
	require.True(t, profile.GetNewsletterSubscriber())
	require.True(t, profile.GetEmailUnsubscribed())
	verified, err := s.verify(account, lastCode)
	require.NoError(t, err, "the code that counts is that of the address that counts")
	require.Equal(t, last, verified.GetEmail())
}

func TestTheSameChangeAtOnceIsOneChange(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	after := newAddress()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.updateInformation(made.GetAccount().GetAccountId(), "Ada", "Byron", after); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 3, s.count("SELECT count(*) FROM mails"), "welcome, code, notice")
}

func TestChangesOfAddressAreLimitedPerAccount(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	_, other := s.register(nil)
	account := made.GetAccount().GetAccountId()
	for range 20 {
		s.moves(account, newAddress())
	}
	kept := s.profile(account).GetAccount().GetEmail()
	mails := s.count("SELECT count(*) FROM mails")
	_, err := s.updateInformation(account, "Eve", "Byron", newAddress())
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Equal(t, "rate-limited", fault.ReasonOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	require.Equal(t, kept, s.profile(account).GetAccount().GetEmail())
	require.Equal(t, "Ada", s.profile(account).GetAccount().GetFirstName())
	require.Equal(t, mails, s.count("SELECT count(*) FROM mails"))

	answer, err := s.updateInformation(account, "Eve", "Byron", kept)
	require.NoError(t, err, "names are not limited")
	require.Empty(t, answer.GetViolations())
	s.moves(other.GetAccount().GetAccountId(), newAddress())
	s.clock.move(time.Hour)
	s.moves(account, newAddress())
}

func TestAProfileIsOneQuery(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	require.False(t, s.profile(account).GetClaimsGuestOrders())
	_, err := s.verify(account, codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0]))
	require.NoError(t, err)
	require.True(t, s.profile(account).GetClaimsGuestOrders())
	s.exec("UPDATE accounts SET email_verified = false WHERE id = $1", account)
	require.False(t, s.profile(account).GetClaimsGuestOrders(), "only a verified address brings orders")
}

func TestTwentyRegistrationsOfOneUsernameMakeOneAccount(t *testing.T) {
	t.Parallel()
	s := open(t)
	const people = 20
	name := form().GetUsername()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // 20 passwords are hashed, two at a time
	defer cancel()
	var made, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range people {
		filled := form()
		filled.Username = name
		all.Go(func() {
			answer, err := s.accounts.CreateAccount(ctx, filled)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case answer.GetAccount() != nil && len(answer.GetViolations()) == 0:
				made++
			case len(answer.GetViolations()) == 1 && answer.GetViolations()[0].GetCode() == "unavailable":
				refused++
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, made)
	require.Equal(t, people-1, refused)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts"))
	require.Eventually(t, func() bool { return len(s.sink.mails()) > 0 }, patience, tick)
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"))
	require.Equal(t, 1, s.count("SELECT count(*) FROM sessions"))
	require.Equal(t, 1, s.count("SELECT count(*) FROM terms_agreements"))
}

func TestOddFormsAreAnsweredNotFailed(t *testing.T) {
	t.Parallel()
	s := open(t)
	taken, _ := s.register(nil)
	longest := strings.Repeat("a", 60) + "." + strings.Repeat("b", 180) + "@mail.example" // 254
	cases := map[string]struct {
		change func(*userv1.CreateAccountRequest)
		want   []string
	}{
		"other case is another name": {func(f *userv1.CreateAccountRequest) { f.Username = strings.ToUpper(taken.GetUsername()) }, nil},
		"a known address":            {func(f *userv1.CreateAccountRequest) { f.Email = strings.ToUpper(taken.GetEmail()) }, nil},
		"the longest allowed": {func(f *userv1.CreateAccountRequest) {
			f.Username, f.FirstName, f.LastName, f.Email = strings.Repeat("u", 150), strings.Repeat("f", 30), strings.Repeat("l", 150), longest
		}, nil},
		"blanks for names": {func(f *userv1.CreateAccountRequest) { f.FirstName, f.LastName = " ", "   " }, nil},
		"dashes":           {func(f *userv1.CreateAccountRequest) { f.Username = "-_-_-_" }, nil},
		"full-width letters": {func(f *userv1.CreateAccountRequest) {
			f.Username = "ｍｅｍｂｅｒ" // NFKC would make it "member"
		}, []string{"username not_valid"}},
		"invisible characters": {func(f *userv1.CreateAccountRequest) { f.Username, f.Email = "member\u200b", "a\u200b@b.co" }, []string{
			"username not_valid", "email not_valid"}},
		"a stranger's at sign": {func(f *userv1.CreateAccountRequest) { f.Email = "a@b@c.example" }, []string{"email not_valid"}},
		"kelvin":               {func(f *userv1.CreateAccountRequest) { f.Email = "\u212a@mail.example" }, []string{"email not_valid"}},
		"nul in the password": {func(f *userv1.CreateAccountRequest) {
			f.Password, f.ConfirmPassword = goodPassword+"\x00", goodPassword+"\x00"
		}, nil},
		"odd surroundings": {func(f *userv1.CreateAccountRequest) {
			f.ClientAddress, f.ReplacedSessionToken, f.UserAgent = "\x00", "\x00"+strings.Repeat("x", 5000), "Mozilla\x00\n"+strings.Repeat("ü", 5000)
		}, nil},
	}
	for name, c := range cases {
		filled := form()
		c.change(filled)
		answer, err := s.accounts.CreateAccount(t.Context(), filled)
		require.NoError(t, err, name)
		require.Equal(t, c.want, violationsOf(answer.GetViolations()), name)
		require.Equal(t, c.want == nil, answer.GetAccount() != nil, name)
	}
}
