package staff_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/staff"
	"github.com/bartgottschalk/startupwebapp/services/user/terms"
)

const (
	first  = "Chandelier!Rope7"
	second = "Waterfall?No!Brook8"
)

func wish() staff.Wish {
	return staff.Wish{Username: "theboss", Email: "boss@shop.example"}
}

func open(t *testing.T) (*staff.Office, *postgres.Database, *password.Hasher) {
	t.Helper()
	db, hasher, key := dbtest.New(t, migrations.Set()), password.NewHasher(), signing.Key{Secret: "a key"}
	sessions := session.New(db, hasher, limit.New(db, telemetry.Silent(), time.Now), key, time.Now)
	return staff.New(db, staff.Rooms{Hasher: hasher, Sessions: sessions, Terms: terms.New(db, time.Now)}, key, time.Now), db, hasher
}

// typing is somebody at a terminal who types these lines.
func typing(lines ...string) staff.Secret {
	return staff.Secret{Ask: func(context.Context, string) (string, error) {
		if len(lines) == 0 {
			return "", errors.New("asked once too often")
		}
		line := lines[0]
		lines = lines[1:]
		return line, nil
	}}
}

// opens tells whether a password is the account's.
func opens(t *testing.T, db *postgres.Database, hasher *password.Hasher, plain string) bool {
	t.Helper()
	var hash string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT password_hash FROM accounts").Scan(&hash))
	result, err := hasher.Verify(t.Context(), hash, plain)
	require.NoError(t, err)
	return result.Matches
}

func TestThePasswordIsTypedTwice(t *testing.T) {
	t.Parallel()
	office, db, hasher := open(t)
	for _, c := range []struct {
		secret staff.Secret
		want   string
	}{
		{typing(first, second), "differ"},
		{typing("", ""), "needs a password"},
		{typing("hunter2", "hunter2"), "at least 8"},
		{typing(), "once too often"},
		{staff.Secret{}, "needs a password"},
	} {
		_, err := office.CreateSuperuser(t.Context(), wish(), c.secret)
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "hunter2")
	}
	made, err := office.CreateSuperuser(t.Context(), wish(), typing(first, first))
	require.NoError(t, err)
	require.True(t, made.Created)
	require.True(t, opens(t, db, hasher, first))
}

func TestAnAccountThatExistsMayKeepItsPassword(t *testing.T) {
	t.Parallel()
	office, db, hasher := open(t)
	_, err := office.CreateSuperuser(t.Context(), wish(), typing(first, first))
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "UPDATE accounts SET is_staff = false, is_superuser = false")
	require.NoError(t, err)
	for name, secret := range map[string]staff.Secret{"nobody to ask": {}, "nothing typed": typing("")} {
		made, err := office.CreateSuperuser(t.Context(), staff.Wish{Username: "theboss"}, secret)
		require.NoError(t, err, name)
		require.False(t, made.Created || made.PasswordChanged, name)
		require.True(t, opens(t, db, hasher, first), name)
		var generation int
		var promoted bool
		require.NoError(t, db.QueryRow(t.Context(), "SELECT password_generation, is_staff AND is_superuser FROM accounts").Scan(&generation, &promoted))
		require.Equal(t, 1, generation, name)
		require.True(t, promoted, name)
	}
	made, err := office.CreateSuperuser(t.Context(), staff.Wish{Username: "theboss"}, typing(second, second))
	require.NoError(t, err)
	require.True(t, made.PasswordChanged)
	require.True(t, opens(t, db, hasher, second))
}

// TestAnAccountMadeWhileThePasswordIsTypedIsNotTakenOver: what holds when the question is asked need not hold when it is
// answered.
func TestAnAccountMadeWhileThePasswordIsTypedIsNotTakenOver(t *testing.T) {
	t.Parallel()
	office, db, _ := open(t)
	stranger := staff.Wish{Username: "theboss", Email: "stranger@mail.example"}
	var once sync.Once
	_, err := office.CreateSuperuser(t.Context(), wish(), staff.Secret{Ask: func(ctx context.Context, _ string) (_ string, err error) {
		once.Do(func() { _, err = office.CreateSuperuser(ctx, stranger, staff.Secret{Given: second}) })
		return first, err
	}})
	require.ErrorContains(t, err, "another e-mail address")
	var generation int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT password_generation FROM accounts").Scan(&generation))
	require.Equal(t, 1, generation)
}

func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	office, db, _ := open(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM terms_versions")
		return err
	}))
	_, err := office.CreateSuperuser(t.Context(), wish(), staff.Secret{Given: first})
	require.Error(t, err)
	var accounts int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM accounts").Scan(&accounts))
	require.Zero(t, accounts)
}

func TestAPasswordDoesNotPrint(t *testing.T) {
	t.Parallel()
	held := staff.Settings{Password: first}
	var printed bytes.Buffer
	_, _ = fmt.Fprintf(&printed, "%v %+v %#v %s", held, held, held, held.Password)
	require.NotContains(t, printed.String(), first)
}

func TestAFileIsNoTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	require.Nil(t, staff.Terminal(file, os.Stderr))
}
