// Package operation remembers what operators did by command: who, when, what. What the commands do is in the room that each is
// about; how an operator is asked is package operator of the platform.
package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/operation/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
)

// Note keeps that something was done; db may be the transaction in which it was. Nothing personal belongs into it.
func Note(ctx context.Context, db dbgen.DBTX, by, command, subject, detail string, now time.Time) error {
	err := dbgen.New(db).NoteAction(ctx, dbgen.NoteActionParams{DoneAt: now.UTC(), DoneBy: by, Command: command, Subject: subject, Detail: detail})
	if err != nil {
		return fmt.Errorf("note what was done: %w", err)
	}
	return nil
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
