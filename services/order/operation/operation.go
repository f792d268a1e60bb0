// Package operation remembers what operators did by command: who, when, what. What the commands do is in the room that each is
// about; how an operator is asked is package operator of the platform.
package operation

import (
	"context"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/operation/dbgen"
)

// Note keeps that something was done; db may be the transaction in which it was. Nothing personal belongs into it.
func Note(ctx context.Context, db dbgen.DBTX, by, command, subject, detail string, now time.Time) error {
	err := dbgen.New(db).NoteAction(ctx, dbgen.NoteActionParams{DoneAt: now.UTC(), DoneBy: by, Command: command, Subject: subject, Detail: detail})
	if err != nil {
		return fmt.Errorf("note what was done: %w", err)
	}
	return nil
}
