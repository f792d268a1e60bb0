package gateway

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
)

// Config is what the environment says about the edge (README.md of this module lists it; so does --help).
type Config struct {
	Addr             string            `env:"API_ADDR" envDefault:"127.0.0.1:8000" help:"where the API listens" expects:"host:port"`
	SiteOrigin       config.Origin     `env:"SITE_ORIGIN" envDefault:"http://localhost:8080" help:"origin of the pages"`
	AllowedOrigins   Origins           `env:"ALLOWED_ORIGINS" help:"origins whose pages may call (CORS and CSRF); the API's own never gets CORS headers; unset: SITE_ORIGIN"`
	AllowedHosts     config.List       `env:"ALLOWED_HOSTS" envDefault:"localhost,127.0.0.1,[::1]" help:"host names that are answered, with any port; .example.com means all names under it too"`
	CookieDomain     Domain            `env:"COOKIE_DOMAIN" help:"Domain of all cookies; unset: only the API's host gets them"`
	CookieSecure     *bool             `env:"COOKIE_SECURE" help:"cookies travel over https alone; unset: when SITE_ORIGIN is https" expects:"true or false"`
	HTTPSRedirect    bool              `env:"HTTPS_REDIRECT" envDefault:"false" help:"redirect what came over plain http, by X-Forwarded-Proto; not /healthz, /livez and /order/products" expects:"true or false"`
	TrustedProxyHops uint8             `env:"TRUSTED_PROXY_HOPS" envDefault:"0" help:"0: the peer is the client; n: the n-th X-Forwarded-For entry from the right is" expects:"a small number"`
	SecretKey        config.SecretKey  `env:"SECRET_KEY,required" help:"signs cookies"`
	SecretFallbacks  config.SecretKeys `env:"SECRET_KEY_FALLBACKS" help:"former SECRET_KEYs whose signatures are still accepted"`
	PublishableKey   string            `env:"STRIPE_PUBLISHABLE_KEY,required" help:"public Stripe key that pages are handed" expects:"the key that belongs to STRIPE_SECRET_KEY, pk_..."`
	UserAddr         string            `env:"USER_ADDR,required" help:"the user service" expects:"a gRPC target like dns:///user.internal:9090"`
	OrderAddr        string            `env:"ORDER_ADDR,required" help:"the order service" expects:"a gRPC target"`
	PaymentAddr      string            `env:"PAYMENT_ADDR,required" help:"the payment service" expects:"a gRPC target"`
	ClientEventAddr  string            `env:"CLIENTEVENT_ADDR,required" help:"the clientevent service" expects:"a gRPC target"`
	Secrets          config.Secrets    `env:"SERVICE_SECRETS,required" help:"shared by the services: the first is sent"`
	RequestDeadline  time.Duration     `env:"REQUEST_DEADLINE" envDefault:"10s" help:"how long one request may take" expects:"a duration of at most 25s, like 10s"`
	DrainDelay       time.Duration     `env:"DRAIN_DELAY" envDefault:"0s" help:"how long it goes on serving as not ready before it stops to accept, at shutdown" expects:"a duration like 5s"`
	DrainTimeout     time.Duration     `env:"DRAIN_TIMEOUT" envDefault:"20s" help:"how long requests under way may take to finish at shutdown" expects:"a duration like 20s"`
}

// longestDeadline: the order service gives the key of an unfinished request to the next one after 30 s (its idempotency
// room); until then a request has ended and its answer is kept, for which guards take 3 s at most.
const longestDeadline = 25 * time.Second

var errDeadline = errors.New("REQUEST_DEADLINE is not valid: expected a duration of at most 25s, like 10s")

// check refuses what has the right type and still makes no sense.
func (c Config) check() error {
	if c.RequestDeadline <= 0 || c.RequestDeadline > longestDeadline {
		return errDeadline
	}
	return nil
}

func (c Config) allowedOrigins() []string {
	if len(c.AllowedOrigins) == 0 {
		return []string{string(c.SiteOrigin)}
	}
	return c.AllowedOrigins
}

func (c Config) cookieSecure() bool {
	if c.CookieSecure != nil {
		return *c.CookieSecure
	}
	return strings.HasPrefix(string(c.SiteOrigin), "https://")
}

// behindProxy: X-Forwarded-Proto means something only where a proxy writes it.
func (c Config) behindProxy() bool { return c.TrustedProxyHops > 0 || c.HTTPSRedirect }

// Origins are several, comma-separated.
type Origins []string

// UnmarshalText reads the origins.
func (o *Origins) UnmarshalText(text []byte) error {
	var list config.List
	if err := list.UnmarshalText(text); err != nil {
		return err
	}
	read := make(Origins, 0, len(list))
	for _, entry := range list {
		var one config.Origin
		if err := one.UnmarshalText([]byte(entry)); err != nil {
			return err
		}
		read = append(read, string(one))
	}
	*o = read
	return nil
}

// Expects says what text a variable of this type takes.
func (Origins) Expects() string { return "comma-separated origins like https://shop.example" }

var domainPattern = regexp.MustCompile(`^\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)

// Domain is a name for the Domain attribute of cookies.
type Domain string

// UnmarshalText reads a domain, with or without a leading dot.
func (d *Domain) UnmarshalText(text []byte) error {
	if !domainPattern.Match(text) {
		return errors.New(d.Expects())
	}
	*d = Domain(text)
	return nil
}

// Expects says what text a variable of this type takes.
func (Domain) Expects() string { return "a domain like .shop.example" }
