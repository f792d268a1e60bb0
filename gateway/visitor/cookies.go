package visitor

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	sessionCookieName = "sessionid"
	csrfCookieName    = "csrftoken"
	cartCookieName    = "an_ct"
	eventCookieName   = "anonymousclientevent"

	sessionLifetime = 14 * 24 * time.Hour
	csrfLifetime    = 364 * 24 * time.Hour
	yearLifetime    = 365 * 24 * time.Hour

	eventIdentityLength = 20
	sessionTokenLength  = 32
)

// cookie is one to be sent; a negative lifetime deletes it, 0 lets it live as long as the browser.
type cookie struct {
	name, value string
	lifetime    time.Duration
	httpOnly    bool
}

// SessionToken is the value of the session cookie when it is well-formed (32 of a-z and 0-9), else "".
func (v *Visitor) SessionToken() string {
	token, _ := v.sent(sessionCookieName)
	if len(token) != sessionTokenLength {
		return ""
	}
	for i := range len(token) {
		if c := token[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return token
}

// HasSessionCookie tells whether the browser sent any session cookie, be it malformed: a dead one is to be deleted.
func (v *Visitor) HasSessionCookie() bool {
	_, was := v.sent(sessionCookieName)
	return was
}

// SetSession gives the browser a session; a persistent one outlives the browser.
func (v *Visitor) SetSession(token string, persistent bool) {
	made := cookie{name: sessionCookieName, value: token, httpOnly: true}
	if persistent {
		made.lifetime = sessionLifetime
	}
	v.send(made)
}

// ForgetSession deletes the session cookie.
func (v *Visitor) ForgetSession() {
	v.send(cookie{name: sessionCookieName, lifetime: -1, httpOnly: true})
}

// AnonymousCartID is the id in a rightly signed cart cookie, else "". Its age never matters.
func (v *Visitor) AnonymousCartID() string {
	signed, _ := v.sent(cartCookieName)
	id, err := v.policy.cartCookie.Unsign(signed, 0)
	if err != nil {
		return ""
	}
	return id
}

// SetAnonymousCart makes the browser remember a cart; nothing is sent when it already does (contract README D04).
func (v *Visitor) SetAnonymousCart(id string) {
	if id != "" && v.AnonymousCartID() == id {
		return
	}
	v.send(cookie{name: cartCookieName, value: v.policy.cartCookie.Sign(id), lifetime: yearLifetime, httpOnly: true})
}

// ForgetAnonymousCart deletes the cart cookie of a browser that sent one (contract README D18).
func (v *Visitor) ForgetAnonymousCart() {
	if _, was := v.sent(cartCookieName); was {
		v.send(cookie{name: cartCookieName, lifetime: -1, httpOnly: true})
	}
}

// EnsureEventIdentity gives a browser without a rightly signed event identity a new one. Scripts of the pages read it.
func (v *Visitor) EnsureEventIdentity() {
	signed, _ := v.sent(eventCookieName)
	if _, err := v.policy.eventCookie.Unsign(signed, 0); err != nil {
		v.RenewEventIdentity()
	}
}

// RenewEventIdentity gives the browser a new event identity whatever it had.
func (v *Visitor) RenewEventIdentity() {
	value := v.policy.eventCookie.Sign(identifier.New(eventIdentityLength))
	v.send(cookie{name: eventCookieName, value: value, lifetime: yearLifetime})
}

// sent is the value of a cookie of the request and whether there was one.
func (v *Visitor) sent(name string) (string, bool) {
	v.touched = true
	if v.cookies == nil {
		v.cookies = parseCookies(v.request.Header["Cookie"])
	}
	value, was := v.cookies[name]
	return value, was
}

// parseCookies lets the last of several cookies of one name win, as the old server did: a browser may hold a host-only
// one beside one of the domain.
func parseCookies(headers []string) map[string]string {
	found := make(map[string]string, 4)
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				continue
			}
			found[strings.TrimSpace(name)] = unquote(strings.TrimSpace(value))
		}
	}
	return found
}

func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

func (v *Visitor) send(made cookie) {
	for i := range v.answers {
		if v.answers[i].name == made.name {
			v.answers[i] = made
			return
		}
	}
	v.answers = append(v.answers, made)
}

// text is the Set-Cookie header. It is written here because net/http drops the leading dot of the domain.
func (c cookie) text(policy *Policy) string {
	var b strings.Builder
	b.WriteString(c.name + "=")
	if c.lifetime < 0 {
		b.WriteString(`""`)
	}
	b.WriteString(c.value)
	if policy.domain != "" {
		b.WriteString("; Domain=" + policy.domain)
	}
	switch {
	case c.lifetime < 0:
		b.WriteString("; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0")
	case c.lifetime > 0:
		expires := policy.now().Add(c.lifetime).UTC().Format(http.TimeFormat)
		b.WriteString("; expires=" + expires + "; Max-Age=" + strconv.Itoa(int(c.lifetime/time.Second)))
	}
	b.WriteString("; Path=/; SameSite=Lax")
	if policy.secure {
		b.WriteString("; Secure")
	}
	if c.httpOnly {
		b.WriteString("; HttpOnly")
	}
	return b.String()
}
