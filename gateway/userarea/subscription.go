package userarea

import (
	"context"
	"html"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// UpdatePreferences is POST /user/update-communication-preferences.
func (a *Area) UpdatePreferences(ctx context.Context, form *storefrontv1.UpdatePreferencesRequest) (*storefrontv1.UpdatePreferencesResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.UpdatePreferencesResponse{UpdateCommunicationPreferences: notAuthenticated}, nil
	}
	if form.Newsletter == nil || form.EmailUnsubscribe == nil {
		return preferencesRefused(&storefrontv1.UpdatePreferencesErrors{DataMissing: pointerTo("Please say which mails you want.")}), nil
	}
	contradicts := ticked(form.Newsletter) && ticked(form.EmailUnsubscribe) // which is told before a missing reason (contract user.md 2.14)
	if err := firstMissing(
		field{"no_longer_want_to_receive", form.NoLongerWantToReceive}, field{"never_signed_up", form.NeverSignedUp},
		field{"inappropriate", form.Inappropriate}, field{"spam", form.Spam}, field{"other", form.Other},
	); err != nil && !contradicts {
		return nil, err
	}
	_, err = a.Subscriptions.UpdatePreferences(ctx, &userv1.UpdatePreferencesRequest{
		AccountId: account.GetAccountId(), Newsletter: ticked(form.Newsletter), Unsubscribed: ticked(form.EmailUnsubscribe), Reasons: reasons(form),
	})
	switch {
	case isGone(err):
		return &storefrontv1.UpdatePreferencesResponse{UpdateCommunicationPreferences: notAuthenticated}, nil
	case fault.HasReason(err, "preferences-contradict"):
		return preferencesRefused(&storefrontv1.UpdatePreferencesErrors{InvalidData: pointerTo("Please choose the newsletter or no mails, not both.")}), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.UpdatePreferencesResponse{UpdateCommunicationPreferences: "success"}, nil
}

func preferencesRefused(errors *storefrontv1.UpdatePreferencesErrors) *storefrontv1.UpdatePreferencesResponse {
	return &storefrontv1.UpdatePreferencesResponse{UpdateCommunicationPreferences: "errors", Errors: errors}
}

// LookUpSubscription is GET /user/email-unsubscribe-lookup.
func (a *Area) LookUpSubscription(ctx context.Context, form *storefrontv1.LookUpSubscriptionRequest) (*storefrontv1.LookUpSubscriptionResponse, error) {
	found, err := a.Subscriptions.LookUpSubscription(ctx, &userv1.LookUpSubscriptionRequest{Token: subscriptionToken(form.Token, form.PrToken)})
	if code := tokenRefusal(err); code != nil {
		return &storefrontv1.LookUpSubscriptionResponse{EmailUnsubscribeLookup: "error", Errors: code}, nil
	}
	if err != nil {
		return nil, err
	}
	return &storefrontv1.LookUpSubscriptionResponse{EmailUnsubscribeLookup: "success", EmailAddress: asHTML(found.GetMaskedEmail())}, nil
}

// Unsubscribe is POST /user/email-unsubscribe-confirm.
func (a *Area) Unsubscribe(ctx context.Context, form *storefrontv1.UnsubscribeRequest) (*storefrontv1.UnsubscribeResponse, error) {
	ended, err := a.Subscriptions.Unsubscribe(ctx, &userv1.UnsubscribeRequest{Token: subscriptionToken(form.Token, form.PrToken)})
	if code := tokenRefusal(err); code != nil {
		return &storefrontv1.UnsubscribeResponse{EmailUnsubscribeConfirm: "error", Errors: code}, nil
	}
	if err != nil {
		return nil, err
	}
	return &storefrontv1.UnsubscribeResponse{EmailUnsubscribeConfirm: "success", EmailAddress: asHTML(ended.GetMaskedEmail()), Token: &ended.Token}, nil
}

// ExplainUnsubscription is POST /user/email-unsubscribe-why.
func (a *Area) ExplainUnsubscription(ctx context.Context, form *storefrontv1.ExplainUnsubscriptionRequest) (*storefrontv1.ExplainUnsubscriptionResponse, error) {
	hasToken := form.Token != nil || form.PrToken != nil // without one, that is what the service says first (contract user.md 2.18)
	if err := firstMissing(
		field{"no_longer_want_to_receive", form.NoLongerWantToReceive}, field{"never_signed_up", form.NeverSignedUp},
		field{"inappropriate", form.Inappropriate}, field{"spam", form.Spam}, field{"other", form.Other},
	); err != nil && hasToken {
		return nil, err
	}
	_, err := a.Subscriptions.ExplainUnsubscription(ctx, &userv1.ExplainUnsubscriptionRequest{
		Token: subscriptionToken(form.Token, form.PrToken), Reasons: reasons(form), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if code := tokenRefusal(err); code != nil {
		return &storefrontv1.ExplainUnsubscriptionResponse{EmailUnsubscribeWhy: "error", Errors: code}, nil
	}
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ExplainUnsubscriptionResponse{EmailUnsubscribeWhy: "success"}, nil
}

// subscriptionToken passes on what the link had: a token that is there and empty is an unknown one, not a missing one.
func subscriptionToken(member, prospect *string) *userv1.SubscriptionToken {
	return &userv1.SubscriptionToken{MemberToken: member, ProspectToken: prospect}
}

// reasonForm is a form that says why somebody wants no more mails.
type reasonForm interface {
	GetNoLongerWantToReceive() string
	GetNeverSignedUp() string
	GetInappropriate() string
	GetSpam() string
	GetOther() string
}

func reasons(form reasonForm) *userv1.UnsubscribeReasons {
	return &userv1.UnsubscribeReasons{
		NoLongerWantToReceive: form.GetNoLongerWantToReceive() == "true", NeverSignedUp: form.GetNeverSignedUp() == "true",
		Inappropriate: form.GetInappropriate() == "true", Spam: form.GetSpam() == "true", Other: form.GetOther(),
	}
}

// tokenRefusal is why the token of a link was not taken, nil when it was; the reasons are the codes of the old page.
func tokenRefusal(err error) *storefrontv1.Refusal {
	switch reason := fault.ReasonOf(err); reason {
	case "token-required", "member-not-found", "email-address-already-unsubscribed", "token-altered":
		return &storefrontv1.Refusal{Error: reason}
	}
	return nil
}

// asHTML: the old page puts the address in as markup, and not every stored address has passed today's rules.
func asHTML(address string) *string {
	return pointerTo(html.EscapeString(address))
}
