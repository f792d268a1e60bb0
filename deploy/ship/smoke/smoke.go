// Package smoke asks a shop, as its customers would, whether it is there: through the load balancer and by the shop's own names.
package smoke

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
)

const (
	rounds = 12
	// needed is how many rounds in a row have to go well: the load balancer may ask another task for every request.
	needed         = 3
	between        = 3 * time.Second
	requestTimeout = 10 * time.Second
	largestAnswer  = 8 << 20
)

// Checker checks one shop. It is safe for concurrent use.
type Checker struct {
	APIOrigin  string
	SiteOrigin string // empty: the pages are not asked for
	// LoadBalancer is where the API is dialled, under its own name and certificate: so it can be checked before its name leads
	// there. Empty: by its name.
	LoadBalancer string
	Roots        *x509.CertPool // nil: the system's
	Clock        clock.Clock
}

// Check asks until everything answered well three times in a row; the error is the last thing that did not.
func (c *Checker) Check(ctx context.Context) error {
	client := c.client()
	defer client.CloseIdleConnections()
	var failure error
	well := 0
	for round := range rounds {
		if round > 0 {
			if err := c.Clock.Sleep(ctx, between); err != nil {
				return fmt.Errorf("smoke check: %w", err)
			}
		}
		err := c.round(ctx, client)
		if err == nil {
			well++
		} else {
			well, failure = 0, err
		}
		if well == needed {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("smoke check: %w", context.Cause(ctx))
		}
	}
	if failure == nil {
		failure = errors.New("too few good answers")
	}
	return fmt.Errorf("smoke check: %w", failure)
}

func (c *Checker) round(ctx context.Context, client *http.Client) error {
	if _, err := get(ctx, client, c.APIOrigin+"/healthz", ""); err != nil {
		return err
	}
	body, err := get(ctx, client, c.APIOrigin+"/order/products", "application/json")
	if err != nil {
		return err
	}
	var products map[string]json.RawMessage
	if json.Unmarshal(body, &products) != nil {
		return errors.New("/order/products is no JSON object")
	}
	if c.SiteOrigin == "" {
		return nil
	}
	_, err = get(ctx, client, c.SiteOrigin+"/", "text/html")
	return err
}

func get(ctx context.Context, client *http.Client, address, mediaType string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err) // the address is in it
	}
	defer answer.Body.Close() //nolint:errcheck // was only read
	body, err := io.ReadAll(io.LimitReader(answer.Body, largestAnswer))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", address, answer.StatusCode)
	}
	if got, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); mediaType != "" && got != mediaType {
		return nil, fmt.Errorf("%s is %q, expected %s", address, got, mediaType)
	}
	return body, nil
}

func (c *Checker) client() *http.Client {
	dialer := &net.Dialer{Timeout: requestTimeout}
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, c.dialled(address))
			},
		},
		// A redirect is an answer of its own, and not the one wanted.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dialled replaces the API's address by the load balancer's; the name asked for stays, in SNI and Host.
func (c *Checker) dialled(address string) string {
	origin, err := url.Parse(c.APIOrigin)
	host, port, splitErr := net.SplitHostPort(address)
	if err != nil || splitErr != nil || c.LoadBalancer == "" || host != origin.Hostname() {
		return address
	}
	if _, _, err := net.SplitHostPort(c.LoadBalancer); err == nil {
		return c.LoadBalancer
	}
	return net.JoinHostPort(c.LoadBalancer, port)
}
