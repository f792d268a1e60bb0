package rpc

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	healthEvery   = 2 * time.Second
	healthAgain   = 100 * time.Millisecond // while not healthy: a service starts, or comes back, without a wait
	healthTimeout = 1500 * time.Millisecond

	serving    = grpc_health_v1.HealthCheckResponse_SERVING
	notServing = grpc_health_v1.HealthCheckResponse_NOT_SERVING
)

// LiveService is the name under which grpc.health tells whether the process should go on living, beside "", which tells
// whether it can work just now. It is NOT_SERVING until the process was healthy once, so that one that never comes up never
// counts as up; then SERVING until the shutdown begins, so that nobody kills every instance because their database blinked.
const LiveService = "live"

// healthPoll keeps grpc.health true to what the service says about itself.
type healthPoll struct {
	answers *health.Server
	healthy func(context.Context) error
	logger  *slog.Logger
	last    grpc_health_v1.HealthCheckResponse_ServingStatus
}

func newHealthPoll(healthy func(context.Context) error, logger *slog.Logger) *healthPoll {
	if healthy == nil {
		healthy = func(context.Context) error { return nil }
	}
	answers := health.NewServer()
	answers.SetServingStatus("", notServing) // until the first answer is in
	answers.SetServingStatus(LiveService, notServing)
	return &healthPoll{answers: answers, healthy: healthy, logger: logger, last: notServing}
}

func (p *healthPoll) run(ctx context.Context) {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		p.ask(ctx)
		next.Reset(p.pause())
	}
}

func (p *healthPoll) pause() time.Duration {
	if p.last == serving {
		return healthEvery
	}
	return healthAgain
}

func (p *healthPoll) ask(ctx context.Context) {
	asking, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	err := p.healthy(asking)
	if ctx.Err() != nil {
		return // shutting down, which Serve reports itself
	}
	now := serving
	if err != nil {
		now = notServing
	}
	if now == p.last {
		return
	}
	p.last = now
	p.answers.SetServingStatus("", now)
	if err != nil {
		p.logger.WarnContext(ctx, "not healthy", "error", err)
		return
	}
	p.answers.SetServingStatus(LiveService, serving)
	p.logger.InfoContext(ctx, "healthy")
}

// isHealth: health checks come from load balancers and probes, which hold no secret and reveal nothing.
func isHealth(method string) bool {
	return strings.HasPrefix(method, "/grpc.health.v1.Health/")
}
