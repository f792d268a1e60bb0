package stripesandbox

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

func (s *Sandbox) showFaults(w http.ResponseWriter, _ *http.Request) {
	rows := []fault{}
	s.state.journal.View(func() {
		for _, stored := range s.state.faults.OldestFirst() {
			rows = append(rows, stored)
		}
	})
	writeJSON(w, http.StatusOK, rows)
}

// addFault makes the next calls to an address go wrong; readFault has the fields.
func (s *Sandbox) addFault(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	added, err := readFault(form.Get)
	if err != nil {
		refuse(w, err)
		return
	}
	err = s.state.journal.Update(func() error {
		s.state.faults.Put(added.ID, added)
		return nil
	})
	s.report(w, err, "", object{"id": added.ID, "path": added.Path, "status": added.Status, "times": added.Times})
}

// readFault reads path, status, times (1), method (any), delay (none) and after=true (the call is carried out first). With
// a delay alone the call only takes longer.
func readFault(field func(string) string) (fault, error) {
	added := fault{ID: newIdentifier("fail_", 10), Path: field("path"), Method: field("method"), After: field("after") == "true"}
	if _, err := path.Match(added.Path, ""); err != nil || !strings.HasPrefix(added.Path, "/v1") {
		return fault{}, errors.New("path must be a prefix of the API's addresses such as /v1/checkout/sessions, or a pattern with *")
	}
	var err error
	if text := field("delay"); text != "" {
		if added.Delay, err = parseWait(text); err != nil {
			return fault{}, err
		}
	}
	if added.Times, err = readCount(field("times"), 1); err != nil || added.Times == 0 {
		return fault{}, errors.New("times must be a whole number from 1; DELETE /sandbox/fail ends all failures")
	}
	if added.Status, err = readCount(field("status"), harmless); err != nil || !added.hasEffect() {
		return fault{}, errors.New("status must be from 400 to 599, or 0 to cut the connection; or give a delay")
	}
	return added, nil
}

// hasEffect tells whether the fault does anything that a caller notices.
func (f fault) hasEffect() bool {
	return f.Status == 0 || f.Status >= 400 && f.Status <= 599 || f.Status == harmless && f.Delay > 0
}

func readCount(text string, absent int) (int, error) {
	if text == "" {
		return absent, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 0 || count > 1_000_000 {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return count, nil
}

func (s *Sandbox) removeFaults(w http.ResponseWriter, _ *http.Request) {
	err := s.state.journal.Update(func() error {
		s.state.faults.Clear()
		return nil
	})
	s.report(w, err, "", object{"faults": 0})
}
