package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
)

const insertAccount = `INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at)
	VALUES ('gracehopper', '', 'Grace', 'Hopper', 'grace@mail.example', $1, $2, 'm', now()) RETURNING id`

func TestFewQueriesAndTokensOfAFormerKey(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	former, key := signing.Key{Secret: "former"}, signing.Key{Secret: "present", Fallbacks: []string{"former"}}
	token := subscription.NewTokens(former).New()
	var id int64
	require.NoError(t, db.QueryRow(t.Context(), insertAccount, token.Text, token.Signature).Scan(&id))
	service := subscription.New(db, limit.New(db, telemetry.Silent(), time.Now), key, time.Now)
	given := &userv1.SubscriptionToken{MemberToken: &token.Signature}

	ctx, queries := postgres.Count(t.Context())
	_, err := service.LookUpSubscription(ctx, &userv1.LookUpSubscriptionRequest{Token: given})
	require.NoError(t, err)
	require.Equal(t, 1, queries.N())

	ctx, queries = postgres.Count(t.Context())
	_, err = service.UpdatePreferences(ctx, &userv1.UpdatePreferencesRequest{AccountId: id, Newsletter: true})
	require.NoError(t, err)
	require.Equal(t, 1, queries.N())

	ctx, queries = postgres.Count(t.Context())
	_, err = service.Unsubscribe(ctx, &userv1.UnsubscribeRequest{Token: given})
	require.NoError(t, err)
	require.Equal(t, 2, queries.N())
}
