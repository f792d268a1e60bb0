package visitor_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	secret  = "recording-secret-key-0123456789-recording-secret-key"
	session = "abcdefghij0123456789abcdefghij01"
	token   = "abcdefghijklmnopqrstuvwxyzABCDEF"

	signedCart  = "abcdefghij0123456789:1r31eq:M5ATrMS2vF4Q8SqQ5bzozQ8s4Z2WgDQajU0cex9kb5U"
	signedEvent = "abcdefghij0123456789:1r31eq:TQEWN1lYy0Nyb7LygfvUyzgKNTSg34KlBH6Rh0qFupc"
)

func clock() time.Time { return time.Unix(1700000000, 0) }

func policy(change func(*visitor.Settings)) *visitor.Policy {
	settings := visitor.Settings{CookieDomain: ".mosaicmeshai.com", CookieSecure: true, Key: signing.Key{Secret: secret}}
	if change != nil {
		change(&settings)
	}
	return visitor.NewPolicy(settings, clock)
}

func meet(cookies ...string) *visitor.Visitor {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, cookie := range cookies {
		request.Header.Add("Cookie", cookie)
	}
	return policy(nil).Meet(request)
}

func sent(v *visitor.Visitor) []string {
	header := http.Header{}
	v.WriteHeaders(header)
	return header["Set-Cookie"]
}

func TestVisitorThatNobodyAsksLeavesNoTrace(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	meet("sessionid=" + session).WriteHeaders(header)
	require.Empty(t, header)
}

func TestAnswersThatDependOnCookiesAreNotShared(t *testing.T) {
	t.Parallel()
	v, header := meet(), http.Header{"Vary": {"origin"}}
	require.Empty(t, v.SessionToken())
	v.WriteHeaders(header)
	require.Equal(t, []string{"origin", "Cookie"}, header["Vary"])
	require.Equal(t, "private, no-store", header.Get("Cache-Control"))
	require.Empty(t, header["Set-Cookie"])
}

func TestSessionToken(t *testing.T) {
	t.Parallel()
	require.Equal(t, session, meet("a=b; sessionid="+session+"; c=d").SessionToken())
	require.Equal(t, session, meet("sessionid=old", "sessionid="+session).SessionToken(), "the last one wins")
	for _, malformed := range []string{"", "short", strings.ToUpper(session), session + "x", session[:31] + "\x00", session[:31] + "é"} {
		v := meet("sessionid=" + malformed)
		require.Empty(t, v.SessionToken(), malformed)
		require.True(t, v.HasSessionCookie())
	}
	require.False(t, meet("csrftoken="+token).HasSessionCookie())
}

// The attributes of contract encodings.md 2, with those that README D04 allows.
func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	v := meet()
	v.SetSession(session, true)
	require.Equal(t, []string{"sessionid=" + session + "; Domain=.mosaicmeshai.com; expires=Tue, 28 Nov 2023 22:13:20 GMT; Max-Age=1209600; Path=/; SameSite=Lax; Secure; HttpOnly"}, sent(v))
	v.SetSession(session, false)
	require.Equal(t, []string{"sessionid=" + session + "; Domain=.mosaicmeshai.com; Path=/; SameSite=Lax; Secure; HttpOnly"}, sent(v), "one cookie of a name")
	v.ForgetSession()
	require.Equal(t, []string{`sessionid=""; Domain=.mosaicmeshai.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax; Secure; HttpOnly`}, sent(v))

	v = meet("csrftoken=" + token)
	v.SendCSRF()
	require.Equal(t, []string{"csrftoken=" + token + "; Domain=.mosaicmeshai.com; expires=Tue, 12 Nov 2024 22:13:20 GMT; Max-Age=31449600; Path=/; SameSite=Lax; Secure"}, sent(v))

	v = meet()
	v.SetAnonymousCart("abcdefghij0123456789")
	v.RenewEventIdentity()
	cookies := sent(v)
	require.Equal(t, "an_ct="+signedCart+"; Domain=.mosaicmeshai.com; expires=Wed, 13 Nov 2024 22:13:20 GMT; Max-Age=31536000; Path=/; SameSite=Lax; Secure; HttpOnly", cookies[0])
	require.Regexp(t, `^anonymousclientevent=[A-Za-z0-9]{20}:1r31eq:[A-Za-z0-9_-]{43}; Domain=.mosaicmeshai.com; expires=Wed, 13 Nov 2024 22:13:20 GMT; Max-Age=31536000; Path=/; SameSite=Lax; Secure$`, cookies[1])

	plain := policy(func(s *visitor.Settings) { s.CookieDomain, s.CookieSecure = "", false }).Meet(httptest.NewRequest(http.MethodGet, "/", nil))
	plain.SetSession(session, false)
	require.Equal(t, []string{"sessionid=" + session + "; Path=/; SameSite=Lax; HttpOnly"}, sent(plain))
}

