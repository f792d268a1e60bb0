//go:build unix

package localpostgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	readyLimit     = 60 * time.Second // recovery after a crash included
	fastStopLimit  = 30 * time.Second
	abortLimit     = 10 * time.Second
	statePoll      = 20 * time.Millisecond
	initLimit      = 2 * time.Minute
	maxConnections = 200
)

// server is a postmaster: our child, or one that an earlier process left running.
type server struct {
	pid  int
	port int
	done chan struct{} // closed when our child has ended; nil for one that is not our child
}

// initialise makes the cluster unless there is one. It is made beside and moved into place, so that a half-made one is
// never taken for whole.
func initialise(ctx context.Context, home home, programs programs, chosen settings) error {
	if home.initialised() {
		return nil
	}
	half := home.data() + ".new"
	if err := errors.Join(os.RemoveAll(half), os.RemoveAll(home.data())); err != nil {
		return fmt.Errorf("clear half-made cluster: %w", err)
	}
	if err := runInitdb(ctx, home, programs, half, chosen, "C.UTF-8"); err != nil {
		// Not every system has that locale.
		if err := errors.Join(os.RemoveAll(half), runInitdb(ctx, home, programs, half, chosen, "C")); err != nil {
			return err
		}
	}
	if err := os.Rename(half, home.data()); err != nil {
		return fmt.Errorf("finish cluster: %w", err)
	}
	return nil
}

func runInitdb(ctx context.Context, home home, programs programs, data string, chosen settings, locale string) error {
	ctx, cancel := context.WithTimeout(ctx, initLimit)
	defer cancel()
	arguments := []string{"--pgdata", data, "--username", administrator, "--pwfile", home.passwordFile(),
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", locale, "--no-instructions"}
	if !chosen.durable {
		arguments = append(arguments, "--no-sync")
	}
	command := exec.CommandContext(ctx, programs.initdb, arguments...)
	prepareCommand(command, home)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// prepareCommand gives the child the right user, its own process group (a terminal's Ctrl-C is for us: the database goes
// last) and a locale that exists everywhere.
func prepareCommand(command *exec.Cmd, home home) {
	command.Dir = home.path
	command.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC", "PGPASSFILE=", "HOME="+home.path)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if home.user.foreign {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(home.user.uid), Gid: uint32(home.user.gid)}
	}
}

// launch starts the server. It writes to a file and holds no pipe of ours, so it survives our end.
func launch(home home, programs programs, port int, chosen settings) (*server, error) {
	log, err := os.OpenFile(home.logFile(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open server log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	command := exec.Command(programs.postgres, serverArguments(home, port, chosen)...)
	prepareCommand(command, home)
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	started := &server{pid: command.Process.Pid, port: port, done: make(chan struct{})}
	go func() {
		defer close(started.done)
		_ = command.Wait() // how it ended stands in its log
	}()
	return started, nil
}

func serverArguments(home home, port int, chosen settings) []string {
	parameters := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"max_connections=" + strconv.Itoa(maxConnections), "shared_buffers=128MB", "timezone=UTC", "log_timezone=UTC",
	}
	if !chosen.durable {
		parameters = append(parameters, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	arguments := []string{"-D", home.data()}
	for _, parameter := range parameters {
		arguments = append(arguments, "-c", parameter)
	}
	return arguments
}

// freePort may be taken by another process before it is used; the caller then tries again.
func freePort() (int, error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.Join(errors.New("find a free port"), listener.Close())
	}
	return address.Port, listener.Close()
}

func (s *server) exited() bool {
	if s.done == nil {
		return hasEnded(s.pid)
	}
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// waitReady asks until the administrator is let in.
func (s *server) waitReady(ctx context.Context, target string) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, target)
		if err == nil {
			return conn.Close(ctx)
		}
		if s.exited() {
			return errors.New("the server ended by itself")
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not let us in: %w", err)
		case <-time.After(statePoll):
		}
	}
}

// stop is PostgreSQL's fast shutdown, and its immediate one when that takes too long.
func (s *server) stop() error {
	if s == nil || s.end(syscall.SIGINT, fastStopLimit) || s.end(syscall.SIGQUIT, abortLimit) {
		return nil
	}
	return fmt.Errorf("server process %d does not stop", s.pid)
}

func (s *server) end(signal syscall.Signal, limit time.Duration) bool {
	if s.exited() || errors.Is(syscall.Kill(s.pid, signal), syscall.ESRCH) {
		return true
	}
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(statePoll) {
		if s.exited() {
			return true
		}
	}
	return false
}

// findRunning reads PostgreSQL's own note of the server, postmaster.pid: the process on line 1, the port on line 4. A note
// whose process is gone, or is no PostgreSQL (numbers are reused, in containers soon), is thrown away.
func findRunning(ctx context.Context, home home) (*server, error) {
	note := filepath.Join(home.data(), "postmaster.pid")
	content, err := os.ReadFile(note)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read postmaster.pid: %w", err)
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 1 || !isPostgres(ctx, pid) {
		return nil, os.Remove(note)
	}
	found := &server{pid: pid}
	if len(lines) > 3 {
		found.port, _ = strconv.Atoi(strings.TrimSpace(lines[3]))
	}
	if found.port == 0 {
		return nil, found.stop() // caught while starting
	}
	return found, nil
}

func isPostgres(ctx context.Context, pid int) bool {
	if hasEnded(pid) {
		return false
	}
	if status, err := os.ReadFile(statusFile(pid)); err == nil {
		return bytes.Contains(status, []byte(" (postgres) "))
	}
	command, err := exec.CommandContext(ctx, "ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && filepath.Base(strings.TrimSpace(string(command))) == "postgres"
}

// hasEnded is true also for a process that has ended but that nobody has waited for, where the system shows that.
func hasEnded(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	status, err := os.ReadFile(statusFile(pid))
	return err == nil && bytes.Contains(status, []byte(") Z "))
}

// statusFile is there on Linux: "123 (postgres) S ...". Elsewhere ps says it, which not every Linux image has.
func statusFile(pid int) string {
	return fmt.Sprintf("/proc/%d/stat", pid)
}

func (h home) logSays(texts ...string) bool {
	content, _ := os.ReadFile(h.logFile())
	for _, text := range texts {
		if strings.Contains(string(content), text) {
			return true
		}
	}
	return false
}

// logTail is what the server said last, for an error message.
func (h home) logTail() string {
	content, err := os.ReadFile(h.logFile())
	if err != nil || len(content) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return "; its log ends with: " + strings.Join(lines[max(0, len(lines)-3):], " / ")
}
