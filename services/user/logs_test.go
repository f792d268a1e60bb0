package user_test

import (
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// customer is somebody who does everything that one can do here. What is in secrets is nobody's business.
type customer struct {
	*shop
	filled  *userv1.CreateAccountRequest
	made    *userv1.CreateAccountResponse
	secrets []string
}

// anyClient matches what anyAddress makes.
const anyClient = `\b10\.\d{2}\.\d{2}\.\d{2}\b`

// Whatever customers do, whether it goes well, is refused or fails, the logs do not say who did it, or what they wrote.
func TestNothingPersonalIsLogged(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stop()
	s.level = slog.LevelDebug // as an operator may set it
	s.start()

	c := s.newCustomer()
	for _, act := range []func(){c.logsInAndOut, c.choosesPasswords, c.writes, c.verifiesAndMoves, c.unsubscribes, c.isRefusedByTheMailServer} {
		act()
	}
	c.triesEverythingWithout("mails", "prospects", "chat_messages", "unsubscribe_reasons", "sessions", "accounts", "rate_limits")

	said := s.logs.String()
	for _, line := range []string{
		`"level":"ERROR","msg":"call failed"`, `"level":"DEBUG","msg":"call failed"`, "[EMAIL_FAILURE]", "[ORDER_EMAIL_FAILURE]",
		"[RATE_LIMIT_FAILURE]", "signature-invalid", "session-unknown", "account-not-found", "token-altered",
	} {
		require.True(t, strings.Contains(said, line), "there was nothing to keep quiet about: no %s", line) //nolint:testifylint // would print all logs
	}
	require.Greater(t, len(c.secrets), 20)
	for _, secret := range c.secrets {
		require.NotEmpty(t, secret)
		for line := range strings.Lines(said) {
			require.NotContains(t, strings.ToLower(line), strings.ToLower(secret))
		}
	}
	require.Empty(t, regexp.MustCompile(anyClient).FindString(said))
	require.Regexp(t, anyClient, anyAddress())
}

func (s *shop) newCustomer() *customer {
	s.t.Helper()
	filled, made := s.register(func(f *userv1.CreateAccountRequest) {
		f.FirstName, f.LastName, f.UserAgent = "Zebulonia", "Quatermain", "Browser-of-Zebulonia/1"
	})
	s.register(func(f *userv1.CreateAccountRequest) { f.FirstName, f.Email = "Zebulonia", filled.GetEmail() })
	c := &customer{shop: s, filled: filled, made: made}
	c.hide("Zebulonia", "Quatermain", filled.GetUsername(), filled.GetEmail(), goodPassword, nextPassword, made.GetSession().GetToken(),
		made.GetAccount().GetMemberCode())
	return c
}

func (c *customer) hide(secrets ...string) { c.secrets = append(c.secrets, secrets...) }

func (c *customer) id() int64 { return c.made.GetAccount().GetAccountId() }

// newPrivateAddress is one that nobody is to find.
func (c *customer) newPrivateAddress() string {
	address := newAddress()
	c.hide(strings.Split(address, "@")[0])
	return address
}

func (c *customer) logsInAndOut() {
	_, err := c.logIn(c.filled.GetUsername(), "a-Wr0ng-password")
	require.Error(c.t, err)
	_, err = c.logIn("nobody-called-zebulonia", goodPassword)
	require.Error(c.t, err)
	in, err := c.logIn(c.filled.GetUsername(), goodPassword)
	require.NoError(c.t, err)
	unknown := in.GetSession().GetToken()[1:] + "a" // one of its characters may well be an a, not all of them
	_, err = c.resolve(unknown)
	require.Error(c.t, err)
	c.hide("a-Wr0ng-password", unknown, in.GetSession().GetToken())

	listed := c.list(c.id(), in.GetSession().GetToken())
	require.Len(c.t, listed, 2)
	require.NoError(c.t, c.end(c.id(), listed[1].GetReference()))
	require.Error(c.t, c.end(c.id(), "Zebulonia"))
	_, err = c.sessions.EndOtherSessions(c.t.Context(), &userv1.EndOtherSessionsRequest{AccountId: c.id(), KeptToken: in.GetSession().GetToken()})
	require.NoError(c.t, err)
	c.hide(listed[0].GetReference(), listed[1].GetReference())
	_, err = c.sessions.LogOut(c.t.Context(), &userv1.LogOutRequest{Token: in.GetSession().GetToken()})
	require.NoError(c.t, err)
}

func (c *customer) choosesPasswords() {
	code := c.resetCode(c.filled)
	c.hide(code, "Wr0ng%Password")
	c.change(c.made, "Wr0ng%Password", nextPassword)
	_, err := c.setNew(c.filled.GetUsername(), code+"x", nextPassword)
	require.Error(c.t, err)
	_, err = c.setNew(c.filled.GetUsername(), code, c.filled.GetUsername())
	require.NoError(c.t, err, "too easily guessed, which is no error")
	_, err = c.setNew(c.filled.GetUsername(), code, nextPassword)
	require.NoError(c.t, err)
	c.askReset("nobody-called-zebulonia", c.filled.GetEmail())
	c.remind(c.filled.GetEmail())
	c.remind(c.newPrivateAddress())
	c.errands()
}

func (c *customer) writes() {
	words := "Please send it to the house of the seven gables"
	c.hide(words, "seven gables")
	for _, account := range []int64{0, c.id()} {
		c.written(func(m *userv1.PutMessageRequest) {
			m.AccountId, m.Name, m.Email, m.Message = account, "Zebulonia", c.newPrivateAddress(), words
		})
	}
	broken, err := c.write(func(m *userv1.PutMessageRequest) { m.Name, m.Email, m.Message = "<Zebulonia>", "Zebulonia", words })
	require.NoError(c.t, err)
	require.NotEmpty(c.t, broken)
	_, err = c.notifyMe(c.newPrivateAddress(), "5", anyAddress())
	require.NoError(c.t, err)
	_, err = c.ensure("Zebulonia <" + c.newPrivateAddress() + ">")
	require.Error(c.t, err)
	_, err = c.ensure(c.filled.GetEmail())
	require.Error(c.t, err)
}

func (c *customer) verifiesAndMoves() {
	require.NoError(c.t, c.requestVerification(c.id()))
	code := c.codeSentTo(c.filled.GetEmail())
	after := c.newPrivateAddress()
	c.hide(code)
	_, err := c.verify(c.id(), code+"x")
	require.Error(c.t, err)
	c.claims(c.id(), code)
	_, err = c.updateInformation(c.id(), "Zebulonia", "Quatermain", after)
	require.NoError(c.t, err)
	_, err = c.updateInformation(c.id()+1000, "Zebulonia", "Quatermain", after)
	require.Error(c.t, err)
	_, err = c.updateInformation(c.id(), "<Zebulonia>", "Quatermain", "no"+after+"@")
	require.NoError(c.t, err, "broken rules are no error")
	code = c.codeSentTo(after)
	c.hide(code)
	c.claims(c.id(), code)
}

func (c *customer) unsubscribes() {
	token := c.memberToken(c.id())
	_, guestToken := c.guestOnTheList(c.newPrivateAddress())
	reasons := &userv1.UnsubscribeReasons{Spam: true, Other: "My name is Zebulonia and I am angry"}
	c.hide(token, guestToken, "I am angry")
	_, err := c.lookUp(member("x" + token))
	require.Error(c.t, err)
	done, err := c.unsubscribe(member(token))
	require.NoError(c.t, err)
	c.hide(done.GetToken())
	require.NoError(c.t, c.explain(member(done.GetToken()), reasons, anyAddress()))
	require.NoError(c.t, c.prefer(c.id(), false, true, reasons))
	require.Equal(c.t, 2, c.count("SELECT count(*) FROM unsubscribe_reasons WHERE other LIKE '%angry%'"))
	c.exec("UPDATE prospects SET unsubscribe_string = 'another' WHERE unsubscribe_token = $1", guestToken)
	_, err = c.unsubscribe(guest(guestToken))
	require.Error(c.t, err)
}

// isRefusedByTheMailServer, for now and for good, in words that repeat what it was told.
func (c *customer) isRefusedByTheMailServer() {
	c.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT") {
			return "550 5.1.1 " + command + " is not Zebulonia Quatermain"
		}
		return ""
	})
	order := guestOrder()
	order.Email, order.RecipientName, order.PaymentSummary = c.newPrivateAddress(), "Zebulonia Quatermain", "Card of Zebulonia"
	order.ShippingAddress.Line1 = "House of the seven gables"
	c.confirm(order)
	require.NoError(c.t, c.requestVerification(c.id()))
	require.Eventually(c.t, func() bool { return c.count("SELECT count(*) FROM mails WHERE state = 'failed'") == 2 }, patience, tick)
	var tries atomic.Int32
	c.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT") && tries.Add(1) < 3 {
			return "451 4.2.1 " + command + " comes later, Zebulonia"
		}
		return ""
	})
	require.NoError(c.t, c.requestVerification(c.id()))
	c.errands()
	require.Equal(c.t, int32(3), tries.Load())
}

