package stripesandbox

import (
	"slices"
	"time"
)

// index is what must be found without walking through the tables. It is made anew from them at every start.
type index struct {
	byIntent map[string]string // session by payment intent, and by charge
	byCharge map[string]string

	// What time may change: open sessions and late payments, each with the moment when it does. No moment is earlier
	// than `earliest`, so most calls need not look at them at all.
	unfinished map[string]time.Time
	earliest   time.Time

	// Events with deliveries to make, each with the moment of the next; and those that reverse mode holds back.
	undelivered map[string]time.Time
	held        map[string]struct{}
	lastEvent   int64
}

func newIndex() index {
	return index{
		byIntent: map[string]string{}, byCharge: map[string]string{}, unfinished: map[string]time.Time{}, earliest: never(),
		undelivered: map[string]time.Time{}, held: map[string]struct{}{},
	}
}

// never is later than all that happens.
func never() time.Time { return time.Unix(1<<40, 0) }

func (i *index) addSession(changed session) {
	if changed.Payment != nil {
		i.byIntent[changed.Payment.IntentID] = changed.ID
		i.byCharge[changed.Payment.ChargeID] = changed.ID
	}
	due, unfinished := changed.changesAt()
	if !unfinished {
		delete(i.unfinished, changed.ID)
		return
	}
	i.unfinished[changed.ID] = due
	i.earliest = earlier(i.earliest, due)
}

func (i *index) dropSession(gone session) {
	delete(i.unfinished, gone.ID)
	if gone.Payment != nil {
		delete(i.byIntent, gone.Payment.IntentID)
		delete(i.byCharge, gone.Payment.ChargeID)
	}
}

// dueSessions are those that time changes by now. After it, `earliest` is exact again.
func (i *index) dueSessions(now time.Time) []string {
	if now.Before(i.earliest) {
		return nil
	}
	var due []string
	i.earliest = never()
	for id, at := range i.unfinished {
		if now.Before(at) {
			i.earliest = earlier(i.earliest, at)
			continue
		}
		due = append(due, id)
	}
	return due
}

func (i *index) addEvent(changed event) {
	i.dropEvent(changed.ID)
	i.lastEvent = max(i.lastEvent, changed.Number)
	for _, way := range changed.Deliveries {
		switch way.State {
		case deliveryHeld:
			i.held[changed.ID] = struct{}{}
		case deliveryPending:
			next, known := i.undelivered[changed.ID]
			if !known {
				next = never()
			}
			i.undelivered[changed.ID] = earlier(next, way.Due)
		}
	}
}

// waitingEvent is an event with a delivery to make.
type waitingEvent struct {
	id string
	at time.Time
}

// dueEvents are those with a delivery that is due, the longest waiting first, and the moment of the first that is not.
func (i *index) dueEvents(now time.Time) ([]waitingEvent, time.Time) {
	var due []waitingEvent
	next := never()
	for id, at := range i.undelivered {
		if now.Before(at) {
			next = earlier(next, at)
			continue
		}
		due = append(due, waitingEvent{id: id, at: at})
	}
	slices.SortFunc(due, func(a, b waitingEvent) int { return a.at.Compare(b.at) })
	return due, next
}

func (i *index) dropEvent(id string) {
	delete(i.undelivered, id)
	delete(i.held, id)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
