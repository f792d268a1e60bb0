package stack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile, in DATA_DIR, is locked as long as a shop runs there.
const lockFile = "lock"

// lockData keeps other shops out of the folder until unlock; the system unlocks it when we die.
func lockData(dataDir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dataDir, 0o755); err != nil {
		return nil, fmt.Errorf("make DATA_DIR: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dataDir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock DATA_DIR: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, errors.New("a shop is running in " + dataDir + " already: stop it or set DATA_DIR")
	}
	// Closing alone would leave the lock to a child that is being started just now (flock(2)).
	return func() error { return errors.Join(syscall.Flock(int(file.Fd()), syscall.LOCK_UN), file.Close()) }, nil
}
