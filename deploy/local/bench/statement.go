package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"strings"
	"sync"
)

// statements counts what the services ask of PostgreSQL, on the way there: a proxy that reads the messages of the
// frontend (PostgreSQL's protocol 3.0, chapter "Message Formats"). It needs no extension and no setting of the server, and
// knows who asked; but it costs time, so that nothing else is measured through it.
type statements struct {
	listener net.Listener
	server   string
	lines    sync.WaitGroup

	mutex sync.Mutex
	// counts are executions by role and text.
	counts map[asked]int
	open   map[net.Conn]struct{}
}

type asked struct{ role, text string }

const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	// longestMessage is what a service may send at once; more is no statement.
	longestMessage = 16 << 20
)

// countStatements listens for connections to the server of adminURL and gives the URL that leads through it.
func countStatements(adminURL string) (*statements, string, error) {
	parsed, err := url.Parse(adminURL)
	if err != nil {
		return nil, "", errors.New("the administrator's address is no URL")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	port := parsed.Port()
	if port == "" {
		port = "5432"
	}
	proxy := &statements{
		listener: listener, server: net.JoinHostPort(parsed.Hostname(), port), counts: map[asked]int{}, open: map[net.Conn]struct{}{},
	}
	parsed.Host = listener.Addr().String()
	settings := parsed.Query()
	settings.Set("sslmode", "disable") // what is encrypted cannot be counted
	parsed.RawQuery = settings.Encode()
	proxy.lines.Go(proxy.accept)
	return proxy, parsed.String(), nil
}

// close ends all connections and waits for them.
func (s *statements) close() {
	_ = s.listener.Close()
	s.mutex.Lock()
	for line := range s.open {
		_ = line.Close()
	}
	s.mutex.Unlock()
	s.lines.Wait()
}

// now is a copy of the counts.
func (s *statements) now() map[asked]int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return maps.Clone(s.counts)
}

func (s *statements) accept() {
	for {
		client, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.lines.Go(func() { s.serve(client) })
	}
}

func (s *statements) serve(client net.Conn) {
	server, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", s.server)
	if err != nil {
		_ = client.Close()
		return
	}
	s.keep(client, server)
	defer s.drop(client, server)
	var answers sync.WaitGroup
	answers.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	line := &line{proxy: s, texts: map[string]string{}, portals: map[string]string{}}
	_ = line.forward(bufio.NewReader(client), server) // it ends when either side has had enough
	_ = server.Close()
	answers.Wait()
}

func (s *statements) keep(lines ...net.Conn) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, line := range lines {
		s.open[line] = struct{}{}
	}
}

func (s *statements) drop(lines ...net.Conn) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, line := range lines {
		_ = line.Close()
		delete(s.open, line)
	}
}

func (s *statements) count(role, text string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.counts[asked{role, strings.Join(strings.Fields(text), " ")}]++
}

// line is one connection: which texts were prepared under which names, and bound to which portals.
type line struct {
	proxy          *statements
	role           string
	texts, portals map[string]string
}

func (l *line) forward(client *bufio.Reader, server io.Writer) error {
	if err := l.begin(client, server); err != nil {
		return err
	}
	header := make([]byte, 5)
	for {
		if _, err := io.ReadFull(client, header); err != nil {
			return err
		}
		body, err := readBody(client, header[1:])
		if err != nil {
			return err
		}
		l.look(header[0], body)
		if _, err := server.Write(append(append([]byte{}, header...), body...)); err != nil {
			return err
		}
	}
}

// begin passes the first message on, which has no letter.
func (l *line) begin(client io.Reader, server io.Writer) error {
	length := make([]byte, 4)
	if _, err := io.ReadFull(client, length); err != nil {
		return err
	}
	body, err := readBody(client, length)
	if err != nil || len(body) < 4 {
		return errors.Join(err, io.ErrUnexpectedEOF)
	}
	if code := binary.BigEndian.Uint32(body); code == cancelRequest || code == sslRequest {
		_, err := server.Write(append(length, body...))
		return errors.Join(err, io.EOF)
	}
	parameters := strings.Split(string(body[4:]), "\x00")
	for i := 0; i+1 < len(parameters); i += 2 {
		if parameters[i] == "user" {
			l.role = parameters[i+1]
		}
	}
	_, err = server.Write(append(length, body...))
	return err
}

func readBody(from io.Reader, length []byte) ([]byte, error) {
	size := int64(binary.BigEndian.Uint32(length)) - 4
	if size < 0 || size > longestMessage {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	body := make([]byte, size)
	_, err := io.ReadFull(from, body)
	return body, err
}

// look notes what a message means for the count: Parse, Bind, Execute, and Query, which is all three.
func (l *line) look(letter byte, body []byte) {
	first, rest, _ := strings.Cut(string(body), "\x00")
	second, _, _ := strings.Cut(rest, "\x00")
	switch letter {
	case 'P':
		l.texts[first] = second
	case 'B':
		l.portals[first] = l.texts[second]
	case 'E':
		l.proxy.count(l.role, l.portals[first])
	case 'Q':
		l.proxy.count(l.role, first)
	}
}
