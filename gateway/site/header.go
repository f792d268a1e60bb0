package site

import (
	"net/http"
	"strings"
)

// securityHeaders are sent with everything. Scripts, styles and pictures come from the site alone; the API is the only
// place that scripts may speak to, and the hosts that video.js names are the only ones that are shown in a frame. There is no
// Cross-Origin-Resource-Policy, since pictures are also looked at where pages are shared, and HSTS is for the shop's own
// name alone: what else its domain serves is not the shop's to decide.
func securityHeaders(settings Settings) http.Header {
	headers := http.Header{}
	headers.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self'",
		"connect-src " + settings.APIOrigin,
		"frame-src https://www.youtube-nocookie.com https://player.vimeo.com",
		"manifest-src 'self'",
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types prose",
	}, "; "))
	headers.Set("X-Content-Type-Options", "nosniff")
	headers.Set("X-Frame-Options", "DENY")
	headers.Set("Referrer-Policy", "same-origin") // codes from mails stand in addresses
	headers.Set("Cross-Origin-Opener-Policy", "same-origin")
	headers.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	if strings.HasPrefix(settings.SiteOrigin, "https://") {
		headers.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return headers
}
