package user_test

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	nextPassword    = "Qu1et&Harbour"
	resetSubject    = "Choose a new password for " + site
	changedSubject  = "Your password for " + site + " was changed"
	reminderSubject = "Your user name at " + site
)

var resetLink = regexp.MustCompile(regexp.QuoteMeta(site) + `/set-new-password\?password_reset_code=([A-Za-z0-9:_-]+)\r\n`)

// errands waits until everything that was left for later is done, and its mails are out.
func (s *shop) errands() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE queue = 'credential'") == 0 &&
			s.count("SELECT count(*) FROM mails WHERE state = 'queued'") == 0
	}, patience, tick)
}

// mailsAbout are those that an address has got with a subject, when all errands are done.
func (s *shop) mailsAbout(address, subject string) []sunkMail {
	s.t.Helper()
	s.errands()
	var found []sunkMail
	for _, sunk := range s.sink.mails() {
		if sunk.recipients[0] == address && sunk.header.Get("Subject") == subject {
			found = append(found, sunk)
		}
	}
	return found
}

func (s *shop) askReset(username, email string) {
	s.t.Helper()
	_, err := s.credentials.RequestPasswordReset(s.t.Context(), &userv1.RequestPasswordResetRequest{
		Username: username, Email: email, ClientAddress: anyAddress(),
	})
	require.NoError(s.t, err)
}

// resetCode has a code sent and gives the newest.
func (s *shop) resetCode(of *userv1.CreateAccountRequest) string {
	s.t.Helper()
	before := len(s.mailsAbout(of.GetEmail(), resetSubject))
	s.askReset(of.GetUsername(), of.GetEmail())
	mails := s.mailsAbout(of.GetEmail(), resetSubject)
	require.Len(s.t, mails, before+1)
	link := resetLink.FindStringSubmatch(mails[before].text)
	require.NotNil(s.t, link, mails[before].text)
	return link[1]
}

func (s *shop) setNew(username, code, password string) (*userv1.SetNewPasswordResponse, error) {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute) // as above
	defer cancel()
	return s.credentials.SetNewPassword(ctx, &userv1.SetNewPasswordRequest{
		Username: username, Code: code, NewPassword: password, ConfirmNewPassword: password, ClientAddress: anyAddress(),
	})
}

func (s *shop) change(made *userv1.CreateAccountResponse, current, password string) *userv1.ChangePasswordResponse {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute) // tests change many at once, and two are hashed at a time
	defer cancel()
	answer, err := s.credentials.ChangePassword(ctx, &userv1.ChangePasswordRequest{
		AccountId: made.GetAccount().GetAccountId(), CurrentPassword: current, NewPassword: password, ConfirmNewPassword: password,
		SessionToken: made.GetSession().GetToken(), ClientAddress: anyAddress(),
	})
	require.NoError(s.t, err)
	return answer
}

func brokenRules(violations []*userv1.FieldViolation) []string {
	var found []string
	for _, violation := range violations {
		found = append(found, violation.GetField()+"/"+violation.GetCode())
	}
	return found
}

func TestAPasswordIsChangedByKnowingTheOld(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(func(form *userv1.CreateAccountRequest) { form.Remember = true })
	elsewhere, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	_, stranger := s.register(nil)
	code := s.resetCode(filled)
	s.clock.move(time.Minute)

	answer := s.change(made, goodPassword, nextPassword)
	require.Empty(t, answer.GetViolations())
	for _, ended := range []string{made.GetSession().GetToken(), elsewhere.GetSession().GetToken()} {
		_, err = s.resolve(ended)
		require.Equal(t, "session-unknown", fault.ReasonOf(err))
	}
	require.Equal(t, 1, s.count("SELECT count(*) FROM sessions WHERE account_id = $1", made.GetAccount().GetAccountId()))
	resolved, err := s.resolve(answer.GetSession().GetToken())
	require.NoError(t, err)
	require.Equal(t, filled.GetUsername(), resolved.GetAccount().GetUsername())
	require.WithinDuration(t, s.clock.now().Add(14*24*time.Hour), resolved.GetExpiresAt().AsTime(), 30*time.Second)
	_, err = s.resolve(stranger.GetSession().GetToken())
	require.NoError(t, err, "other people's sessions stay")
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE password_generation = 2 AND last_login_at > $1", time.Now().Add(30*time.Second)))

	_, err = s.logIn(filled.GetUsername(), goodPassword)
	require.Equal(t, "credentials-invalid", fault.ReasonOf(err))
	_, err = s.logIn(filled.GetUsername(), nextPassword)
	require.NoError(t, err)
	_, err = s.setNew(filled.GetUsername(), code, "An0ther%Harbour")
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err), "a code from before the change is dead (defect 12)")
	mails := s.mailsAbout(filled.GetEmail(), changedSubject)
	require.Len(t, mails, 1)
	require.Contains(t, mails[0].text, filled.GetUsername())
}

