package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// clockTick is the unit of CPU times in /proc on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// usage is the CPU time that the parts of the shop have spent since they began.
type usage struct {
	edge, services, postgres time.Duration
}

func readUsage(shop *stack.Stack) (usage, error) {
	var total usage
	for _, program := range []string{"user", "order", "payment", "clientevent", "gateway"} {
		for _, process := range shop.Processes(program) {
			spent, err := cpuTime(process.PID())
			if err != nil {
				return total, err
			}
			if program == "gateway" {
				total.edge += spent
			} else {
				total.services += spent
			}
		}
	}
	postgres, err := postgresTime()
	total.postgres = postgres
	return total, err
}

// postgresTime sums over all PostgreSQL processes of the machine; the bench expects to be alone on it.
func postgresTime() (time.Duration, error) {
	commands, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, path := range commands {
		name, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(name), "postgres") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		spent, err := cpuTime(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended meanwhile
		}
		if err != nil {
			return 0, err
		}
		total += spent
	}
	return total, nil
}

// cpuTime is what a process and its children that have ended spent in user and kernel mode (proc(5)).
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(text), ") ")
	fields := strings.Fields(after)
	if !found || len(fields) < 15 {
		return 0, fmt.Errorf("process %d: unexpected /proc stat", pid)
	}
	var total time.Duration
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("process %d: unexpected /proc stat: %w", pid, err)
		}
		total += time.Duration(ticks) * clockTick
	}
	return total, nil
}
