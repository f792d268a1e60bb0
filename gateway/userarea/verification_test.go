package userarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// Contract user.md 2.8.
func TestAskingForAVerification(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	answer, err := v.RequestVerification(v.ctx, &storefrontv1.RequestVerificationRequest{})
	v.sees(`{"verify_email_address":"verification_email_sent",`+version+`}`, answer, err)
	v.asks("RequestVerification", &userv1.RequestVerificationRequest{AccountId: 7, ClientAddress: "192.0.2.7"})
}

// Contract user.md 2.9; the code goes on as it came.
func TestAVerificationNeedsAnAddress(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.fails["RequestVerification"] = named(fault.FailedPrecondition, "email-missing")
	answer, err := v.RequestVerification(v.ctx, &storefrontv1.RequestVerificationRequest{})
	v.sees(`{"verify_email_address":"email_failed",`+version+`}`, answer, err)
}

func TestVerifyingAnAddress(t *testing.T) {
	t.Parallel()
	form := &storefrontv1.VerifyEmailAddressRequest{EmailVerificationCode: text("a%3Ab%3Ac.")}
	const success = `{"verify_email_address_response":"success",` + version + `}`
	v := arrive(t, sessionCookie)
	answer, err := v.VerifyEmailAddress(v.ctx, form)
	v.sees(success, answer, err)
	v.asks("VerifyAddress", &userv1.VerifyAddressRequest{AccountId: 7, Code: "a%3Ab%3Ac.", ClientAddress: "192.0.2.7"})
	require.NotContains(t, v.behind.asked, "ListOrders", "somebody else had this address before")

	first := arrive(t, sessionCookie)
	first.behind.claims = true
	answer, err = first.VerifyEmailAddress(first.ctx, form)
	first.sees(success, answer, err)
	first.asks("ListOrders", &orderv1.ListOrdersRequest{AccountId: 7, ClaimedEmail: "grace@mail.example"})
	require.Empty(t, first.logs.String())
}

// The address is verified; the orders come when the account page is next shown.
func TestAnAddressIsVerifiedEvenWhenItsOrdersMustWait(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.claims = true
	v.behind.fails["ListOrders"] = named(fault.Unavailable, "unavailable")
	answer, err := v.VerifyEmailAddress(v.ctx, &storefrontv1.VerifyEmailAddressRequest{EmailVerificationCode: text("")})
	v.sees(`{"verify_email_address_response":"success",`+version+`}`, answer, err)
	require.Contains(t, v.logs.String(), "guest orders not claimed yet")
	require.NotContains(t, v.logs.String(), "@")
}

// Contract user.md 2.13.
func TestChangingNamesAndAddress(t *testing.T) {
	t.Parallel()
	form := &storefrontv1.UpdateInformationRequest{Firstname: text("Grace"), Lastname: text(" Öz"), EmailAddress: text("New@mail.example")}
	v := arrive(t, sessionCookie)
	answer, err := v.UpdateInformation(v.ctx, form)
	v.sees(`{"update_my_information":"success",`+version+`}`, answer, err)
	v.asks("UpdateInformation", &userv1.UpdateInformationRequest{AccountId: 7, FirstName: "Grace", LastName: " Öz", Email: "New@mail.example", ClientAddress: "192.0.2.7"})

	const required = `[{"type":"required","description":"(text)"}]`
	v.behind.violations = broken("first_name", "last_name", "email")
	answer, err = v.UpdateInformation(v.ctx, form)
	v.sees(`{"update_my_information":"errors","errors":{"firstname":`+required+`,"lastname":`+required+`,"email-address":`+required+`},`+version+`}`, answer, err)
	v.behind.violations = broken("last_name")
	answer, err = v.UpdateInformation(v.ctx, form)
	v.sees(`{"update_my_information":"errors","errors":{"firstname":true,"lastname":`+required+`,"email-address":true},`+version+`}`, answer, err)
}
