package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// stopPatience is how long a process may take to end by itself; it is above the processes' own drain time.
	stopPatience = 25 * time.Second
	// restartPause keeps a process that dies at once from spinning.
	restartPause = 500 * time.Millisecond
)

// Process is one running program of the shop. It is started again when it ends by itself, as the cluster in
// production does, until it is stopped. Safe for concurrent use.
type Process struct {
	// Name is the program and, from the second instance on, its number: order, order-2.
	Name string
	// Address is where it listens.
	Address string

	path    string
	environ []string
	logPath string
	out     io.Writer

	mutex   sync.Mutex
	command *exec.Cmd
	ended   chan struct{}
	stopped bool
}

// Start runs the program. Starting a running one is an error.
func (p *Process) Start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.command != nil {
		return fmt.Errorf("%s runs already", p.Name)
	}
	p.stopped = false
	return p.launch()
}

// launch needs the mutex.
func (p *Process) launch() error {
	logs, err := os.OpenFile(p.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	command := exec.Command(p.path)
	command.Env = p.environ
	command.Stdout, command.Stderr = logs, logs
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the stack, which stops in order
	if err := command.Start(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", p.Name, err), logs.Close())
	}
	p.command, p.ended = command, make(chan struct{})
	go p.watch(command, p.ended, logs)
	return nil
}

// watch waits for the process to end and starts it again unless it was stopped.
func (p *Process) watch(command *exec.Cmd, ended chan struct{}, logs io.Closer) {
	failure := command.Wait()
	_ = logs.Close()
	p.mutex.Lock()
	p.command = nil
	stopped := p.stopped
	p.mutex.Unlock()
	close(ended)
	if stopped {
		return
	}
	_, _ = fmt.Fprintf(p.out, "%s ended (%v), starting it again; its last words:\n%s\n", p.Name, failure, p.LastWords())
	time.Sleep(restartPause) // a pause between attempts, not a wait for anything
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.stopped || p.command != nil {
		return
	}
	if err := p.launch(); err != nil {
		_, _ = fmt.Fprintln(p.out, err)
	}
}

// PID is the process id, or 0 when it does not run.
func (p *Process) PID() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.command == nil {
		return 0
	}
	return p.command.Process.Pid
}

// Kill ends the process with SIGKILL, as a crash would; it comes back by itself.
func (p *Process) Kill() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.command == nil {
		return nil
	}
	return p.command.Process.Kill()
}

// Stop asks the process to end and waits for it; after 25 s or when ctx is done it is killed.
func (p *Process) Stop(ctx context.Context) error {
	p.mutex.Lock()
	p.stopped = true
	command, ended := p.command, p.ended
	p.mutex.Unlock()
	if command == nil {
		return nil
	}
	_ = command.Process.Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		_ = command.Process.Kill()
		<-ended
		return fmt.Errorf("%s did not stop by itself and was killed", p.Name)
	}
}

// LastWords are the last lines of the log.
func (p *Process) LastWords() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "\n")
}

// runOnce runs a one-off command of a program and returns what it said when it fails.
func runOnce(ctx context.Context, binDir, program string, environ []string, arguments ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(binDir, program), arguments...)
	command.Env = environ
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(arguments, " "), err, strings.TrimSpace(string(said)))
	}
	return nil
}
