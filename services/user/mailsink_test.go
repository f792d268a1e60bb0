package user_test

import (
	"bufio"
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// mailSink is a mail server that fails as told. It takes one mail per connection's DATA and forgets nothing.
type mailSink struct {
	listener net.Listener
	mu       sync.Mutex
	// failing says how to answer: "" goes on; "drop" closes the connection; "silence" lets wait; else the answer itself.
	// It may take its time, and is asked by several connections at once.
	failing  func(command string) string
	received []sunkMail
	open     sync.WaitGroup
}

type sunkMail struct {
	header     mail.Header
	recipients []string
	text, html string
	raw        string
}

func startMailSink(t *testing.T) *mailSink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return startMailSinkOn(t, listener)
}

func startMailSinkOn(t *testing.T, listener net.Listener) *mailSink {
	t.Helper()
	sink := &mailSink{listener: listener}
	sink.open.Go(sink.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		sink.open.Wait()
	})
	return sink
}

func (s *mailSink) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.open.Go(func() { s.converse(conn) })
	}
}

// fail sets how commands are answered: given "RCPT TO:<...>", "DATA" (before the content), "MID-CONTENT" (once a part of it is
// there), "CONTENT" (after it), "QUIT".
func (s *mailSink) fail(how func(command string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = how
}

func (s *mailSink) failure(command string) string {
	s.mu.Lock()
	failing := s.failing
	s.mu.Unlock()
	if failing == nil {
		return ""
	}
	return failing(command)
}

func (s *mailSink) mails() []sunkMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sunkMail(nil), s.received...)
}

func (s *mailSink) converse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 sink")
	var recipients []string
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb := strings.ToUpper(strings.SplitN(line, " ", 2)[0])
		if answer := s.failure(line); answer != "" {
			switch answer {
			case "drop":
				return
			case "silence":
			default:
				say(answer)
			}
			continue
		}
		switch verb {
		case "EHLO", "HELO":
			say("250-sink")
			say("250 8BITMIME")
		case "RCPT":
			recipients = append(recipients, line[strings.IndexByte(line, '<')+1:strings.IndexByte(line, '>')])
			say("250 ok")
		case "DATA":
			say("354 go on")
			if !s.content(reader, recipients, say) {
				return
			}
			recipients = nil
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *mailSink) content(reader *bufio.Reader, recipients []string, say func(string)) bool {
	var raw bytes.Buffer
	if _, err := reader.Peek(1); err != nil || s.failure("MID-CONTENT") == "drop" {
		return false
	}
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
	switch answer := s.failure("CONTENT"); answer {
	case "":
	case "drop":
		return false
	case "silence":
		return true
	default:
		say(answer)
		return true
	}
	s.mu.Lock()
	s.received = append(s.received, parseMail(raw.String(), recipients))
	s.mu.Unlock()
	say("250 taken")
	return true
}

func parseMail(raw string, recipients []string) sunkMail {
	parsed, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return sunkMail{raw: raw, recipients: recipients}
	}
	sunk := sunkMail{header: parsed.Header, raw: raw, recipients: recipients}
	kind, parameters, _ := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if !strings.HasPrefix(kind, "multipart/") {
		sunk.text = decode(parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
		return sunk
	}
	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return sunk
		}
		body := decode(part.Header.Get("Content-Transfer-Encoding"), part)
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			sunk.html = body
		} else {
			sunk.text = body
		}
	}
}

func decode(encoding string, body io.Reader) string {
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, _ := io.ReadAll(body)
	return string(text)
}
