package stack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"
)

// environmentFolder, in DATA_DIR, holds what the services of a running shop are told, so that operators can run their
// one-off commands beside it (Environment). It is there only while the shop runs, and only its owner can read it.
const environmentFolder = "environment"

// tellOperators comes last: what it writes says that the shop is ready.
func (s *Stack) tellOperators(context.Context) error {
	folder := filepath.Join(s.options.DataDir, environmentFolder)
	s.onStop(func(context.Context) error { return os.RemoveAll(folder) })
	if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
		return fmt.Errorf("tell operators: %w", err)
	}
	for _, service := range services() {
		text, err := s.told(service)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, service+".json"), text, 0o600); err != nil {
			return fmt.Errorf("tell operators: %w", err)
		}
	}
	return nil
}

// told is what a service goes by, as far as the stack knows of it; the caller may have set some of it. The rest of the
// caller's environment has no business on a disk.
func (s *Stack) told(service string) ([]byte, error) {
	variables, err := s.databaseOf(service)
	if err != nil {
		return nil, err
	}
	given := lookupIn(s.options.Environ)
	for name, value := range maps.All(s.computed(service)) {
		variables[name] = cmp.Or(given(name), value)
	}
	return json.Marshal(variables)
}

// Environment is what the shop that runs in dataDir tells a service, as NAME=value. It fails with one line for the operator
// when there is no such shop.
func Environment(dataDir, service string) ([]string, error) {
	absolute, err := filepath.Abs(cmp.Or(dataDir, defaultDataDir))
	if err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(absolute, environmentFolder, service+".json"))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !isRunning(absolute)) {
		return nil, errors.New("no shop is running in " + absolute + ": start it with scripts/up, or set DATA_DIR")
	}
	if err != nil {
		return nil, fmt.Errorf("look at the shop in %s: %w", absolute, err)
	}
	var variables map[string]string
	if err := json.Unmarshal(text, &variables); err != nil {
		return nil, errors.New("what " + service + " is told in " + absolute + " cannot be read: start the shop again")
	}
	environ := make([]string, 0, len(variables))
	for name, value := range variables {
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}

// isRunning tells whether somebody holds the lock of DATA_DIR: a runner that was killed leaves its files behind.
func isRunning(dataDir string) bool {
	file, err := os.Open(filepath.Join(dataDir, lockFile))
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // and with it what was locked here
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
