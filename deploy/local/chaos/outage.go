package chaos

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// outage is a time in which something did not work because we broke it.
type outage struct {
	// program that was killed or lost its connections; address of the gateway when it was one.
	program, address, what string
	from, until            time.Time
}

// moment is how long after a kill calls that were under way may still fail: their answers are on the way.
const moment = time.Second

// excuses tells whether a request from began to ended may have failed because of the outage.
// No answer at all is the gateway's own doing, whatever else fails.
func (o outage) excuses(answer shopper.Answer) bool {
	if !o.concerns(answer) || answer.Status == 0 && o.program != "gateway" {
		return false
	}
	return answer.Began.Before(o.until.Add(moment)) && answer.Ended.After(o.from)
}

// concerns tells whether a request needs the program: the gateway that was asked, or a service behind that path.
func (o outage) concerns(answer shopper.Answer) bool {
	switch o.program {
	case "gateway":
		return strings.Contains(answer.API, portOf(o.address))
	case "order", "user":
		return strings.HasPrefix(answer.Path, "/order") || strings.HasPrefix(answer.Path, "/user")
	case "payment":
		return strings.HasPrefix(answer.Path, "/order")
	default:
		return strings.HasPrefix(answer.Path, "/clientevent")
	}
}

func portOf(address string) string { return address[strings.LastIndex(address, ":"):] }

// record is what happened in a run besides purchases: outages, and answers that are no outcome. Safe for concurrent use.
type record struct {
	mutex    sync.Mutex
	outages  []outage
	troubles []shopper.Answer
	answers  int
	faults   map[string]int
}

// watch notes answers of the API.
func (r *record) watch(answer shopper.Answer) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.answers++
	if answer.Err != nil || answer.Status != http.StatusOK {
		r.troubles = append(r.troubles, answer)
	}
}

func (r *record) broke(broken outage) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.outages = append(r.outages, broken)
}

func (r *record) did(fault string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.faults == nil {
		r.faults = map[string]int{}
	}
	r.faults[fault]++
}

// judge counts the answers that were no outcome by what excuses them, and names those that nothing does.
func (r *record) judge() (excused map[string]int, wrong []string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	excused = map[string]int{}
	for _, answer := range r.troubles {
		if excuse := r.excuse(answer); excuse != "" {
			excused[excuse]++
			continue
		}
		failure := fmt.Sprintf("status %d: %.120s", answer.Status, answer.Body)
		if answer.Err != nil {
			failure = answer.Err.Error()
		}
		wrong = append(wrong, fmt.Sprintf("%s %s%s at %s, after %s, excused by no outage: %s", answer.Method, answer.API, answer.Path,
			answer.Began.UTC().Format("15:04:05.000"), answer.Ended.Sub(answer.Began).Round(time.Millisecond), failure))
	}
	return excused, wrong
}

func (r *record) excuse(answer shopper.Answer) string {
	if answer.Status == http.StatusConflict {
		return "status 409, the first request under its key is still under way"
	}
	kind := "no answer"
	if answer.Status != 0 {
		kind = fmt.Sprint("status ", answer.Status)
	}
	for _, broken := range r.outages {
		if broken.excuses(answer) {
			return kind + ", " + broken.what
		}
	}
	return ""
}
