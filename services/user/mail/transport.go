package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

const transportExpected = "smtp://user:password@host:port (with ?tls=optional where the server has no TLS) or smtps://..., user and password optional, or ses://region like ses://us-east-1"

const tlsOptional = "tls=optional"

var awsRegion = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)

// Transport is the mail server that mails are handed to, as MAIL_TRANSPORT names it. It prints without its password.
type Transport struct {
	host     string
	port     int
	user     string
	password string
	tls      bool   // from the first byte (smtps); else by STARTTLS
	plain    bool   // STARTTLS only when the server offers it
	region   string // of SES; then all others are empty
}

// UnmarshalText reads smtp://user:password@host:port or ses://region. Without a port it is 587, for smtps 465. Mails carry
// codes that open accounts: a server that is not on this machine has to offer TLS, or somebody in between could take the
// offer away (RFC 3207 section 6). tls=optional does without.
func (t *Transport) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(string(text))
	if err != nil || parsed.Hostname() == "" || strings.Trim(parsed.Path, "/") != "" || parsed.Fragment != "" {
		return errors.New(transportExpected)
	}
	if parsed.RawQuery != "" && (parsed.Scheme != "smtp" || parsed.RawQuery != tlsOptional) {
		return errors.New(transportExpected)
	}
	switch parsed.Scheme {
	case "smtp":
		return t.readSMTP(parsed, "587")
	case "smtps":
		return t.readSMTP(parsed, "465")
	case "ses":
		return t.readSES(parsed)
	}
	return errors.New(transportExpected)
}

func (t *Transport) readSMTP(parsed *url.URL, port string) error {
	number, err := strconv.Atoi(orElse(parsed.Port(), port))
	if err != nil || number < 1 || number > 65535 {
		return errors.New(transportExpected)
	}
	*t = Transport{host: parsed.Hostname(), port: number, user: parsed.User.Username(), tls: parsed.Scheme == "smtps"}
	t.plain = parsed.RawQuery == tlsOptional || isThisMachine(t.host)
	t.password, _ = parsed.User.Password()
	return nil
}

func isThisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// tlsPolicy is how STARTTLS is used.
func (t Transport) tlsPolicy() gomail.TLSPolicy {
	if t.plain {
		return gomail.TLSOpportunistic
	}
	return gomail.TLSMandatory
}

func (t *Transport) readSES(parsed *url.URL) error {
	if !awsRegion.MatchString(parsed.Host) || parsed.User != nil {
		return errors.New(transportExpected)
	}
	*t = Transport{region: parsed.Host}
	return nil
}

// Expects says what text a variable of this type takes.
func (Transport) Expects() string { return transportExpected }

// String names the server without user and password.
func (t Transport) String() string {
	if t.region != "" {
		return "ses " + t.region
	}
	return net.JoinHostPort(t.host, strconv.Itoa(t.port))
}

// GoString is String, so that %#v shows no password either.
func (t Transport) GoString() string { return t.String() }

// Open makes what hands mails to the server, without connecting. ctx bounds the reading of AWS's configuration, which
// happens for SES alone. An error is about settings.
func (t Transport) Open(ctx context.Context) (Courier, error) {
	if t.region != "" {
		return openSES(ctx, t.region)
	}
	return openSMTP(t)
}

// Courier hands mails to a mail server. Safe for concurrent use.
type Courier interface {
	// deliver hands one message over. Right before the server could take it, it calls handOver, whose error ends the
	// delivery and is given back. Every other error is a *deliveryError.
	deliver(ctx context.Context, message *gomail.Msg, handOver func(context.Context) error) (receipt, error)
}

// receipt is what is left to say about a mail that the server has taken.
type receipt struct {
	copiesRefused int // how many Bcc recipients the server did not want
}

// deliveryError is a mail that the server did not take, as far as one can tell. Its text goes into logs and names nobody;
// detail, which may quote the server, goes into the database alone.
type deliveryError struct {
	answer    string // the server's code, "" when it did not come to that
	permanent bool   // trying again is of no use
	// unanswered: the server had all of it and fell silent. It may well be at work on it, so that trying again could
	// send one copy after the other.
	unanswered bool
	detail     string
}

func (e *deliveryError) Error() string {
	switch {
	case e.unanswered:
		return "mail server got the mail and did not answer"
	case e.answer == "":
		return "mail server not reached, or it did not finish"
	}
	return fmt.Sprintf("mail server answered %s", e.answer)
}
