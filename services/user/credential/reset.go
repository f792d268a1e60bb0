package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/credential/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// RequestPasswordReset leaves a job, whoever is named: whether there is such an account is looked up after the answer
// (contract user.md 8, defect 6).
func (s *Service) RequestPasswordReset(ctx context.Context, request *userv1.RequestPasswordResetRequest) (*userv1.RequestPasswordResetResponse, error) {
	username, email := request.GetUsername(), request.GetEmail()
	err := s.rooms.Limiter.AllowAll(ctx,
		limit.Use{Rule: limit.ResetPasswordByAddress(), Subject: limit.Address(request.GetClientAddress())},
		limit.Use{Rule: limit.ResetPassword(), Subject: limit.Typed(username)})
	if err != nil {
		return nil, err
	}
	if !storable(username, form.LongestUsername) || !storable(email, longestEmail) {
		return &userv1.RequestPasswordResetResponse{}, nil // nobody's
	}
	if err := s.queue(ctx, ResetArgs{Username: username, Email: email}); err != nil {
		return nil, err
	}
	return &userv1.RequestPasswordResetResponse{}, nil
}

// ResetArgs is the job that sends a reset code to the owner of an account, if name and address are one's.
type ResetArgs struct {
	Username string `json:"username"`
	Email    string `json:"email"`
}

// Kind names the job.
func (ResetArgs) Kind() string { return "credential.reset" }

// InsertOpts gives the job its queue and its patience.
func (ResetArgs) InsertOpts() river.InsertOpts { return insertOpts() }

// ResetWorker does ResetArgs. Safe for concurrent use.
type ResetWorker struct {
	river.WorkerDefaults[ResetArgs]
	credentials *Service
}

// NewResetWorker makes the worker.
func NewResetWorker(credentials *Service) *ResetWorker { return &ResetWorker{credentials: credentials} }

// Work stores a new code, which takes the place of an earlier one, and writes the mail with it.
func (w *ResetWorker) Work(ctx context.Context, job *river.Job[ResetArgs]) error {
	return carryOut(ctx, w.credentials.db, job, func(ctx context.Context, tx pgx.Tx) error {
		return w.credentials.beginReset(ctx, tx, job.Args)
	})
}

func (s *Service) beginReset(ctx context.Context, tx pgx.Tx, asked ResetArgs) error {
	code, hash := s.resets.Issue()
	account, err := s.queries.WithTx(tx).BeginReset(ctx, dbgen.BeginResetParams{
		CodeHash: hash, Now: s.now(), Username: asked.Username, Email: asked.Email,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("store reset code: %w", err)
	}
	return s.rooms.Outbox.PutPasswordReset(ctx, tx, mail.Person{
		AccountID: account.ID, Address: account.Email, FirstName: account.FirstName, LastName: account.LastName, Username: account.Username,
	}, code)
}
