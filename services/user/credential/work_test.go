package credential_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/credential"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
)

const insertAccount = `INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at,
		reset_code_hash, reset_requested_at)
	VALUES ('gracehopper', '', 'Grace', 'Hopper', 'grace@mail.example', 's', 't', 'm', now(), sha256('x'), now())`

var key = signing.Key{Secret: "a-secret-key-for-tests-0123456789abcdef"}

// pile takes jobs that nobody does. River itself announces some of its jobs and not others, whatever they are about.
type pile struct{ jobs int }

func (p *pile) InsertTx(context.Context, pgx.Tx, river.JobArgs, *river.InsertOpts) error {
	p.jobs++
	return nil
}

// idle is a service that does nothing but answer.
func idle(t *testing.T) (*credential.Service, *pile) {
	t.Helper()
	// a second connection would prepare its statements anew
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dbtest.URL(t, migrations.Set()), MaxConns: 1}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	queue := &pile{}
	_, err = db.Exec(t.Context(), insertAccount)
	require.NoError(t, err)
	return credential.New(db, credential.Rooms{
		Hasher: password.NewHasher(), Limiter: limit.New(db, telemetry.Silent(), time.Now), Outbox: mail.NewOutbox(db, queue, time.Now), Queue: queue,
	}, key, time.Now), queue
}

// Time is measured in package user; here the work is counted, which is exact.
func TestARequestAsksTheDatabaseTheSameForEverybody(t *testing.T) {
	t.Parallel()
	service, queue := idle(t)
	code := signing.NewTimestampSigner(key, "reset_email", time.Now).Sign("aaaaaaaaaaaaaaaaaaaa")
	for name, ask := range map[string]func(ctx context.Context, username, email string) error{
		"reset-password": func(ctx context.Context, username, email string) error {
			_, err := service.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{Username: username, Email: email})
			return err
		},
		"forgot-username": func(ctx context.Context, _, email string) error {
			_, err := service.RemindUsername(ctx, &userv1.RemindUsernameRequest{Email: email})
			return err
		},
		"set-new-password": func(ctx context.Context, username, _ string) error {
			_, err := service.SetNewPassword(ctx, &userv1.SetNewPasswordRequest{Username: username, Code: code})
			require.ErrorContains(t, err, "code-doesnt-match")
			return nil
		},
	} {
		require.NoError(t, ask(t.Context(), "somebody", "else@mail.example"), name) // statements are prepared once
		asked, queued := map[string]int{}, map[string]int{}
		for username, email := range map[string]string{
			"gracehopper": "grace@mail.example", "GraceHopper": "GRACE@mail.example", "nobodyhere": "nobody@mail.example",
		} {
			before := queue.jobs
			ctx, statements := postgres.Count(t.Context())
			require.NoError(t, ask(ctx, username, email), name)
			asked[username], queued[username] = statements.N(), queue.jobs-before
		}
		require.Positive(t, asked["nobodyhere"], name)
		for _, username := range []string{"gracehopper", "GraceHopper"} {
			require.Equal(t, asked["nobodyhere"], asked[username], name)
			require.Equal(t, queued["nobodyhere"], queued[username], name)
		}
	}
}
