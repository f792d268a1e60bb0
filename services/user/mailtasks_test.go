package user_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// mailCommand runs a subcommand as an operator would.
func (s *shop) mailCommand(args ...string) (code int, said, errs string) {
	s.t.Helper()
	var out, problems bytes.Buffer
	code = process.Run(s.t.Context(), user.Program(), args, s.environ(), &out, &problems)
	return code, out.String(), problems.String()
}

func (s *shop) mailCommandWorks(args ...string) string {
	s.t.Helper()
	code, said, errs := s.mailCommand(args...)
	require.Zero(s.t, code, errs)
	return said
}

func (s *shop) templateShown(code string) mail.Template {
	s.t.Helper()
	var template mail.Template
	require.NoError(s.t, json.Unmarshal([]byte(s.mailCommandWorks("show-mail-template", code)), &template))
	return template
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestOperatorsEditTemplatesByCommand(t *testing.T) {
	t.Parallel()
	s := open(t)
	listed := s.mailCommandWorks("mail-templates")
	require.Equal(t, 1+s.count("SELECT count(*) FROM mail_templates"), strings.Count(listed, "\n"))
	require.Regexp(t, `chat-notice +account +operator +ready +New chat message at \{ENVIRONMENT_DOMAIN\}`, listed)

	text := s.mailCommandWorks("show-mail-template", guestTemplate, "--part", "text")
	require.Equal(t, s.text("SELECT body_text FROM mail_templates WHERE code = $1", guestTemplate), text)
	said := s.mailCommandWorks("edit-mail-template", "--subject", "Order {identifier} – thanks", guestTemplate,
		"--text", file(t, "Changed: {{really}}\n"+text), "--html", file(t, ""), "--from", "Orders <orders@shop.example>", "--bcc", "books@shop.example, boss@shop.example")
	require.Contains(t, said, guestTemplate)
	order := guestOrder()
	s.confirm(order)
	got := s.mailsTo("buyer@mail.example", 1)[0]
	require.Equal(t, `"Orders" <orders@shop.example>`, got.header.Get("From"))
	require.True(t, strings.HasPrefix(got.text, "Changed: {really}\r\nHello Grace Hopper,"), got.text)
	require.Empty(t, got.html)
	require.Len(t, got.recipients, 3)

	s.mailCommandWorks("edit-mail-template", guestTemplate, "--from", "", "--bcc", "")
	shown := s.templateShown(guestTemplate)
	require.Equal(t, "Order {identifier} – thanks", shown.Subject, "what is not named stays")
	require.Empty(t, shown.FromAddress+shown.BccAddress+shown.BodyHTML)
	require.Contains(t, shown.Placeholders, "pr_cd")
}

func TestTextsComeFromStandardInput(t *testing.T) {
	t.Parallel()
	s := open(t)
	var out bytes.Buffer
	commands := mail.Commands{Desk: mail.NewDesk(s.db, nil, telemetry.Silent().Logger, s.clock.now), In: strings.NewReader("<p>{username}</p>"), Out: &out}
	require.NoError(t, commands.EditTemplate(t.Context(), []string{"password-changed", "--html", "-"}))
	require.Equal(t, "<p>{username}</p>", s.templateShown("password-changed").BodyHTML)
}

// Whatever the shop is delivered with is what the command would take.
func TestEveryTemplateCanBeEdited(t *testing.T) {
	t.Parallel()
	s := open(t)
	for line := range strings.Lines(s.mailCommandWorks("mail-templates")) {
		code := strings.Fields(line)[0]
		if code == "CODE" {
			continue
		}
		shown := s.templateShown(code)
		s.mailCommandWorks("edit-mail-template", code, "--subject", shown.Subject)
		require.Equal(t, shown, s.templateShown(code))
	}
}

func TestATemplateThatCannotBeSentIsRefused(t *testing.T) {
	t.Parallel()
	s := open(t)
	const allTemplates = "SELECT string_agg(t::text, '' ORDER BY id) FROM mail_templates AS t"
	before := s.text(allTemplates)
	for name, c := range map[string]struct {
		args  []string
		wants string
	}{
		"unknown":          {[]string{guestTemplate, "--text", file(t, "Hi {recipient_name}")}, "unknown placeholder {recipient_name}"},
		"what is allowed":  {[]string{"password-reset", "--text", file(t, "Hi {name}")}, "allowed here: ENVIRONMENT_DOMAIN, em_cd, line_break, password_reset_code, recipient_first_name, recipient_last_name, short_line_break, username"},
		"of another mail":  {[]string{"password-reset", "--html", file(t, "{email_verification_code}")}, "html template cannot be filled in: unknown placeholder"},
		"of members":       {[]string{guestTemplate, "--subject", "{mb_cd}"}, "unknown placeholder {mb_cd}"},
		"of guests":        {[]string{memberTemplate, "--subject", "{pr_cd}"}, "unknown placeholder {pr_cd}"},
		"of customers":     {[]string{"chat-notice", "--text", file(t, "{username}")}, "unknown placeholder {username}"},
		"style":            {[]string{guestTemplate, "--html", file(t, "<style>p{color:red}</style>")}, "doubled"},
		"open":             {[]string{guestTemplate, "--text", file(t, "Hi {identifier")}, "a { without }"},
		"closed":           {[]string{guestTemplate, "--text", file(t, "Hi }")}, "a single }"},
		"long subject":     {[]string{guestTemplate, "--subject", strings.Repeat("ü", 301)}, "subject has 301 characters; at most 300"},
		"long text":        {[]string{guestTemplate, "--text", file(t, strings.Repeat("x", 5001))}, "text has 5001 characters; at most 5000"},
		"long html":        {[]string{guestTemplate, "--html", file(t, strings.Repeat("x", 15001))}, "html has 15001 characters; at most 15000"},
		"no subject":       {[]string{guestTemplate, "--subject", " "}, "subject is empty"},
		"no text":          {[]string{guestTemplate, "--text", file(t, "")}, "text is empty"},
		"two lines":        {[]string{guestTemplate, "--subject", "a\nBcc: x@y.co"}, "more than one line"},
		"nul":              {[]string{guestTemplate, "--text", file(t, "a\x00")}, "text is not text"},
		"not UTF-8":        {[]string{guestTemplate, "--text", file(t, "a\xff")}, "text is not text"},
		"from":             {[]string{guestTemplate, "--from", "nobody"}, "from is no address"},
		"from with header": {[]string{guestTemplate, "--from", "a@b.co\nBcc: c@d.co"}, "from is no address"},
		"bcc":              {[]string{guestTemplate, "--bcc", "a@b.co, nobody"}, "bcc is no list of addresses"},
		"good and bad":     {[]string{guestTemplate, "--subject", "Good", "--bcc", "nobody"}, "bcc is no list"},
		"no such template": {[]string{"nothing", "--subject", "x"}, "mail-template-not-found"},
		"no such file":     {[]string{guestTemplate, "--text", "/nowhere/at/all"}, "no such file"},
		"a folder":         {[]string{guestTemplate, "--html", os.TempDir()}, "is a directory"},
		"one input twice":  {[]string{guestTemplate, "--html", "-", "--text", "-"}, "standard input"},
		"nothing":          {[]string{guestTemplate}, "nothing to change"},
		"no code":          {[]string{"--subject", "x"}, "usage"},
		"two codes":        {[]string{guestTemplate, memberTemplate, "--subject", "x"}, "usage"},
		"unknown flag":     {[]string{guestTemplate, "--status", "sent"}, "usage"},
	} {
		code, said, errs := s.mailCommand(append([]string{"edit-mail-template"}, c.args...)...)
		require.Equal(t, 1, code, name)
		require.Contains(t, said+errs, c.wants, name)
	}
	require.Equal(t, before, s.text(allTemplates), "nothing changed")
}

func TestATemplateKeepsWhatTheMailIsFor(t *testing.T) {
	t.Parallel()
	s := open(t)
	for template, name := range map[string]string{
		"member-welcome": "email_verification_code", "email-verification": "email_verification_code", "email-changed": "email_verification_code",
		"welcome": "email_verification_code", "password-reset": "password_reset_code", "username-reminder": "username",
		guestTemplate: "identifier", memberTemplate: "identifier",
	} {
		without, with := file(t, "Hello {em_cd} {{"+name+"}}"), file(t, "Hello {"+name+"}")
		for _, part := range []string{"text", "html"} {
			code, _, errs := s.mailCommand("edit-mail-template", template, "--"+part, without)
			require.Equal(t, 1, code, template)
			require.Contains(t, errs, part+" lacks {"+name+"}", template)
			code, _, _ = s.mailCommand("edit-mail-template", template, "--subject", "{"+name+"}", "--"+part, without)
			require.Equal(t, 1, code, "the subject is not where people look for it")
			s.mailCommandWorks("edit-mail-template", template, "--"+part, with)
		}
		s.mailCommandWorks("edit-mail-template", template, "--html", file(t, ""))
	}
}

// Whoever has the code of somebody else has the account, or the proof of the address.
func TestNobodyGetsACopyOfACode(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	to := mail.Person{AccountID: made.GetAccount().GetAccountId(), Address: "member@mail.example", Username: letterName}
	s.exec("UPDATE mails SET key = 'registered'") // the welcome comes again
	carrying := []string{"member-welcome", "email-verification", "email-changed", "password-reset"}
	for _, template := range append(carrying, "welcome") {
		code, _, errs := s.mailCommand("edit-mail-template", template, "--bcc", "boss@shop.example")
		require.Equal(t, 1, code, template)
		require.Contains(t, errs, "bcc is refused")
		require.NotContains(t, errs, "boss@")
	}
	s.exec("UPDATE mail_templates SET bcc_address = 'boss@shop.example, no address'") // by hand, past the command
	for i, template := range carrying {
		s.put(letters(s.outbox(), to)[template])
		require.Equal(t, []string{"member@mail.example"}, s.mailsTo("member@mail.example", i+1)[i].recipients, template)
		require.Contains(t, s.logs.String(), `"template":"`+template+`"`)
	}
	require.Contains(t, s.logs.String(), `"level":"WARN","msg":"copy withheld`)
	require.NotContains(t, s.logs.String(), "boss@")
	s.mailCommandWorks("edit-mail-template", "password-reset", "--subject", "Reset", "--bcc", "")

	s.exec("UPDATE mail_templates SET bcc_address = 'boss@shop.example'")
	s.put(letters(s.outbox(), to)["username-reminder"])
	require.Equal(t, []string{"member@mail.example", "boss@shop.example"}, s.mailsTo("member@mail.example", 5)[4].recipients)
}

func TestAMissingFileIsOneClearLine(t *testing.T) {
	t.Parallel()
	s := open(t)
	code, said, errs := s.mailCommand("edit-mail-template", guestTemplate, "--text", "/nowhere/at/all")
	require.Equal(t, 1, code)
	require.Empty(t, said)
	require.Equal(t, 1, strings.Count(errs, "\n"), errs)
	require.Contains(t, errs, "--text: open /nowhere/at/all: no such file")

	_, said, errs = s.mailCommand("edit-mail-template", guestTemplate, "--status", "sent")
	require.Contains(t, said, "-subject", "which flags there are")
	require.Equal(t, 1, strings.Count(said+errs, "not defined"), "the problem once")
}

func TestFailuresAreToldInOurWords(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec("UPDATE mail_templates SET body_text = 'Hi {nobody}'")
	s.confirm(guestOrder())
	s.failed()
	require.Regexp(t, `(?m) formatting .*  text: template cannot be filled in: unknown placeholder \{nobody\}$`, s.mailCommandWorks("failed-mails"))
	require.Contains(t, s.logs.String(), `"error":"text: template cannot`)
	require.NotContains(t, s.logs.String(), "JobCancelError")
}

// refuseAll makes a permanent failure of each mail.
func (s *shop) refuseAll() {
	s.sink.fail(func(command string) string {
		if strings.HasPrefix(command, "RCPT TO") {
			return "550 5.1.1 " + strings.TrimPrefix(command, "RCPT TO:") + " is nobody here"
		}
		return ""
	})
}

func TestFailedMailsAreListedAndSentAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.Equal(t, "no failed mails\n", s.mailCommandWorks("failed-mails"))
	s.refuseAll()
	order := guestOrder()
	order.Email = "longname@x.co"
	s.confirm(order)
	s.failed()
	id := s.text("SELECT id::text FROM mails")
	listed := s.mailCommandWorks("failed-mails")
	require.Regexp(t, `(?m)^`+id+` +`+guestTemplate+` +smtp_send +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +long\*\*\*\*@x\.co +550 .*<long\*\*\*\*@x\.co> is nobody here`, listed)
	require.NotContains(t, listed, "longname")

	s.sink.fail(nil)
	code, will, errs := s.mailCommand("resend-mail", "-by", "ada", id)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "-yes")
	require.Regexp(t, `^These mails are queued again .*\n  mail `+id+`, `+guestTemplate+` to long\*\*\*\*@x\.co: 550 `, will)
	require.Equal(t, 1, s.count("SELECT count(*) FROM mails WHERE state = 'failed'"), "nothing without a yes")
	require.Equal(t, will+"queued again: "+id+"\n", s.mailCommandWorks("resend-mail", "-yes", "-by", "ada", id, "0"+id, id), "named three times, sent once")
	s.mailsTo("longname@x.co", 1)
	require.Equal(t, "resend-mail", s.text("SELECT resolved_by FROM mail_failures WHERE resolved_at IS NOT NULL"))
	require.Equal(t, "no failed mails\n", s.mailCommandWorks("failed-mails"))
	code, _, errs = s.mailCommand("resend-mail", "-yes", "-by", "ada", id)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "mail "+id+" is sent")
}

func TestAMailThatFailsAgainIsListedAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.refuseAll()
	s.confirm(guestOrder())
	s.failed()
	s.mailCommandWorks("resend-mail", "-yes", "-by", "ada", s.text("SELECT id::text FROM mails"))
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mail_failures") == 2 }, patience, tick)
	require.Equal(t, 1, s.count("SELECT count(*) FROM mail_failures WHERE resolved_at IS NULL"))
}

func TestMailsThatCannotBeSentAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.refuseAll()
	s.confirm(guestOrder())
	s.failed()
	id := s.text("SELECT id::text FROM mails")
	for _, args := range [][]string{{id, "4711"}, {id, "0"}, {id, "-1"}, {id, "x"}, {id, id, "4711"}, {}} {
		code, _, errs := s.mailCommand(append([]string{"resend-mail", "-yes", "-by", "ada"}, args...)...)
		require.Equal(t, 1, code, args)
		require.NotEmpty(t, errs)
		require.Equal(t, 1, s.count("SELECT count(*) FROM mail_failures WHERE resolved_at IS NULL"), "all or none")
	}
	s.exec("UPDATE mails SET fields = '{}'")
	code, _, errs := s.mailCommand("resend-mail", "-yes", "-by", "ada", id)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "no longer stored")
	require.Equal(t, 1, s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.send'"))
}

func TestTwoOperatorsAskForOneMailAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.refuseAll()
	s.confirm(guestOrder())
	s.failed()
	s.sink.fail(nil)
	id := s.text("SELECT id::text FROM mails")
	codes := make([]int, 4)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() { codes[i], _, _ = s.mailCommand("resend-mail", "-yes", "-by", "ada", id) })
	}
	all.Wait()
	worked := 0
	for _, code := range codes {
		if code == 0 {
			worked++
		}
	}
	require.Equal(t, 1, worked)
	s.mailsTo("buyer@mail.example", 1)
}

func TestAFailureIsResolvedWithANote(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.refuseAll()
	s.confirm(guestOrder())
	s.failed()
	id := s.text("SELECT id::text FROM mails")
	for _, args := range [][]string{{id}, {id, "--note", " "}, {id, "--note", strings.Repeat("x", 1001)}, {"4711", "--note", "x"}, {"--note", "x"}} {
		code, _, errs := s.mailCommand(append([]string{"resolve-mail-failure", "-yes", "-by", "ada"}, args...)...)
		require.Equal(t, 1, code, args)
		require.NotEmpty(t, errs)
	}
	code, will, errs := s.mailCommand("resolve-mail-failure", "-by", "ada", id, "--note", "told by telephone")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "-yes")
	require.Regexp(t, `^This mail is not sent, .*\n  mail `+id+`, .*\nThe note: told by telephone\n$`, will)
	require.Equal(t, 1, s.count("SELECT count(*) FROM mail_failures WHERE resolved_at IS NULL"))
	require.Contains(t, s.mailCommandWorks("resolve-mail-failure", "-yes", "-by", "ada", id, "--note", "told by telephone"), id)
	require.Equal(t, "told by telephone", s.text("SELECT resolution_notes FROM mail_failures WHERE resolved_by = 'resolve-mail-failure'"))
	code, _, _ = s.mailCommand("resolve-mail-failure", "-yes", "-by", "ada", id, "--note", "twice")
	require.Equal(t, 1, code)
	require.Equal(t, "no failed mails\n", s.mailCommandWorks("failed-mails"))
	require.Empty(t, s.sink.mails())
}
