package user_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

func (s *shop) verify(account int64, code string) (*userv1.VerifyAddressResponse, error) {
	return s.verifications.VerifyAddress(s.t.Context(), &userv1.VerifyAddressRequest{AccountId: account, Code: code, ClientAddress: anyAddress()})
}

func (s *shop) requestVerification(account int64) error {
	_, err := s.verifications.RequestVerification(s.t.Context(), &userv1.RequestVerificationRequest{AccountId: account, ClientAddress: anyAddress()})
	return err
}

// newestCode asks for one and takes it from the mail, which is the address's n-th.
func (s *shop) newestCode(account int64, address string, n int) string {
	s.t.Helper()
	s.mailsTo(address, n-1) // mails may overtake each other
	require.NoError(s.t, s.requestVerification(account))
	return codeIn(s.t, s.mailsTo(address, n)[n-1])
}

func TestTheWelcomeCodeVerifiesOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	code := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])

	answer, err := s.verify(account, code)
	require.NoError(t, err)
	require.Equal(t, filled.GetEmail(), answer.GetEmail())
	require.True(t, answer.GetClaimsGuestOrders())
	profile := s.profile(account)
	require.True(t, profile.GetEmailVerified())
	require.Nil(t, profile.GetVerificationRequestedAt())
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE verification_code_hash IS NULL"))

	_, err = s.verify(account, code)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))
	require.True(t, s.profile(account).GetEmailVerified())
}

func TestANewCodeEndsTheOneBefore(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	first := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	s.clock.move(time.Hour)
	second := s.newestCode(account, filled.GetEmail(), 2)
	require.NotEqual(t, first, second)
	require.WithinDuration(t, s.clock.now(), s.profile(account).GetVerificationRequestedAt().AsTime(), time.Minute)

	asked := s.mailsTo(filled.GetEmail(), 2)[1]
	require.Equal(t, "Confirm your e-mail address for "+site, asked.header.Get("Subject"))
	require.Contains(t, asked.text, filled.GetUsername())
	require.Contains(t, asked.html, second, "the colons stay as they are")
	require.Zero(t, s.count("SELECT count(*) FROM mails WHERE fields::text LIKE '%' || $1 || '%'", second), "a sent mail leaves no code behind")
	require.Zero(t, s.count("SELECT count(*) FROM accounts a WHERE a::text LIKE '%' || $1 || '%'", second))
	require.NotContains(t, s.logs.String(), second)

	_, err := s.verify(account, first)
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))
	require.False(t, s.profile(account).GetEmailVerified())
	_, err = s.verify(account, second)
	require.NoError(t, err)
}

func TestAVerifiedAddressCanBeVerifiedAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	_, err := s.verify(account, codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0]))
	require.NoError(t, err)
	code := s.newestCode(account, filled.GetEmail(), 2)
	require.True(t, s.profile(account).GetEmailVerified(), "asking takes nothing away")
	answer, err := s.verify(account, code)
	require.NoError(t, err)
	require.True(t, answer.GetClaimsGuestOrders())
	require.Equal(t, 1, s.count("SELECT count(*) FROM claimed_addresses"))
}

func TestACodeSurvivesTheMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account, n := made.GetAccount().GetAccountId(), 1
	for name, mangle := range map[string]func(string) string{
		"encoded colons":    func(code string) string { return strings.ReplaceAll(code, ":", "%3A") },
		"small encoding":    func(code string) string { return strings.ReplaceAll(code, ":", "%3a") },
		"full stop":         func(code string) string { return code + "." },
		"both":              func(code string) string { return strings.ReplaceAll(code, ":", "%3A") + "." },
		"line end":          func(code string) string { return code + "\r\n" },
		"bracket and comma": func(code string) string { return code + ">," },
	} {
		n++
		_, err := s.verify(account, mangle(s.newestCode(account, filled.GetEmail(), n)))
		require.NoError(t, err, name)
	}
}

func TestACodeThatIsNoneIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	stranger, _ := s.register(nil)
	account := made.GetAccount().GetAccountId()
	code := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	theirs := codeIn(t, s.mailsTo(stranger.GetEmail(), 1)[0])
	other := signing.Key{Secret: secretKey}
	cases := map[string][2]string{
		"empty":              {"", "signature-invalid"},
		"nonsense":           {"hello", "signature-invalid"},
		"cut":                {code[:len(code)-1], "signature-invalid"},
		"altered":            {code[1:2] + code[:1] + "0" + code[2:], "signature-invalid"},
		"nul":                {code + "\x00", "signature-invalid"},
		"huge":               {strings.Repeat(code, 20_000), "signature-invalid"},
		"bad encoding":       {code + "%zz", "signature-invalid"},
		"wrong secret":       {signing.NewTimestampSigner(signing.Key{Secret: "another-secret"}, "email_verification", time.Now).Sign(identifier.New(20)), "signature-invalid"},
		"a code for a reset": {signing.NewTimestampSigner(other, "reset_email", time.Now).Sign(identifier.New(20)), "signature-invalid"},
		"never issued":       {verificationSigner().Sign(identifier.New(20)), "code-doesnt-match"},
		"of somebody else":   {theirs, "code-doesnt-match"},
	}
	for name, c := range cases {
		_, err := s.verify(account, c[0])
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		require.Equal(t, c[1], fault.ReasonOf(err), name)
	}
	require.False(t, s.profile(account).GetEmailVerified())
	_, err := s.verify(account, code)
	require.NoError(t, err, "wrong codes do not use up the right one")
}

func TestACodeIsGoodForADay(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	late := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	s.clock.move(24*time.Hour + 2*time.Second)
	_, err := s.verify(account, late)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, "signature-expired", fault.ReasonOf(err))
	require.False(t, s.profile(account).GetEmailVerified())

	code := s.newestCode(account, filled.GetEmail(), 2)
	s.clock.move(24*time.Hour - time.Minute)
	_, err = s.verify(account, code)
	require.NoError(t, err)
}

func TestOneCodeAtOnceVerifiesOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	code := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	var verified, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			_, err := s.verify(made.GetAccount().GetAccountId(), code)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				verified++
			case fault.HasReason(err, "code-doesnt-match"):
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, verified)
	require.Equal(t, 11, refused)
}

