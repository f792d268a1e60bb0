package browser

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/require"
)

// called calls each with an imported module of the pages and one input after another: `(module, ...input) => ...`. What it throws becomes
// the text "throws" and the error's name.
func (c *customer) called(module, each string, inputs ...[]any) []any {
	c.t.Helper()
	written, err := json.Marshal(inputs)
	require.NoError(c.t, err)
	return evaluate[[]any](c, fmt.Sprintf(`(async () => {
		const frame = document.querySelector('script[src$="/frame/frame.js"]').src;
		const module = await import(frame.replace('frame/frame.js', %q));
		const each = %s;
		return %s.map((input) => {
			try { return each(module, ...input) ?? null } catch (error) { return 'throws ' + error.name }
		});
	})()`, module, each, written))
}

// cases are inputs of one text each and what should come of them.
type cases []struct {
	given any
	want  any
}

// holds tries cases one by one.
func (c *customer) holds(module, each string, table cases) {
	c.t.Helper()
	inputs := make([][]any, len(table))
	for n, one := range table {
		inputs[n] = []any{one.given}
	}
	for n, got := range c.called(module, each, inputs...) {
		require.Equal(c.t, table[n].want, got, "%s %s of %.200v", module, each, table[n].given)
	}
}

func corePage(t *testing.T) *customer {
	c := newCustomer(t, desktop)
	c.open("/about")
	return c
}

func TestMoneyIsCountedInCents(t *testing.T) {
	c := corePage(t)
	c.holds("money.js", "(m, price) => m.cents(price)", cases{
		{"3.50", 350.0}, {"3.5", 350.0}, {3.5, 350.0}, {"0", 0.0}, {"0.05", 5.0}, {" 7.00 ", 700.0}, {"-0.94", -94.0}, {"-0", 0.0}, {"1234567.89", 123456789.0},
		{"", "throws TypeError"}, {nil, "throws TypeError"}, {"NaN", "throws TypeError"}, {"1,000.00", "throws TypeError"}, {"3.505", "throws TypeError"},
		{"1e3", "throws TypeError"}, {"0x10", "throws TypeError"}, {"٣.٥٠", "throws TypeError"}, {"3.50; DROP", "throws TypeError"}, {"Infinity", "throws TypeError"},
	})
	c.holds("money.js", "(m, amount) => m.fromCents(amount)", cases{{350, "3.50"}, {5, "0.05"}, {0, "0.00"}, {-94, "-0.94"}, {-5, "-0.05"}, {100000000, "1000000.00"}})
	c.holds("money.js", "(m, price) => m.money(price)", cases{
		{"0", "$0.00"}, {"3.5", "$3.50"}, {"999.99", "$999.99"}, {"1234.5", "$1,234.50"}, {"1234567.00", "$1,234,567.00"}, {"-0.94", "−$0.94"}, {"-1234.00", "−$1,234.00"},
		{"<b>", "throws TypeError"},
	})
	c.holds("money.js", "(m, price) => m.times(price, 3)", cases{{"0.10", "0.30"}, {"1.15", "3.45"}, {"19.99", "59.97"}, {"0.00", "0.00"}})
	require.Equal(t, []any{"$3.50", "$3.99 to $5.99"}, c.called("money.js", "(m, low, high) => m.priceRange(low, high)", []any{"3.50", "3.50"}, []any{"3.99", "5.99"}))
}

// TestNextNamesPagesOfOursAlone is journeys.md D3: everything else could be a trap of somebody's link.
func TestNextNamesPagesOfOursAlone(t *testing.T) {
	c := corePage(t)
	table := cases{
		{"?next=checkout/confirm", "/checkout/confirm"},
		{"?next=checkout%2Fconfirm", "/checkout/confirm"},
		{"?next=/checkout/confirm", "/checkout/confirm"},
		{"?next=account/order&order_identifier=AbC123", "/account/order?identifier=AbC123"},
		{"?next=account/order&order_identifier=a%26b%3Dc", "/account/order?identifier=a%26b%3Dc"},
		{"?next=account/order", "/account/order"},
		{"?next=account&email_verification_code=Ab:1x:s-_", "/account/?email_verification_code=Ab%3A1x%3As-_"},
		{"?next=account/&email_verification_code=Ab%3A1x%3As.", "/account/?email_verification_code=Ab%3A1x%3As"},
		{"?next=account", "/account/"},
		{"?next=account/change-password", "/account/change-password"},
		{"?next=cart&order_identifier=x", "/cart"},
		{"?next=cart&next=https://evil.example", "/cart"},
	}
	for _, trap := range []string{
		"", "?next=", "?next", "?other=cart", "?next=unknown", "?next=account/unknown", "?next=login", "?next=user/logout", "?next=account/../login", "?next=cart%00",
		"?next=https://evil.example", "?next=https:evil.example", "?next=//evil.example", "?next=///evil.example", "?next=%2F%2Fevil.example", "?next=%252F%252Fevil.example",
		"?next=/%5Cevil.example", `?next=/\evil.example`, `?next=\\evil.example`, "?next=javascript:alert(1)", "?next=JaVaScRiPt:alert(1)", "?next=%0Ajavascript:alert(1)",
		"?next=data:text/html,x", "?next=cart?x=1", "?next=cart%23x", "?next=cart@evil.example", "?next=%20cart", "?next=cart%20", "?next=CART", "?next=cart//", "?next=.evil.example",
		"?next=" + strings.Repeat("a/", 20000), "?next=constructor", "?next=__proto__", "?%6Eext=",
	} {
		table = append(table, struct{ given, want any }{trap, "/account/"})
	}
	c.holds("address.js", "(m, search) => m.nextAddress(search)", table)
}

