package session_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

const (
	oldCost = "pbkdf2_sha256$1000"
	oldHash = oldCost + "$NaClNaClNaClNaClNaCl22$f3IJaC2harN0FT73ILIbVY7s08XfHy9PkBhfHcIMvFg="
	ourCost = "$argon2id$v=19$m=19456,t=2,p=1"
	ourHash = ourCost + "$c29tZXNhbHRzb21lc2FsdA$f3IJaC2harN0FT73ILIbVY7s08XfHy9PkBhfHcIMvFg"
)

// spender notes on what work is spent instead of spending it; time is measured in package user.
type spender struct {
	*password.Hasher
	stored string
}

func (s *spender) Verify(_ context.Context, stored, _ string) (password.Result, error) {
	s.stored = stored
	return password.Result{Matches: true}, nil
}

// doorway is a shop with accounts to be tried.
type doorway struct {
	t        *testing.T
	db       *postgres.Database
	spent    *spender
	sessions *session.Service
	tries    int
}

func newDoorway(t *testing.T, secret string) *doorway {
	t.Helper()
	d := &doorway{t: t, db: dbtest.New(t, migrations.Set()), spent: &spender{Hasher: password.NewHasher()}}
	d.lockWith(secret)
	return d
}

func (d *doorway) lockWith(secret string) {
	d.sessions = session.New(d.db, d.spent, limit.New(d.db, telemetry.Silent(), time.Now), signing.Key{Secret: secret}, time.Now)
}

func (d *doorway) exec(query string, args ...any) {
	d.t.Helper()
	_, err := d.db.Exec(d.t.Context(), query, args...)
	require.NoError(d.t, err)
}

// add makes one account for each character that a member code begins with, every fourth with one hash and the rest with
// another.
func (d *doorway) add(suffix, fourth, others string) {
	d.t.Helper()
	for i, first := range identifier.Alphanumeric {
		hash := others
		if i%4 == 0 {
			hash = fourth
		}
		code := string(first) + suffix
		d.exec(`INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at)
			VALUES ('member' || $1, $2, 'Grace', 'Hopper', 'grace@mail.example', $1, $1, $1, now())`, code, hash)
	}
}

// costOf tries a name and gives the work that was spent, and how many statements it took.
func (d *doorway) costOf(username string) (cost string, statements int) {
	d.t.Helper()
	d.tries++
	d.exec("DELETE FROM login_failures")
	ctx, counted := postgres.Count(d.t.Context())
	_, err := d.sessions.LogIn(ctx, &userv1.LogInRequest{Username: username, ClientAddress: fmt.Sprintf("10.1.%d.%d", d.tries/250, d.tries%250)})
	require.Equal(d.t, "credentials-invalid", fault.ReasonOf(err), "nothing matches")
	require.NotContains(d.t, []string{oldHash, ourHash}, d.spent.stored, "nobody's hash is tried but his own")
	fields := strings.Split(d.spent.stored, "$")
	return strings.Join(fields[:max(len(fields)-2, 0)], "$"), counted.N()
}

// costs are those of many names that nobody has.
func (d *doorway) costs() []string {
	d.t.Helper()
	costs := make([]string, 300)
	for i := range costs {
		costs[i], _ = d.costOf("nobody" + strconv.Itoa(i))
	}
	return costs
}

func count(costs []string, cost string) int {
	n := 0
	for _, c := range costs {
		if c == cost {
			n++
		}
	}
	return n
}

func TestUnknownNamesCostWhatAccountsDo(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, "a secret")
	require.Len(t, d.costs(), count(d.costs(), ""), "without accounts there is nothing to be like")

	d.add("m", ourHash, oldHash)
	first := d.costs()
	require.InDelta(t, 0.75, float64(count(first, oldCost))/float64(len(first)), 0.08, "as many as there are accounts of the kind")
	require.Equal(t, len(first), count(first, oldCost)+count(first, ourCost))
	require.Equal(t, first, d.costs(), "a name always costs the same")
	d.lockWith("another")
	require.NotEqual(t, first, d.costs(), "only who has the key can tell which")
	d.lockWith("a secret")

	d.add("x", ourHash, ourHash)
	later := d.costs()
	for i := range later {
		require.Contains(t, []string{first[i], ourCost}, later[i], "new accounts change costs only as renewed hashes do")
	}
	require.Less(t, count(later, oldCost), count(first, oldCost))
	require.Positive(t, count(later, oldCost))
	d.exec("UPDATE accounts SET password_hash = $1", ourHash)
	require.Equal(t, 300, count(d.costs(), ourCost), "as hashes are renewed")
	for _, unreadable := range []string{"", "!", "!" + oldHash, oldCost, oldHash + "$", strings.Replace(oldHash, "f3I", "f$I", 1), oldHash[:len(oldHash)-2], "$argon2id$"} {
		d.exec("UPDATE accounts SET password_hash = $1", unreadable)
		cost, _ := d.costOf("nobody")
		require.Empty(t, cost, unreadable)
	}
}

func TestTryingANameAsksTheDatabaseTheSameForEverybody(t *testing.T) {
	t.Parallel()
	d := newDoorway(t, "a secret")
	d.add("m", oldHash, oldHash)
	d.exec("UPDATE accounts SET is_active = false")
	_, want := d.costOfClosed("memberAm")
	require.Positive(t, want)
	for _, username := range []string{"nobody", "", "MEMBERam", strings.Repeat("x", 150), strings.Repeat("x", 151), strings.Repeat("é", 100_000), "a\x00b", "a\xffb"} {
		cost, statements := d.costOf(username)
		require.Equal(t, oldCost, cost, "%.20q", username)
		require.Equal(t, want, statements, "%.20q", username)
	}
}

// costOfClosed is costOf an account whose own hash must be tried though nobody gets in.
func (d *doorway) costOfClosed(username string) (stored string, statements int) {
	d.t.Helper()
	ctx, counted := postgres.Count(d.t.Context())
	_, err := d.sessions.LogIn(ctx, &userv1.LogInRequest{Username: username, ClientAddress: "10.2.0.1"})
	require.Equal(d.t, "credentials-invalid", fault.ReasonOf(err))
	require.Equal(d.t, oldHash, d.spent.stored)
	return d.spent.stored, counted.N()
}
