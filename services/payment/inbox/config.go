package inbox

import (
	"errors"
	"strings"
	"time"
)

// Config is what must be told about the webhook endpoint and its events.
type Config struct {
	Secrets Secrets `env:"STRIPE_WEBHOOK_SECRET" help:"signs Stripe's webhooks; two comma-separated while it is rotated; empty: webhooks are refused"`
	// Interval and RetentionDays are of the loop that Inbox.Run is.
	Interval      time.Duration `env:"UNDELIVERED_EVENTS_INTERVAL" envDefault:"10m" help:"how often Stripe is asked for events that no webhook brought" expects:"a duration of at least 1s, like 10m"`
	RetentionDays int           `env:"WEBHOOK_RETENTION_DAYS" envDefault:"90" help:"how long events that are dealt with are kept" expects:"a number of days from 31"`
}

// shortestRetention: Stripe lists the events of 30 days, and one that was forgotten earlier would be taken for new.
const (
	shortestRetention = 31
	longestRetention  = 36500
)

var (
	errInterval  = errors.New("UNDELIVERED_EVENTS_INTERVAL is not valid: expected a duration of at least 1s, like 10m")
	errRetention = errors.New("WEBHOOK_RETENTION_DAYS is not valid: expected a number of days from 31")
)

// check refuses what has the right type and still makes no sense.
func (c Config) check() error {
	if c.Interval < time.Second {
		return errInterval
	}
	if c.RetentionDays < shortestRetention || c.RetentionDays > longestRetention {
		return errRetention
	}
	return nil
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
