package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// healthPatience bounds one question; a gateway that hangs is asked again.
const healthPatience = 3 * time.Second

// awaitReady asks every gateway for its health until all say that everything behind them is ready.
func (s *Stack) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readinessPatience)
	defer cancel()
	for _, gateway := range s.processes["gateway"] {
		if err := s.awaitHealth(ctx, "http://"+gateway.Address+"/healthz"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) awaitHealth(ctx context.Context, url string) error {
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		if healthy(ctx, url) {
			return nil
		}
		if err := s.refusal(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the shop did not become ready: %w\n%s", ctx.Err(), s.lastWords())
		case <-poll.C:
		}
	}
}

// refusal is about a program that does not accept its settings: it will never be ready.
func (s *Stack) refusal() error {
	for _, program := range programs() {
		for _, process := range s.processes[program] {
			if process.Refused() != "" {
				return errors.New(process.Name + " does not accept its settings")
			}
		}
	}
	return nil
}

func healthy(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (s *Stack) lastWords() string {
	var words strings.Builder
	for _, program := range programs() {
		for _, process := range s.processes[program] {
			_, _ = fmt.Fprintf(&words, "%s:\n%s\n", process.Name, process.LastWords())
		}
	}
	return words.String()
}
