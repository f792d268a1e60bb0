// Package privacy hands out what the user service knows about a person, and forgets it.
//
// What the order and clientevent services know is theirs to hand out and to forget.
package privacy

import (
	"errors"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/privacy/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
)

var errNobody = errors.New("there is no such account")

// Office hands out and forgets. Safe for concurrent use.
type Office struct {
	db          *postgres.Database
	queries     *dbgen.Queries
	unsubscribe subscription.Tokens
	now         func() time.Time
}

// New makes the office; the key signs unsubscribe tokens.
func New(db *postgres.Database, key signing.Key, now func() time.Time) *Office {
	return &Office{db: db, queries: dbgen.New(db), unsubscribe: subscription.NewTokens(key), now: now}
}

// Person says whom it is about: by user name, or by the number that stays when the name is gone. One of the two is set.
type Person struct {
	Username  string
	AccountID int64
	// By is the operator; empty: whoever the environment says (operator.Name).
	By string
}

// username is nil when the person is named by number.
func (p Person) username() *string {
	if p.Username == "" {
		return nil
	}
	return &p.Username
}

func (p Person) accountID() *int64 {
	if p.AccountID == 0 {
		return nil
	}
	return &p.AccountID
}
