package gateway

import (
	"context"
	"fmt"
	"net/http"
)

// serveLive answers /livez, GET and HEAD: whether this process should go on getting requests and living. It is 503 until everything
// behind the edge was ready once, so that a new version that never comes up never counts as up; then 200 until draining begins,
// whatever happens behind, so that no load balancer takes away every edge because a service or its database blinked.
func (r *readiness) serveLive(w http.ResponseWriter, request *http.Request) {
	if r.wasReady.Load() && !r.draining.Load() {
		writeHealth(w, map[string]any{"status": "ok"}, http.StatusOK)
		return
	}
	r.ServeHTTP(w, request)
}

// askLive asks an edge that listens at address for /livez.
func askLive(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/livez", nil)
	if err != nil {
		return err
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true}, // without the proxy that the environment may name
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", address, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, answer.Status)
	}
	return nil
}
