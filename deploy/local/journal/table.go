package journal

import (
	"encoding/json"
	"fmt"
	"iter"
	"slices"
)

// Table holds the newest rows of one kind by key, oldest first. Rows are values: change a copy and Put it back, and never
// write through a map or slice of a row. All methods must be called inside Update, Note or View of the journal.
type Table[R any] struct {
	journal *Journal
	name    string
	limit   int
	keys    []string
	rows    map[string]R
}

// AddTable adds a table for at most limit rows; Put of a further one drops the oldest. Call it before Load.
func AddTable[R any](j *Journal, name string, limit int) *Table[R] {
	table := &Table[R]{journal: j, name: name, limit: limit, rows: map[string]R{}}
	j.tables[name] = table
	return table
}

// Get returns the row stored under key.
func (t *Table[R]) Get(key string) (R, bool) {
	row, known := t.rows[key]
	return row, known
}

// Len is the number of rows.
func (t *Table[R]) Len() int { return len(t.keys) }

// Put stores the row under key. A key that exists keeps its place in the order.
func (t *Table[R]) Put(key string, row R) {
	encoded, err := json.Marshal(row)
	if err != nil {
		t.journal.broken = fmt.Errorf("encode a row of %s: %w", t.name, err)
		return
	}
	t.set(key, row)
	t.journal.stage(line{Table: t.name, Key: key, Row: encoded})
	for len(t.keys) > t.limit {
		t.Remove(t.keys[0])
	}
}

// Remove forgets the row under key, if there is one.
func (t *Table[R]) Remove(key string) {
	if _, known := t.rows[key]; !known {
		return
	}
	t.unset(key)
	t.journal.stage(line{Table: t.name, Key: key})
}

// Clear forgets all rows.
func (t *Table[R]) Clear() {
	for _, key := range slices.Clone(t.keys) {
		t.Remove(key)
	}
}

// OldestFirst yields the rows in the order in which their keys were first put.
func (t *Table[R]) OldestFirst() iter.Seq2[string, R] {
	return func(yield func(string, R) bool) {
		for _, key := range t.keys {
			if !yield(key, t.rows[key]) {
				return
			}
		}
	}
}

// NewestFirst yields the rows in the opposite order.
func (t *Table[R]) NewestFirst() iter.Seq2[string, R] {
	return func(yield func(string, R) bool) {
		for _, key := range slices.Backward(t.keys) {
			if !yield(key, t.rows[key]) {
				return
			}
		}
	}
}

func (t *Table[R]) set(key string, row R) {
	if _, known := t.rows[key]; !known {
		t.keys = append(t.keys, key)
	}
	t.rows[key] = row
}

func (t *Table[R]) unset(key string) {
	delete(t.rows, key)
	if t.keys[0] == key { // the usual case: the oldest goes
		t.keys = t.keys[1:]
		return
	}
	if place := slices.Index(t.keys, key); place >= 0 {
		t.keys = slices.Delete(t.keys, place, place+1)
	}
}

func (t *Table[R]) load(key string, encoded json.RawMessage) error {
	if encoded == nil {
		if _, known := t.rows[key]; known {
			t.unset(key)
		}
		return nil
	}
	var row R
	if err := json.Unmarshal(encoded, &row); err != nil {
		return err
	}
	t.set(key, row)
	return nil
}

func (t *Table[R]) dump(write func(line) error) error {
	for _, key := range t.keys {
		encoded, err := json.Marshal(t.rows[key])
		if err != nil {
			return err
		}
		if err := write(line{Table: t.name, Key: key, Row: encoded}); err != nil {
			return err
		}
	}
	return nil
}
