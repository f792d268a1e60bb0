package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// How long a mail server may take; together they stay under the time limit of a job (sendLimit).
const (
	greetLimit   = 12 * time.Second // connecting, TLS, greeting and login
	contentLimit = 12 * time.Second // sender, recipients and content
	answerLimit  = 14 * time.Second // the answer to the whole content
	// lastWords is what is left for that answer once the process has to end.
	lastWords = 4 * time.Second
	quitLimit = time.Second
)

// smtpCourier speaks SMTP, one connection per mail.
type smtpCourier struct{ server Transport }

func openSMTP(server Transport) (smtpCourier, error) {
	courier := smtpCourier{server}
	_, err := courier.client(&line{server: server}) // says now what is wrong with the settings
	return courier, err
}

// client makes a client that dials line. A password never travels in the clear: where the server offers no TLS, only
// challenge-response methods are used.
func (c smtpCourier) client(line *line) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(c.server.port), gomail.WithTimeout(greetLimit), gomail.WithTLSPolicy(c.server.tlsPolicy()),
		gomail.WithDialContextFunc(line.dial),
	}
	if c.server.user != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.server.user), gomail.WithPassword(c.server.password))
	}
	client, err := gomail.NewClient(c.server.host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail transport: %w", err)
	}
	return client, nil
}

func (c smtpCourier) deliver(ctx context.Context, message *gomail.Msg, handOver func(context.Context) error) (receipt, error) {
	line := &line{server: c.server}
	defer line.cut() // the library leaves connections open that break off
	session, err := c.greet(ctx, line)
	if err != nil {
		return receipt{}, &deliveryError{detail: err.Error()}
	}
	if err := handOver(ctx); err != nil {
		line.leave(session)
		return receipt{}, err
	}
	exchange := exchange{line: line, session: session, message: message}
	return exchange.run(ctx)
}

// greet connects and logs in.
func (c smtpCourier) greet(ctx context.Context, line *line) (*smtp.Client, error) {
	greeting, cancel := context.WithTimeout(ctx, greetLimit)
	defer cancel()
	client, err := c.client(line)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(greeting, line.cut)
	defer stop()
	return client.DialToSMTPClientWithContext(greeting)
}

// exchange is the handing over of one message. The library's own would finish a content that broke off half-way by its
// QUIT, would give the mail up when only a copy is refused, and cannot be interrupted.
type exchange struct {
	line    *line
	session *smtp.Client
	message *gomail.Msg
	receipt receipt
}

func (e *exchange) run(ctx context.Context) (receipt, error) {
	content, err := e.send(ctx)
	if err != nil {
		return receipt{}, e.refused(err)
	}
	// With the final dot the mail is the server's, and ending now would leave open whether it has it.
	e.line.allow(answerLimit)
	stop := context.AfterFunc(ctx, func() { e.line.allow(lastWords) })
	defer stop()
	err = content.Close()
	if err == nil {
		e.line.leave(e.session)
		return e.receipt, nil
	}
	if isTimeout(err) {
		return receipt{}, &deliveryError{unanswered: true, detail: err.Error()}
	}
	return receipt{}, e.refused(aboutMessage(err))
}

// send says everything but the final dot. It is cut off when ctx is done: what is not finished the server forgets.
func (e *exchange) send(ctx context.Context) (io.Closer, error) {
	sending, cancel := context.WithTimeout(ctx, contentLimit)
	defer cancel()
	stop := context.AfterFunc(sending, e.line.cut)
	defer stop()
	e.line.allow(contentLimit)
	if err := e.envelope(); err != nil {
		return nil, err
	}
	content, err := e.session.Data()
	if err != nil {
		return nil, aboutMessage(err)
	}
	if _, err := e.message.WriteTo(content); err != nil {
		e.line.cut() // whatever is said next would finish the content
		return nil, err
	}
	if !stop() {
		return nil, context.Cause(sending)
	}
	return content, nil
}

// envelope names sender and recipients. A refused copy keeps nobody from the mail itself.
func (e *exchange) envelope() error {
	for _, from := range e.message.GetFrom() {
		if err := e.session.Mail(bare(from)); err != nil {
			return err
		}
	}
	for _, to := range e.message.GetTo() {
		if err := e.session.Rcpt(bare(to)); err != nil {
			return aboutMessage(err)
		}
	}
	for _, bcc := range e.message.GetBcc() {
		err := e.session.Rcpt(bare(bcc))
		if err != nil && answerOf(err) == 0 {
			return err
		}
		if err != nil {
			e.receipt.copiesRefused++
		}
	}
	return nil
}

// bare is <local@domain>, without the name.
func bare(address *mail.Address) string { return (&mail.Address{Address: address.Address}).String() }

// messageError is an answer about this one message: its recipient or its content. A refused sender or login is for the
// operator to repair, and the mail goes out afterwards.
type messageError struct{ error }

func (e messageError) Unwrap() error { return e.error }

func aboutMessage(err error) error { return messageError{err} }

// refused makes the error of a delivery, and takes leave of a server that still listens.
func (e *exchange) refused(err error) *deliveryError {
	refusal := &deliveryError{detail: err.Error()}
	code := answerOf(err)
	if code == 0 {
		return refusal
	}
	e.line.leave(e.session)
	var message messageError
	refusal.answer, refusal.permanent = strconv.Itoa(code), code >= 500 && errors.As(err, &message)
	return refusal
}

// answerOf is the SMTP code in an error, 0 when the server did not answer.
func answerOf(err error) int {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return 0
	}
	return answer.Code
}

func isTimeout(err error) bool {
	var late net.Error
	return errors.As(err, &late) && late.Timeout()
}

// line is the connection of one mail. It can be cut from beside, at any moment.
type line struct {
	server Transport
	mu     sync.Mutex
	made   net.Conn
	isCut  bool
}

// dial connects, for smtps with TLS from the first byte. The library sees by the type of the connection that a password
// is safe on it.
func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	made, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if !l.keep(made) {
		return nil, net.ErrClosed
	}
	if !l.server.tls {
		return made, nil
	}
	secured := tls.Client(made, &tls.Config{ServerName: l.server.host, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secured, nil
}

func (l *line) keep(made net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.isCut {
		_ = made.Close()
		return false
	}
	l.made = made
	return true
}

// cut closes the connection; again changes nothing.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	if l.made != nil {
		_ = l.made.Close() // after a good end it is closed already
	}
}

// allow gives the server that long from now on.
func (l *line) allow(limit time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.made != nil {
		_ = l.made.SetDeadline(time.Now().Add(limit)) // fails on a closed connection, which the next step will say
	}
}

// leave says goodbye, as long as the server is quick about it.
func (l *line) leave(session *smtp.Client) {
	l.allow(quitLimit)
	_ = session.Quit()
}
