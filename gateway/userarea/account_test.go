package userarea_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func accountForm(change func(*storefrontv1.CreateAccountRequest)) *storefrontv1.CreateAccountRequest {
	form := &storefrontv1.CreateAccountRequest{
		Firstname: text("Grace"), Lastname: text("Öz"), Username: text("gracehopper"), EmailAddress: text("grace@mail.example"),
		Password: text("Tr0ubadour&Lute"), ConfirmPassword: text("Tr0ubadour&Lute"), Newsletter: text("true"), RememberMe: text("false"),
	}
	if change != nil {
		change(form)
	}
	return form
}

// Contract user.md 2.7: session, new CSRF secret, the guest's cart; the cart cookie stays.
func TestCreatingAnAccount(t *testing.T) {
	t.Parallel()
	v := arrive(t, cartCookie(), "csrftoken="+csrf)
	answer, err := v.CreateAccount(v.ctx, accountForm(nil))
	v.sees(`{"create_account":"true",`+version+`}`, answer, err)
	request, ok := v.behind.requests["CreateAccount"].(*userv1.CreateAccountRequest)
	require.True(t, ok)
	require.Equal(t, "Öz", request.GetLastName())
	require.True(t, request.GetNewsletter())
	require.False(t, request.GetRemember())
	require.Equal(t, "192.0.2.7", request.GetClientAddress())
	require.Equal(t, browser, request.GetUserAgent())
	require.Equal(t, []string{"CreateAccount", "AdoptCart"}, v.behind.asked)
	cookies := v.setCookies()
	require.Equal(t, newToken+"; Path=/; SameSite=Lax; HttpOnly", cookies["sessionid"])
	require.NotContains(t, cookies["csrftoken"], csrf)
	require.NotContains(t, cookies, "an_ct")
}

func TestAnAccountIsMadeEvenWhenItsCartMustWait(t *testing.T) {
	t.Parallel()
	v := arrive(t, cartCookie())
	v.behind.fails["AdoptCart"] = named(fault.Unavailable, "unavailable")
	answer, err := v.CreateAccount(v.ctx, accountForm(nil))
	v.sees(`{"create_account":"true",`+version+`}`, answer, err)
	require.Contains(t, v.logs.String(), "guest cart not adopted yet")
}

// Every field of the user service, and its key on the old page, which is part of an element's id (user.md 1.2).
func TestBrokenRulesAreFiledUnderTheirInput(t *testing.T) {
	t.Parallel()
	v := arrive(t, "csrftoken="+csrf)
	v.behind.violations = []*userv1.FieldViolation{
		{Field: "first_name", Code: "required", Description: "Aa."}, {Field: "last_name", Code: "not_valid", Description: "Bb."},
		{Field: "last_name", Code: "too_many_chars", Description: "Cc."}, {Field: "email", Code: "not_valid", Description: "Dd."},
		{Field: "password", Code: "confirm_password_doesnt_match", Description: "Ee."}, {Field: "of-tomorrow", Code: "x", Description: "Ff."},
	}
	answer, err := v.CreateAccount(v.ctx, accountForm(nil))
	v.sees(`{"create_account":"false","errors":{"firstname":[{"type":"required","description":"(text)"}],
		"lastname":[{"type":"not_valid","description":"(text)"},{"type":"too_many_chars","description":"(text)"}],"username":true,
		"email-address":[{"type":"not_valid","description":"(text)"}],
		"password":[{"type":"confirm_password_doesnt_match","description":"(text)"}]},`+version+`}`, answer, err)
	require.Empty(t, v.setCookies())
	require.NotContains(t, v.behind.asked, "AdoptCart")
}

func TestRegistrationsWithoutAField(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*storefrontv1.CreateAccountRequest){
		"firstname":        func(f *storefrontv1.CreateAccountRequest) { f.Firstname = nil },
		"lastname":         func(f *storefrontv1.CreateAccountRequest) { f.Lastname = nil },
		"username":         func(f *storefrontv1.CreateAccountRequest) { f.Username = nil },
		"email_address":    func(f *storefrontv1.CreateAccountRequest) { f.EmailAddress = nil },
		"password":         func(f *storefrontv1.CreateAccountRequest) { f.Password = nil },
		"confirm_password": func(f *storefrontv1.CreateAccountRequest) { f.ConfirmPassword = nil },
		"newsletter":       func(f *storefrontv1.CreateAccountRequest) { f.Newsletter = nil },
		"remember_me":      func(f *storefrontv1.CreateAccountRequest) { f.RememberMe = nil },
	} {
		v := arrive(t)
		_, err := v.CreateAccount(v.ctx, accountForm(change))
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
		require.ErrorContains(t, err, "the field "+name+".")
		require.Empty(t, v.behind.asked, name)
	}
}

