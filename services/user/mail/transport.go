package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// exchangeLimit holds for connecting, for greeting and for sending alike; together they stay under the time limit of a job.
const exchangeLimit = 8 * time.Second

const transportExpected = "smtp://user:password@host:port or smtps://..., user and password optional (ses:// is not supported yet)"

// Transport is the mail server that mails are handed to, as MAIL_TRANSPORT names it. It prints without its password.
type Transport struct {
	host     string
	port     int
	user     string
	password string
	tls      bool // from the first byte (smtps); else STARTTLS is used when the server offers it
}

// UnmarshalText reads smtp://user:password@host:port. Without a port it is 587, for smtps 465.
func (t *Transport) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(string(text))
	if err != nil || parsed.Hostname() == "" || strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New(transportExpected)
	}
	read := Transport{host: parsed.Hostname(), user: parsed.User.Username(), tls: parsed.Scheme == "smtps"}
	read.password, _ = parsed.User.Password()
	port := parsed.Port()
	switch {
	case parsed.Scheme != "smtp" && parsed.Scheme != "smtps":
		return errors.New(transportExpected)
	case port == "" && read.tls:
		port = "465"
	case port == "":
		port = "587"
	}
	if read.port, err = strconv.Atoi(port); err != nil || read.port < 1 || read.port > 65535 {
		return errors.New(transportExpected)
	}
	*t = read
	return nil
}

// Expects says what text a variable of this type takes.
func (Transport) Expects() string { return transportExpected }

// String names the server without user and password.
func (t Transport) String() string { return fmt.Sprintf("%s:%d", t.host, t.port) }

// GoString is String, so that %#v shows no password either.
func (t Transport) GoString() string { return t.String() }

// client makes a client of the mail server that dials with dial; connections are made per mail. A password never travels
// in the clear: where the server offers no TLS, only challenge-response methods are used.
func (t Transport) client(dial gomail.DialContextFunc) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(t.port), gomail.WithTimeout(exchangeLimit), gomail.WithTLSPolicy(gomail.TLSOpportunistic), gomail.WithoutNoop(),
	}
	if t.tls {
		options = append(options, gomail.WithSSL()) // with its own dialling, or it would not know that passwords are safe
	} else {
		options = append(options, gomail.WithDialContextFunc(dial))
	}
	if t.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(t.user), gomail.WithPassword(t.password))
	}
	client, err := gomail.NewClient(t.host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail transport: %w", err)
	}
	return client, nil
}

// deliveryError is a mail that the server did not take. Its text goes into logs and names nobody; detail, which may quote
// the server, goes into the database alone.
type deliveryError struct {
	code      int // of SMTP, 0 when it did not come to that
	permanent bool
	detail    string
}

func (e *deliveryError) Error() string {
	if e.code == 0 {
		return "mail server not reached, or it did not finish"
	}
	return fmt.Sprintf("mail server answered %d", e.code)
}

// deliver hands one message to the mail server. The error is a *deliveryError.
func (t Transport) deliver(ctx context.Context, message *gomail.Msg) error {
	var line connection
	defer line.close() // the library leaves connections open that break off
	client, err := t.client(line.dial)
	if err != nil {
		return &deliveryError{detail: err.Error()}
	}
	err = client.DialAndSendWithContext(ctx, message)
	if err == nil || message.IsDelivered() {
		return nil // what fails after the server has taken the mail must not send it again
	}
	return refused(err)
}

// connection remembers the connection of one mail.
type connection struct{ made net.Conn }

func (c *connection) dial(ctx context.Context, network, address string) (net.Conn, error) {
	made, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.made = made
	return made, nil
}

func (c *connection) close() {
	if c.made != nil {
		_ = c.made.Close() // after a good end it is closed already
	}
}

// refused calls an answer permanent when it is about this message: recipient or content. A refused sender or login is for
// the operator to repair, and the mail goes out afterwards.
func refused(err error) *deliveryError {
	refusal := &deliveryError{detail: err.Error()}
	var answer *gomail.SendError
	if !errors.As(err, &answer) {
		return refusal
	}
	refusal.code = answer.ErrorCode()
	aboutMessage := []gomail.SendErrReason{gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose}
	refusal.permanent = refusal.code >= 500 && slices.Contains(aboutMessage, answer.Reason)
	return refusal
}
