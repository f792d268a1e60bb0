package credential

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/credential/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// mostReminders is how many accounts of one address are told of: addresses are not unique, and nobody's mailbox is to be
// filled.
const mostReminders = 20

// RemindUsername leaves a job, whichever address is given (contract user.md 8, defect 6).
func (s *Service) RemindUsername(ctx context.Context, request *userv1.RemindUsernameRequest) (*userv1.RemindUsernameResponse, error) {
	email := strings.ToLower(request.GetEmail())
	err := s.rooms.Limiter.AllowAll(ctx,
		limit.Use{Rule: limit.ForgotUsernameByAddress(), Subject: limit.Address(request.GetClientAddress())},
		limit.Use{Rule: limit.ForgotUsername(), Subject: limit.Typed(email)})
	if err != nil {
		return nil, err
	}
	if !storable(email, longestEmail) {
		return &userv1.RemindUsernameResponse{}, nil // nobody's
	}
	if err := s.queue(ctx, RemindArgs{Email: email}); err != nil {
		return nil, err
	}
	return &userv1.RemindUsernameResponse{}, nil
}

// RemindArgs is the job that sends the user names of an address to it.
type RemindArgs struct {
	Email string `json:"email"`
}

// Kind names the job.
func (RemindArgs) Kind() string { return "credential.remind" }

// InsertOpts gives the job its queue and its patience.
func (RemindArgs) InsertOpts() river.InsertOpts { return insertOpts() }

// RemindWorker does RemindArgs. Safe for concurrent use.
type RemindWorker struct {
	river.WorkerDefaults[RemindArgs]
	credentials *Service
}

// NewRemindWorker makes the worker.
func NewRemindWorker(credentials *Service) *RemindWorker {
	return &RemindWorker{credentials: credentials}
}

// Work writes a mail per account.
func (w *RemindWorker) Work(ctx context.Context, job *river.Job[RemindArgs]) error {
	return carryOut(ctx, w.credentials.db, job, func(ctx context.Context, tx pgx.Tx) error {
		return w.credentials.remind(ctx, tx, job.Args.Email)
	})
}

func (s *Service) remind(ctx context.Context, tx pgx.Tx, email string) error {
	accounts, err := s.queries.WithTx(tx).AccountsOfAddress(ctx, dbgen.AccountsOfAddressParams{Email: email, Most: mostReminders})
	if err != nil {
		return fmt.Errorf("find accounts of address: %w", err)
	}
	for _, account := range accounts {
		err := s.rooms.Outbox.PutUsernameReminder(ctx, tx, mail.Person{
			AccountID: account.ID, Address: account.Email, FirstName: account.FirstName, LastName: account.LastName, Username: account.Username,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
