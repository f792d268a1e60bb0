package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// clockTick is the unit of CPU times in /proc on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// usage is the CPU time that the parts of the shop have spent since they began.
type usage struct {
	edge, services, postgres time.Duration
	// programs is the same as edge and services, by program.
	programs map[string]time.Duration
}

// all is what the shop spent.
func (u usage) all() time.Duration { return u.edge + u.services + u.postgres }

func programs() []string {
	return []string{"user", "order", "payment", "clientevent", "gateway"}
}

func readUsage(shop *stack.Stack, postgresData string) (usage, error) {
	total := usage{programs: map[string]time.Duration{}}
	for _, program := range programs() {
		for _, process := range shop.Processes(program) {
			spent, err := cpuTime(process.PID())
			if err != nil {
				return total, err
			}
			total.programs[program] += spent
			if program == "gateway" {
				total.edge += spent
			} else {
				total.services += spent
			}
		}
	}
	postgres, err := postgresTime(postgresData)
	total.postgres = postgres
	return total, err
}

// postgresTime sums over the processes of the shop's PostgreSQL, which all work in its data directory.
func postgresTime(dataDirectory string) (time.Duration, error) {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, folder := range folders {
		if where, err := os.Readlink(filepath.Join(folder, "cwd")); err != nil || where != dataDirectory {
			continue // another process, or one that ended meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		spent, err := cpuTime(pid)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		total += spent
	}
	return total, nil
}

// dataDirectory is where the shop's PostgreSQL keeps its data.
func dataDirectory(ctx context.Context, adminURL string) (string, error) {
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return "", fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var directory string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&directory); err != nil {
		return "", fmt.Errorf("find PostgreSQL's data: %w", err)
	}
	return directory, nil
}

// residentMegabytes is the memory of the five programs together, as the kernel counts it (proc(5), VmRSS).
func residentMegabytes(shop *stack.Stack) (float64, error) {
	var kilobytes int64
	for _, program := range programs() {
		for _, process := range shop.Processes(program) {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", process.PID()))
			if err != nil {
				return 0, err
			}
			_, after, _ := strings.Cut(string(text), "VmRSS:")
			resident, err := strconv.ParseInt(strings.Fields(after + " 0")[0], 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: unexpected /proc status: %w", process.Name, err)
			}
			kilobytes += resident
		}
	}
	return float64(kilobytes) / 1024, nil
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
