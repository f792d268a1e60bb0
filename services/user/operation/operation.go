// Package operation remembers what operators did by command: who, when, what. What the commands do is in the room that each is
// about; how an operator is asked is package operator of the platform.
package operation

import (
	"context"
	"fmt"
	"log/slog"
	"time"

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
