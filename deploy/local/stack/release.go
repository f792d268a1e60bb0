package stack

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// A running shop may change to the programs of another release, as a deploy does it: MigrateFrom, then Replace one process after another.

// MigrateFrom lets the programs in another folder bring all schemas to where they want them, while the shop runs.
func (s *Stack) MigrateFrom(ctx context.Context, binDir string) error {
	ctx, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	for _, service := range services() {
		own, err := s.databaseOf(service)
		if err != nil {
			return err
		}
		own["ADMIN_DATABASE_URL"] = s.adminURL
		if err := runOnce(ctx, binDir, service, s.environ(service, own), "migrate"); err != nil {
			return err
		}
	}
	return nil
}

// RunFrom is Run with the program of another folder.
func (s *Stack) RunFrom(ctx context.Context, binDir, service string, arguments ...string) error {
	own, err := s.databaseOf(service)
	if err != nil {
		return err
	}
	return runOnce(ctx, binDir, service, s.environ(service, own), arguments...)
}

// Replace ends the n-th process of a program and starts the program of another folder in its place; it answers when that is ready.
func (s *Stack) Replace(ctx context.Context, program string, n int, binDir string) error {
	process := s.processes[program][n]
	if err := process.Stop(ctx); err != nil {
		return err
	}
	process.takePlaceFrom(filepath.Join(binDir, program))
	if err := process.Start(); err != nil {
		return err
	}
	if program == "gateway" {
		ctx, cancel := context.WithTimeout(ctx, readinessPatience)
		defer cancel()
		return s.awaitHealth(ctx, "http://"+process.Address+"/healthz")
	}
	return awaitServing(ctx, process)
}

func (p *Process) takePlaceFrom(path string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.path, p.kept = path, nil
}

// awaitServing asks the process itself: what asks the gateway would be content with the other process of the service.
func awaitServing(ctx context.Context, process *Process) error {
	ctx, cancel := context.WithTimeout(ctx, readinessPatience)
	defer cancel()
	conn, err := grpc.NewClient("passthrough:///"+process.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("reach %s: %w", process.Name, err)
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		said, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
		if err == nil && said.GetStatus() == healthv1.HealthCheckResponse_SERVING {
			return conn.Close()
		}
		if process.Refused() != "" {
			return errors.Join(fmt.Errorf("%s does not accept its settings: %s", process.Name, process.Refused()), conn.Close())
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s did not become ready: %w\n%s", process.Name, ctx.Err(), process.LastWords()), conn.Close())
		case <-poll.C:
		}
	}
}
