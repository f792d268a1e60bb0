// Package journal keeps the small state of the local stand-ins (Stripe sandbox, mailbox) in one append-only file, so that
// a restart or a crash forgets nothing that was answered for. Rows live in memory; the file is only read at the start.
// It is no database: no queries, one process per file. The services keep their data in PostgreSQL, never here.
package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// A file is rewritten with the live rows alone when it is larger than this and than four times its last rewritten size.
const rewriteFrom = 8 << 20

// Journal is a file of row changes and the lock of the tables that it feeds. Safe for concurrent use.
type Journal struct {
	path string

	mutex    sync.RWMutex // guards the tables and everything below
	tables   map[string]loadable
	file     *os.File
	pending  bytes.Buffer // lines of the running update
	size     int64
	baseline int64 // size after the last rewrite
	changes  int64 // updates written to the file
	broken   error // first write error: memory and file differ from here on, so no update is accepted any more

	syncMutex sync.Mutex
	synced    int64 // updates known to be on the disk
}

// line is one change as stored: a row put under its key, or (without row) its removal.
type line struct {
	Table string          `json:"table"`
	Key   string          `json:"key"`
	Row   json.RawMessage `json:"row,omitempty"`
}

// loadable is the side of a table that the journal sees.
type loadable interface {
	load(key string, row json.RawMessage) error
	dump(write func(line) error) error
}

// New prepares a journal in the file at path. Add its tables, then call Load once, before any other use.
func New(path string) *Journal {
	return &Journal{path: path, tables: map[string]loadable{}}
}

// Load makes the directory if needed and reads the file. A last line that was cut off by a crash is dropped: nobody was
// answered for it. Any other damage is an error, because silently forgetting payments or mails would spoil the tests that count them.
func (j *Journal) Load() error {
	if err := os.MkdirAll(filepath.Dir(j.path), 0o700); err != nil {
		return fmt.Errorf("make the state directory: %w", err)
	}
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the journal: %w", err)
	}
	j.file = file
	if err := j.read(); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Truncate(j.size); err != nil {
		return errors.Join(err, file.Close())
	}
	if _, err := file.Seek(j.size, io.SeekStart); err != nil {
		return errors.Join(err, file.Close())
	}
	return nil
}

func (j *Journal) read() error {
	reader := bufio.NewReader(j.file)
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // without a line end it is the unfinished last line
		}
		if err != nil {
			return fmt.Errorf("read the journal %s: %w", j.path, err)
		}
		if err := j.apply(text); err != nil {
			return fmt.Errorf("journal %s is damaged in line %d (move it away to start empty): %w", j.path, number, err)
		}
		j.size += int64(len(text))
	}
}

func (j *Journal) apply(text []byte) error {
	var change line
	if err := json.Unmarshal(text, &change); err != nil {
		return err
	}
	table, known := j.tables[change.Table]
	if !known {
		return fmt.Errorf("unknown table %q", change.Table)
	}
	return table.load(change.Key, change.Row)
}

// Update runs work alone, stores what it put and removed, and returns when that is on the disk. An error of work is
// returned as it is; what work had put until then is kept.
func (j *Journal) Update(work func() error) error {
	written, err := j.write(work)
	if broken := j.sync(written); broken != nil {
		return errors.Join(broken, err)
	}
	return err
}

// Note is Update for what may be lost with the machine (not with the process): it does not wait for the disk.
func (j *Journal) Note(work func()) error {
	_, err := j.write(func() error { work(); return nil })
	return err
}

// View runs work while nobody changes a table. Work must only read.
func (j *Journal) View(work func()) {
	j.mutex.RLock()
	defer j.mutex.RUnlock()
	work()
}

// Close closes the file. Updates fail afterwards.
func (j *Journal) Close() error {
	j.syncMutex.Lock()
	defer j.syncMutex.Unlock()
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.broken == nil {
		j.broken = errors.New("the journal is closed")
	}
	return j.file.Close()
}

func (j *Journal) write(work func() error) (int64, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.broken != nil {
		return j.changes, j.broken
	}
	err := work()
	if j.pending.Len() == 0 {
		return j.changes, err
	}
	count, writeErr := j.file.Write(j.pending.Bytes())
	j.pending.Reset()
	if writeErr != nil {
		j.broken = fmt.Errorf("write the journal: %w", writeErr)
		return j.changes, j.broken
	}
	j.size += int64(count)
	j.changes++
	return j.changes, err
}

// sync waits until the update number `written` is on the disk. Updates that wait together share one fsync.
func (j *Journal) sync(written int64) error {
	j.syncMutex.Lock()
	defer j.syncMutex.Unlock()
	if j.synced >= written {
		return nil
	}
	j.mutex.Lock()
	file, reached := j.file, j.changes
	err := j.rewriteWhenLarge()
	rewritten := file != j.file
	j.mutex.Unlock()
	if err == nil && !rewritten {
		err = file.Sync()
	}
	if err != nil {
		return j.fail(fmt.Errorf("sync the journal: %w", err))
	}
	j.synced = reached
	return nil
}

func (j *Journal) fail(err error) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	if j.broken == nil {
		j.broken = err
	}
	return j.broken
}

// stage queues a change of the running update.
func (j *Journal) stage(change line) {
	encoded, err := json.Marshal(change)
	if err != nil { // rows are plain structs; this is a programming error that must not pass silently
		j.broken = fmt.Errorf("encode a row of %s: %w", change.Table, err)
		return
	}
	j.pending.Write(encoded)
	j.pending.WriteByte('\n')
}
