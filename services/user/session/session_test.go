package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

const insertAccount = `INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at)
	VALUES ('gracehopper', '', 'Grace', 'Hopper', 'grace@mail.example', 's', 't', 'm', now()) RETURNING id`

func begin(t *testing.T) (*session.Service, *postgres.Database, session.Owner, string) {
	t.Helper()
	db := dbtest.New(t, migrations.Set())
	sessions := session.New(db, password.NewHasher(), limit.New(db, telemetry.Silent(), time.Now), signing.Key{Secret: "a secret"}, time.Now)
	owner := session.Owner{PasswordGeneration: 1}
	require.NoError(t, db.QueryRow(t.Context(), insertAccount).Scan(&owner.AccountID))
	var token string
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		begun, err := sessions.Begin(ctx, tx, owner)
		token = begun.GetToken()
		return err
	}))
	return sessions, db, owner, token
}

func TestResolvingIsOneQuery(t *testing.T) {
	t.Parallel()
	sessions, _, owner, token := begin(t)
	ctx, queries := postgres.Count(t.Context())
	resolved, err := sessions.ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: token})
	require.NoError(t, err)
	require.Equal(t, owner.AccountID, resolved.GetAccount().GetAccountId())
	require.Equal(t, 1, queries.N())

	ctx, queries = postgres.Count(t.Context())
	_, err = sessions.ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: "no token at all"})
	require.Error(t, err)
	require.Zero(t, queries.N())
}

func TestNoSessionBeginsUnderAPasswordOfYesterday(t *testing.T) {
	t.Parallel()
	sessions, db, owner, _ := begin(t)
	_, err := db.Exec(t.Context(), "UPDATE accounts SET password_generation = 2")
	require.NoError(t, err)
	err = db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := sessions.Begin(ctx, tx, owner)
		return err
	})
	require.ErrorIs(t, err, session.ErrAccountChanged)
}
