package secret

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// The names of variables, which the processes fix (config of each).
const (
	databaseURL     = "DATABASE_URL"
	serviceSecrets  = "SERVICE_SECRETS"
	secretKey       = "SECRET_KEY"
	fallbacks       = "SECRET_KEY_FALLBACKS"
	stripeSecret    = "STRIPE_SECRET_KEY"
	stripeWebhook   = "STRIPE_WEBHOOK_SECRET"
	stripePublic    = "STRIPE_PUBLISHABLE_KEY"
	superuser       = "SUPERUSER_PASSWORD"
	rotationPrefix  = "SHIP_ROTATION_" // how far a rotation is; only ship reads it
	rotationService = rotationPrefix + serviceSecrets
	rotationKey     = rotationPrefix + secretKey
)

type key struct {
	name     string
	required bool
}

// keysOf are the keys of a service's secret.
func keysOf(service string) []key {
	required := func(names ...string) []key {
		var keys []key
		for _, name := range names {
			keys = append(keys, key{name: name, required: true})
		}
		return keys
	}
	switch service {
	case "user":
		return append(required(databaseURL, serviceSecrets, secretKey), key{name: fallbacks}, key{name: superuser})
	case "payment":
		return required(databaseURL, serviceSecrets, stripeSecret, stripeWebhook)
	case "gateway":
		return append(required(serviceSecrets, secretKey, stripePublic), key{name: fallbacks})
	default:
		return required(databaseURL, serviceSecrets)
	}
}

// sharersOf are the services that must have the same value, empty when a key is of one service alone. The first of them is where
// a value is decided: whoever wants to generate one does it there, and the others copy it.
func sharersOf(name string) []string {
	switch name {
	case serviceSecrets:
		return shop.Names()
	case secretKey, fallbacks:
		return []string{"user", "gateway"}
	default:
		return nil
	}
}

func find(service, name string) (key, error) {
	keys := keysOf(service)
	at := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if at < 0 {
		return key{}, fmt.Errorf("%s %s: %w", service, name, ErrUnknownKey)
	}
	return keys[at], nil
}

var errForm = errors.New("is not of the right form")

// check refuses what the process would refuse, and test keys in production. Its errors tell no part of the value.
func (v *Vault) check(name, value string) error {
	expect := func(ok bool, form string) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%s %w: expected %s", name, errForm, form)
	}
	if err := expect(value != "" && !strings.ContainsAny(value, "\r\n\x00") && strings.TrimSpace(value) == value, "one line of text without spaces around it"); err != nil {
		return err
	}
	switch name {
	case databaseURL:
		return expect(strings.HasPrefix(value, "postgres://"), "postgres://role:password@host:port/database")
	case serviceSecrets:
		return expect(eachIsLong(value, 16) && strings.Count(value, ",") < 2, "one or two comma-separated secrets of at least 16 characters")
	case secretKey:
		return expect(len(value) >= 32, "at least 32 characters")
	case fallbacks:
		return expect(eachIsLong(value, 32), "comma-separated keys of at least 32 characters")
	case stripeSecret:
		return v.checkStripe(name, value, "sk_", "rk_")
	case stripePublic:
		return v.checkStripe(name, value, "pk_")
	case stripeWebhook:
		return expect(eachStartsWith(value, "whsec_"), "whsec_..., or two of them with a comma between")
	default:
		return nil
	}
}

func (v *Vault) checkStripe(name, value string, prefixes ...string) error {
	for _, prefix := range prefixes {
		if strings.HasPrefix(value, prefix+"live_") {
			return nil
		}
		if strings.HasPrefix(value, prefix+"test_") {
			if v.TestKeys {
				return nil
			}
			return fmt.Errorf("%s: %w", name, ErrTestKey)
		}
	}
	return fmt.Errorf("%s %w: expected a key that begins with %slive_", name, errForm, strings.Join(prefixes, "live_ or "))
}

func eachIsLong(value string, least int) bool {
	for part := range strings.SplitSeq(value, ",") {
		if len(strings.TrimSpace(part)) < least {
			return false
		}
	}
	return true
}

func eachStartsWith(value, prefix string) bool {
	for part := range strings.SplitSeq(value, ",") {
		if !strings.HasPrefix(strings.TrimSpace(part), prefix) {
			return false
		}
	}
	return true
}
