package stack

import "strings"

// environ is what one process is told: the caller's variables, and under them what the stack worked out.
func (s *Stack) environ(program string, own map[string]string) []string {
	computed := map[string]string{
		"SERVICE_SECRETS":  s.secrets.ServiceSecret,
		"SITE_ORIGIN":      s.SiteURL(),
		"USER_ADDR":        s.addresses("user"),
		"ORDER_ADDR":       s.addresses("order"),
		"PAYMENT_ADDR":     s.addresses("payment"),
		"CLIENTEVENT_ADDR": s.addresses("clientevent"),
	}
	for name, value := range s.stripe() {
		computed[name] = value
	}
	if program == "gateway" || program == "user" {
		computed["SECRET_KEY"] = s.secrets.SecretKey
	}
	if program == "user" {
		computed["MAIL_TRANSPORT"] = "smtp://" + s.smtpAddr
	}
	lookup := lookupIn(s.options.Environ)
	environ := append([]string{}, s.options.Environ...)
	for name, value := range computed {
		if lookup(name) == "" {
			environ = append(environ, name+"="+value)
		}
	}
	for name, value := range own {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// stripe are the settings of the sandbox, unless a real key is given. The webhook secret alone only replaces the
// sandbox's own.
func (s *Stack) stripe() map[string]string {
	if lookupIn(s.options.Environ)("STRIPE_SECRET_KEY") != "" {
		return nil
	}
	return map[string]string{
		"STRIPE_SECRET_KEY":      s.secrets.StripeKey,
		"STRIPE_PUBLISHABLE_KEY": "pk_test_" + strings.TrimPrefix(s.secrets.StripeKey, "sk_test_"),
		"STRIPE_WEBHOOK_SECRET":  s.webhookSecret(),
		"STRIPE_API_URL":         s.SandboxURL(),
	}
}

func (s *Stack) webhookSecret() string {
	if given := lookupIn(s.options.Environ)("STRIPE_WEBHOOK_SECRET"); given != "" {
		return given
	}
	return s.secrets.WebhookSecret
}
