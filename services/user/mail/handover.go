package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
)

// A mail is noted as handed over right before a server could take it, in a statement of its own, and the note is taken
// back when the server did not take it. So a note that somebody finds was left by a process that ended in between, and
// nobody can tell whether the mail is out: it is not sent again but listed, for a person to decide (Desk.Resend).

var (
	errInterrupted = errors.New("it broke off between handing over and the server's answer, so the mail may be out or not")
	errHandedOver  = errors.New("the mail is in the hands of another job")
)

// handedOver says what becomes of a job that finds the note. A young one may be of a job that is at work; one that is older
// than any job's time limit is of a job that is no more.
func handedOver(age time.Duration) error {
	if age < sendLimit {
		return errHandedOver
	}
	return river.JobCancel(errInterrupted)
}

// handOver is one attempt at handing over one mail; the moment tells it from others.
type handOver struct {
	queries *dbgen.Queries
	mailID  int64
	at      time.Time // to the microsecond, as the database has it
}

// note fails when another job has the mail, or the database cannot be asked: then it must not be sent.
func (h handOver) note(ctx context.Context) error {
	noted, err := h.queries.HandOver(ctx, dbgen.HandOverParams{ID: h.mailID, Now: h.at})
	if err != nil {
		return fmt.Errorf("note hand-over: %w", err)
	}
	if noted == 0 {
		return errHandedOver
	}
	return nil
}

// takeBack goes on when the process is told to stop.
func (h handOver) takeBack(ctx context.Context) error {
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	if err := h.queries.TakeBack(recording, dbgen.TakeBackParams{ID: h.mailID, HandedOverAt: h.at}); err != nil {
		return fmt.Errorf("take back hand-over: %w", err)
	}
	return nil
}
