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
	// refusedStatus is how a program ends that does not accept its arguments or variables (services/platform/process):
	// starting it again would not help.
	refusedStatus = 2
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
	command *exec.Cmd     // nil while it does not run
	stop    chan struct{} // closed by Stop, which then forgets it
	kept    chan struct{} // closed when nobody looks after the process any more; nil before Start
	refused string        // what the program said about settings that it does not accept
}

// Start runs the program. Starting a running one is an error.
func (p *Process) Start() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.kept != nil {
		return fmt.Errorf("%s runs already", p.Name)
	}
	command, err := p.launch()
	if err != nil {
		return err
	}
	stop, kept := make(chan struct{}), make(chan struct{})
	p.stop, p.kept = stop, kept
	go func() {
		defer close(kept)
		p.keep(command, stop)
	}()
	return nil
}

// launch needs the mutex.
func (p *Process) launch() (*exec.Cmd, error) {
	logs, err := openLog(p.logPath)
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", p.Name, err)
	}
	defer func() { _ = logs.Close() }() // the child has its own
	command := exec.Command(p.path)
	command.Env = p.environ
	command.Stdout, command.Stderr = logs, logs
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the stack, which stops in order
	endWithParent(command.SysProcAttr)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.command = command
	return command, nil
}

// keep waits for the process to end and starts it again, until it is told to stop.
func (p *Process) keep(command *exec.Cmd, stop <-chan struct{}) {
	for command != nil {
		failure := command.Wait()
		p.mutex.Lock()
		p.command = nil
		p.mutex.Unlock()
		if isClosed(stop) || p.noteRefusal(command) {
			return
		}
		_, _ = fmt.Fprintf(p.out, "%s ended (%v), starting it again; its last words:\n%s\n", p.Name, failure, p.LastWords())
		command = p.relaunch(stop)
	}
}

// noteRefusal keeps what the program said if it ended because of its settings.
func (p *Process) noteRefusal(command *exec.Cmd) bool {
	if command.ProcessState.ExitCode() != refusedStatus {
		return false
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.refused = p.LastWords()
	_, _ = fmt.Fprintln(p.out, p.refused)
	return true
}

// Refused is what the program said about settings that it does not accept; empty while there is nothing to say.
func (p *Process) Refused() string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.refused
}

// relaunch tries until the process is started, or gives nil when it is to stay stopped.
func (p *Process) relaunch(stop <-chan struct{}) *exec.Cmd {
	for {
		select {
		case <-stop:
			return nil
		case <-time.After(restartPause):
		}
		command, err := p.launchUnless(stop)
		if err == nil {
			return command
		}
		_, _ = fmt.Fprintln(p.out, err)
	}
}

func (p *Process) launchUnless(stop <-chan struct{}) (*exec.Cmd, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if isClosed(stop) {
		return nil, nil
	}
	return p.launch()
}

func isClosed(signal <-chan struct{}) bool {
	select {
	case <-signal:
		return true
	default:
		return false
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
func (p *Process) Kill() error { return p.signal(syscall.SIGKILL) }

// signal does nothing to a process that does not run.
func (p *Process) signal(signal os.Signal) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.command == nil {
		return nil
	}
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.Name, err)
	}
	return nil
}

// Stop asks the process to end and waits until it has and stays ended; after 25 s or when ctx is done it is killed.
func (p *Process) Stop(ctx context.Context) error {
	kept := p.letEnd()
	if kept == nil {
		return nil
	}
	_ = p.signal(syscall.SIGTERM) // who cannot be told is killed below
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	select {
	case <-kept:
		return nil
	case <-ctx.Done():
		_ = p.Kill()
		<-kept
		return fmt.Errorf("%s did not stop by itself and was killed", p.Name)
	}
}

// letEnd makes sure that the process is not started again. It gives what is closed when that is done.
func (p *Process) letEnd() <-chan struct{} {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
	return p.kept
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
