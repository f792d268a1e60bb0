package userarea

import (
	"context"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// PutChatMessage is POST /user/put-chat-message.
func (a *Area) PutChatMessage(ctx context.Context, form *storefrontv1.PutChatMessageRequest) (*storefrontv1.PutChatMessageResponse, error) {
	if err := firstMissing(field{"name", form.Name}, field{"email_address", form.EmailAddress}, field{"message", form.Message}); err != nil {
		return nil, err
	}
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	put, err := a.Chat.PutMessage(ctx, &userv1.PutMessageRequest{
		AccountId: account.GetAccountId(), Name: form.GetName(), Email: form.GetEmailAddress(), Message: form.GetMessage(),
		ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if err != nil {
		return nil, err
	}
	if len(put.GetViolations()) > 0 {
		errors := &storefrontv1.PutChatMessageErrors{}
		file(put.GetViolations(), inputs{"name": &errors.Name, "email": &errors.EmailAddress, "message": &errors.Message})
		return &storefrontv1.PutChatMessageResponse{PutChatMessage: "validation_error", Errors: errors}, nil
	}
	return &storefrontv1.PutChatMessageResponse{PutChatMessage: "true"}, nil
}

// NotifyMe is POST /user/pythonabot-notify-me: somebody wants to hear of a product to come.
func (a *Area) NotifyMe(ctx context.Context, form *storefrontv1.NotifyMeRequest) (*storefrontv1.NotifyMeResponse, error) {
	if err := firstMissing(field{"email_address", form.EmailAddress}, field{"how_excited", form.HowExcited}); err != nil {
		return nil, err
	}
	noted, err := a.Prospects.NotifyMe(ctx, &userv1.NotifyMeRequest{
		Email: form.GetEmailAddress(), HowExcited: form.GetHowExcited(), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if fault.HasReason(err, "prospect-exists") {
		twice := &storefrontv1.InputError{Type: "duplicate", Description: pointerTo("We have this address already and will write to it.")}
		return &storefrontv1.NotifyMeResponse{PythonabotNotifyMe: "duplicate_prospect", Errors: &storefrontv1.NotifyMeErrors{
			EmailAddress: []*storefrontv1.InputError{twice},
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(noted.GetViolations()) > 0 {
		errors := &storefrontv1.NotifyMeErrors{}
		file(noted.GetViolations(), inputs{"email": &errors.EmailAddress, "how_excited": &errors.HowExcited})
		return &storefrontv1.NotifyMeResponse{PythonabotNotifyMe: "validation_error", Errors: errors}, nil
	}
	return &storefrontv1.NotifyMeResponse{PythonabotNotifyMe: "success"}, nil
}
