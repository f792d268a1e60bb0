package stack

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	// largestLog is how large a log may be when its program starts; a larger one is put aside, in the place of the one
	// before.
	largestLog = 10 << 20
	// tailSize is how much of a log is read for its last lines.
	tailSize  = 16 << 10
	lastLines = 5
)

func openLog(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && info.Size() > largestLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// LastWords are the last lines of the log, "" when there are none.
func (p *Process) LastWords() string {
	logs, err := os.Open(p.logPath)
	if err != nil {
		return ""
	}
	defer func() { _ = logs.Close() }()
	if info, err := logs.Stat(); err == nil && info.Size() > tailSize {
		_, _ = logs.Seek(-tailSize, io.SeekEnd) // else all of it is read
	}
	tail, err := io.ReadAll(logs)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(tail)), "\n")
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}