// triesEverythingWithout makes what is asked of the database fail, table by table.
func (c *customer) triesEverythingWithout(tables ...string) {
	for _, table := range tables {
		c.exec(fmt.Sprintf("ALTER TABLE %s RENAME TO gone", table))
		c.triesEverything()
		c.exec(fmt.Sprintf("ALTER TABLE gone RENAME TO %s", table))
	}
}

// triesEverything whatever comes of it.
func (c *customer) triesEverything() {
	ctx, filled := c.t.Context(), form()
	filled.FirstName, filled.LastName, filled.Email = "Zebulonia", "Quatermain", c.newPrivateAddress()
	c.hide(filled.GetUsername())
	_, _ = c.accounts.CreateAccount(ctx, filled)
	_, _ = c.logIn(c.filled.GetUsername(), nextPassword)
	_, _ = c.resolve(c.made.GetSession().GetToken())
	_, _ = c.sessions.ListSessions(ctx, &userv1.ListSessionsRequest{AccountId: c.id(), CurrentToken: c.made.GetSession().GetToken()})
	_ = c.end(c.id(), "Zebulonia")
	_, _ = c.updateInformation(c.id(), "Zebulonia", "Quatermain", c.newPrivateAddress())
	_ = c.requestVerification(c.id())
	_, _ = c.verify(c.id(), "Zebulonia:code:signature")
	_, _ = c.setNew(c.filled.GetUsername(), "Zebulonia:code:signature", nextPassword)
	_, _ = c.write(func(m *userv1.PutMessageRequest) {
		m.Name, m.Email, m.Message = "Zebulonia", c.newPrivateAddress(), "seven gables"
	})
	_, _ = c.notifyMe(c.newPrivateAddress(), "5", anyAddress())
	_, _ = c.ensure(c.newPrivateAddress())
	_ = c.prefer(c.id(), false, true, &userv1.UnsubscribeReasons{Other: "Zebulonia is angry"})
	_, _ = c.unsubscribe(member(c.secrets[0]))
	order := guestOrder()
	order.Email, order.RecipientName = c.newPrivateAddress(), "Zebulonia Quatermain"
	_, _ = c.mail.SendOrderConfirmation(ctx, order)
	_, _ = c.credentials.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{Username: c.filled.GetUsername(), Email: c.filled.GetEmail(), ClientAddress: anyAddress()})
	_, _ = c.credentials.RemindUsername(ctx, &userv1.RemindUsernameRequest{Email: c.filled.GetEmail(), ClientAddress: anyAddress()})
}
