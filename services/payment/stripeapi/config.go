package stripeapi

import (
	"fmt"
	"net/url"
)

// Config is what must be told about the Stripe account.
type Config struct {
	SecretKey SecretKey `env:"STRIPE_SECRET_KEY,required" help:"Stripe's API secret" expects:"a key like sk_live_..."`
	URL       string    `env:"STRIPE_API_URL" envDefault:"https://api.stripe.com" help:"where Stripe's API is; another for the local sandbox" expects:"a URL like https://api.stripe.com"`
}

// SecretKey is the API secret. It prints as "[redacted]".
type SecretKey string

const redacted = "[redacted]"

// String hides the key from logs.
func (SecretKey) String() string { return redacted }

// GoString hides the key from %#v.
func (SecretKey) GoString() string { return redacted }

// MarshalText hides the key from JSON logs.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (c Config) check() error {
	address, err := url.Parse(c.URL)
	if err != nil || address.Host == "" || (address.Scheme != "https" && address.Scheme != "http") {
		return fmt.Errorf("STRIPE_API_URL is not valid: expected a URL like https://api.stripe.com")
	}
	return nil
}