func TestTheNewSessionLastsAsTheOneThatAsked(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, stranger := s.register(func(form *userv1.CreateAccountRequest) { form.Remember = true })
	cases := map[string]struct {
		remember   bool
		token      func(own string) string
		persistent bool
	}{
		"remembered":                  {true, func(own string) string { return own }, true},
		"of the browser":              {false, func(own string) string { return own }, false},
		"unknown":                     {true, func(string) string { return strings.Repeat("a", 32) }, false},
		"none":                        {true, func(string) string { return "" }, false},
		"hostile":                     {true, func(string) string { return "\x00'--" }, false},
		"somebody else's, remembered": {true, func(string) string { return stranger.GetSession().GetToken() }, false},
	}
	for name, c := range cases {
		_, made := s.register(func(form *userv1.CreateAccountRequest) { form.Remember = c.remember })
		made.Session.Token = c.token(made.GetSession().GetToken())
		answer := s.change(made, goodPassword, nextPassword)
		require.Empty(t, answer.GetViolations(), name)
		require.Equal(t, c.persistent, answer.GetSession().GetPersistent(), name)
	}
	_, err := s.resolve(stranger.GetSession().GetToken())
	require.NoError(t, err)
}

func TestRefusedChangesOfAPassword(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(func(form *userv1.CreateAccountRequest) { form.FirstName = "Wilhelmina" })
	before := s.text("SELECT a::text FROM accounts a")
	for name, c := range map[string]struct {
		current, next, confirm string
		want                   []string
	}{
		"wrong":               {"not it", nextPassword, nextPassword, []string{"current_password/current_password_invalid"}},
		"empty":               {"", "", "", []string{"current_password/current_password_invalid"}},
		"wrong and bad":       {goodPassword + " ", "x", "y", []string{"current_password/current_password_invalid"}},
		"same":                {goodPassword, goodPassword, goodPassword, []string{"password/new_password_same_as_current_password"}},
		"same, not confirmed": {goodPassword, goodPassword, "x", []string{"password/new_password_same_as_current_password"}},
		"missing":             {goodPassword, "", "", []string{"password/required"}},
		"all rules":           {goodPassword, "x", "y", []string{"password/too_short", "password/no_capital_letter", "password/no_special_character", "password/confirm_password_doesnt_match"}},
		"long":                {goodPassword, strings.Repeat("Xy!", 51), strings.Repeat("Xy!", 51), []string{"password/too_many_chars"}},
		"common":              {goodPassword, "P@ssw0rd", "P@ssw0rd", []string{"password/django_validation"}},
		"like the name":       {goodPassword, "Wilhelmina!", "Wilhelmina!", []string{"password/django_validation"}},
		"like the address":    {goodPassword, "A" + filled.GetEmail() + "!", "A" + filled.GetEmail() + "!", []string{"password/django_validation"}},
	} {
		answer, err := s.credentials.ChangePassword(t.Context(), &userv1.ChangePasswordRequest{
			AccountId: made.GetAccount().GetAccountId(), CurrentPassword: c.current, NewPassword: c.next, ConfirmNewPassword: c.confirm,
			SessionToken: made.GetSession().GetToken(), ClientAddress: anyAddress(),
		})
		require.NoError(t, err, name)
		require.Equal(t, c.want, brokenRules(answer.GetViolations()), name)
		require.Nil(t, answer.GetSession(), name)
	}
	require.Equal(t, before, s.text("SELECT a::text FROM accounts a"))
	_, err := s.resolve(made.GetSession().GetToken())
	require.NoError(t, err)
	require.Empty(t, s.mailsAbout(filled.GetEmail(), changedSubject))
}

