package user_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// mover is somebody who was a guest, became a member with the same address and proved it.
type mover struct {
	id       int64
	username string
	former   string // the address, until somebody moves
}

// needles are what nobody may find after the mover was forgotten.
func (m mover) needles(more ...string) []string {
	return append(more, "Zebulonia", "Quatermain", m.username, strings.Split(m.former, "@")[0], fmt.Sprintf("Became account %d.", m.id))
}

// newMover chats and buys as a guest, registers and verifies.
func (s *shop) newMover() mover {
	s.t.Helper()
	address := newAddress()
	s.written(func(m *userv1.PutMessageRequest) {
		m.Name, m.Email, m.Message = "Zebulonia Quatermain", strings.ToUpper(address[:1])+address[1:], "I am Zebulonia"
	})
	order := guestOrder()
	order.Email, order.RecipientName = address, "Zebulonia Quatermain"
	s.confirm(order)
	filled, made := s.register(func(f *userv1.CreateAccountRequest) {
		f.FirstName, f.LastName, f.Email = "Zebulonia", "Quatermain", address
	})
	m := mover{id: made.GetAccount().GetAccountId(), username: filled.GetUsername(), former: address}
	s.claims(m.id, s.codeSentTo(address))
	return m
}

func (s *shop) claims(account int64, code string) {
	s.t.Helper()
	answer, err := s.verify(account, code)
	require.NoError(s.t, err)
	require.True(s.t, answer.GetClaimsGuestOrders())
}

// codeSentTo is the code in the newest mail to an address that carries one.
func (s *shop) codeSentTo(address string) string {
	s.t.Helper()
	s.errands()
	var carrying []sunkMail
	for _, sunk := range s.sink.mails() {
		if sunk.recipients[0] == address && strings.Contains(sunk.text, "email_verification_code") {
			carrying = append(carrying, sunk)
		}
	}
	require.NotEmpty(s.t, carrying)
	return codeIn(s.t, carrying[len(carrying)-1])
}

