package subscription

import (
	"context"
	"fmt"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription/dbgen"
)

// LookUpSubscription tells whose subscription a link is about. It needs no limit: tokens cannot be guessed.
func (s *Service) LookUpSubscription(ctx context.Context, request *userv1.LookUpSubscriptionRequest) (*userv1.LookUpSubscriptionResponse, error) {
	found, err := s.findSubscribed(ctx, request.GetToken())
	if err != nil {
		return nil, err
	}
	return &userv1.LookUpSubscriptionResponse{MaskedEmail: mask(found.email)}, nil
}

// Unsubscribe ends a subscription. Of two at once with one token one succeeds, the other's token is gone.
func (s *Service) Unsubscribe(ctx context.Context, request *userv1.UnsubscribeRequest) (*userv1.UnsubscribeResponse, error) {
	found, err := s.findSubscribed(ctx, request.GetToken())
	if err != nil {
		return nil, err
	}
	renewed := s.tokens.New()
	changed, err := s.unsubscribe(ctx, found, renewed)
	if err != nil {
		return nil, fmt.Errorf("unsubscribe: %w", err)
	}
	if changed == 0 {
		return nil, errUnknown()
	}
	return &userv1.UnsubscribeResponse{MaskedEmail: mask(found.email), Token: renewed.Signature}, nil
}

func (s *Service) unsubscribe(ctx context.Context, found owner, renewed Token) (int64, error) {
	if found.accountID != nil {
		return s.queries.UnsubscribeMember(ctx, dbgen.UnsubscribeMemberParams{
			ID: *found.accountID, Token: found.token.Signature, NewString: renewed.Text, NewToken: renewed.Signature,
		})
	}
	return s.queries.UnsubscribeProspect(ctx, dbgen.UnsubscribeProspectParams{
		ID: *found.prospectID, Token: found.token.Signature, NewString: renewed.Text, NewToken: renewed.Signature,
	})
}

// ExplainUnsubscription keeps why somebody unsubscribed, also when nothing is said (contract user.md 2.18). Every try counts
// for the limit of the client's address, and every one with a good token for that of its owner.
func (s *Service) ExplainUnsubscription(ctx context.Context, request *userv1.ExplainUnsubscriptionRequest) (*userv1.ExplainUnsubscriptionResponse, error) {
	if err := s.limiter.Allow(ctx, limit.UnsubscribeWhy(), limit.Address(request.GetClientAddress())); err != nil {
		return nil, err
	}
	found, err := s.findOwner(ctx, request.GetToken())
	if err != nil {
		return nil, err
	}
	if !s.tokens.BelongTogether(found.token) {
		return nil, errAltered()
	}
	if err := s.limiter.Allow(ctx, limit.UnsubscribeWhyOfPerson(), found.subject()); err != nil {
		return nil, err
	}
	if err := s.keepReasons(ctx, s.queries, found, readReasons(request.GetReasons())); err != nil {
		return nil, err
	}
	return &userv1.ExplainUnsubscriptionResponse{}, nil
}

// findSubscribed finds who can still unsubscribe, trying the codes in the order of contract user.md 2.16.
func (s *Service) findSubscribed(ctx context.Context, given *userv1.SubscriptionToken) (owner, error) {
	found, err := s.findOwner(ctx, given)
	if err != nil {
		return owner{}, err
	}
	if found.unsubscribed {
		return owner{}, fault.New(fault.FailedPrecondition, "email-address-already-unsubscribed", "")
	}
	if !s.tokens.BelongTogether(found.token) {
		return owner{}, errAltered()
	}
	return found, nil
}

func errAltered() error {
	return fault.New(fault.Invalid, "token-altered", "")
}
