package user_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func (s *shop) remind(email string) {
	s.t.Helper()
	_, err := s.credentials.RemindUsername(s.t.Context(), &userv1.RemindUsernameRequest{Email: email, ClientAddress: anyAddress()})
	require.NoError(s.t, err)
}

func TestStrangersGetNoMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	other, _ := s.register(nil)
	closed, _ := s.register(nil)
	s.exec("UPDATE accounts SET is_active = false WHERE username = $1", closed.GetUsername())
	s.exec("UPDATE accounts SET email = '' WHERE username = $1", other.GetUsername())
	for _, asked := range [][2]string{
		{"nobodyhere", "nobody@mail.example"}, {"nobodyhere", filled.GetEmail()}, {filled.GetUsername(), "nobody@mail.example"},
		{filled.GetUsername(), other.GetEmail()}, {strings.ToUpper(filled.GetUsername()), filled.GetEmail()}, {filled.GetUsername(), ""},
		{"", filled.GetEmail()}, {"", ""}, {closed.GetUsername(), closed.GetEmail()}, {other.GetUsername(), ""},
		{filled.GetUsername() + "\x00", filled.GetEmail()}, {filled.GetUsername(), filled.GetEmail() + "\x00"},
		{strings.Repeat("x", 100_000), filled.GetEmail()}, {filled.GetUsername(), strings.Repeat("x", 100_000)},
		{filled.GetUsername(), "%"}, {"' OR true --", filled.GetEmail()}, {" " + filled.GetUsername(), filled.GetEmail()},
	} {
		s.exec("DELETE FROM rate_limits")
		s.askReset(asked[0], asked[1])
	}
	for _, asked := range []string{"nobody@mail.example", "", "\x00", closed.GetEmail(), strings.Repeat("x", 100_000), "%", filled.GetEmail() + " "} {
		s.remind(asked)
	}
	s.errands()
	require.Equal(t, 3, s.count("SELECT count(*) FROM mails"), "the welcomes")
	require.Zero(t, s.count("SELECT count(*) FROM accounts WHERE reset_code_hash IS NOT NULL"))
	require.Zero(t, s.count("SELECT count(*) FROM rate_limits WHERE subject LIKE '%' || $1 || '%'", filled.GetUsername()))
	require.NotContains(t, s.logs.String(), "RATE_LIMIT_FAILURE")
}

func TestEveryAccountOfAnAddressIsToldOf(t *testing.T) {
	t.Parallel()
	s := open(t)
	first, _ := s.register(nil)
	second, _ := s.register(nil)
	closed, _ := s.register(nil)
	s.exec("UPDATE accounts SET email = $1 WHERE username = $2", strings.ToUpper(first.GetEmail()), second.GetUsername())
	s.exec("UPDATE accounts SET email = $1, is_active = false WHERE username = $2", first.GetEmail(), closed.GetUsername())
	s.remind(strings.ToUpper(first.GetEmail()[:3]) + first.GetEmail()[3:])

	mails := s.mailsAbout(first.GetEmail(), reminderSubject)
	require.Len(t, mails, 1)
	require.Contains(t, mails[0].text, "It is: "+first.GetUsername()+"\r\n")
	require.Contains(t, mails[0].text, site+"/login")
	require.Contains(t, mails[0].text, first.GetEmail())
	mails = s.mailsAbout(strings.ToUpper(first.GetEmail()), reminderSubject)
	require.Len(t, mails, 1)
	require.Contains(t, mails[0].text, "It is: "+second.GetUsername()+"\r\n")
}

func TestNobodysMailboxIsFilled(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(`INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at)
		SELECT 'many' || n, '', 'A', 'B', 'many@mail.example', 's' || n, 't' || n, 'm' || n, now() FROM generate_series(1, 25) n`)
	s.remind("many@mail.example")
	require.Len(t, s.mailsAbout("many@mail.example", reminderSubject), 20)
}

func TestWhatWasTypedIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	s.exec("UPDATE mail_templates SET code = code || '-away' WHERE code IN ('password-reset', 'username-reminder')")
	failedOnce := func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE queue = 'credential' AND cardinality(errors) > 0 AND state <> 'running'") == 1
	}
	s.askReset(filled.GetUsername(), filled.GetEmail())
	require.Eventually(t, failedOnce, patience, tick)
	require.Zero(t, s.count("SELECT count(*) FROM accounts WHERE reset_code_hash IS NOT NULL"), "no code without its mail")

	s.exec("UPDATE mail_templates SET code = 'password-reset' WHERE code = 'password-reset-away'")
	require.Len(t, s.mailsAbout(filled.GetEmail(), resetSubject), 1, "tried again, once")

	s.remind(filled.GetEmail())
	require.Eventually(t, failedOnce, patience, tick)
	s.exec("UPDATE river_job SET max_attempts = attempt + 1, state = 'available', scheduled_at = now() WHERE queue = 'credential'")
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE queue = 'credential'") == 0
	}, patience, tick, "given up and forgotten")
	require.Contains(t, s.logs.String(), "job given up")
	require.Empty(t, s.mailsAbout(filled.GetEmail(), reminderSubject))
}