func profile() *userv1.GetProfileResponse {
	return &userv1.GetProfileResponse{
		Account: grace(), NewsletterSubscriber: true, JoinedAt: timestamppb.New(clock()), LastLoginAt: timestamppb.New(clock().Add(1500 * time.Microsecond)),
		VerificationRequestedAt: timestamppb.New(clock().Add(-time.Hour)),
	}
}

// The shape of contract user.md 2.6.
func TestTheAccountAsThePageReadsIt(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.profile = profile()
	answer, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
	v.sees(`{"account_content":{"authenticated":"true",
		"personal_data":{"username":"gracehopper","first_name":"Grace","last_name":"Öz","newsletter_subscriber":true,"email_unsubscribed":false,
			"terms_of_use_agreed_date_time":null,"joined_date_time":"2026-03-09T12:00:00Z","last_login_date_time":"2026-03-09T12:00:00.001Z"},
		"email_data":{"email_address":"grace@mail.example","email_verified":false,"verification_request_sent_within_24_hours":true},
		"orders_data":{
			"1":{"order_id":12,"identifier":"Abc1234567","order_date_time":"2026-03-09T12:00:00Z","sales_tax_amt":"0.00","order_total":"16.56"},
			"2":{"order_id":11,"identifier":"Xyz1234567","order_date_time":"2026-03-09T11:59:59.999Z","sales_tax_amt":"0.08","order_total":"3.50"}}},`+
		version+`}`, answer, err)
}

func TestAVerificationIsPendingForADay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*userv1.GetProfileResponse)
		want   bool
	}{
		"an hour ago": {func(*userv1.GetProfileResponse) {}, true},
		"never asked": {func(p *userv1.GetProfileResponse) { p.VerificationRequestedAt = nil }, false},
		"verified":    {func(p *userv1.GetProfileResponse) { p.EmailVerified = true }, false},
		"just a day": {func(p *userv1.GetProfileResponse) {
			p.VerificationRequestedAt = timestamppb.New(clock().Add(-24 * time.Hour))
		}, false},
		"nearly a day": {func(p *userv1.GetProfileResponse) {
			p.VerificationRequestedAt = timestamppb.New(clock().Add(-24*time.Hour + time.Second))
		}, true},
	} {
		v := arrive(t, sessionCookie)
		v.behind.profile = profile()
		c.change(v.behind.profile)
		answer, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
		require.NoError(t, err, name)
		require.Equal(t, c.want, answer.GetAccountContent().GetEmailData().GetVerificationRequestSentWithin_24Hours(), name)
	}
}

// Guest orders of an address come with its first verification (issue of the old server: user.md 8, defect 10).
func TestGuestOrdersComeWithAVerifiedAddress(t *testing.T) {
	t.Parallel()
	for _, claims := range []bool{true, false} {
		v := arrive(t, sessionCookie)
		v.behind.profile = profile()
		v.behind.profile.ClaimsGuestOrders = claims
		_, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
		require.NoError(t, err)
		want := map[bool]string{true: "grace@mail.example", false: ""}[claims]
		v.asks("ListOrders", &orderv1.ListOrdersRequest{AccountId: 7, ClaimedEmail: want})
	}
}

func TestAnAccountThatHasJustGoneIsNotShown(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.fails["GetProfile"] = named(fault.NotFound, "account-not-found")
	answer, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
	v.sees(`{"account_content":{"authenticated":"false"},`+version+`}`, answer, err)
}

func TestAStrangerHasNoAccountToShow(t *testing.T) {
	t.Parallel()
	v := arrive(t, "sessionid="+newToken)
	answer, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
	v.sees(`{"account_content":{"authenticated":"false"},`+version+`}`, answer, err)
	require.Empty(t, v.behind.asked)
	require.Contains(t, v.setCookies(), "sessionid", "a dead session is forgotten")
}

func TestTroubleBehindTheAccountIsNotHidden(t *testing.T) {
	t.Parallel()
	for _, failing := range []string{"ResolveSession", "GetProfile", "ListOrders"} {
		v := arrive(t, sessionCookie)
		v.behind.profile = profile()
		v.behind.fails[failing] = named(fault.Unavailable, "unavailable")
		_, err := v.ShowAccountContent(v.ctx, &storefrontv1.ShowAccountContentRequest{})
		require.Equal(t, fault.Unavailable, fault.KindOf(err), failing)
	}
	v := arrive(t)
	v.behind.fails["CreateAccount"] = named(fault.RateLimited, "rate-limited")
	_, err := v.CreateAccount(v.ctx, accountForm(nil))
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Empty(t, v.setCookies())
}
