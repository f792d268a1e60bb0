// Package standalone runs a stand-in of the local shop, the mailbox or the Stripe sandbox, as a process of its own, which is
// how containers want it. scripts/up has them inside itself and needs none of this.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	headerPatience = 5 * time.Second
	// drainPatience is how long requests under way may take to finish at shutdown.
	drainPatience = 5 * time.Second
)

// Serve answers HTTP at addr (host:port) and runs the loops beside it until ctx is done or one of them fails, which ends the others
// too. When it returns, all have ended.
func Serve(ctx context.Context, addr string, handler http.Handler, loops ...func(context.Context) error) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	loops = append(loops, func(ctx context.Context) error { return serveHTTP(ctx, listener, handler) })
	ended := make(chan error, len(loops))
	for _, loop := range loops {
		go func() { ended <- loop(ctx) }()
	}
	var failures []error
	for range loops {
		failures = append(failures, <-ended)
		cancel() // no loop ends before it is told to unless it failed
	}
	return errors.Join(failures...)
}

// serveHTTP closes the listener.
func serveHTTP(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerPatience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainPatience)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("finish requests: %w", err), server.Close())
	}
	if ended := <-ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// askHealth asks the process that listens at an address whether it answers.
func askHealth(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request) // a transport that knows no proxy
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}
