package user_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// person is somebody who has left something wherever one can.
type person struct {
	id       int64
	username string
	email    string
	token    string // of a session
	prospect int64
}

// leaveTraces makes a member with an address that is proven, and all that hangs on one. The last mail stays queued.
func (s *shop) leaveTraces() person {
	s.t.Helper()
	filled, made := s.register(func(f *userv1.CreateAccountRequest) {
		f.FirstName, f.LastName, f.UserAgent = "Zebulonia", "Quatermain", "Browser Zebulonia/1"
		f.Email = "zebulonia." + f.GetEmail()
	})
	s.mailsTo(filled.GetEmail(), 1)
	p := person{id: made.GetAccount().GetAccountId(), username: filled.GetUsername(), email: filled.GetEmail(), token: made.GetSession().GetToken()}
	s.exec("UPDATE accounts SET email_verified = true, is_staff = true, reset_code_hash = sha256('x'), reset_requested_at = now() WHERE id = $1", p.id)
	s.exec("INSERT INTO claimed_addresses VALUES (lower($2), $1, now())", p.id, p.email)
	s.exec("INSERT INTO known_networks VALUES ($1, sha256('here'), now()), ($1, sha256('there'), now()) ON CONFLICT DO NOTHING", p.id)
	s.exec(`INSERT INTO prospects (email, first_name, last_name, phone, email_unsubscribed, unsubscribe_string, unsubscribe_token, prospect_code, prospect_comment, shop_comment, created_at)
		VALUES (upper($1), 'Zebulonia', 'Quatermain', '555-Zebulonia', false, 'string-' || $1, 'token-' || $1, 'pr' || $2, 'I am Zebulonia', 'She is Zebulonia', now())`, p.email, p.username)
	p.prospect = int64(s.count("SELECT id FROM prospects WHERE prospect_code = 'pr' || $1", p.username))
	chat := "INSERT INTO chat_messages (account_id, prospect_id, name, email, message, created_at) VALUES ($1, $2, 'Zebulonia', $3, 'I am Zebulonia', now())"
	s.exec(chat, p.id, nil, p.email)
	s.exec(chat, nil, p.prospect, p.email)
	s.exec(chat, nil, nil, strings.ToUpper(p.email))
	s.exec("INSERT INTO unsubscribe_reasons (account_id, spam, other, created_at) VALUES ($1, true, 'Zebulonia is angry', now())", p.id)
	s.exec("INSERT INTO unsubscribe_reasons (prospect_id, other, created_at) VALUES ($1, 'Zebulonia again', now())", p.prospect)
	s.exec(`INSERT INTO mails (key, template_id, prospect_id, recipient, fields, state, created_at) VALUES ('order:' || $2, 2, $1, $3, '{"name":"Zebulonia"}', 'failed', now())`, p.prospect, p.username, p.email)
	s.exec(`INSERT INTO mail_failures (mail_id, kind, message, created_at) SELECT id, 'smtp_send', 'no Zebulonia here', now() FROM mails WHERE key = 'order:' || $1`, p.username)
	s.queueLetter(p)
	return p
}

// queueLetter leaves a mail to the person unsent: the mail server is away until it is told otherwise.
func (s *shop) queueLetter(p person) {
	s.t.Helper()
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT") {
			return "451 later"
		}
		return ""
	})
	_, err := s.credentials.RequestPasswordReset(s.t.Context(), &userv1.RequestPasswordResetRequest{Username: p.username, Email: p.email, ClientAddress: anyAddress()})
	require.NoError(s.t, err)
	require.Eventually(s.t, func() bool {
		return s.count("SELECT count(*) FROM mails WHERE state = 'queued' AND account_id = $1", p.id) == 1 &&
			s.count("SELECT count(*) FROM river_job WHERE kind = $1 AND attempt > 0 AND finalized_at IS NULL", mail.SendArgs{}.Kind()) == 1
	}, patience, tick)
}

