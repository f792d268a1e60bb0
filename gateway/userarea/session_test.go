package userarea_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const deleted = `""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax`

func TestEveryPageAsksWhoIsLoggedIn(t *testing.T) {
	t.Parallel()
	m := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	answer, err := m.TellLoggedIn(m.ctx, &storefrontv1.TellLoggedInRequest{})
	m.sees(`{"logged_in":true,"log_client_events":true,"client_event_id":7,"member_initials":"GÖ","first_name":"Grace","last_name":"Öz",
		"email_address":"grace@mail.example","cart_item_count":3,`+version+`}`, answer, err)
	require.Contains(t, m.setCookies()["csrftoken"], csrf, "the same secret again")
	require.NotContains(t, m.setCookies(), "anonymousclientevent")
	require.Equal(t, []string{"ResolveSession", "CountCartLines"}, m.behind.asked)

	g := arrive(t, cartCookie())
	g.behind.silent = true
	answer, err = g.TellLoggedIn(g.ctx, &storefrontv1.TellLoggedInRequest{})
	g.sees(`{"logged_in":false,"log_client_events":false,"client_event_id":"null","cart_item_count":3,`+version+`}`, answer, err)
	require.Contains(t, g.setCookies(), "csrftoken")
	require.Contains(t, g.setCookies(), "anonymousclientevent")

	stranger := arrive(t)
	answer, err = stranger.TellLoggedIn(stranger.ctx, &storefrontv1.TellLoggedInRequest{})
	stranger.sees(`{"logged_in":false,"log_client_events":true,"client_event_id":"null","cart_item_count":0,`+version+`}`, answer, err)
	require.Empty(t, stranger.behind.asked, "who has no cookies needs no question")
}

func TestTheTokenComesWithItsCookie(t *testing.T) {
	t.Parallel()
	v := arrive(t, "csrftoken="+csrf)
	answer, err := v.IssueToken(v.ctx, &storefrontv1.IssueTokenRequest{})
	require.NoError(t, err)
	require.Regexp(t, `^<input type="hidden" name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}">$`, answer.GetToken())
	require.Contains(t, v.setCookies()["csrftoken"], csrf)
}

func logInForm(change func(*storefrontv1.LogInRequest)) *storefrontv1.LogInRequest {
	form := &storefrontv1.LogInRequest{Username: text("gracehopper"), Password: text("Tr0ubadour&Lute"), RememberMe: text("true")}
	if change != nil {
		change(form)
	}
	return form
}

// Contract user.md 2.4: session, new CSRF secret, the guest's cart, its cookie.
func TestLoggingIn(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	answer, err := v.LogIn(v.ctx, logInForm(nil))
	v.sees(`{"login":"true",`+version+`}`, answer, err)
	request, ok := v.behind.requests["LogIn"].(*userv1.LogInRequest)
	require.True(t, ok)
	require.Equal(t, "192.0.2.7", request.GetClientAddress(), "limits count per address")
	require.Equal(t, oldToken, request.GetReplacedSessionToken(), "the browser's former session ends")
	require.True(t, request.GetRemember())
	require.Equal(t, browser, request.GetUserAgent())
	adopted, ok := v.behind.requests["AdoptCart"].(*orderv1.AdoptCartRequest)
	require.True(t, ok)
	require.Equal(t, int64(7), adopted.GetAccountId())
	require.Equal(t, cartID, adopted.GetAnonymousCartId())

	cookies := v.setCookies()
	require.Equal(t, newToken+"; expires=Mon, 23 Mar 2026 12:00:00 GMT; Max-Age=1209600; Path=/; SameSite=Lax; HttpOnly", cookies["sessionid"])
	require.NotContains(t, cookies["csrftoken"], csrf, "a new secret (user.md 1.3)")
	require.Equal(t, deleted+"; HttpOnly", cookies["an_ct"])
}

func TestLoggingInForThisBrowserSessionOnly(t *testing.T) {
	t.Parallel()
	for _, remember := range []string{"false", "", "TRUE", "1", "on"} {
		v := arrive(t)
		_, err := v.LogIn(v.ctx, logInForm(func(form *storefrontv1.LogInRequest) { form.RememberMe = &remember }))
		require.NoError(t, err)
		require.Equal(t, newToken+"; Path=/; SameSite=Lax; HttpOnly", v.setCookies()["sessionid"], "only the text true is remembered")
		require.NotContains(t, v.behind.asked, "AdoptCart", "without a cart there is nothing to adopt")
	}
}

