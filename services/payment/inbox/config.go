package inbox

import (
	"errors"
	"strings"
)

// Config is what must be told about the webhook endpoint.
type Config struct {
	Secrets Secrets `env:"STRIPE_WEBHOOK_SECRET" help:"signs Stripe's webhooks; two comma-separated while it is rotated; empty: webhooks are refused"`
}

// Secrets are the webhook secrets that are accepted. They print as "[redacted]".
type Secrets []string

const (
	mostSecrets     = 2
	secretsExpected = "one or two comma-separated secrets like whsec_1234" //nolint:gosec // describes secrets, holds none
	redacted        = "[redacted]"
)

// UnmarshalText reads one or two comma-separated secrets.
func (s *Secrets) UnmarshalText(text []byte) error {
	read := Secrets{}
	for part := range strings.SplitSeq(string(text), ",") {
		if trimmed := strings.TrimSpace(part); trimmed != "" {
			read = append(read, trimmed)
		}
	}
	if len(read) > mostSecrets {
		return errors.New("expected " + secretsExpected)
	}
	*s = read
	return nil
}

// Expects says what text a variable of this type takes.
func (Secrets) Expects() string { return secretsExpected }

// String hides the secrets from logs.
func (Secrets) String() string { return redacted }

// GoString hides the secrets from %#v.
func (Secrets) GoString() string { return redacted }

// MarshalText hides the secrets from JSON logs.
func (Secrets) MarshalText() ([]byte, error) { return []byte(redacted), nil }