func TestThePasswordOfNobodyIsNotChanged(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.exec("UPDATE accounts SET is_active = false")
	for _, id := range []int64{made.GetAccount().GetAccountId(), 0, -1, 1 << 62} {
		_, err := s.credentials.ChangePassword(t.Context(), &userv1.ChangePasswordRequest{
			AccountId: id, CurrentPassword: goodPassword, NewPassword: nextPassword, ConfirmNewPassword: nextPassword, ClientAddress: anyAddress(),
		})
		require.Equal(t, "account-not-found", fault.ReasonOf(err))
	}
}

func TestOfManyChangesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	s.mailsTo(filled.GetEmail(), 1)
	answers := make([]*userv1.ChangePasswordResponse, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = s.change(made, goodPassword, nextPassword+strings.Repeat("z", i)) })
	}
	all.Wait()
	won := 0
	for i, answer := range answers {
		if len(answer.GetViolations()) == 0 {
			won++
			_, err := s.resolve(answer.GetSession().GetToken())
			require.NoError(t, err)
			_, err = s.logIn(filled.GetUsername(), nextPassword+strings.Repeat("z", i))
			require.NoError(t, err)
			continue
		}
		require.Equal(t, []string{"current_password/current_password_invalid"}, brokenRules(answer.GetViolations()))
	}
	require.Equal(t, 1, won)
	require.Len(t, s.mailsAbout(filled.GetEmail(), changedSubject), 1)
}

func TestAPasswordIsChosenWithACodeFromAMail(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	_, err := s.logIn(filled.GetUsername(), "forgotten")
	require.Error(t, err)
	require.Equal(t, 1, s.count("SELECT count(*) FROM login_failures"))
	s.askReset(filled.GetUsername(), strings.ToUpper(filled.GetEmail()))
	mails := s.mailsAbout(filled.GetEmail(), resetSubject)
	require.Len(t, mails, 1, "sent to the address as it is stored")
	require.Contains(t, mails[0].text, "one hour")
	require.Contains(t, mails[0].text, filled.GetUsername())
	code := resetLink.FindStringSubmatch(mails[0].text)[1]
	require.Contains(t, mails[0].html, site+"/set-new-password?password_reset_code="+code)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE reset_code_hash = sha256($1::text::bytea) AND reset_requested_at IS NOT NULL", code))
	require.Zero(t, s.count("SELECT count(*) FROM mails WHERE fields::text LIKE '%' || $1 || '%'", code), "the code is in the mail alone")

	answer, err := s.setNew(filled.GetUsername(), strings.ReplaceAll(code, ":", "%3A")+".", nextPassword)
	require.NoError(t, err)
	require.Empty(t, answer.GetViolations())
	_, err = s.resolve(made.GetSession().GetToken())
	require.Equal(t, "session-unknown", fault.ReasonOf(err))
	require.Zero(t, s.count("SELECT count(*) FROM sessions"), "choosing a password is no login")
	require.Zero(t, s.count("SELECT count(*) FROM login_failures"), "who has the mails need not wait because of earlier failures")
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE password_generation = 2 AND reset_code_hash IS NULL AND reset_requested_at IS NULL"))
	_, err = s.logIn(filled.GetUsername(), goodPassword)
	require.Equal(t, "credentials-invalid", fault.ReasonOf(err))
	_, err = s.logIn(filled.GetUsername(), nextPassword)
	require.NoError(t, err)
	require.Len(t, s.mailsAbout(filled.GetEmail(), changedSubject), 1)

	_, err = s.setNew(filled.GetUsername(), code, "An0ther%Harbour")
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err), "a code works once")
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestResetCodesAreGoodForAnHour(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	code := s.resetCode(filled)
	s.clock.move(time.Hour + 2*time.Second) // codes carry whole seconds
	_, err := s.setNew(filled.GetUsername(), code, nextPassword)
	require.Equal(t, "signature-expired", fault.ReasonOf(err))

	code = s.resetCode(filled)
	s.clock.move(59 * time.Minute)
	_, err = s.setNew(filled.GetUsername(), code, nextPassword)
	require.NoError(t, err)
}

func TestOnlyTheNewestCodeOfTheSameAccountCounts(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	other, _ := s.register(nil)
	first, second, foreign := s.resetCode(filled), s.resetCode(filled), s.resetCode(other)
	require.NotEqual(t, first, second)
	for _, wrong := range []string{first, foreign} {
		_, err := s.setNew(filled.GetUsername(), wrong, nextPassword)
		require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))
	}
	_, err := s.setNew(filled.GetUsername(), second, nextPassword)
	require.NoError(t, err)
}

func TestAnotherAddressEndsAResetCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	code := s.resetCode(filled)
	_, err := s.accounts.UpdateInformation(t.Context(), &userv1.UpdateInformationRequest{
		AccountId: made.GetAccount().GetAccountId(), FirstName: "Ada", LastName: "Byron", Email: "new-" + filled.GetEmail(),
	})
	require.NoError(t, err)
	_, err = s.setNew(filled.GetUsername(), code, nextPassword)
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err), "contract user.md 8, defect 12")
}

func TestANameThatNobodyHasIsAnsweredLikeAWrongCode(t *testing.T) {
	t.Parallel()
	s := open(t)
	withoutCode, _ := s.register(nil)
	withCode, _ := s.register(nil)
	s.resetCode(withCode)
	closed, _ := s.register(nil)
	ownCode := s.resetCode(closed)
	s.exec("UPDATE accounts SET is_active = false WHERE username = $1", closed.GetUsername())
	_, err := s.setNew(closed.GetUsername(), ownCode, nextPassword)
	require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))

	signed := func(ago time.Duration) string {
		past := func() time.Time { return time.Now().Add(-ago) }
		return signing.NewTimestampSigner(signing.Key{Secret: secretKey}, "reset_email", past).Sign("aaaaaaaaaaaaaaaaaaaa")
	}
	codes := map[string]string{
		signed(0): "code-doesnt-match", signed(2 * time.Hour): "signature-expired", signed(0) + "x": "signature-invalid",
		"": "signature-invalid", "\x00": "signature-invalid", strings.Repeat("a:", 100_000): "signature-invalid",
		verificationSigner().Sign("aaaaaaaaaaaaaaaaaaaa"): "signature-invalid",
	}
	names := []string{
		"nobodyhere", withoutCode.GetUsername(), withCode.GetUsername(), closed.GetUsername(), strings.ToUpper(withCode.GetUsername()),
		"", withCode.GetUsername() + "\x00", strings.Repeat("x", 100_000),
	}
	for _, name := range names {
		for code, reason := range codes {
			for _, password := range []string{"", nextPassword} {
				answer, err := s.setNew(name, code, password)
				require.Nil(t, answer)
				require.Equal(t, reason, fault.ReasonOf(err))
				require.Empty(t, fault.Of(err).Detail)
			}
		}
	}
}

func TestAnUnsuitablePasswordLeavesTheCodeGood(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(func(form *userv1.CreateAccountRequest) { form.LastName = "Wilhelmina" })
	code := s.resetCode(filled)
	for password, want := range map[string][]string{
		"":            {"password/required"},
		"short":       {"password/too_short", "password/no_capital_letter", "password/no_special_character"},
		"Wilhelmina!": {"password/django_validation"},
		"P@ssw0rd":    {"password/django_validation"},
	} {
		answer, err := s.setNew(filled.GetUsername(), code, password)
		require.NoError(t, err)
		require.Equal(t, want, brokenRules(answer.GetViolations()))
	}
	answer, err := s.credentials.SetNewPassword(t.Context(), &userv1.SetNewPasswordRequest{
		Username: filled.GetUsername(), Code: code, NewPassword: nextPassword, ConfirmNewPassword: "x", ClientAddress: anyAddress(),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"password/confirm_password_doesnt_match"}, brokenRules(answer.GetViolations()))
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE password_generation = 1"))
	_, err = s.setNew(filled.GetUsername(), url.QueryEscape(code), nextPassword)
	require.NoError(t, err)
}

func TestACodeUsedByManyAtOnceWorksOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	code := s.resetCode(filled)
	outcomes := make([]error, 8)
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() { _, outcomes[i] = s.setNew(filled.GetUsername(), code, nextPassword+strings.Repeat("z", i)) })
	}
	all.Wait()
	won := 0
	for i, err := range outcomes {
		if err == nil {
			won++
			_, err = s.logIn(filled.GetUsername(), nextPassword+strings.Repeat("z", i))
			require.NoError(t, err)
			continue
		}
		require.Equal(t, "code-doesnt-match", fault.ReasonOf(err))
	}
	require.Equal(t, 1, won)
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE password_generation = 2"))
	require.Len(t, s.mailsAbout(filled.GetEmail(), changedSubject), 1)
}
