package stripesandbox

import (
	"context"
	"net/http"
	"path"
	"strings"
	"time"
)

// fault is a failure that was asked for (POST /sandbox/fail): the next Times calls to Path go wrong.
type fault struct {
	ID     string        `json:"id"`
	Path   string        `json:"path"`             // a prefix, or with * a pattern of path.Match
	Method string        `json:"method,omitempty"` // empty: any
	Status int           `json:"status"`           // 0: the connection is cut; 200: only the delay
	Times  int           `json:"times"`
	Delay  time.Duration `json:"delay_ns,omitempty"`
	After  bool          `json:"after,omitempty"` // the call is carried out, only its answer is lost
}

// harmless is a fault with nothing but a delay.
const harmless = http.StatusOK

func (f fault) isBefore() bool { return f.ID != "" && f.Status != harmless && !f.After }

func (f fault) isAfter() bool { return f.ID != "" && f.Status != harmless && f.After }

func (f fault) matches(r *http.Request) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, r.Method) {
		return false
	}
	if strings.Contains(f.Path, "*") {
		fits, err := path.Match(f.Path, r.URL.Path)
		return err == nil && fits
	}
	return strings.HasPrefix(r.URL.Path, f.Path)
}

// wait holds the call for the delay of the fault; false when the caller has gone.
func (f fault) wait(ctx context.Context) bool {
	if f.Delay <= 0 {
		return true
	}
	timer := time.NewTimer(f.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (f fault) answer() answer {
	if f.Status == 0 {
		return answer{cut: true}
	}
	return refusal(errorOfStatus(f.Status))
}

// takeFault uses up one failure of the oldest rule that fits the request, if there is one. What it spoils is not kept
// under an idempotency key, except when it strikes after the call: then the kept answer is the call's own.
func (s *Sandbox) takeFault(r *http.Request) (fault, error) {
	var taken fault
	found := false
	s.state.journal.View(func() { _, found = s.findFault(r) })
	if !found {
		return fault{}, nil
	}
	err := s.state.journal.Update(func() error {
		if taken, found = s.findFault(r); !found {
			return nil
		}
		left := taken
		left.Times--
		if left.Times <= 0 {
			s.state.faults.Remove(left.ID)
			return nil
		}
		s.state.faults.Put(left.ID, left)
		return nil
	})
	return taken, err
}

func (s *Sandbox) findFault(r *http.Request) (fault, bool) {
	for _, rule := range s.state.faults.OldestFirst() {
		if rule.matches(r) {
			return rule, true
		}
	}
	return fault{}, false
}