func TestCodesOfMailedLinksAreReadAsTheyArrive(t *testing.T) {
	c := corePage(t)
	c.holds("address.js", "(m, search) => m.code('code', search)", cases{
		{"?code=AbC:1tQx9z:Sig-na_ture", "AbC:1tQx9z:Sig-na_ture"}, {"?code=AbC%3A1tQx9z%3ASig", "AbC:1tQx9z:Sig"}, {"?code=AbC:1:S.", "AbC:1:S"}, {"?code=AbC:1:S)", "AbC:1:S"},
		{"?code=AbC:1:S%3E", "AbC:1:S"}, {"?code=AbC:1:S).", "AbC:1:S"}, {"?code=AbC:1:S%22", "AbC:1:S"}, {"?code=AbC:1:S%20", "AbC:1:S"}, {"?code=AbC:1:S-", "AbC:1:S-"}, {"?code=AbC:1:S_", "AbC:1:S_"},
		{"?code=first&code=second", "first"}, {"?code=", ""}, {"?code", ""}, {"", ""}, {"?codes=x", ""}, {"?code=...", ""}, {"?code=%E0%A4%A", "\ufffd%A"}, {"?a=1&code=x&b=2", "x"},
	})
	require.Equal(t, []any{"", "a b", "a/b"}, c.called("address.js", "(m, search) => m.parameter('p', search)", []any{"?q=1"}, []any{"?p=a+b"}, []any{"?p=a%2Fb"}))
	c.holds("address.js", "(m, search) => m.keepNext('/create-account', search)", cases{
		{"", "/create-account"}, {"?message=not-authenticated", "/create-account"},
		{"?next=checkout/confirm&message=x", "/create-account?next=checkout%2Fconfirm"},
		{"?order_identifier=B&next=account/order", "/create-account?next=account%2Forder&order_identifier=B"},
		{"?next=//evil.example", "/create-account?next=%2F%2Fevil.example"}, // as harmless there as here
	})
	require.Equal(t, []any{"/login?next=account%2Forder&order_identifier=B&message=not-authenticated", "/login?next=account"}, c.called("address.js", "(m, next, more) => m.loginAddress(next, more)",
		[]any{"account/order", map[string]any{"order_identifier": "B", "message": "not-authenticated"}}, []any{"account", map[string]any{"email_verification_code": ""}}))
	c.holds("address.js", "(m, address) => m.go(address)", cases{
		{"javascript:alert(1)", "throws TypeError"}, {"data:text/html,x", "throws TypeError"}, {"java\nscript:alert(1)", "throws TypeError"}, {"http://", "throws TypeError"},
	})
	require.Equal(t, "/about", c.address())
}