func TestAProvenAddressThatWasLeftIsForgottenToo(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.newMover()
	after := newAddress()
	s.moves(m.id, after)
	s.written(func(w *userv1.PutMessageRequest) {
		w.Name, w.Email, w.Message = "Zebulonia", m.former, "Zebulonia again"
	})

	var document struct {
		FormerAddresses []struct{ Address, LeftAt string } `json:"former_addresses"`
		ChatMessages    []struct{ Message string }         `json:"chat_messages"`
		Mails           []struct{ Template, Recipient string }
		Prospects       []struct {
			ShopComment string `json:"shop_comment"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(s.done(nil, "export-account", m.username)), &document))
	require.Len(t, document.FormerAddresses, 1)
	require.Equal(t, m.former, document.FormerAddresses[0].Address)
	require.Len(t, document.ChatMessages, 2)
	require.Len(t, document.Prospects, 1)
	require.Contains(t, document.Prospects[0].ShopComment, "Placed order")
	var templates []string
	for _, exported := range document.Mails {
		templates = append(templates, exported.Template)
	}
	require.Contains(t, templates, guestTemplate)

	s.mailsTo(after, 1)
	needles := m.needles(strings.Split(after, "@")[0])
	require.NotEmpty(t, s.traces(needles...), "or the search is no good")
	s.done(nil, "anonymise-account", m.username, "--yes")
	require.Empty(t, s.traces(needles...))
	require.Contains(t, s.done(nil, "export-account", "--account-id", fmt.Sprint(m.id)), `"former_addresses": []`)
}

func TestEveryProvenAddressIsForgottenHoweverOftenOneMoves(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.newMover()
	second, third := newAddress(), newAddress()
	s.guestOnTheList(second)
	s.moves(m.id, second)
	s.claims(m.id, s.codeSentTo(second))
	s.moves(m.id, m.former)
	s.claims(m.id, s.codeSentTo(m.former))
	s.moves(m.id, third)
	require.Equal(t, 2, s.count("SELECT count(*) FROM former_addresses WHERE account_id = $1", m.id), "not the third, which is today's")
	s.done(nil, "anonymise-account", m.username, "--yes")
	require.Empty(t, s.traces(m.needles(second, third)...))
}

// An address that the account has never proven to have is somebody else's, for all we know.
func TestALeftAddressThatWasNotProvenGivesNothingAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	stranger := newAddress()
	prospect, _ := s.guestOnTheList(stranger)
	_, made := s.register(func(f *userv1.CreateAccountRequest) { f.Email = stranger })
	account := made.GetAccount().GetAccountId()
	s.moves(account, newAddress())
	require.Zero(t, s.count("SELECT count(*) FROM former_addresses"))
	require.NotContains(t, s.done(nil, "export-account", "--account-id", fmt.Sprint(account)), `"prospect_code"`)
	s.done(nil, "anonymise-account", "--account-id", fmt.Sprint(account), "--yes")
	require.Equal(t, stranger, s.text("SELECT email FROM prospects WHERE id = $1", prospect))
}

// What was left at an address is of whoever claimed it last.
func TestALeftAddressThatAnotherHasClaimedSinceIsNotTouched(t *testing.T) {
	t.Parallel()
	s := open(t)
	m := s.newMover()
	s.moves(m.id, newAddress())
	_, later := s.register(func(f *userv1.CreateAccountRequest) { f.Email = strings.ToUpper(m.former) })
	heir := later.GetAccount().GetAccountId()
	s.claims(heir, s.codeSentTo(s.profile(heir).GetAccount().GetEmail()))
	for _, step := range []string{"claimed by the heir", "left by the heir"} {
		text := s.done(nil, "export-account", m.username)
		require.Contains(t, text, `"prospects": []`, step)
		require.Contains(t, s.done(nil, "export-account", "--account-id", fmt.Sprint(heir)), "Placed order", step)
		if step == "claimed by the heir" {
			s.moves(heir, newAddress())
		}
	}
	s.done(nil, "anonymise-account", m.username, "--yes")
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE lower(email) = $1 AND shop_comment LIKE '%Placed order%'", m.former))
	require.Zero(t, s.count("SELECT count(*) FROM prospects WHERE shop_comment LIKE $1", fmt.Sprintf("%%Became account %d.%%", m.id)))
	require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE shop_comment LIKE $1", fmt.Sprintf("%%Became account %d.%%", heir)))

	s.done(nil, "anonymise-account", "--account-id", fmt.Sprint(heir), "--yes")
	require.Empty(t, s.traces(m.former))
}

// A prospect's notes must not tell whose number it is that the books hold.
func TestNotesDoNotTellWhichAccountAProspectBecame(t *testing.T) {
	t.Parallel()
	s := open(t)
	stranger := newAddress()
	prospect, _ := s.guestOnTheList(stranger)
	filled, made := s.register(func(f *userv1.CreateAccountRequest) { f.Email = strings.ToUpper(stranger) })
	account := made.GetAccount().GetAccountId()
	note := fmt.Sprintf("Became account %d.", account)
	notes := "SELECT shop_comment FROM prospects WHERE id = $1"
	require.Contains(t, s.text(notes, prospect), note)
	others := fmt.Sprintf("Became account 1%d.\nBecame account %d1.\nPlaced order %s\n\nand more", account, account, note)
	s.exec("UPDATE prospects SET shop_comment = $2 || E'\\n' || $3 || E'\\n' || $2 WHERE id = $1", prospect, note, others)
	bystander, _ := s.guestOnTheList(newAddress())
	s.exec("UPDATE prospects SET shop_comment = $2, converted_at = now() WHERE id = $1", bystander, others)

	for range 2 {
		s.done(nil, "anonymise-account", "--account-id", fmt.Sprint(account), "--yes")
		require.Equal(t, others, s.text(notes, prospect))
		require.Equal(t, others, s.text(notes, bystander))
		require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE id = $1 AND email = $2 AND converted_at IS NULL", prospect, stranger),
			"its address was not proven; the moment would tell as well")
		require.Equal(t, 1, s.count("SELECT count(*) FROM prospects WHERE id = $1 AND converted_at IS NOT NULL", bystander))
	}
	require.Empty(t, s.traces(filled.GetUsername()))
}

// Whichever comes first, nothing is left.
func TestMovingAndBeingForgottenAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, first := range []string{"move", "forget"} {
		m, after := s.newMover(), newAddress()
		var moved error
		var forgotten operated
		acts := map[string]func(){
			"move":   func() { _, moved = s.updateInformation(m.id, "Zebulonia", "Quatermain", after) },
			"forget": func() { forgotten = s.operate(nil, "anonymise-account", m.username, "--yes") },
		}
		second := map[string]string{"move": "forget", "forget": "move"}[first]
		s.whileClaimIsLocked(m.id, acts[first], acts[second])
		require.Zero(t, forgotten.code, forgotten.errs)
		if first == "move" {
			require.NoError(t, moved)
		} else {
			require.Equal(t, "account-not-found", fault.ReasonOf(moved))
		}
		require.Empty(t, s.traces(m.needles(after)...), first)
		require.Zero(t, s.count("SELECT count(*) FROM former_addresses"), first)
	}
}

// whileClaimIsLocked begins acts one after the other, each once the one before waits: the first for the claim of an account,
// having the account to itself, the next for the account. It returns when all are done.
func (s *shop) whileClaimIsLocked(account int64, acts ...func()) {
	s.t.Helper()
	tx, err := s.db.Pool().Begin(s.t.Context())
	require.NoError(s.t, err)
	defer func() { _ = tx.Rollback(s.t.Context()) }()
	_, err = tx.Exec(s.t.Context(), "SELECT FROM claimed_addresses WHERE account_id = $1 FOR UPDATE", account)
	require.NoError(s.t, err)
	var all sync.WaitGroup
	for i, act := range acts {
		all.Go(act)
		require.Eventually(s.t, func() bool {
			return s.count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > i
		}, patience, tick)
	}
	require.NoError(s.t, tx.Rollback(s.t.Context()))
	all.Wait()
}
