package stack

import (
	"cmp"
	"maps"
	"strings"
)

// environ is what one process is told: the caller's variables, and under them what the stack worked out for it, which is
// nothing that the program has no use for.
func (s *Stack) environ(program string, own map[string]string) []string {
	lookup := lookupIn(s.options.Environ)
	environ := append([]string{}, s.options.Environ...)
	for name, value := range s.computed(program) {
		if lookup(name) == "" {
			environ = append(environ, name+"="+value)
		}
	}
	for name, value := range own {
		environ = append(environ, name+"="+value)
	}
	return environ
}

func (s *Stack) computed(program string) map[string]string {
	common := map[string]string{"SERVICE_SECRETS": s.secrets.ServiceSecret, "SITE_ORIGIN": s.SiteURL()}
	tell := func(more map[string]string) map[string]string {
		maps.Copy(common, more)
		return common
	}
	switch program {
	case "user":
		return tell(map[string]string{"SECRET_KEY": s.secrets.SecretKey, "MAIL_TRANSPORT": "smtp://" + s.smtpAddr})
	case "order":
		return tell(map[string]string{"USER_ADDR": s.addresses("user"), "PAYMENT_ADDR": s.addresses("payment")})
	case "payment":
		return tell(s.stripe())
	case "gateway":
		return tell(map[string]string{
			"SECRET_KEY": s.secrets.SecretKey, "STRIPE_PUBLISHABLE_KEY": s.publishableKey(),
			"USER_ADDR": s.addresses("user"), "ORDER_ADDR": s.addresses("order"),
			"PAYMENT_ADDR": s.addresses("payment"), "CLIENTEVENT_ADDR": s.addresses("clientevent"),
		})
	}
	return common
}

// stripe are the settings of the sandbox, unless a real key is given. The webhook secret alone only replaces the
// sandbox's own.
func (s *Stack) stripe() map[string]string {
	if s.isRealStripe() {
		return nil
	}
	return map[string]string{
		"STRIPE_SECRET_KEY":     s.secrets.StripeKey,
		"STRIPE_WEBHOOK_SECRET": s.webhookSecret(),
		"STRIPE_API_URL":        s.SandboxURL(),
	}
}

// publishableKey is empty with a real key: the one that belongs to it is given too.
func (s *Stack) publishableKey() string {
	if s.isRealStripe() {
		return ""
	}
	return "pk_test_" + strings.TrimPrefix(s.secrets.StripeKey, "sk_test_")
}

func (s *Stack) isRealStripe() bool {
	return lookupIn(s.options.Environ)("STRIPE_SECRET_KEY") != ""
}

// webhookSecret is what the sandbox signs with: the first where two are given, as while one is rotated.
func (s *Stack) webhookSecret() string {
	given, _, _ := strings.Cut(lookupIn(s.options.Environ)("STRIPE_WEBHOOK_SECRET"), ",")
	return cmp.Or(given, s.secrets.WebhookSecret)
}
