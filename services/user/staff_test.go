package user_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

const (
	staffPassword = "Chandelier!Rope7"
	staffEmail    = "boss@shop.example"
)

// operated is what a task of an operator left behind.
type operated struct {
	code      int
	out, errs string
}

// operate runs a task as an operator would, with more variables; none of them counts if it is nil.
func (s *shop) operate(more []string, args ...string) operated {
	s.t.Helper()
	environ := append([]string{"SERVICE_SECRETS=" + serviceSecret, "SECRET_KEY=" + secretKey, "DATABASE_URL=" + s.url}, more...)
	var out, errs bytes.Buffer
	code := process.Run(s.t.Context(), user.Program(), args, environ, &out, &errs)
	return operated{code, out.String(), errs.String()}
}

// done is operate for what must succeed; it gives what was said.
func (s *shop) done(more []string, args ...string) string {
	s.t.Helper()
	ran := s.operate(more, args...)
	require.Zero(s.t, ran.code, ran.errs)
	return ran.out
}

func withPassword(password string) []string { return []string{"SUPERUSER_PASSWORD=" + password} }

func TestASuperuserIsAnOrdinaryCustomer(t *testing.T) {
	t.Parallel()
	s := open(t)
	said := s.done(withPassword(staffPassword), "create-superuser", "--username", "theboss", "--email", "boss@SHOP.example", "--first-name", "Ada", "--last-name", "Byron")
	require.Equal(t, 1, strings.Count(said, "\n"), "one line")
	require.NotContains(t, said, "boss", "what tasks print may end up in logs")

	begun, err := s.logIn("theboss", staffPassword)
	require.NoError(t, err)
	resolved, err := s.resolve(begun.GetSession().GetToken())
	require.NoError(t, err)
	require.Equal(t, "Ada", resolved.GetAccount().GetFirstName())
	id := begun.GetAccount().GetAccountId()
	profile, err := s.accounts.GetProfile(t.Context(), &userv1.GetProfileRequest{AccountId: id})
	require.NoError(t, err)
	require.Equal(t, staffEmail, profile.GetAccount().GetEmail())
	require.Len(t, profile.GetAccount().GetMemberCode(), 20)
	require.NotNil(t, profile.GetTermsAgreedAt())
	require.False(t, profile.GetEmailVerified(), "who typed the address is not who has it")
	require.False(t, profile.GetClaimsGuestOrders())
	agreement, err := s.terms.CheckAgreement(t.Context(), &userv1.CheckAgreementRequest{AccountId: id})
	require.NoError(t, err)
	require.True(t, agreement.GetAgreed())
	token := s.text("SELECT unsubscribe_token FROM accounts")
	_, err = s.subscriptions.LookUpSubscription(t.Context(), &userv1.LookUpSubscriptionRequest{
		Token: &userv1.SubscriptionToken{MemberToken: &token},
	})
	require.NoError(t, err)
	_, err = s.verifications.RequestVerification(t.Context(), &userv1.RequestVerificationRequest{AccountId: id, ClientAddress: anyAddress()})
	require.NoError(t, err)
	require.Len(t, s.mailsTo(staffEmail, 1), 1, "the code that was asked for, and no welcome")
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE is_staff AND is_superuser AND is_active"))
}

func TestASuperuserFromTheEnvironmentAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	environ := append(withPassword(staffPassword), "SUPERUSER_USERNAME=theboss", "SUPERUSER_EMAIL="+staffEmail)
	s.done(environ, "create-superuser")
	s.done(environ, "create-superuser")
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts"), "the second time it is there")
	_, err := s.logIn("theboss", staffPassword)
	require.NoError(t, err)
}

func TestPromotionWithAPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	s.exec("UPDATE accounts SET reset_code_hash = sha256('x'), reset_requested_at = now()")
	s.done(withPassword(staffPassword), "create-superuser", "--username", filled.GetUsername(), "--email", strings.ToUpper(filled.GetEmail()), "--first-name", "Other")

	_, err := s.resolve(made.GetSession().GetToken())
	require.Error(t, err)
	_, err = s.logIn(filled.GetUsername(), goodPassword)
	require.Error(t, err)
	begun, err := s.logIn(filled.GetUsername(), staffPassword)
	require.NoError(t, err)
	require.Equal(t, made.GetAccount().GetAccountId(), begun.GetAccount().GetAccountId())
	require.Equal(t, filled.GetEmail(), begun.GetAccount().GetEmail())
	require.Equal(t, "Ada", begun.GetAccount().GetFirstName(), "an account keeps its names")
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE is_superuser AND reset_code_hash IS NULL AND password_generation = 2"))
}

func TestSuperusersMadeAtOnceAreOneAccount(t *testing.T) {
	t.Parallel()
	s := open(t)
	results := make([]operated, 6)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			results[i] = s.operate(withPassword(staffPassword), "create-superuser", "--username", "theboss", "--email", staffEmail)
		})
	}
	all.Wait()
	made := 0
	for _, result := range results {
		require.Zero(t, result.code, result.errs)
		made += strings.Count(result.out, "was made")
	}
	require.Equal(t, 1, made)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts"))
	_, err := s.logIn("theboss", staffPassword)
	require.NoError(t, err)
}

func TestSuperusersThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	taken, _ := s.register(nil)
	closed, _ := s.register(nil)
	s.exec("UPDATE accounts SET is_active = false WHERE username = $1", closed.GetUsername())
	before := s.text("SELECT string_agg(a::text, ' ' ORDER BY id) FROM accounts a")
	good := []string{"--username", "theboss", "--email", staffEmail}
	for name, c := range map[string]struct {
		password string
		args     []string
		want     string
	}{
		"password as argument":     {"", append([]string{"--password", staffPassword}, good...), "list of processes"},
		"password after a sign":    {staffPassword, append([]string{"-password=" + staffPassword}, good...), "list of processes"},
		"something more":           {staffPassword, append([]string{}, append(good, staffPassword)...), "not understood"},
		"unknown flag":             {staffPassword, append([]string{"--" + staffPassword + "=1"}, good...), "not understood"},
		"no user name":             {staffPassword, []string{"--email", staffEmail}, "SUPERUSER_USERNAME"},
		"no address":               {staffPassword, []string{"--username", "theboss"}, "e-mail"},
		"short user name":          {staffPassword, []string{"--username", "boss", "--email", staffEmail}, "at least 6"},
		"hostile user name":        {staffPassword, []string{"--username", "boss\x00boss", "--email", staffEmail}, "user name"},
		"not UTF-8":                {staffPassword, []string{"--username", "boss\xffboss", "--email", staffEmail}, "user name"},
		"no such address":          {staffPassword, []string{"--username", "theboss", "--email", "boss"}, "e-mail"},
		"name of a script":         {staffPassword, append([]string{"--first-name", "<script>"}, good...), "first_name"},
		"weak password":            {"hunter2hunter2", good, "capital letter"},
		"guessable password":       {"Theboss!", good, "user name"},
		"closed account":           {staffPassword, []string{"--username", closed.GetUsername()}, "closed"},
		"somebody else's account":  {staffPassword, []string{"--username", taken.GetUsername(), "--email", staffEmail}, "another e-mail address"},
		"guessable for that owner": {"Lady" + taken.GetUsername()[:12] + "!", []string{"--username", taken.GetUsername()}, "user name"},
	} {
		ran := s.operate(withPassword(c.password), append([]string{"create-superuser"}, c.args...)...)
		require.Equal(t, 1, ran.code, name)
		require.Contains(t, ran.errs, c.want, name)
		require.Equal(t, 1, strings.Count(ran.errs, "\n"), "one line")
		require.Empty(t, ran.out, name)
		for _, private := range []string{staffPassword, "hunter2", "Theboss!", "script>", staffEmail, taken.GetEmail()} {
			require.NotContains(t, ran.errs, private, name)
		}
	}
	require.Equal(t, before, s.text("SELECT string_agg(a::text, ' ' ORDER BY id) FROM accounts a"))
}
