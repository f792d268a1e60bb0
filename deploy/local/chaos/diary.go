package chaos

import (
	"fmt"
	"slices"
	"sync"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// paid is a payment page on which a customer pressed the button and was taken on.
type paid struct {
	session, email string
	// shown is what the confirm page said before, minor units; unknown where a promotion of the payment page lowered it, or the
	// cart changed at that moment.
	shown int64
	// mayFail tells whether the money may never have come: a late payment that failed.
	mayFail bool
}

// unknown is no amount.
const unknown = -1

// diary is what the customers know of a run. Safe for concurrent use.
type diary struct {
	mutex  sync.Mutex
	paid   []paid
	counts map[string]int
	wrong  []string
}

func (d *diary) note(what string) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.counts == nil {
		d.counts = map[string]int{}
	}
	d.counts[what]++
}

func (d *diary) pay(payment paid) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.paid = append(d.paid, payment)
}

// hasPaid tells whether the customer was taken on from the session's page before.
func (d *diary) hasPaid(session string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return slices.ContainsFunc(d.paid, func(made paid) bool { return made.session == session })
}

// complain notes what must not be.
func (d *diary) complain(format string, values ...any) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.wrong = append(d.wrong, fmt.Sprintf(format, values...))
}

// payments are all that were made so far.
func (d *diary) payments() []paid {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return append([]paid{}, d.paid...)
}

// outcome words what became of an attempt, for the counts.
func outcome(err error) string {
	if code := shopper.CodeOf(err); code != "" {
		return "refused: " + code
	}
	return "given up"
}
