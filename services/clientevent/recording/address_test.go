package recording_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/recording"
)

func TestStrikeSecrets(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"":                      "",
		"https://shop.example/": "https://shop.example/",
		"https://shop.example/product?name=clips&id=bSusp6dBHm":                        "https://shop.example/product?name=clips&id=bSusp6dBHm",
		"https://shop.example/account/?email_verification_code=abc:1x:SIG":             "https://shop.example/account/?email_verification_code=***",
		"https://shop.example/set-new-password?password_reset_code=abc:1x:SIG&a=1":     "https://shop.example/set-new-password?password_reset_code=***&a=1",
		"https://shop.example/account/email-unsubscribe?em_cd=e&pr_cd=p&pr_token=S":    "https://shop.example/account/email-unsubscribe?em_cd=e&pr_cd=p&pr_token=***",
		"https://shop.example/x?token=S&token=T#top":                                   "https://shop.example/x?token=***&token=***#top",
		"https://shop.example/checkout/success?session_id=cs_live_1":                   "https://shop.example/checkout/success?session_id=***",
		"https://shop.example/x#token=S":                                               "https://shop.example/x#token=***",
		"https://shop.example/x#/route?token=S&b=2":                                    "https://shop.example/x#/route?token=***&b=2",
		"https://shop.example/login?next=%2Fset%3Fpassword_reset_code%3DS%26a%3D1&b=2": "https://shop.example/login?next=%2Fset%3Fpassword_reset_code%3D***&b=2",
		"https://shop.example/login?next=%252Fx%253Ftoken%253DS":                       "https://shop.example/login?next=%252Fx%253Ftoken%253D***",
		"https://shop.example/login?next=token%3DS":                                    "https://shop.example/login?next=token%3D***",
		"?a=1;token=S;b=2":            "?a=1;token=***",
		"?TOKEN=S":                    "?TOKEN=***",
		"?pass%77ord_reset_code=S":    "?pass%77ord_reset_code=***",
		"?password-reset-code=S":      "?password-reset-code=***",
		"?token[]=S&user[token]=T":    "?token[]=***&user[token]=***",
		"?token=a/b?c=d;e==&f=1":      "?token=***&f=1",
		"?token=%zz%":                 "?token=***",
		"token=S":                     "token=***",
		"http://[::1?token=S":         "http://[::1?token=***",
		"%%%?&&&token=S&&":            "%%%?&&&token=***&&",
		"https://user:pw@host/?a=b@c": "https://host/?a=b@c",
		"ftp://token=S@host/":         "ftp://host/",
		"?token=":                     "?token=***",
		"?token":                      "?token",
		"?mb_cd=a&pr_cd=b&em_cd=c&ad_cd=d&identifier=e": "?mb_cd=a&pr_cd=b&em_cd=c&ad_cd=d&identifier=e",
		"?" + strings.Repeat("x", 300) + "&token=S":     "?" + strings.Repeat("x", 300) + "&token=***",
	}
	for address, want := range cases {
		require.Equal(t, want, recording.StrikeSecrets(address), address)
	}
}

func FuzzStrikeSecrets(f *testing.F) {
	for _, seed := range []string{"", "?a=1&b=2", "https://u:p@h/?next=%2525", "#=&=%3d%3D", "%2", "ä?ö=ü"} {
		f.Add(seed, "&")
	}
	f.Fuzz(func(t *testing.T, before, sign string) {
		const secret = "Secret0Value"
		for _, name := range []string{"token", "pr_token", "session_id", "password_reset_code", "email_verification_code"} {
			for _, equals := range []string{"=", "%3D", "%253d"} {
				address := before + "&" + name + equals + secret
				struck := recording.StrikeSecrets(address)
				require.NotContains(t, struck, secret, address)
				if utf8.ValidString(address) {
					require.True(t, utf8.ValidString(struck), address)
				}
			}
		}
		_ = recording.StrikeSecrets(before + sign)
	})
}

func BenchmarkStrikeSecrets(b *testing.B) {
	for b.Loop() {
		recording.StrikeSecrets("https://shop.example/account/email-unsubscribe?em_cd=e&pr_cd=p&pr_token=SIGNATURE")
	}
}
