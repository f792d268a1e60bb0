package user_test

import (
	"context"
	"encoding/json"
	"html"
	"maps"
	"mime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

const (
	letterCode  = "4711.someone@x.co:1tZy2d:f-_8Zq" // as codes look: nothing of it may be changed on the way
	letterFirst = `<b onclick="x">{username}</b>`
	letterLast  = "O'Brien & Söhne"
	letterName  = "obrien"
)

// letters are all that package mail writes to members and operators, by the template.
func letters(outbox *mail.Outbox, to mail.Person) map[string]func(context.Context, pgx.Tx) error {
	type put = func(context.Context, pgx.Tx) error
	return map[string]put{
		"member-welcome": func(ctx context.Context, tx pgx.Tx) error {
			return outbox.PutWelcome(ctx, tx, to, mail.Welcome{VerificationCode: letterCode, MemberCode: "member7", UnsubscribeToken: "token7"})
		},
		"email-verification": func(ctx context.Context, tx pgx.Tx) error { return outbox.PutVerification(ctx, tx, to, letterCode) },
		"password-reset":     func(ctx context.Context, tx pgx.Tx) error { return outbox.PutPasswordReset(ctx, tx, to, letterCode) },
		"password-changed":   func(ctx context.Context, tx pgx.Tx) error { return outbox.PutPasswordChanged(ctx, tx, to) },
		"username-reminder":  func(ctx context.Context, tx pgx.Tx) error { return outbox.PutUsernameReminder(ctx, tx, to) },
		"email-changed": func(ctx context.Context, tx pgx.Tx) error {
			return outbox.PutEmailChanged(ctx, tx, to, letterCode, "")
		},
		"email-changed-notice": func(ctx context.Context, tx pgx.Tx) error {
			return outbox.PutEmailChanged(ctx, tx, mail.Person{AccountID: to.AccountID, Address: "new@mail.example", FirstName: to.FirstName, LastName: to.LastName, Username: to.Username}, letterCode, to.Address)
		},
		"chat-notice": func(ctx context.Context, tx pgx.Tx) error {
			return outbox.PutChatNotice(ctx, tx, to.Address, 42, time.Date(2026, 3, 9, 23, 30, 0, 0, time.UTC))
		},
	}
}

// linkOf is the address that each mail leads to (contract storefront.md 10).
var linkOf = map[string][]string{
	"member-welcome": {
		"/account/?email_verification_code=" + letterCode,
		"/account/edit-communication-preferences?em_cd=member-welcome&mb_cd=member7",
		"/account/email-unsubscribe?em_cd=member-welcome&mb_cd=member7&token=token7",
	},
	"email-verification":   {"/account/?email_verification_code=" + letterCode},
	"password-reset":       {"/set-new-password?password_reset_code=" + letterCode},
	"password-changed":     {"/reset-password"},
	"username-reminder":    {"/login"},
	"email-changed":        {"/account/?email_verification_code=" + letterCode},
	"email-changed-notice": nil,
	"chat-notice":          nil,
}

func TestEveryLetterIsWrittenWhole(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.exec("UPDATE mails SET key = 'registered'") // the welcome comes again
	for template := range linkOf {
		to := mail.Person{
			AccountID: made.GetAccount().GetAccountId(), Address: template + "@mail.example",
			FirstName: letterFirst, LastName: letterLast, Username: letterName,
		}
		s.put(letters(s.outbox(), to)[template])
		got := s.mailsTo(to.Address, 1)[0]
		t.Run(template, func(t *testing.T) { requireWhole(t, got, linkOf[template]) })
	}
}

func decodedSubject(t *testing.T, got sunkMail) string {
	t.Helper()
	subject, err := new(mime.WordDecoder).DecodeHeader(got.header.Get("Subject"))
	require.NoError(t, err)
	return subject
}

func requireWhole(t *testing.T, got sunkMail, links []string) {
	t.Helper()
	subject := decodedSubject(t, got)
	require.Contains(t, subject, site)
	require.NotContains(t, subject, "{")
	require.Equal(t, `"The Shop" <shop@shop.example>`, got.header.Get("From"))
	require.Equal(t, got.header.Get("From"), got.header.Get("Reply-To"))
	require.Empty(t, got.header.Get("Bcc"))
	require.NotContains(t, strings.ReplaceAll(got.text, "\r\n", ""), "\n", "CRLF line ends")
	require.NotContains(t, strings.ReplaceAll(got.text, "\r\n", ""), "\r")
	require.NotContains(t, strings.ReplaceAll(got.text, letterFirst, ""), "{")
	require.NotContains(t, got.html, "<b onclick")
	require.NotContains(t, strings.ReplaceAll(got.html, html.EscapeString(letterFirst), ""), "{")
	require.True(t, strings.HasSuffix(strings.TrimSpace(got.html), "</html>"))
	require.Len(t, links, strings.Count(got.text, "http"))
	require.Len(t, links, strings.Count(got.html, "http"))
	for _, link := range links {
		require.Contains(t, got.text, "\r\n"+site+link+"\r\n")
		require.Contains(t, got.html, `href="`+html.EscapeString(site+link)+`"`)
	}
}

func TestLettersToMembersCallThemByTheirNames(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	to := mail.Person{AccountID: made.GetAccount().GetAccountId(), Address: filled.GetEmail(), FirstName: letterFirst, LastName: letterLast, Username: letterName}
	s.mailsTo(to.Address, 1)
	s.put(letters(s.outbox(), to)["username-reminder"])
	got := s.mailsTo(to.Address, 2)[1]
	require.Contains(t, got.text, "Hello "+letterFirst+" "+letterLast+",\r\n")
	require.Contains(t, got.text, letterName)
	require.Contains(t, got.text, to.Address)
	require.Contains(t, got.html, html.EscapeString(letterFirst+" "+letterLast))
}

// The old address does not learn the new one, and the code goes to the new one alone (contract user.md 8, defect 11).
func TestANewAddressMakesTwoMails(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	s.mailsTo(filled.GetEmail(), 1)
	to := mail.Person{AccountID: made.GetAccount().GetAccountId(), Address: "new@mail.example", FirstName: "Ada", LastName: "Byron", Username: filled.GetUsername()}
	s.put(func(ctx context.Context, tx pgx.Tx) error {
		return s.outbox().PutEmailChanged(ctx, tx, to, letterCode, filled.GetEmail())
	})
	toNew, toOld := s.mailsTo("new@mail.example", 1)[0], s.mailsTo(filled.GetEmail(), 2)[1]
	require.Contains(t, toNew.text, letterCode)
	require.Equal(t, []string{"new@mail.example"}, toNew.recipients)
	require.NotContains(t, toNew.raw, filled.GetEmail())
	require.Equal(t, []string{filled.GetEmail()}, toOld.recipients)
	require.NotContains(t, toOld.raw, "new@mail.example")
	require.NotContains(t, toOld.text+toOld.html, "code=")
}

func TestAChatNoticeTellsTheOperatorNeitherWhoNorWhat(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 2 { // one message, one notice
		s.put(letters(s.outbox(), mail.Person{Address: "operator@shop.example"})["chat-notice"])
	}
	got := s.mailsTo("operator@shop.example", 1)[0]
	require.Contains(t, got.text, "Message number 42, 2026-03-09 23:30:00 (UTC).")
	require.Equal(t, "New chat message at "+site, decodedSubject(t, got))
	require.JSONEq(t, `{}`, s.text("SELECT fields::text FROM mails"))
}

// What the command lets operators use is exactly what the mails bring.
func TestPlaceholdersThatAreAllowedAreFilledIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.stop()
	for template, put := range letters(s.outbox(), mail.Person{AccountID: made.GetAccount().GetAccountId(), Address: "a@b.co"}) {
		s.exec("DELETE FROM mails")
		s.put(put)
		s.requirePlaceholders(template)
	}
}

