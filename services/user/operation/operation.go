// Package operation remembers what operators did by command: who, when, what. What the commands do is in the room that each is
// about; how an operator is asked is package operator of the platform.
package operation

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/user/operation/dbgen"
)

// Action is something that was done. Nothing personal belongs into it: accounts and mails are named by their numbers.
type Action struct {
	By      string // who, by their own word
	Command string
	Subject string // what it was done to
	Detail  string
}

// Note keeps an action; db may be the transaction in which it was done.
func Note(ctx context.Context, db dbgen.DBTX, action Action, now time.Time) error {
	err := dbgen.New(db).NoteAction(ctx, dbgen.NoteActionParams{
		DoneAt: now.UTC(), DoneBy: action.By, Command: action.Command, Subject: action.Subject, Detail: action.Detail,
	})
	if err != nil {
		return fmt.Errorf("note what was done: %w", err)
	}
	return nil
}

// Log tells an action that is done.
func (a Action) Log(ctx context.Context, logger *slog.Logger) {
	logger.InfoContext(ctx, "[OPERATOR] "+a.Command, "by", a.By, "subject", a.Subject, "detail", a.Detail)
}

// List is the task operator-actions [--days 7]: who did what, newest first.
func List(ctx context.Context, db dbgen.DBTX, args []string, now time.Time) error {
	return operator.ListActions(ctx, args, now, func(ctx context.Context, since time.Time) ([]operator.Action, error) {
		rows, err := dbgen.New(db).ListActions(ctx, since)
		actions := make([]operator.Action, len(rows))
		for i, row := range rows {
			actions[i] = operator.Action{At: row.DoneAt, By: row.DoneBy, Command: row.Command, Subject: row.Subject, Detail: row.Detail}
		}
		return actions, err
	})
}
