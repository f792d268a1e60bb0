package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

// EndAll ends within tx every session of an account.
func (s *Service) EndAll(ctx context.Context, tx pgx.Tx, accountID int64) error {
	if err := s.queries.WithTx(tx).EndAccountSessions(ctx, accountID); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// Persists tells whether the browser keeps a session of the account after it is closed; what is no session of the account
// does not persist.
func (s *Service) Persists(ctx context.Context, tx pgx.Tx, accountID int64, token string) (bool, error) {
	if !looksLikeToken(token) {
		return false, nil
	}
	persistent, err := s.queries.WithTx(tx).SessionPersists(ctx, dbgen.SessionPersistsParams{
		TokenHash: hashOf(token), AccountID: accountID, Now: s.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at session: %w", err)
	}
	return persistent, nil
}
