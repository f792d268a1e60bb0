package userarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func preferencesForm(change func(*storefrontv1.UpdatePreferencesRequest)) *storefrontv1.UpdatePreferencesRequest {
	form := &storefrontv1.UpdatePreferencesRequest{
		Newsletter: text("false"), EmailUnsubscribe: text("true"), NoLongerWantToReceive: text("true"), NeverSignedUp: text("TRUE"),
		Inappropriate: text(""), Spam: text("true"), Other: text("enough"),
	}
	if change != nil {
		change(form)
	}
	return form
}

func explanationForm(change func(*storefrontv1.ExplainUnsubscriptionRequest)) *storefrontv1.ExplainUnsubscriptionRequest {
	form := &storefrontv1.ExplainUnsubscriptionRequest{
		Token: text("new-token"), NoLongerWantToReceive: text("false"), NeverSignedUp: text("true"), Inappropriate: text("true"),
		Spam: text("false"), Other: text(""),
	}
	if change != nil {
		change(form)
	}
	return form
}

// Contract user.md 2.14.
func TestChoosingWhichMailsToGet(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	answer, err := v.UpdatePreferences(v.ctx, preferencesForm(nil))
	v.sees(`{"update_communication_preferences":"success",`+version+`}`, answer, err)
	v.asks("UpdatePreferences", &userv1.UpdatePreferencesRequest{
		AccountId: 7, Unsubscribed: true, Reasons: &userv1.UnsubscribeReasons{NoLongerWantToReceive: true, Spam: true, Other: "enough"},
	})
	answer, err = v.UpdatePreferences(v.ctx, preferencesForm(func(f *storefrontv1.UpdatePreferencesRequest) {
		f.Newsletter, f.EmailUnsubscribe = text("true"), text("no")
	}))
	v.sees(`{"update_communication_preferences":"success",`+version+`}`, answer, err)
	v.asks("UpdatePreferences", &userv1.UpdatePreferencesRequest{
		AccountId: 7, Newsletter: true, Reasons: &userv1.UnsubscribeReasons{NoLongerWantToReceive: true, Spam: true, Other: "enough"},
	})
}

func TestWishesThatAreMissing(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*storefrontv1.UpdatePreferencesRequest){
		func(f *storefrontv1.UpdatePreferencesRequest) { f.Newsletter = nil },
		func(f *storefrontv1.UpdatePreferencesRequest) { f.EmailUnsubscribe = nil },
		func(f *storefrontv1.UpdatePreferencesRequest) { f.Reset() },
	} {
		v := arrive(t, sessionCookie)
		answer, err := v.UpdatePreferences(v.ctx, preferencesForm(change))
		v.sees(`{"update_communication_preferences":"errors","errors":{"data_missing":"(text)"},`+version+`}`, answer, err)
		require.NotContains(t, v.behind.asked, "UpdatePreferences")
	}
}

// The newsletter and no mails at once: told even when the reasons are missing.
func TestWishesThatContradict(t *testing.T) {
	t.Parallel()
	for _, other := range []*string{text(""), nil} {
		v := arrive(t, sessionCookie)
		v.behind.fails["UpdatePreferences"] = named(fault.Invalid, "preferences-contradict")
		answer, err := v.UpdatePreferences(v.ctx, preferencesForm(func(f *storefrontv1.UpdatePreferencesRequest) {
			f.Newsletter, f.Other = text("true"), other
		}))
		v.sees(`{"update_communication_preferences":"errors","errors":{"invalid_data":"(text)"},`+version+`}`, answer, err)
	}
}

// Contract user.md 2.16: which of the tokens counts is the service's business; an empty one is passed on.
func TestLookingUpASubscription(t *testing.T) {
	t.Parallel()
	v := arrive(t)
	answer, err := v.LookUpSubscription(v.ctx, &storefrontv1.LookUpSubscriptionRequest{Token: text(""), PrToken: text("b")})
	v.sees(`{"email_unsubscribe_lookup":"success","email_address":"grac*@mail.example",`+version+`}`, answer, err)
	v.asks("LookUpSubscription", &userv1.LookUpSubscriptionRequest{Token: &userv1.SubscriptionToken{MemberToken: text(""), ProspectToken: text("b")}})
	_, err = v.LookUpSubscription(v.ctx, &storefrontv1.LookUpSubscriptionRequest{})
	require.NoError(t, err)
	v.asks("LookUpSubscription", &userv1.LookUpSubscriptionRequest{Token: &userv1.SubscriptionToken{}})
}

// Contract user.md 2.17; the page puts the address in as HTML.
func TestUnsubscribing(t *testing.T) {
	t.Parallel()
	v := arrive(t)
	answer, err := v.Unsubscribe(v.ctx, &storefrontv1.UnsubscribeRequest{PrToken: text("b")})
	v.sees(`{"email_unsubscribe_confirm":"success","email_address":"&lt;b&gt;@mail.example","token":"new-token",`+version+`}`, answer, err)
	v.asks("Unsubscribe", &userv1.UnsubscribeRequest{Token: &userv1.SubscriptionToken{ProspectToken: text("b")}})
}

// Contract user.md 2.18.
func TestSayingWhy(t *testing.T) {
	t.Parallel()
	v := arrive(t)
	answer, err := v.ExplainUnsubscription(v.ctx, explanationForm(nil))
	v.sees(`{"email_unsubscribe_why":"success",`+version+`}`, answer, err)
	v.asks("ExplainUnsubscription", &userv1.ExplainUnsubscriptionRequest{
		Token:   &userv1.SubscriptionToken{MemberToken: text("new-token")},
		Reasons: &userv1.UnsubscribeReasons{NeverSignedUp: true, Inappropriate: true}, ClientAddress: "192.0.2.7",
	})
	v.behind.fails["ExplainUnsubscription"] = named(fault.Invalid, "token-required")
	answer, err = v.ExplainUnsubscription(v.ctx, &storefrontv1.ExplainUnsubscriptionRequest{})
	v.sees(`{"email_unsubscribe_why":"error","errors":{"error":"token-required"},`+version+`}`, answer, err)
}