func TestProseLetsNothingHarmfulThrough(t *testing.T) {
	c := corePage(t)
	c.expect("Content Security Policy directive") // the browser complains of what it finds while reading; none of it comes through
	c.holds("prose.js", "(m, text) => { const place = document.createElement('div'); place.append(m.prose(text)); return place.innerHTML }", cases{
		{"Plain & simple, 3 < 4", "Plain &amp; simple, 3 &lt; 4"}, {nil, ""}, {"", ""}, {42, "42"},
		{"<p>One</p><p><b>Two</b> <i>three</i></p>", "<p>One</p><p><b>Two</b> <i>three</i></p>"},
		{"<ul><li>a<li>b</ul>line<br>break", "<ul><li>a</li><li>b</li></ul>line<br>break"},
		{"<h1>Big</h1><span>small</span>", "Bigsmall"},
		{"<script>steal()</script>after", "after"}, {"<img src=x onerror=steal()>after", "after"}, {"<svg onload=steal()><a href=#>x</a></svg>after", "after"},
		{"<iframe srcdoc='<script>steal()</script>'></iframe>after", "after"}, {"<style>p{}</style><template><p>x</p></template>after", "after"},
		{`<p onclick="steal()" style="position:fixed" class="x" id="main">text</p>`, "<p>text</p>"},
		{`<a href="https://example.com/a?b=1&c=2">x</a>`, `<a href="https://example.com/a?b=1&amp;c=2" rel="noopener nofollow">x</a>`},
		{`<a href="/terms-of-use" target="_blank" onclick="steal()">x</a>`, `<a href="` + shop.site + `/terms-of-use">x</a>`},
		{`<a href="mailto:hello@shop.example">x</a>`, `<a href="mailto:hello@shop.example" rel="noopener nofollow">x</a>`},
		{`<a href="javascript:steal()">x</a>`, "<a>x</a>"}, {"<a href=' java\n\tscript:steal()'>x</a>", "<a>x</a>"}, {`<a href="data:text/html,x">x</a>`, "<a>x</a>"}, {`<a href="vbscript:x">x</a>`, "<a>x</a>"}, {`<a href="http://[">x</a>`, "<a>x</a>"}, {`<a>x</a>`, "<a>x</a>"},
		{"<form action=//evil.example><input name=childNodes><input name=tagName><input id=nodeType>text</form>", "text"},
		{"<form id=x><button form=x formaction=javascript:steal()>press</button></form>", "press"},
		{"<math><mtext><img src=x onerror=steal()></mtext></math>after", "after"},
		{"<noscript><p title=\"</noscript><img src=x onerror=steal()>\"></noscript>after", "<p>after</p>"},
		{"<p>unclosed <b>bold", "<p>unclosed <b>bold</b></p>"}, {"<!-- <img src=x> -->after", "after"}, {"&lt;script&gt;steal()&lt;/script&gt;", "&lt;script&gt;steal()&lt;/script&gt;"},
	})
	deep := c.called("prose.js", "(m, text) => m.plain(text)", []any{strings.Repeat("<b>", 2000) + "deep"}, []any{"<p> a <b>b</b></p>"})
	require.Equal(t, []any{"deep", "a b"}, deep)
}

func TestRulesOfFields(t *testing.T) {
	c := corePage(t)
	const joined = ".join(' | ')"
	letters := "The name can only have the letters A to Z, digits and spaces: no accents, hyphens or apostrophes."
	long := func(what string, most int) string {
		return fmt.Sprintf("%s is too long: at most %d characters.", what, most)
	}
	c.holds("rule.js", "(m, text) => m.name(text, 'The name', 30)"+joined, cases{
		{"Ada", ""}, {"Ada Maria 2", ""}, {strings.Repeat("a", 30), ""}, {strings.Repeat("a", 31), long("The name", 30)}, {"", "The name is missing."}, {" \t ", "The name is missing."},
		{"O'Neil", letters}, {"Zoë", letters}, {"Anne-Marie", letters}, {"Ada\n", letters}, {"<b>", letters}, {"🙂", letters}, {strings.Repeat("é", 31), letters + " | " + long("The name", 30)},
	})
	form, short := "The user name can only have letters, digits, _ and -.", "The user name is too short: at least 6 characters."
	c.holds("rule.js", "(m, text) => m.username(text)"+joined, cases{
		{"ada_lovelace-1", ""}, {"abcdef", ""}, {"abcde", short}, {"", "The user name is missing."}, {"ada lovelace", form}, {"äpfel1", form}, {"a.b.c.d", form}, {"🙂", form + " | " + short},
		{strings.Repeat("a", 150), ""}, {strings.Repeat("a", 151), long("The user name", 150)},
	})
	like := "The e-mail address should look like name@example.com."
	c.holds("rule.js", "(m, text) => m.email(text)"+joined, cases{
		{"a@b.co", ""}, {"Ada.Lovelace+shop_1@mail.example.museum", ""}, {" a@b.co ", ""}, {"1@2.33", ""}, {"", "The e-mail address is missing."}, {"  ", "The e-mail address is missing."},
		{"a", like}, {"a@b", like}, {"a@b.c", like}, {"@b.co", like}, {"_a@b.co", like}, {"a_@b.co", like}, {"a b@c.co", like}, {"a@b..co", like}, {"a@b.co.", like}, {"a@@b.co", like}, {"ä@b.co", like}, {"a@b.co\nx", like},
		{"a@b.co<script>", like}, {strings.Repeat("a", 248) + "@b.com", ""}, {strings.Repeat("a", 249) + "@b.com", long("The e-mail address", 254)}, {strings.Repeat("a", 100000), like + " | " + long("The e-mail address", 254)},
	})
	capital, sign := "The password needs a capital letter.", "The password needs one of ! @ # $ % ^ & * ( ) ~ { } [ ]"
	c.holds("rule.js", "(m, text) => m.newPassword(text)"+joined, cases{
		{"Abcdefg!", ""}, {"Zoë 🙂 ist da [1]", ""}, {"", "The password is missing."}, {"A!", "The password is too short: at least 8 characters."}, {"abcdefg!", capital}, {"Abcdefgh", sign}, {"Äbcdefg!", capital},
		{"Abcdefg€", sign}, {"abcdefgh", capital + " | " + sign}, {strings.Repeat("🙂", 148) + "A!", ""}, {strings.Repeat("a", 149) + "A!", long("The password", 150)}, {"A]345678", ""}, {"A-_+=?/\\|", sign},
	})
	require.Equal(t, []any{"", "The two passwords differ.", "Please enter the same password once more.", ""}, c.called("rule.js", "(m, one, two) => m.sameAgain(one, two)"+joined,
		[]any{"a", "a"}, []any{"a", "a "}, []any{"a", ""}, []any{"", ""}))
	c.holds("rule.js", "(m, list) => m.refusalsInWords(list, 'The name')"+joined, cases{
		{true, ""}, {nil, ""}, {"text", ""}, {[]any{}, ""},
		{[]any{map[string]any{"type": "required"}, map[string]any{"type": "unavailable", "description": "x"}}, "The name is missing. | This user name is taken. Please choose another."},
		{[]any{map[string]any{"type": "django_validation", "description": "Too easy."}}, "Too easy."}, {[]any{map[string]any{"type": "not_valid"}}, "The name does not have the form it should have."},
		{[]any{map[string]any{"type": "constructor"}}, "The name was not accepted."}, {[]any{map[string]any{}}, "The name was not accepted."},
	})
}

