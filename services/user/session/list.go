package session

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgtype"
	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

const (
	sessionsPerAccount = 100
	longestUserAgent   = 200 // characters
)

// ListSessions shows the sessions of an account that are still good.
func (s *Service) ListSessions(ctx context.Context, request *userv1.ListSessionsRequest) (*userv1.ListSessionsResponse, error) {
	rows, err := s.queries.ListSessions(ctx, dbgen.ListSessionsParams{
		AccountID: request.GetAccountId(), Current: hashOf(request.GetCurrentToken()), Now: s.now(), Most: sessionsPerAccount,
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	response := &userv1.ListSessionsResponse{}
	for _, row := range rows {
		response.Sessions = append(response.Sessions, &userv1.SessionSummary{
			Reference: row.Reference.String(), BeganAt: timestamppb.New(row.CreatedAt), ExpiresAt: timestamppb.New(row.ExpiresAt),
			Persistent: row.Persistent, UserAgent: row.UserAgent, Current: row.Current,
		})
	}
	return response, nil
}

// EndSession ends one session of an account, which may be the one that asks.
func (s *Service) EndSession(ctx context.Context, request *userv1.EndSessionRequest) (*userv1.EndSessionResponse, error) {
	var reference pgtype.UUID
	if err := reference.Scan(request.GetReference()); err != nil {
		return nil, errNotFound()
	}
	ended, err := s.queries.EndSession(ctx, dbgen.EndSessionParams{Reference: reference, AccountID: request.GetAccountId(), Now: s.now()})
	if err != nil {
		return nil, fmt.Errorf("end session: %w", err)
	}
	if ended == 0 {
		return nil, errNotFound()
	}
	return &userv1.EndSessionResponse{}, nil
}

// EndOtherSessions ends all sessions of an account but one; all of them when that one is not the account's.
func (s *Service) EndOtherSessions(ctx context.Context, request *userv1.EndOtherSessionsRequest) (*userv1.EndOtherSessionsResponse, error) {
	ended, err := s.queries.EndOtherSessions(ctx, dbgen.EndOtherSessionsParams{
		AccountID: request.GetAccountId(), Kept: hashOf(request.GetKeptToken()), Now: s.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("end other sessions: %w", err)
	}
	return &userv1.EndOtherSessionsResponse{Ended: int32(min(ended, 1<<31-1))}, nil //nolint:gosec // bounded
}

func errNotFound() error {
	return fault.New(fault.NotFound, "session-not-found", "")
}

// readable keeps of a browser's name what can be stored and shown: no control characters, none that turn the text round.
func readable(userAgent string) string {
	kept := strings.Map(func(character rune) rune {
		if character == unicode.ReplacementChar || !unicode.IsPrint(character) {
			return -1
		}
		return character
	}, userAgent)
	if characters := []rune(kept); len(characters) > longestUserAgent {
		return string(characters[:longestUserAgent])
	}
	return kept
}
