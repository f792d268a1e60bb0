package recording

import "sync"

// The queue's bounds. At 1,000 events a second, more than the shop will see, it lasts 20 s without a database.
const (
	mostQueued  = 20_000
	mostBytes   = 32 << 20
	mostInBatch = 1_000
)

// queue is what was accepted and not yet taken by the writer. It never blocks. Safe for concurrent use.
type queue struct {
	arrived chan struct{} // holds a signal when something came since the last look

	mu      sync.Mutex
	entries []entry
	bytes   int
}

func newQueue() *queue {
	return &queue{arrived: make(chan struct{}, 1)}
}

// put takes as many of the entries as there is room for, the first ones, and says how many.
func (q *queue) put(entries []entry) (taken int) {
	q.mu.Lock()
	for _, each := range entries {
		if len(q.entries) == mostQueued || q.bytes+each.size > mostBytes {
			break
		}
		q.entries = append(q.entries, each)
		q.bytes += each.size
		taken++
	}
	q.mu.Unlock()
	select {
	case q.arrived <- struct{}{}:
	default:
	}
	return taken
}

// take removes the oldest entries, a batch at most.
func (q *queue) take() []entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.entries), mostInBatch)
	batch := append([]entry(nil), q.entries[:n]...)
	for _, each := range batch {
		q.bytes -= each.size
	}
	clear(q.entries[:n])
	q.entries = q.entries[n:]
	if len(q.entries) == 0 {
		q.entries = nil // a burst's memory is given back
	}
	return batch
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries)
}

func (q *queue) isFull() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.entries) == mostQueued || q.bytes+entryOverhead > mostBytes
}
