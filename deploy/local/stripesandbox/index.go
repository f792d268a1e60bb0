package stripesandbox

import (
	"container/heap"
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

	// Events with deliveries to make, each with the moment of the next, and in the order of these moments (entries of the
	// queue that say something else than the map are outdated); and those that reverse mode holds back.
	undelivered map[string]time.Time
	queue       waitingQueue
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
	before := i.undelivered[changed.ID]
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
	if next, waits := i.undelivered[changed.ID]; waits && !next.Equal(before) {
		heap.Push(&i.queue, waitingEvent{id: changed.ID, at: next})
	}
}

// visitDue shows events with a delivery that is due, the longest waiting first, until visit has had enough. It returns the
// moment of the first that is not due.
func (i *index) visitDue(now time.Time, visit func(id string) bool) time.Time {
	var seen []waitingEvent
	more := true
	for more && len(i.queue) > 0 && !now.Before(i.queue[0].at) {
		first := heap.Pop(&i.queue).(waitingEvent)
		if at, known := i.undelivered[first.id]; !known || !at.Equal(first.at) {
			continue // has changed since it was queued
		}
		seen = append(seen, first)
		more = visit(first.id)
	}
	next := never()
	if len(i.queue) > 0 {
		next = i.queue[0].at
	}
	for _, waiting := range seen { // it stays in the queue until its delivery is made
		heap.Push(&i.queue, waiting)
	}
	return next
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

// waitingEvent is an event with a delivery to make.
type waitingEvent struct {
	id string
	at time.Time
}

// waitingQueue is a heap (container/heap) with the earliest at the front.
type waitingQueue []waitingEvent

// Len is the number of entries, for container/heap as all methods.
func (q waitingQueue) Len() int { return len(q) }

// Less puts the earlier before the later.
func (q waitingQueue) Less(a, b int) bool { return q[a].at.Before(q[b].at) }

// Swap changes two places.
func (q waitingQueue) Swap(a, b int) { q[a], q[b] = q[b], q[a] }

// Push adds an entry at the end.
func (q *waitingQueue) Push(added any) { *q = append(*q, added.(waitingEvent)) }

// Pop takes the last entry.
func (q *waitingQueue) Pop() any {
	last := len(*q) - 1
	taken := (*q)[last]
	*q = (*q)[:last]
	return taken
}
