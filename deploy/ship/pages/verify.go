package pages

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

const (
	checkAttempts = 6
	checkPause    = 5 * time.Second
	checkTimeout  = 15 * time.Second
	longestPage   = 4 << 20
)

// Checker looks at the pages as customers get them.
type Checker struct {
	Origin string // of the site, like https://shop.example
	// Dial is where the edge itself answers, as host or host:port, for the time before the shop's own name leads there; empty:
	// the origin's own host.
	Dial string
	TLS  *tls.Config // nil: as everywhere
	// Sleep waits between two attempts.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Check asks for the front page, one script or style and an address that does not exist, a few times until they are right. A site
// that cannot be reached at all is no error: reachable is false.
func (c Checker) Check(ctx context.Context, release Manifest) (reachable bool, err error) {
	client := c.client()
	defer client.CloseIdleConnections()
	for attempt := 1; ; attempt++ {
		err = c.once(ctx, client, release)
		if err == nil || ctx.Err() != nil {
			return err == nil, err
		}
		if attempt == checkAttempts {
			var unreachable *net.OpError
			return !errors.As(err, &unreachable), err
		}
		if stopped := c.Sleep(ctx, checkPause); stopped != nil {
			return false, stopped
		}
	}
}

func (c Checker) once(ctx context.Context, client *http.Client, release Manifest) error {
	for _, entry := range samples(release) {
		address := "/" + escape(entry.Key)
		if entry.Key == "index.html" {
			address = "/"
		}
		if err := c.expect(ctx, client, address, http.StatusOK, &entry); err != nil {
			return err
		}
	}
	return c.expect(ctx, client, "/no-such-page-"+release.Content[:8], http.StatusNotFound, nil)
}

// samples are the front page and the first object that never changes.
func samples(release Manifest) []Entry {
	var chosen []Entry
	if front, ok := release.entry("index.html"); ok {
		chosen = append(chosen, front)
	}
	for _, entry := range release.Objects {
		if strings.Contains(entry.CacheControl, "immutable") {
			return append(chosen, entry)
		}
	}
	return chosen
}

func (c Checker) expect(ctx context.Context, client *http.Client, address string, status int, entry *Entry) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Origin+address, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", address, err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("ask for %s: %w", address, err)
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(answer.Body, longestPage))
	if err != nil {
		return fmt.Errorf("read %s: %w", address, err)
	}
	if answer.StatusCode != status {
		return fmt.Errorf("%s answered %d, not %d", address, answer.StatusCode, status)
	}
	if entry == nil {
		return nil
	}
	if kind := answer.Header.Get("Content-Type"); kind != entry.ContentType {
		return fmt.Errorf("%s has content type %q, not %q", address, kind, entry.ContentType)
	}
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != entry.SHA256 {
		return fmt.Errorf("%s is not what was shipped", address)
	}
	return nil
}

// client follows no redirects: a page that redirects is not there.
func (c Checker) client() *http.Client {
	dialer := &net.Dialer{Timeout: checkTimeout}
	return &http.Client{
		Timeout:       checkTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: c.TLS, TLSHandshakeTimeout: checkTimeout, ForceAttemptHTTP2: true,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, c.dialed(address))
			},
		},
	}
}

func (c Checker) dialed(address string) string {
	if c.Dial == "" {
		return address
	}
	if _, _, err := net.SplitHostPort(c.Dial); err == nil {
		return c.Dial
	}
	_, port, _ := net.SplitHostPort(address)
	return net.JoinHostPort(c.Dial, port)
}