func TestPlaceholdersOfOrders(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.sink.fail(func(string) string { return "drop" })
	s.confirm(guestOrder())
	s.requirePlaceholders(guestTemplate)
	order := guestOrder()
	order.AccountId, order.TemplateCode = made.GetAccount().GetAccountId(), memberTemplate
	s.confirm(order)
	s.requirePlaceholders(memberTemplate)
}

func (s *shop) requirePlaceholders(template string) {
	s.t.Helper()
	fields := map[string]string{}
	stored := s.text("SELECT m.fields::text FROM mails m JOIN mail_templates t ON t.id = template_id WHERE t.code = $1", template)
	require.NoError(s.t, json.Unmarshal([]byte(stored), &fields))
	brought := append(slices.Collect(maps.Keys(fields)), "line_break", "short_line_break", "ENVIRONMENT_DOMAIN", "em_cd")
	require.ElementsMatch(s.t, brought, s.templateShown(template).Placeholders, template)
}

// outbox writes into the database of the service, as its rooms do.
func (s *shop) outbox() *mail.Outbox {
	s.t.Helper()
	queue, err := jobs.New(s.db, migrations.Schema, telemetry.Silent(), jobs.Config{})
	require.NoError(s.t, err)
	return mail.NewOutbox(s.db, queue, s.clock.now)
}

func (s *shop) put(letter func(context.Context, pgx.Tx) error) {
	s.t.Helper()
	require.NoError(s.t, s.db.InTx(s.t.Context(), letter))
}