// traces are the tables in which something is still to be read of a person. Jobs that are done are removed by River in time.
func (s *shop) traces(needles ...string) []string {
	s.t.Helper()
	rows, err := s.db.Query(s.t.Context(), "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'river%' ORDER BY 1")
	require.NoError(s.t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(s.t, err)
	require.Greater(s.t, len(tables), 10)
	var found []string
	for _, table := range tables {
		for _, needle := range needles {
			if s.count("SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()+" t WHERE t::text ILIKE '%' || $1 || '%'", needle) > 0 {
				found = append(found, table+" "+needle)
			}
		}
	}
	return found
}

func TestAnExportIsEverythingButSecrets(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.leaveTraces()
	other, _ := s.register(nil)

	text := s.done(nil, "export-account", p.username)
	var document struct {
		AccountID int64 `json:"account_id"`
		Profile   struct {
			Username, Email string
			FirstName       string `json:"first_name"`
		}
		TermsAgreements []struct{ Version int } `json:"terms_agreements"`
		Sessions        []struct {
			UserAgent string `json:"user_agent"`
		}
		KnownNetworks      int                        `json:"known_networks"`
		ChatMessages       []struct{ Message string } `json:"chat_messages"`
		Mails              []struct{ Template, Recipient, State string }
		UnsubscribeReasons []struct{ Other string } `json:"unsubscribe_reasons"`
		Prospects          []struct{ Phone string }
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document), text)
	require.Equal(t, p.id, document.AccountID)
	require.Equal(t, p.username, document.Profile.Username)
	require.Equal(t, p.email, document.Profile.Email)
	require.Equal(t, "Zebulonia", document.Profile.FirstName)
	require.Len(t, document.TermsAgreements, 1)
	require.Equal(t, "Browser Zebulonia/1", document.Sessions[0].UserAgent)
	require.GreaterOrEqual(t, document.KnownNetworks, 2)
	require.Len(t, document.ChatMessages, 3)
	require.Len(t, document.Mails, 3, "welcome, order and reset")
	require.Equal(t, p.email, document.Mails[0].Recipient)
	require.Len(t, document.UnsubscribeReasons, 2)
	require.Equal(t, "555-Zebulonia", document.Prospects[0].Phone)

	require.NotContains(t, text, other.GetEmail())
	for _, secret := range []string{p.token, s.text("SELECT password_hash FROM accounts WHERE id = $1", p.id), s.text("SELECT unsubscribe_token FROM accounts WHERE id = $1", p.id), "token-", "argon2", "hash"} {
		require.NotContains(t, text, secret)
	}
	require.JSONEq(t, withoutTime(text), withoutTime(s.done(nil, "export-account", "--account-id", fmt.Sprint(p.id))))
}

func withoutTime(export string) string {
	before, rest, _ := strings.Cut(export, `"exported_at": "`)
	_, after, _ := strings.Cut(rest, `"`)
	return before + `"exported_at": "` + `"` + after
}

func TestAnAddressThatIsNotProvenGivesNothingAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.leaveTraces()
	s.exec("UPDATE accounts SET email_verified = false WHERE id = $1", p.id)
	s.exec("DELETE FROM claimed_addresses")
	for _, step := range []string{"unproven", "proven by another first"} {
		text := s.done(nil, "export-account", p.username)
		require.Contains(t, text, `"prospects": []`, step)
		require.NotContains(t, text, "555-", step)
		require.Equal(t, 1, strings.Count(text, "I am Zebulonia"), step)
		other, _ := s.register(nil)
		s.exec("UPDATE accounts SET email_verified = true WHERE id = $1", p.id)
		s.exec("INSERT INTO claimed_addresses SELECT lower($1), id, now() FROM accounts WHERE username = $2 ON CONFLICT DO NOTHING", p.email, other.GetUsername())
	}
	s.done(nil, "anonymise-account", p.username, "--yes")
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE lower(email) = lower($1) AND phone <> ''", p.email), "somebody else's")
}

