package user_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatOperatorsDoIsNoted(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	account := s.text("SELECT id::text FROM accounts")
	s.mailsTo(s.text("SELECT email FROM accounts"), 1)
	s.refuseAll()
	s.confirm(guestOrder())
	s.failed()
	id := s.text("SELECT id::text FROM mails WHERE state = 'failed'")
	refused := guestOrder()
	refused.AccountId, refused.TemplateCode = made.GetAccount().GetAccountId(), memberTemplate
	s.confirm(refused)
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state = 'failed'") == 2 }, patience, tick)
	other := s.text("SELECT id::text FROM mails WHERE state = 'failed' AND id <> $1::bigint", id)

	for _, command := range []struct {
		args            []string
		subject, detail string
	}{
		{[]string{"edit-mail-template", guestTemplate, "--by", "ada", "--subject", "Ordered by <mail@x.example>", "--bcc", "boss@shop.example"}, guestTemplate, "subject, bcc"},
		{[]string{"resolve-mail-failure", "-yes", id, "--note", "told Grace by telephone", "--by=ada"}, "mail " + id, ""},
		{[]string{"resend-mail", "-yes", "--by", "ada", other, id}, "mails " + id + " " + other, ""},
		{[]string{"create-superuser", "--by", "ada", "--username", s.text("SELECT username FROM accounts")}, "account " + account, "account " + account + " existed and is a superuser's; its password is as it was"},
		{[]string{"anonymise-account", "--account-id", account, "--yes", "--by", "ada"}, "account " + account, "account " + account + " is anonymised, with 2 mails, 0 chat messages and 0 prospects"},
	} {
		code, _, errs := s.mailCommand(command.args...)
		require.Zero(t, code, errs)
		require.Contains(t, errs, `"msg":"[OPERATOR] `+command.args[0]+`","service":"user","by":"ada","subject":"`+command.subject+`"`)
		require.Equal(t, 1, s.count("SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND command = $1 AND subject = $2 AND detail = $3",
			command.args[0], command.subject, command.detail), command.args[0])
	}
	require.Equal(t, 5, s.count("SELECT count(*) FROM operator_action"))
	require.Zero(t, s.count("SELECT count(*) FROM operator_action a WHERE a::text ~* 'grace|telephone|@|ordered by'"), "nothing personal")

	listed := strings.Split(s.mailCommandWorks("operator-actions", "--days", "1"), "\n")
	require.Len(t, listed, 6)
	require.Regexp(t, `^\S+Z\tada\tanonymise-account\taccount `+account+`\t`, listed[0], "newest first")
	require.Regexp(t, `\tedit-mail-template\t`+guestTemplate+`\tsubject, bcc$`, listed[4])

	code, _, errs := s.mailCommand("resend-mail", "4711", "--by", "ada")
	require.Equal(t, 1, code)
	require.NotContains(t, errs, "[OPERATOR]")
	code, _, errs = s.mailCommand("edit-mail-template", guestTemplate, "--subject", "x", "--by", "a\nb")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "name is not valid")
	require.Equal(t, 5, s.count("SELECT count(*) FROM operator_action"), "what was refused was not done")
}

func TestCommandsDoNotInsistOnAName(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.mailCommandWorks("edit-mail-template", guestTemplate, "--subject", "Ordered")
	require.NotEmpty(t, s.text("SELECT done_by FROM operator_action"))
}