func TestAnonymousCart(t *testing.T) {
	t.Parallel()
	v := meet("an_ct=" + signedCart)
	require.Equal(t, "abcdefghij0123456789", v.AnonymousCartID(), "signed by the old shop, years ago")
	v.SetAnonymousCart("abcdefghij0123456789")
	require.Empty(t, sent(v), "the browser has it already")
	v.SetAnonymousCart("bbbbbbbbbbbbbbbbbbbb")
	require.Len(t, sent(v), 1)

	for _, tampered := range []string{"", "abcdefghij0123456789", signedEvent, strings.Replace(signedCart, "a", "b", 1), signedCart + "x", "::", "\xff:\xff"} {
		require.Empty(t, meet("an_ct="+tampered).AnonymousCartID(), tampered)
	}

	v = meet()
	v.ForgetAnonymousCart()
	require.Empty(t, sent(v))
	v = meet("an_ct=bad")
	v.ForgetAnonymousCart()
	require.Contains(t, sent(v)[0], `an_ct=""; Domain=.mosaicmeshai.com; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/`)
}

func TestCookiesOfAFormerSecretAreStillRead(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Cookie", "an_ct="+signedCart)
	rotated := policy(func(s *visitor.Settings) { s.Key = signing.Key{Secret: "a new secret", Fallbacks: []string{secret}} })
	require.Equal(t, "abcdefghij0123456789", rotated.Meet(request).AnonymousCartID())
}

func TestEventIdentity(t *testing.T) {
	t.Parallel()
	v := meet("anonymousclientevent=" + signedEvent)
	v.EnsureEventIdentity()
	require.Empty(t, sent(v))
	v.RenewEventIdentity()
	require.Len(t, sent(v), 1)
	v = meet("anonymousclientevent=" + signedCart)
	v.EnsureEventIdentity()
	require.Len(t, sent(v), 1, "a signature of another cookie counts as none")
}

// vectors of contract encodings.md 3, made by the old shop.
func TestCSRFMasking(t *testing.T) {
	t.Parallel()
	const masked = "zajD0sJBEOk62oNbfKw5MZ28T7FVooQYzblG4xPIMXuheB1qv1Oo6kovhw5mQRkt"
	v := meet("csrftoken=" + token)
	require.Equal(t, visitor.CSRFWellFormed, v.CSRFState())
	require.True(t, v.MatchesCSRF(token))
	require.True(t, v.MatchesCSRF(masked))
	require.True(t, meet("csrftoken="+masked).MatchesCSRF(token), "an old cookie may be masked")
	require.Equal(t, token, v.SentCSRFSecret())
	require.Equal(t, token, meet("csrftoken="+masked).SentCSRFSecret())
	for _, wrong := range []string{"", token[:31], token + "x", strings.ToUpper(token), masked[:63] + "A", strings.Repeat("-", 32), strings.Repeat("é", 16)} {
		require.False(t, v.MatchesCSRF(wrong), wrong)
	}
	made := v.MaskedCSRFToken()
	require.Len(t, made, 64)
	require.NotEqual(t, made, v.MaskedCSRFToken())
	require.True(t, v.MatchesCSRF(made))
	require.Contains(t, sent(v)[0], "csrftoken="+token+";")
}