func TestLoggingInWithTheWrongPassword(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	v.behind.fails["LogIn"] = named(fault.Unauthenticated, "credentials-invalid")
	answer, err := v.LogIn(v.ctx, logInForm(nil))
	v.sees(`{"login":"false",`+version+`}`, answer, err)
	require.Empty(t, v.setCookies(), "what fails changes nothing (user.md 8, defect 16)")
	require.NotContains(t, v.behind.asked, "AdoptCart")
}

// A sign-in is worth more than a cart: the cookie stays, and the next request of this shopper merges.
func TestTheCartCookieStaysUntilTheCartIsAdopted(t *testing.T) {
	t.Parallel()
	v := arrive(t, cartCookie())
	v.behind.fails["AdoptCart"] = named(fault.Unavailable, "unavailable")
	answer, err := v.LogIn(v.ctx, logInForm(nil))
	v.sees(`{"login":"true",`+version+`}`, answer, err)
	require.Contains(t, v.setCookies(), "sessionid")
	require.NotContains(t, v.setCookies(), "an_ct")
	require.Contains(t, v.logs.String(), "guest cart not adopted yet")
	require.NotContains(t, v.logs.String(), cartID)
}

// A 500 of the old server is a 400 here (contract user.md 1.7).
func TestFormsWithoutAField(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*storefrontv1.LogInRequest){
		"username": func(f *storefrontv1.LogInRequest) { f.Username = nil },
		"password": func(f *storefrontv1.LogInRequest) { f.Password = nil }, "remember_me": func(f *storefrontv1.LogInRequest) { f.RememberMe = nil },
	} {
		v := arrive(t)
		_, err := v.LogIn(v.ctx, logInForm(change))
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, "field-missing", fault.ReasonOf(err))
		require.ErrorContains(t, err, name)
		require.Empty(t, v.behind.asked)
	}
}

// Contract user.md 2.5.
func TestLoggingOut(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie, cartCookie(), "csrftoken="+csrf)
	answer, err := v.LogOut(v.ctx, &storefrontv1.LogOutRequest{})
	v.sees(`{"logout":"true",`+version+`}`, answer, err)
	request, ok := v.behind.requests["LogOut"].(*userv1.LogOutRequest)
	require.True(t, ok)
	require.Equal(t, oldToken, request.GetToken())
	cookies := v.setCookies()
	require.Equal(t, deleted+"; HttpOnly", cookies["sessionid"])
	require.Equal(t, deleted+"; HttpOnly", cookies["an_ct"])
	require.Contains(t, cookies, "anonymousclientevent")
	require.NotContains(t, cookies, "csrftoken", "the CSRF secret stays (user.md 1.4)")

	stranger := arrive(t, cartCookie())
	answer, err = stranger.LogOut(stranger.ctx, &storefrontv1.LogOutRequest{})
	stranger.sees(`{"logout":"user_not_authenticated",`+version+`}`, answer, err)
	require.Empty(t, stranger.setCookies())
	require.NotContains(t, stranger.behind.asked, "LogOut")
}

func TestASessionThatCouldNotBeEndedKeepsItsCookie(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.fails["LogOut"] = named(fault.Unavailable, "unavailable")
	_, err := v.LogOut(v.ctx, &storefrontv1.LogOutRequest{})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Empty(t, v.setCookies(), "else somebody would think to be logged out")
}

func TestTroubleIsNotHidden(t *testing.T) {
	t.Parallel()
	v := arrive(t, sessionCookie)
	v.behind.fails["CountCartLines"] = named(fault.Unavailable, "unavailable")
	_, err := v.TellLoggedIn(v.ctx, &storefrontv1.TellLoggedInRequest{})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	v.behind.fails["ResolveSession"] = named(fault.DeadlineExceeded, "deadline-exceeded")
	_, err = v.TellLoggedIn(v.ctx, &storefrontv1.TellLoggedInRequest{})
	require.Equal(t, fault.DeadlineExceeded, fault.KindOf(err))
	_, err = v.LogOut(v.ctx, &storefrontv1.LogOutRequest{})
	require.Equal(t, fault.DeadlineExceeded, fault.KindOf(err))
	v.behind.fails["LogIn"] = named(fault.RateLimited, "rate-limited")
	_, err = v.LogIn(v.ctx, logInForm(nil))
	require.Equal(t, fault.RateLimited, fault.KindOf(err), "a page of its own says so (user.md 1.6)")
}

func TestTheIndexIsAPage(t *testing.T) {
	t.Parallel()
	v := arrive(t)
	answer, err := v.ShowUserIndex(v.ctx, &storefrontv1.ShowUserIndexRequest{})
	require.NoError(t, err)
	require.Contains(t, answer.GetHtml(), "0.0.1")
}