func TestErrandsLogNothingPersonal(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	code := s.resetCode(filled)
	s.change(made, "Wr0ng%Password", nextPassword)
	_, err := s.setNew(filled.GetUsername(), code+"x", nextPassword)
	require.Error(t, err)
	_, err = s.setNew(filled.GetUsername(), code, nextPassword)
	require.NoError(t, err)
	s.exec("UPDATE mail_templates SET code = 'away' WHERE code = 'username-reminder'")
	s.remind(filled.GetEmail())
	require.Eventually(t, func() bool { return strings.Contains(s.logs.String(), "credential.remind") }, patience, tick, "the failure is in the log")
	for _, secret := range []string{filled.GetUsername(), filled.GetEmail(), code, nextPassword, goodPassword, "Wr0ng%Password", made.GetSession().GetToken()} {
		require.NotContains(t, s.logs.String(), secret)
	}
}

// tries calls 25 times and tells how many got through; the rest must have been refused as too many.
func tries(t *testing.T, try func(i int) error) int {
	t.Helper()
	through := 0
	for i := range 25 {
		err := try(i)
		if fault.KindOf(err) != fault.RateLimited {
			through++
			continue
		}
		require.Equal(t, "rate-limited", fault.ReasonOf(err))
		require.Positive(t, fault.Of(err).RetryAfter)
		require.LessOrEqual(t, fault.Of(err).RetryAfter, time.Hour)
	}
	return through
}

func TestCredentialsAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	ctx := t.Context()
	reset := func(username, address string) error {
		_, err := s.credentials.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{Username: username, Email: "nobody@mail.example", ClientAddress: address})
		return err
	}
	for _, username := range []string{filled.GetUsername(), strings.ToUpper(filled.GetUsername()), "", "nobody", "\x00", strings.Repeat("x", 5000), strings.Repeat("x", 5001)} {
		require.Equal(t, 5, tries(t, func(int) error { return reset(username, anyAddress()) }), "per name, as sent")
	}
	require.Equal(t, 20, tries(t, func(int) error {
		_, err := s.setNew(filled.GetUsername(), "x", nextPassword)
		return err
	}))
	require.Equal(t, 20, tries(t, func(int) error {
		_, err := s.credentials.ChangePassword(ctx, &userv1.ChangePasswordRequest{AccountId: made.GetAccount().GetAccountId(), ClientAddress: anyAddress()})
		return err
	}))
	require.Equal(t, 20, tries(t, func(i int) error {
		email := []string{"person@mail.example", "PERSON@mail.example"}[i%2]
		_, err := s.credentials.RemindUsername(ctx, &userv1.RemindUsernameRequest{Email: email, ClientAddress: anyAddress()})
		return err
	}))
	require.Equal(t, 20, tries(t, func(i int) error {
		_, err := s.credentials.RemindUsername(ctx, &userv1.RemindUsernameRequest{Email: strings.Repeat("a", i+1) + "@mail.example", ClientAddress: "192.0.2.1"})
		return err
	}))

	s.clock.move(time.Hour + time.Second)
	require.NoError(t, reset(filled.GetUsername(), "192.0.2.3"))
}

func TestStrangersDoNotUseUpTheTriesOfWhoHasTheCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	code := s.resetCode(filled)
	require.Equal(t, 20, tries(t, func(int) error {
		_, err := s.setNew(filled.GetUsername(), "x", nextPassword)
		return err
	}))
	answer, err := s.setNew(filled.GetUsername(), code, "short")
	require.NoError(t, err)
	require.NotEmpty(t, answer.GetViolations())
	_, err = s.setNew(filled.GetUsername(), code, nextPassword)
	require.NoError(t, err)
}

func TestOneClientCannotTryOnEverybody(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	ctx := t.Context()
	for name, try := range map[string]func(i int) error{
		"reset": func(i int) error {
			_, err := s.credentials.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{Username: strings.Repeat("r", i+1), Email: "nobody@mail.example", ClientAddress: "192.0.2.1"})
			return err
		},
		"set": func(i int) error {
			_, err := s.credentials.SetNewPassword(ctx, &userv1.SetNewPasswordRequest{Username: strings.Repeat("s", i+1), Code: "x", ClientAddress: "192.0.2.1"})
			return err
		},
		"change": func(i int) error {
			_, err := s.credentials.ChangePassword(ctx, &userv1.ChangePasswordRequest{AccountId: made.GetAccount().GetAccountId() + int64(i) + 1, ClientAddress: "192.0.2.1"})
			return err
		},
	} {
		for i := range 60 {
			require.NotEqual(t, fault.RateLimited, fault.KindOf(try(i)), "%s %d", name, i)
		}
		require.Equal(t, fault.RateLimited, fault.KindOf(try(60)), name)
	}
	for range 5 {
		s.askReset(strings.Repeat("r", 61), "nobody@mail.example")
	}
}