func TestEventsCarryNoSecrets(t *testing.T) {
	c := corePage(t)
	c.holds("event.js", "(m, address) => m.withoutSecrets(address)", cases{
		{"/set-new-password?password_reset_code=abc:1:x", shop.site + "/set-new-password?password_reset_code=hidden"},
		{"/account/?email_verification_code=abc%3A1&em_cd=E1", shop.site + "/account/?email_verification_code=hidden&em_cd=E1"},
		{"/account/email-unsubscribe?token=t&pr_token=p&mb_cd=M", shop.site + "/account/email-unsubscribe?token=hidden&pr_token=hidden&mb_cd=M"},
		{"/checkout/success?session_id=cs_1", shop.site + "/checkout/success?session_id=hidden"},
		{"/account/order?identifier=O1#top", shop.site + "/account/order?identifier=hidden"},
		{"/login?next=account/order&order_identifier=O1&email_verification_code=c", shop.site + "/login?next=account%2Forder&order_identifier=hidden&email_verification_code=hidden"},
		{"/checkout/success?session_id=one&session_id=two", shop.site + "/checkout/success?session_id=hidden"},
		{"/checkout/success?sess%69on_id=cs_1", shop.site + "/checkout/success?session_id=hidden"},
		{"/product?name=PaperClips&id=bSusp6dBHm", shop.site + "/product?name=PaperClips&id=bSusp6dBHm"}, {"/about#session_id=x", shop.site + "/about"},
	})
}

func TestDatesAreTheVisitors(t *testing.T) {
	c := newCustomer(t, desktop)
	for zone, want := range map[string][]any{
		"America/Los_Angeles": {"November 22, 2026", "November 22, 2026 at 11:21 PM"},
		"Asia/Tokyo":          {"November 23, 2026", "November 23, 2026 at 4:21 PM"},
	} {
		tell(c, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: zone})
		c.open("/about")
		given := []any{"2026-11-23T07:21:54.850Z"}
		require.Equal(t, want, append(c.called("date.js", "(m, iso) => m.day(iso)", given), c.called("date.js", "(m, iso) => m.moment(iso).replace(/\\s/g, ' ')", given)...), zone)
	}
	c.holds("date.js", "(m, iso) => m.day(iso) + m.moment(iso)", cases{{nil, ""}, {"", ""}, {"soon", ""}, {"2026-13-45", ""}, {"<b>", ""}})
	c.holds("date.js", "(m, seconds) => m.waitInWords(seconds)", cases{{0, "a moment"}, {45, "a moment"}, {46, "a minute"}, {90, "a minute"}, {91, "2 minutes"}, {1200, "20 minutes"}, {3540, "59 minutes"}, {3541, "an hour"}, {3600, "an hour"}})
}