func TestCSRFCookieStates(t *testing.T) {
	t.Parallel()
	require.Equal(t, visitor.CSRFMissing, meet().CSRFState())
	require.False(t, meet().MatchesCSRF(""))
	require.Empty(t, meet().SentCSRFSecret())
	for _, malformed := range []string{"", "short", strings.Repeat("-", 32), strings.Repeat("a", 33)} {
		v := meet("csrftoken=" + malformed)
		require.Equal(t, visitor.CSRFMalformed, v.CSRFState())
		require.False(t, v.MatchesCSRF(malformed))
		require.Empty(t, v.SentCSRFSecret())
		v.SendCSRF()
		require.Regexp(t, `^csrftoken=[A-Za-z0-9]{32};`, sent(v)[0])
	}
}

func TestCSRFRotation(t *testing.T) {
	t.Parallel()
	v := meet("csrftoken=" + token)
	v.RotateCSRF()
	rotated := sent(v)[0]
	require.NotContains(t, rotated, token)
	v.SendCSRF()
	require.Equal(t, []string{rotated}, sent(v), "sending again keeps the new secret")
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		hops      int
		peer      string
		forwarded []string
		want      string
	}{
		{"the peer", 0, "192.0.2.1:4711", nil, "192.0.2.1"},
		{"nobody is trusted", 0, "192.0.2.1:4711", []string{"10.1.1.1"}, "192.0.2.1"},
		{"the last entry", 1, "127.0.0.1:1", []string{"6.6.6.6, 10.1.1.1"}, "10.1.1.1"},
		{"the last header", 1, "127.0.0.1:1", []string{"6.6.6.6", "10.1.1.1"}, "10.1.1.1"},
		{"two hops", 2, "127.0.0.1:1", []string{"6.6.6.6, 10.1.1.1,172.16.0.1"}, "10.1.1.1"},
		{"fewer entries than hops", 2, "192.0.2.1:4711", []string{"10.1.1.1"}, "192.0.2.1"},
		{"no header", 1, "192.0.2.1:4711", nil, "192.0.2.1"},
		{"not an address", 1, "192.0.2.1:4711", []string{"10.1.1.1, unknown"}, "192.0.2.1"},
		{"with a port", 1, "192.0.2.1:4711", []string{"10.1.1.1:80"}, "10.1.1.1"},
		{"IPv6", 1, "127.0.0.1:1", []string{"2001:DB8:0:0::1"}, "2001:db8::1"},
		{"IPv6 with a port", 1, "127.0.0.1:1", []string{"[2001:db8::1]:80"}, "2001:db8::1"},
		{"IPv4 within IPv6", 0, "[::ffff:192.0.2.1]:4711", nil, "192.0.2.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			request := httptest.NewRequest(http.MethodGet, "/", nil)
			request.RemoteAddr = c.peer
			request.Header["X-Forwarded-For"] = c.forwarded
			met := policy(func(s *visitor.Settings) { s.TrustedProxyHops = c.hops }).Meet(request)
			require.Equal(t, c.want, met.ClientAddress())
		})
	}
}

func TestHeadersAreUTF8(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("User-Agent", "a\xffb")
	request.Header.Set("Stripe-Signature", "t=1\xff")
	met := policy(nil).Meet(request)
	require.Equal(t, "a\uFFFDb", met.UserAgent())
	require.Equal(t, "t=1\uFFFD", met.StripeSignature())
}

func TestFrom(t *testing.T) {
	t.Parallel()
	v := meet("sessionid=" + session)
	require.Same(t, v, visitor.From(v.In(t.Context())))
	stranger := visitor.From(t.Context())
	require.Empty(t, stranger.SessionToken())
	require.Empty(t, stranger.AnonymousCartID())
	stranger.SendCSRF()
	stranger.EnsureEventIdentity()
}
