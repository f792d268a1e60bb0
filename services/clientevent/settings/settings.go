// Package settings holds the one switch of this service: whether browsers should send events. It is answered from memory,
// which follows the table by notification. Recording does not ask it: the pages' override events come with the switch off
// (contract clientevent.md section 3 and defect 9).
package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/settings/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	channel    = "clientevents_configuration" // told by the table's trigger
	readLimit  = 5 * time.Second
	retryPause = time.Second
)

// Settings serves GetSettings. Safe for concurrent use.
type Settings struct {
	db     *postgres.Database
	logger *slog.Logger
	on     atomic.Bool
}

// Load reads the settings once. It fails when the database does.
func Load(ctx context.Context, db *postgres.Database, tel telemetry.Telemetry) (*Settings, error) {
	settings := &Settings{db: db, logger: tel.Logger}
	if err := settings.read(ctx); err != nil {
		return nil, err
	}
	return settings, nil
}

// GetSettings answers from memory.
func (s *Settings) GetSettings(context.Context, *clienteventv1.GetSettingsRequest) (*clienteventv1.GetSettingsResponse, error) {
	return &clienteventv1.GetSettingsResponse{LogClientEvents: s.on.Load()}, nil
}

// Follow keeps the memory true until ctx is done.
func (s *Settings) Follow(ctx context.Context) error {
	if err := s.db.Listen(ctx, channel, s.refresh); err != nil {
		return fmt.Errorf("follow settings: %w", err)
	}
	return nil
}

// refresh tries until it has read what the notification was about, or ctx is done: there may be no other notification.
func (s *Settings) refresh(ctx context.Context, _ string) {
	for {
		err := s.read(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.logger.WarnContext(ctx, "settings not read, trying again", slog.Any("error", err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(retryPause):
		}
	}
}

func (s *Settings) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	on, err := dbgen.New(s.db).LogClientEvents(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		on, err = true, nil // defect 11: a missing row is the default, not a failure
	}
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	s.on.Store(on)
	return nil
}
