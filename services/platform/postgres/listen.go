package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	shortestReconnect = 100 * time.Millisecond
	longestReconnect  = 10 * time.Second
	quietLimit        = time.Minute // after so much silence the connection is asked whether it still lives
)

// Listen follows a notification channel on a connection of its own until ctx is done, and then returns nil. It calls
// onEvent with each payload, one at a time, and with "" after every connect: what was notified in between is lost, so the
// caller must read again then. A lost connection is made anew with growing pauses (0.1 to 10 s) and logged once per loss.
// Channels belong to the whole database, not to a schema: name them after the service.
func (d *Database) Listen(ctx context.Context, channel string, onEvent func(ctx context.Context, payload string)) error {
	for wait := shortestReconnect; ; wait = min(2*wait, longestReconnect) {
		connected, err := d.listenOnce(ctx, channel, onEvent)
		if connected {
			wait = shortestReconnect
		}
		if !d.mayReconnect(ctx, channel, wait, err) {
			return nil
		}
	}
}

func (d *Database) mayReconnect(ctx context.Context, channel string, wait time.Duration, lost error) bool {
	if ctx.Err() != nil {
		return false
	}
	d.tel.Logger.WarnContext(ctx, "lost the notifications of the database", slog.String("channel", channel), slog.Any("error", lost))
	timer := time.NewTimer(wait/2 + rand.N(wait/2)) //nolint:gosec // not a secret
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (d *Database) listenOnce(ctx context.Context, channel string, onEvent func(context.Context, string)) (connected bool, err error) {
	config := d.pool(ctx).Config().ConnConfig
	config.Tracer = nil // a connection that waits for hours makes no useful span
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer closeQuietly(ctx, conn)
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false, fmt.Errorf("listen: %w", err)
	}
	onEvent(ctx, "")
	for {
		payload, err := nextPayload(ctx, conn)
		if err != nil {
			return true, err
		}
		onEvent(ctx, payload)
	}
}

func nextPayload(ctx context.Context, conn *pgx.Conn) (string, error) {
	for {
		limited, cancel := context.WithTimeout(ctx, quietLimit)
		notification, err := conn.WaitForNotification(limited)
		cancel()
		if err == nil {
			return notification.Payload, nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return "", fmt.Errorf("wait: %w", err)
		}
		if err := checkAlive(ctx, conn); err != nil {
			return "", err
		}
	}
}

func checkAlive(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	return nil
}

func closeQuietly(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // nothing is lost with it
}
