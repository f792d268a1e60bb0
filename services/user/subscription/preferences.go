package subscription

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription/dbgen"
)

// UpdatePreferences sets what a member wants, together with the reasons for wanting nothing. Reasons count for the same limit
// as those of ExplainUnsubscription: each time is a row.
func (s *Service) UpdatePreferences(ctx context.Context, request *userv1.UpdatePreferencesRequest) (*userv1.UpdatePreferencesResponse, error) {
	if request.GetNewsletter() && request.GetUnsubscribed() {
		return nil, fault.New(fault.Invalid, "preferences-contradict", "")
	}
	given := readReasons(request.GetReasons())
	if !request.GetUnsubscribed() {
		given = reasons{} // contract user.md 8, defect 5
	}
	if given.sayAnything() {
		if err := s.limiter.Allow(ctx, limit.UnsubscribeWhyOfPerson(), limit.Account(request.GetAccountId())); err != nil {
			return nil, err
		}
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return s.setPreferences(ctx, s.queries.WithTx(tx), request, given)
	})
	if err != nil {
		return nil, fmt.Errorf("update preferences: %w", err)
	}
	return &userv1.UpdatePreferencesResponse{}, nil
}

func (s *Service) setPreferences(ctx context.Context, queries *dbgen.Queries, request *userv1.UpdatePreferencesRequest, given reasons) error {
	renewed := s.tokens.New()
	found, err := queries.SetPreferences(ctx, dbgen.SetPreferencesParams{
		ID: request.GetAccountId(), Newsletter: request.GetNewsletter(), Unsubscribed: request.GetUnsubscribed(),
		NewString: renewed.Text, NewToken: renewed.Signature,
	})
	if err != nil {
		return fmt.Errorf("set preferences: %w", err)
	}
	if found == 0 {
		return fault.New(fault.NotFound, "account-not-found", "")
	}
	if !given.sayAnything() {
		return nil
	}
	accountID := request.GetAccountId()
	return s.keepReasons(ctx, queries, owner{accountID: &accountID}, given)
}
