package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// SQLSTATE codes, PostgreSQL manual appendix A.
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	queryCanceled        = "57014"
	tooManyConnections   = "53300"
	classShutdown        = "57P" // administrator, crash, cannot connect now
	classConnection      = "08"
)

// IsUniqueViolation tells whether err says that a row would have broken that unique constraint or index ("" = any).
func IsUniqueViolation(err error, constraint string) bool {
	return violates(err, uniqueViolation, constraint)
}

// IsForeignKeyViolation tells whether err says that a row would have broken that foreign key ("" = any).
func IsForeignKeyViolation(err error, constraint string) bool {
	return violates(err, foreignKeyViolation, constraint)
}

func violates(err error, code, constraint string) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) || refusal.Code != code {
		return false
	}
	return constraint == "" || refusal.ConstraintName == constraint
}

// mayRunAgain tells whether the transaction lost against another and can simply be repeated.
func mayRunAgain(err error) bool {
	code := sqlState(err)
	return code == serializationFailure || code == deadlockDetected
}

func sqlState(err error) string {
	var refusal *pgconn.PgError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	return ""
}

// explain turns an error that means "not now" into the typed error; every other error stays as it is.
func explain(ctx context.Context, err error) error {
	var already *fault.Error
	if err == nil || errors.As(err, &already) {
		return err
	}
	var unreachable *pgconn.ConnectError
	if errors.As(err, &unreachable) {
		return fault.New(fault.Unavailable, "database-unavailable", "").Because(err)
	}
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return fault.New(fault.Unavailable, "database-busy", "").Because(err) // our own limit of the wait, not the caller's
	}
	return explainState(err, sqlState(err))
}

func explainState(err error, code string) error {
	switch {
	case code == serializationFailure, code == deadlockDetected, code == lockNotAvailable:
		return fault.New(fault.Unavailable, "database-conflict", "").Because(err)
	case code == queryCanceled:
		return fault.New(fault.DeadlineExceeded, "database-timeout", "").Because(err)
	case code == tooManyConnections:
		return fault.New(fault.Unavailable, "database-busy", "").Because(err)
	case strings.HasPrefix(code, classShutdown), strings.HasPrefix(code, classConnection):
		return fault.New(fault.Unavailable, "database-unavailable", "").Because(err)
	}
	return err
}
