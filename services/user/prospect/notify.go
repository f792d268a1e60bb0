package prospect

import (
	"context"
	"fmt"
	"slices"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect/dbgen"
)

// NotifyMe keeps the address of somebody who wants to hear of the PythonABot, member or not. It puts nobody on the mailing
// list. Every try counts for the limit.
func (s *Service) NotifyMe(ctx context.Context, request *userv1.NotifyMeRequest) (*userv1.NotifyMeResponse, error) {
	if err := s.limiter.Allow(ctx, limit.Pythonabot(), limit.Address(request.GetClientAddress())); err != nil {
		return nil, err
	}
	if broken := slices.Concat(form.Email(request.GetEmail()), form.HowExcited(request.GetHowExcited())); len(broken) > 0 {
		return &userv1.NotifyMeResponse{Violations: broken}, nil
	}
	unsubscribe := s.unsubscribe.New()
	made, err := s.queries.InsertNotifiedProspect(ctx, dbgen.InsertNotifiedProspectParams{
		Email: request.GetEmail(), UnsubscribeString: unsubscribe.Text, UnsubscribeToken: unsubscribe.Signature,
		ProspectCode: identifier.New(codeLength), CreatedAt: s.now(),
		ProspectComment: "Excited about the PythonABot, from 1 to 5: " + request.GetHowExcited(),
		ShopComment:     "Wants to be notified when the PythonABot is there.",
	})
	if err != nil {
		return nil, fmt.Errorf("make prospect: %w", err)
	}
	if made == 0 {
		return nil, fault.New(fault.Conflict, "prospect-exists", "")
	}
	return &userv1.NotifyMeResponse{}, nil
}
