package mailbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"
)

// Modes of misbehaviour.
const (
	faultRefuse     = "refuse"
	faultSlow       = "slow"
	faultDisconnect = "disconnect"
)

// fault is a misbehaviour that was asked for (POST /sandbox/fail): it strikes the next Times mails.
//
//   - refuse: the mail is not taken, with the SMTP code Code.
//   - slow: the mail is kept, but the answer comes after Delay only. A sender that gives up before will send it again.
//   - disconnect: the connection ends without an answer; the mail is kept only when Stored.
type fault struct {
	ID     string        `json:"id"`
	Mode   string        `json:"mode"`
	Times  int           `json:"times"`
	Code   int           `json:"code,omitempty"`
	Delay  time.Duration `json:"delay_ns,omitempty"`
	Stored bool          `json:"stored,omitempty"`
}

// takeFault uses up one strike of the oldest misbehaviour; the zero fault when there is none.
func (m *Mailbox) takeFault() (fault, error) {
	var taken fault
	err := m.journal.Update(func() error {
		for id, oldest := range m.faults.OldestFirst() {
			taken = oldest
			left := oldest
			left.Times--
			if left.Times <= 0 {
				m.faults.Remove(id)
				return nil
			}
			m.faults.Put(id, left)
			return nil
		}
		return nil
	})
	return taken, err
}

func (f fault) refusal() error {
	if f.Mode != faultRefuse {
		return nil
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: smtp.EnhancedCode{f.Code / 100, 3, 0}, Message: "Refused on request"}
}

// wait is the delay of a slow answer; stopping cuts it short.
func (f fault) wait(stopping <-chan struct{}) {
	if f.Mode != faultSlow {
		return
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-stopping:
	}
}

// readFault reads mode, times (1), code (451, of refuse), delay (5s, of slow) and stored=true (of disconnect).
func readFault(field func(string) string) (fault, error) {
	asked := fault{ID: rand.Text(), Mode: field("mode"), Delay: 5 * time.Second, Stored: field("stored") == "true"}
	if asked.Mode != faultRefuse && asked.Mode != faultSlow && asked.Mode != faultDisconnect {
		return fault{}, errors.New("mode must be refuse, slow or disconnect")
	}
	var err error
	if asked.Times, err = readNumber(field("times"), 1, 1, 1_000_000); err != nil {
		return fault{}, fmt.Errorf("times: %w; DELETE /sandbox/fail ends all failures", err)
	}
	if asked.Code, err = readNumber(field("code"), 451, 400, 599); err != nil {
		return fault{}, fmt.Errorf("code: %w", err)
	}
	if text := field("delay"); text != "" {
		if asked.Delay, err = time.ParseDuration(text); err != nil || asked.Delay < 0 || asked.Delay > time.Hour {
			return fault{}, errors.New("delay must be a duration such as 2s")
		}
	}
	return asked, nil
}

func readNumber(text string, absent, lowest, highest int) (int, error) {
	if text == "" {
		return absent, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < lowest || number > highest {
		return 0, fmt.Errorf("expected a whole number from %d to %d", lowest, highest)
	}
	return number, nil
}

func (m *Mailbox) addFault(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "The form cannot be read.", http.StatusBadRequest)
		return
	}
	asked, err := readFault(r.Form.Get)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	err = m.journal.Update(func() error {
		m.faults.Put(asked.ID, asked)
		return nil
	})
	m.answer(w, err, asked)
}

func (m *Mailbox) showFaults(w http.ResponseWriter, _ *http.Request) {
	rows := []fault{}
	m.journal.View(func() {
		for _, stored := range m.faults.OldestFirst() {
			rows = append(rows, stored)
		}
	})
	m.answer(w, nil, rows)
}

func (m *Mailbox) removeFaults(w http.ResponseWriter, _ *http.Request) {
	err := m.journal.Update(func() error {
		m.faults.Clear()
		return nil
	})
	m.answer(w, err, []fault{})
}
