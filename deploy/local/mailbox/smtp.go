package mailbox

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

const (
	idleTimeout = time.Minute
	// stopPatience is how long mails that are just being taken may need when the mailbox stops.
	stopPatience = time.Second
)

// newServer is made with the mailbox and not when it begins to serve: go-smtp looks at os.Stderr then, which a test
// binary sets at a moment of its own.
func (m *Mailbox) newServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{mailbox: m, connection: c}, nil
	}))
	server.Domain = "localhost"
	server.MaxMessageBytes = largestMessage
	server.MaxRecipients = mostRecipients
	server.ReadTimeout, server.WriteTimeout = idleTimeout, idleTimeout
	server.EnableSMTPUTF8 = true
	server.ErrorLog = log.New(io.Discard, "", 0) // broken connections are the clients' matter, and lines may hold addresses
	return server
}

// ServeSMTP takes mails from the listener until ctx is done, and then closes it. It returns when no mail is being taken any
// more; nil when ctx ended it. Nobody has to log in, and there is no encryption: bind it to the loopback address. A mailbox
// serves once.
func (m *Mailbox) ServeSMTP(ctx context.Context, listener net.Listener) error {
	server, open := m.server, &openConnections{Listener: listener, connections: map[net.Conn]struct{}{}}
	stopWaits := context.AfterFunc(ctx, func() { close(m.stopping) })
	defer stopWaits()

	ended := make(chan error, 1)
	go func() { ended <- server.Serve(open) }()
	select {
	case err := <-ended:
		open.closeAll()
		return err
	case <-ctx.Done():
	}
	late := time.AfterFunc(stopPatience, open.closeAll)
	defer late.Stop()
	err := server.Shutdown(context.WithoutCancel(ctx)) // ends at the latest when all connections are closed
	return errors.Join(ignoreClosed(err), ignoreClosed(<-ended))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, smtp.ErrServerClosed) {
		return nil
	}
	return err
}

// openConnections is a listener that can end the connections it has accepted.
type openConnections struct {
	net.Listener

	mutex       sync.Mutex
	connections map[net.Conn]struct{}
}

// Accept waits for the next connection.
func (o *openConnections) Accept() (net.Conn, error) {
	accepted, err := o.Listener.Accept()
	if err != nil {
		return nil, err
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.connections[accepted] = struct{}{}
	return &openConnection{Conn: accepted, of: o}, nil
}

func (o *openConnections) closeAll() {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for connection := range o.connections {
		_ = connection.Close()
	}
}

// openConnection tells its listener when it is closed.
type openConnection struct {
	net.Conn

	of *openConnections
}

// Close ends the connection.
func (o *openConnection) Close() error {
	o.of.mutex.Lock()
	delete(o.of.connections, o.Conn)
	o.of.mutex.Unlock()
	return o.Conn.Close()
}

// session takes the mails of one connection, one after another.
type session struct {
	mailbox    *Mailbox
	connection *smtp.Conn
	sender     string
	recipients []string
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.sender = from
	return nil
}

// Rcpt adds a recipient; anybody will do.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return nil
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.sender, s.recipients = "", nil }

// Logout ends the session.
func (s *session) Logout() error { return nil }

// Data takes the mail. Answering with success means that it is on the disk.
func (s *session) Data(sent io.Reader) error {
	spoiled, err := s.mailbox.takeFault()
	if err != nil {
		return s.failed(err)
	}
	if refusal := spoiled.refusal(); refusal != nil {
		return refusal
	}
	arrived, err := parse(sent, s.recipients)
	if err != nil {
		return err
	}
	arrived.ID, arrived.Sender, arrived.Time = rand.Text(), s.sender, s.mailbox.options.Now().UTC()
	if arrived.From == "" {
		arrived.From = s.sender
	}
	if spoiled.Mode == faultDisconnect && !spoiled.Stored {
		return s.disconnect()
	}
	if err := s.mailbox.keep(arrived); err != nil {
		return s.failed(err)
	}
	if spoiled.Mode == faultDisconnect {
		return s.disconnect()
	}
	spoiled.wait(s.mailbox.stopping)
	return nil
}

func (s *session) disconnect() error {
	return errors.Join(errors.New("disconnected on request"), s.connection.Conn().Close())
}

func (s *session) failed(err error) error {
	s.mailbox.options.Logger.Error("the mailbox cannot keep its state", "error", err)
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The mailbox cannot keep the mail"}
}
