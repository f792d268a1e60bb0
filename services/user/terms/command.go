package terms

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
	"github.com/bartgottschalk/startupwebapp/services/user/terms/dbgen"
)

const (
	publishCommand = "publish-terms"
	longestNote    = 1000 // characters
	shownTime      = "2006-01-02 15:04:05 UTC"
)

// Publication is a new version of the terms of use.
type Publication struct {
	// Version has to be higher than all before; 0 takes the next.
	Version int64
	// From is when it comes into force; the zero time: at once.
	From time.Time
	// Note says what changed, as HTML; it may be empty.
	Note string
}

// PublishTask is the subcommand publish-terms [--version N] [--from TIME] [--note TEXT]: it says what it will do, asks, and
// publishes a version, which members have to agree to from then on.
func (s *Service) PublishTask(ctx context.Context, args []string, logger *slog.Logger) error {
	var wanted Publication
	request, err := operator.Parse(publishCommand, args, func(flags *flag.FlagSet) {
		flags.Int64Var(&wanted.Version, "version", 0, "the number, by default the next")
		flags.Func("from", "when it comes into force", parseTime(&wanted.From))
		flags.StringVar(&wanted.Note, "note", "", "what changed")
	})
	if err != nil {
		return err
	}
	if len(request.Args) > 0 {
		return fault.New(fault.Invalid, "usage", publishCommand+" [--version N] [--from 2026-12-01T00:00:00Z] [--note TEXT]")
	}
	planned, err := s.plan(ctx, s.queries, wanted)
	if err != nil {
		return err
	}
	will, err := s.announce(ctx, planned)
	if err != nil {
		return err
	}
	if err := request.Confirm(ctx, will); err != nil {
		return err
	}
	action, err := s.publish(ctx, planned, request.By)
	if err != nil {
		return err
	}
	action.Log(ctx, logger)
	return nil
}

// parseTime reads times like 2026-12-01T00:00:00Z, with the zone.
func parseTime(into *time.Time) func(string) error {
	return func(text string) error {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.IsZero() {
			return errors.New("expected a time like 2026-12-01T00:00:00Z")
		}
		*into = at.UTC()
		return nil
	}
}

// plan fills in the number, and refuses what would not become the version in force.
func (s *Service) plan(ctx context.Context, queries *dbgen.Queries, wanted Publication) (Publication, error) {
	wanted.Note = strings.TrimSpace(wanted.Note)
	if utf8.RuneCountInString(wanted.Note) > longestNote || !utf8.ValidString(wanted.Note) || strings.ContainsRune(wanted.Note, 0) {
		return Publication{}, refused(fmt.Sprintf("the note is not valid: expected at most %d characters", longestNote))
	}
	last, err := queries.LastVersion(ctx)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Publication{}, fmt.Errorf("read last version: %w", err)
	}
	if wanted.Version == 0 {
		wanted.Version = int64(last.Version) + 1
	}
	switch {
	case wanted.Version <= int64(last.Version):
		return Publication{}, refused(fmt.Sprintf("the number has to be higher than %d, which is the last", last.Version))
	case wanted.Version > math.MaxInt32:
		return Publication{}, refused(fmt.Sprintf("the number is at most %d", math.MaxInt32))
	case !wanted.From.IsZero() && wanted.From.Before(s.now()):
		return Publication{}, refused("--from lies in the past")
	case !wanted.From.IsZero() && wanted.From.Before(last.PublishedAt), wanted.From.IsZero() && s.now().Before(last.PublishedAt):
		return Publication{}, refused(fmt.Sprintf("version %d comes into force only on %s, so this one cannot be before it", last.Version, last.PublishedAt.UTC().Format(shownTime)))
	}
	return wanted, nil
}

func refused(why string) error { return fault.New(fault.Invalid, "terms-version-refused", why) }

func (s *Service) announce(ctx context.Context, planned Publication) (string, error) {
	members, err := s.queries.CountMembers(ctx)
	if err != nil {
		return "", fmt.Errorf("count members: %w", err)
	}
	when := "now"
	if !planned.From.IsZero() {
		when = "from " + planned.From.Format(shownTime)
	}
	note := "without a note"
	if planned.Note != "" {
		note = "with the note: " + planned.Note
	}
	return fmt.Sprintf("Version %d of the terms of use will be in force %s, %s\nAll members (%d today) are then asked to agree again. It cannot be taken back.",
		planned.Version, when, note, members), nil
}

// publish plans again with the versions locked: another operator may have been faster.
func (s *Service) publish(ctx context.Context, planned Publication, by string) (operation.Action, error) {
	var done operation.Action
	err := s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries, now := s.queries.WithTx(tx), s.now()
		if err := queries.LockVersions(ctx); err != nil {
			return fmt.Errorf("lock versions: %w", err)
		}
		version, err := s.plan(ctx, queries, planned)
		if err != nil {
			return err
		}
		if version.From.IsZero() {
			version.From = now
		}
		err = queries.InsertVersion(ctx, dbgen.InsertVersionParams{
			Version: int32(version.Version), Note: unlessEmpty(version.Note), PublishedAt: version.From, //nolint:gosec // plan bounds it
		})
		if err != nil {
			return fmt.Errorf("write version: %w", err)
		}
		done = operation.Action{
			By: by, Command: publishCommand, Subject: fmt.Sprintf("version %d", version.Version), Detail: "from " + version.From.UTC().Format(shownTime),
		}
		return operation.Note(ctx, tx, done, now)
	})
	return done, err
}

func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
