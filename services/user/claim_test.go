package user_test

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

func TestTheFirstToVerifyClaimsTheAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	first, shared := made.GetAccount().GetAccountId(), filled.GetEmail()
	late, madeLate := s.register(func(f *userv1.CreateAccountRequest) { f.Email = strings.ToUpper(shared) })
	second := madeLate.GetAccount().GetAccountId()
	spelled := s.profile(second).GetAccount().GetEmail()
	require.NotEqual(t, shared, spelled)
	require.NotEqual(t, filled.GetUsername(), late.GetUsername())

	answer, err := s.verify(first, codeIn(t, s.mailsTo(shared, 1)[0]))
	require.NoError(t, err)
	require.True(t, answer.GetClaimsGuestOrders())
	answer, err = s.verify(second, codeIn(t, s.mailsTo(spelled, 1)[0]))
	require.NoError(t, err, "a second account may have the address")
	require.Equal(t, spelled, answer.GetEmail())
	require.False(t, answer.GetClaimsGuestOrders())
	require.True(t, s.profile(second).GetEmailVerified())
	require.False(t, s.profile(second).GetClaimsGuestOrders())
	require.True(t, s.profile(first).GetClaimsGuestOrders())

	s.moves(first, newAddress())
	require.False(t, s.profile(first).GetClaimsGuestOrders())
	require.False(t, s.profile(second).GetClaimsGuestOrders(), "a claim does not fall to anybody by itself")
	require.Zero(t, s.count("SELECT count(*) FROM claimed_addresses"))
	answer, err = s.verify(second, s.newestCode(second, spelled, 2))
	require.NoError(t, err)
	require.True(t, answer.GetClaimsGuestOrders())
	require.True(t, s.profile(second).GetClaimsGuestOrders())

	s.moves(first, shared)
	answer, err = s.verify(first, codeIn(t, s.mailsTo(shared, 3)[2])) // after the welcome and the notice
	require.NoError(t, err)
	require.False(t, answer.GetClaimsGuestOrders(), "who comes back is not the first any more")
}

func TestOneAddressVerifiedAtOnceIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	shared := newAddress()
	const people = 6
	accounts := map[string]int64{} // by user name, as the mails say it
	for range people {
		filled, made := s.register(func(f *userv1.CreateAccountRequest) { f.Email = shared })
		accounts[filled.GetUsername()] = made.GetAccount().GetAccountId()
	}
	name := regexp.MustCompile(`Your user name is ([a-z]+)\.`)
	var claimed, plain int
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, sunk := range s.mailsTo(shared, people) {
		account, code := accounts[name.FindStringSubmatch(sunk.text)[1]], codeIn(t, sunk)
		all.Go(func() {
			answer, err := s.verify(account, code)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case answer.GetClaimsGuestOrders():
				claimed++
			default:
				plain++
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, claimed)
	require.Equal(t, people-1, plain)
	require.Equal(t, people, s.count("SELECT count(*) FROM accounts WHERE email_verified"))
}

// Whoever verifies while the one before leaves gets a clear answer, and the books agree with it.
func TestAnAddressChangesHandsAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	first, shared := made.GetAccount().GetAccountId(), filled.GetEmail()
	_, err := s.verify(first, codeIn(t, s.mailsTo(shared, 1)[0]))
	require.NoError(t, err)
	_, later := s.register(func(f *userv1.CreateAccountRequest) { f.Email = shared })
	second := later.GetAccount().GetAccountId()
	code := codeIn(t, s.mailsTo(shared, 2)[1])
	var claims bool
	var all sync.WaitGroup
	all.Go(func() {
		answer, err := s.verify(second, code)
		if err != nil {
			t.Error(err)
		}
		claims = answer.GetClaimsGuestOrders()
	})
	all.Go(func() {
		if _, err := s.updateInformation(first, "Ada", "Byron", newAddress()); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	require.Equal(t, claims, s.profile(second).GetClaimsGuestOrders())
	require.False(t, s.profile(first).GetClaimsGuestOrders())
	require.Zero(t, s.count("SELECT count(*) FROM claimed_addresses WHERE account_id = $1", first))
}

func TestChatMessagesFollowTheClaim(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	first, shared := made.GetAccount().GetAccountId(), filled.GetEmail()
	_, later := s.register(func(f *userv1.CreateAccountRequest) { f.Email = strings.ToUpper(shared) })
	second := later.GetAccount().GetAccountId()
	prospect, err := s.prospects.EnsureProspect(t.Context(), &userv1.EnsureProspectRequest{Email: newAddress()})
	require.NoError(t, err)
	say := func(account, prospect any, email string) {
		s.exec("INSERT INTO chat_messages (account_id, prospect_id, name, email, message, created_at) VALUES ($1, $2, 'Ada', $3, 'Hello', now())",
			account, prospect, email)
	}
	say(nil, prospect.GetProspectId(), strings.ToUpper(shared))
	say(nil, nil, shared)
	say(second, nil, shared)
	say(nil, nil, "x"+shared)
	of := func(account int64) int {
		return s.count("SELECT count(*) FROM chat_messages WHERE account_id = $1", account)
	}
	require.Zero(t, of(first), "registering with an address hands over nothing")

	_, err = s.verify(first, codeIn(t, s.mailsTo(shared, 1)[0]))
	require.NoError(t, err)
	require.Equal(t, 2, of(first))
	require.Equal(t, 1, s.count("SELECT count(*) FROM chat_messages WHERE account_id = $1 AND prospect_id = $2", first, prospect.GetProspectId()))
	require.Equal(t, 1, of(second), "what was said as a member stays that member's")

	say(nil, nil, shared)
	_, err = s.verify(second, codeIn(t, s.mailsTo(s.profile(second).GetAccount().GetEmail(), 1)[0]))
	require.NoError(t, err)
	require.Equal(t, 1, of(second), "who does not claim the address gets no messages of it")
	require.Equal(t, 2, s.count("SELECT count(*) FROM chat_messages WHERE account_id IS NULL"))
}