func TestCodesAskedForAtOnceLeaveTheNewest(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	s.mailsTo(filled.GetEmail(), 1)
	const times = 6
	var all sync.WaitGroup
	for range times {
		all.Go(func() {
			if err := s.requestVerification(account); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	good := 0
	for _, sunk := range s.mailsTo(filled.GetEmail(), times+1) {
		if _, err := s.verify(account, codeIn(t, sunk)); err == nil {
			good++
		} else {
			require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))
		}
	}
	require.Equal(t, 1, good)
}

func TestOnlyAnOpenAccountIsVerified(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	closed := made.GetAccount().GetAccountId()
	code := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	s.exec("UPDATE accounts SET is_active = false WHERE id = $1", closed)
	for _, account := range []int64{0, -1, 4711, closed} {
		err := s.requestVerification(account)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		require.Equal(t, "account-not-found", fault.ReasonOf(err))
		_, err = s.verify(account, code)
		require.Equal(t, fault.NotFound, fault.KindOf(err))
		require.Equal(t, "account-not-found", fault.ReasonOf(err))
	}
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails"))
}

func TestAnAccountWithoutAddressHasNothingToVerify(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	s.exec("UPDATE accounts SET email = '', verification_code_hash = NULL, verification_requested_at = NULL WHERE id = $1", account)
	err := s.requestVerification(account)
	require.Equal(t, fault.FailedPrecondition, fault.KindOf(err))
	require.Equal(t, "email-missing", fault.ReasonOf(err))
	require.Nil(t, s.profile(account).GetVerificationRequestedAt(), "nothing is half done")
}

func TestRequestsForCodesAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	for range 20 {
		require.NoError(t, s.requestVerification(account))
	}
	err := s.requestVerification(account)
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Equal(t, "rate-limited", fault.ReasonOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	require.Equal(t, 21, s.count("SELECT count(*) FROM mails"), "with the welcome")
	s.clock.move(time.Hour)
	require.NoError(t, s.requestVerification(account))

	ask := func(account int64, address string) error {
		_, err := s.verifications.RequestVerification(t.Context(), &userv1.RequestVerificationRequest{AccountId: account, ClientAddress: address})
		return err
	}
	for i := range 60 {
		require.Equal(t, fault.NotFound, fault.KindOf(ask(int64(1000+i), "2001:db8:1:2::1")))
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(ask(account, "2001:db8:1:2::2")), "a /64 is one customer")
	require.Equal(t, 1, s.count("SELECT uses FROM rate_limits WHERE rule = 'verify-email-address' AND subject = $1 ORDER BY ends_at DESC LIMIT 1",
		fmt.Sprintf("account:%d", account)), "who is over the limit of an address does not use up that of an account")
	require.NoError(t, ask(account, "2001:db8:1:3::1"))
}

func TestTriesOfCodesAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	_, other := s.register(nil)
	account := made.GetAccount().GetAccountId()
	code := codeIn(t, s.mailsTo(filled.GetEmail(), 1)[0])
	for range 60 {
		_, err := s.verify(account, "wrong")
		require.Equal(t, "signature-invalid", fault.ReasonOf(err))
	}
	_, err := s.verify(account, code)
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	_, err = s.verify(other.GetAccount().GetAccountId(), "wrong")
	require.Equal(t, "signature-invalid", fault.ReasonOf(err))
	s.clock.move(time.Hour)
	_, err = s.verify(account, code)
	require.NoError(t, err, "the code has waited")

	try := func(account int64) error {
		_, err := s.verifications.VerifyAddress(t.Context(), &userv1.VerifyAddressRequest{AccountId: account, Code: "x", ClientAddress: "192.0.2.77"})
		return err
	}
	for i := range 60 {
		require.Equal(t, fault.NotFound, fault.KindOf(try(int64(1000+i))))
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(try(4711)))
}

func TestCodesAreClearedAMonthLater(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, old := s.register(nil)
	_, young := s.register(nil)
	s.exec(`UPDATE accounts SET verification_requested_at = now() + interval '2 days', reset_code_hash = sha256('x'), reset_requested_at = now() + interval '2 days'
		WHERE id = $1`, young.GetAccount().GetAccountId())
	s.exec("UPDATE accounts SET reset_code_hash = sha256('y'), reset_requested_at = now() WHERE id = $1", old.GetAccount().GetAccountId())
	kept := func(account int64) int {
		return s.count(`SELECT num_nonnulls(verification_code_hash, verification_requested_at, reset_code_hash, reset_requested_at)
			FROM accounts WHERE id = $1`, account)
	}
	restart := func() {
		s.stop()
		done := s.count("SELECT count(*) FROM river_job WHERE kind = 'verification.purge-codes' AND state = 'completed'")
		s.start()
		require.Eventually(t, func() bool {
			return s.count("SELECT count(*) FROM river_job WHERE kind = 'verification.purge-codes' AND state = 'completed'") > done
		}, patience, tick)
	}
	s.clock.move(30*24*time.Hour - time.Hour)
	restart()
	require.Equal(t, 4, kept(old.GetAccount().GetAccountId()))
	s.clock.move(2 * time.Hour)
	restart()
	require.Zero(t, kept(old.GetAccount().GetAccountId()))
	require.Equal(t, 4, kept(young.GetAccount().GetAccountId()))
	require.Nil(t, s.profile(old.GetAccount().GetAccountId()).GetVerificationRequestedAt())
}
