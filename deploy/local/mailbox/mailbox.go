// Package mailbox is where all mail of the local stack ends: it takes everything over SMTP, keeps it, and shows it as JSON
// for tests and as pages for people. It sends nothing on, and removes no duplicates: tests count what arrives.
//
// smtp.go takes mails, parse.go reads them, web.go shows them, fault.go makes the mailbox misbehave on request.
package mailbox

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/bartgottschalk/startupwebapp/deploy/local/journal"
)

// Bounds of what is taken and kept; the oldest mails go first.
const (
	largestMessage = 10 << 20  // bytes of one mail as sent
	keptMessages   = 5000      // mails
	keptBytes      = 128 << 20 // of all mails together, roughly
	keptFaults     = 50
	mostRecipients = 100
)

// Options configure a Mailbox. StateDir is required.
type Options struct {
	StateDir string           // directory of the state file; made when missing
	Now      func() time.Time // clock; time.Now when nil
	Logger   *slog.Logger     // discards when nil
}

// Message is one mail as it is shown. Times are UTC; line ends of Text and HTML are "\n".
type Message struct {
	ID          string              `json:"id"`
	From        string              `json:"from"`
	To          []string            `json:"to"` // "address" or "Name <address>", as Cc and ReplyTo too
	Cc          []string            `json:"cc"`
	Bcc         []string            `json:"bcc"` // envelope recipients that are in neither To nor Cc
	ReplyTo     string              `json:"reply_to"`
	Subject     string              `json:"subject"`
	Text        string              `json:"text"`
	HTML        string              `json:"html"`
	Time        time.Time           `json:"time"` // of arrival
	MessageID   string              `json:"message_id"`
	Sender      string              `json:"envelope_from"`
	Attachments []Attachment        `json:"attachments"`
	Headers     map[string][]string `json:"headers"`
}

// Attachment names a part of a mail that is not shown; its content is not kept.
type Attachment struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"` // bytes, decoded
}

// size is roughly what a mail takes.
func (m Message) size() int { return len(m.Text) + len(m.HTML) + len(m.Subject) + 1000 }

// Mailbox keeps the mails. Safe for concurrent use.
type Mailbox struct {
	options  Options
	journal  *journal.Journal
	messages *journal.Table[Message]
	faults   *journal.Table[fault]
	bytes    int // of all messages, guarded by the journal's lock like the tables
	pages    pages
	server   *smtp.Server
	stopping chan struct{} // closed when the mailbox stops: waits end
}

//go:embed list.html
var listSource string

//go:embed message.html
var messageSource string

// pages are the templates of what people see.
type pages struct {
	list    *template.Template
	message *template.Template
}

// New opens the mails in options.StateDir, or starts with none.
func New(options Options) (*Mailbox, error) {
	if options.StateDir == "" {
		return nil, errors.New("mailbox: StateDir is required")
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	j := journal.New(filepath.Join(options.StateDir, "mailbox.jsonl"))
	m := &Mailbox{
		options: options, journal: j, pages: pages, stopping: make(chan struct{}),
		messages: journal.AddTable[Message](j, "message", keptMessages),
		faults:   journal.AddTable[fault](j, "fault", keptFaults),
	}
	m.server = m.newServer()
	if err := j.Load(); err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	for _, stored := range m.messages.OldestFirst() {
		m.bytes += stored.size()
	}
	return m, nil
}

func parsePages() (pages, error) {
	list, err := template.New("list").Parse(listSource)
	if err != nil {
		return pages{}, err
	}
	message, err := template.New("message").Parse(messageSource)
	return pages{list: list, message: message}, err
}

// Close closes the state file. Call it after ServeSMTP has returned and the handler serves no more.
func (m *Mailbox) Close() error { return m.journal.Close() }

// keep stores a mail and returns when it is on the disk.
func (m *Mailbox) keep(arrived Message) error {
	return m.journal.Update(func() error {
		for key, oldest := range m.messages.OldestFirst() {
			if m.messages.Len() < keptMessages && m.bytes+arrived.size() <= keptBytes {
				break
			}
			m.messages.Remove(key)
			m.bytes -= oldest.size()
		}
		m.messages.Put(arrived.ID, arrived)
		m.bytes += arrived.size()
		return nil
	})
}

// newestFirst lists all mails.
func (m *Mailbox) newestFirst() []Message {
	found := []Message{}
	m.journal.View(func() {
		for _, stored := range m.messages.NewestFirst() {
			found = append(found, stored)
		}
	})
	return found
}

func (m *Mailbox) find(id string) (Message, bool) {
	var found Message
	var known bool
	m.journal.View(func() { found, known = m.messages.Get(id) })
	return found, known
}

func (m *Mailbox) clear() error {
	return m.journal.Update(func() error {
		m.messages.Clear()
		m.bytes = 0
		return nil
	})
}