func TestAnonymisingLeavesANumber(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.leaveTraces()
	bystander, kept := s.register(nil)
	needles := []string{"Zebulonia", "Quatermain", p.username, p.email}
	require.NotEmpty(t, s.traces(needles...), "or the search is no good")
	welcomed := len(s.sink.mails())

	said := s.done(nil, "anonymise-account", p.username, "--yes")
	require.NotContains(t, said, p.username)
	// The keys of mails are made of orders' identifiers, which here is the user name.
	s.exec("UPDATE mails SET key = 'order:1' WHERE key = 'order:' || $1", p.username)
	require.Empty(t, s.traces(needles...))
	require.Equal(t, 1, s.count("SELECT count(*) FROM accounts WHERE id = $1 AND NOT is_active AND NOT is_staff AND anonymised_at IS NOT NULL AND email_unsubscribed", p.id))
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures WHERE resolved_at IS NULL"))
	_, err := s.resolve(p.token)
	require.Error(t, err)
	for _, name := range []string{p.username, fmt.Sprintf("anonymised:%d", p.id)} {
		for _, password := range []string{goodPassword, "", "!"} {
			_, err := s.logIn(name, password)
			require.Error(t, err)
		}
	}
	_, err = s.resolve(kept.GetSession().GetToken())
	require.NoError(t, err)

	s.sink.fail(nil)
	require.Len(t, s.mailsTo(bystander.GetEmail(), 1), 1)
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = $1 AND finalized_at IS NULL", mail.SendArgs{}.Kind()) == 0
	}, patience, tick)
	require.Len(t, s.sink.mails(), welcomed+1, "what was queued for the person is not sent")
	require.NotContains(t, s.logs.String(), "EMAIL_FAILURE")
}

func TestAnonymisingAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	p := s.leaveTraces()
	number := fmt.Sprint(p.id)
	results := make([]operated, 4)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() { results[i] = s.operate(nil, "anonymise-account", "--yes", "--account-id", number) })
	}
	all.Wait()
	for _, result := range results {
		require.Zero(t, result.code, result.errs)
	}
	first := s.text("SELECT anonymised_at::text FROM accounts WHERE id = $1", p.id)

	again, _ := s.register(func(f *userv1.CreateAccountRequest) { f.Username, f.Email = p.username, p.email })
	require.Contains(t, s.done(nil, "anonymise-account", "--account-id", number, "--yes"), "it was before")
	s.done(nil, "anonymise-account", "anonymised:"+number, "--yes")
	require.Equal(t, first, s.text("SELECT anonymised_at::text FROM accounts WHERE id = $1", p.id))
	_, err := s.logIn(again.GetUsername(), goodPassword)
	require.NoError(t, err, "who has the user name now is somebody else")
	text := s.done(nil, "export-account", "--account-id", number)
	require.NotContains(t, text, p.email)
	require.Contains(t, text, `"anonymised_at": "2`)
}

func TestWhomNobodyKnows(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"not sure":         {[]string{"anonymise-account", filled.GetUsername()}, "--yes"},
		"nobody":           {[]string{"anonymise-account", "--yes"}, "USERNAME"},
		"two":              {[]string{"anonymise-account", filled.GetUsername(), "another", "--yes"}, "USERNAME"},
		"name and number":  {[]string{"anonymise-account", filled.GetUsername(), "--account-id", "1", "--yes"}, "USERNAME"},
		"no number":        {[]string{"anonymise-account", "--account-id", "x", "--yes"}, "USERNAME"},
		"less than one":    {[]string{"export-account", "--account-id", "-1"}, "USERNAME"},
		"unknown name":     {[]string{"anonymise-account", "nobodyhere", "--yes"}, "no such account"},
		"unknown number":   {[]string{"export-account", "--account-id", "999"}, "no such account"},
		"empty":            {[]string{"export-account", ""}, "no such account"},
		"a NUL":            {[]string{"export-account", "a\x00b"}, "no such account"},
		"no UTF-8":         {[]string{"export-account", "a\xffb"}, "no such account"},
		"like a pattern":   {[]string{"export-account", "%"}, "no such account"},
		"another's letter": {[]string{"export-account", strings.ToUpper(filled.GetUsername())}, "no such account"},
	} {
		ran := s.operate(nil, c.args...)
		require.Equal(t, 1, ran.code, name)
		require.Contains(t, ran.errs, c.want, name)
		require.NotContains(t, ran.errs, filled.GetUsername(), name)
		require.Empty(t, ran.out, name)
	}
	_, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
}
