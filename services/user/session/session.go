// Package session knows which browser belongs to which account: logging in and how long to wait after failing at it,
// resolving a token, logging out, listing and ending sessions.
//
// Passwords are compared by package password; accounts are made and changed by package account, which begins a session
// through Begin when it needs one.
package session

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

const (
	tokenAlphabet = "abcdefghijklmnopqrstuvwxyz0123456789" // contract user.md 1.3
	tokenLength   = 32
	// lifetime is counted from the login and never prolonged (contract encodings.md 2).
	lifetime = 14 * 24 * time.Hour
)

// Service answers user.v1.SessionService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedSessionServiceServer
	db         *postgres.Database
	queries    *dbgen.Queries
	hasher     Hasher
	limiter    *limit.Limiter
	failures   failures
	networks   networks
	neighbours neighbours
	now        func() time.Time
}

// Hasher compares and makes hashes, as package password does.
type Hasher interface {
	// Verify costs what the stored hash says, also when it matches nothing.
	Verify(ctx context.Context, stored, plain string) (password.Result, error)
	Hash(ctx context.Context, plain string) (string, error)
}

// New makes the service; the key keeps stored networks, and what trying an unknown name costs, from being guessed.
func New(db *postgres.Database, hasher Hasher, limiter *limit.Limiter, key signing.Key, now func() time.Time) *Service {
	queries := dbgen.New(db)
	return &Service{
		db: db, queries: queries, hasher: hasher, limiter: limiter, now: now,
		failures: failures{queries: queries, limiter: limiter, now: now},
		networks: newNetworks(key), neighbours: newNeighbours(key),
	}
}

// Owner says for whom a session begins.
type Owner struct {
	AccountID int64
	// PasswordGeneration is the one under which the password was checked.
	PasswordGeneration int32
	// Remember: the browser should keep the session after it is closed.
	Remember bool
	// ReplacedToken is the browser's session until now, "" without.
	ReplacedToken string
	// UserAgent is how the browser names itself, for the list of sessions. Any text; what is unreadable in it is left out.
	UserAgent string
	// ClientAddress is from where the owner came, "" when that says nothing about him.
	ClientAddress string
}

// ErrAccountChanged says that an account was closed, or got another password, while a session was to begin.
var ErrAccountChanged = errors.New("account changed before its session began")

// Begin makes a session within tx and ends the one it takes the place of, whoever's that was, and the oldest of the account
// when there are more than a hundred.
func (s *Service) Begin(ctx context.Context, tx pgx.Tx, owner Owner) (*userv1.Session, error) {
	token, now := identifier.NewFrom(tokenAlphabet, tokenLength), s.now()
	begun, err := s.queries.WithTx(tx).InsertSession(ctx, dbgen.InsertSessionParams{
		TokenHash: hashOf(token), Persistent: owner.Remember, UserAgent: readable(owner.UserAgent), CreatedAt: now, ExpiresAt: now.Add(lifetime),
		AccountID: owner.AccountID, CheckedGeneration: owner.PasswordGeneration,
	})
	if err != nil {
		return nil, fmt.Errorf("begin session: %w", err)
	}
	if begun == 0 {
		return nil, ErrAccountChanged
	}
	if err := s.makeRoom(ctx, tx, owner, token); err != nil {
		return nil, err
	}
	if err := s.NoteNetwork(ctx, tx, owner.AccountID, owner.ClientAddress); err != nil {
		return nil, err
	}
	return &userv1.Session{Token: token, ExpiresAt: timestamppb.New(now.Add(lifetime)), Persistent: owner.Remember}, nil
}

func (s *Service) makeRoom(ctx context.Context, tx pgx.Tx, owner Owner, begun string) error {
	queries := s.queries.WithTx(tx)
	if looksLikeToken(owner.ReplacedToken) {
		if err := queries.DeleteSession(ctx, hashOf(owner.ReplacedToken)); err != nil {
			return fmt.Errorf("end replaced session: %w", err)
		}
	}
	err := queries.EndSurplusSessions(ctx, dbgen.EndSurplusSessionsParams{
		AccountID: owner.AccountID, Begun: hashOf(begun), Kept: sessionsPerAccount - 1,
	})
	if err != nil {
		return fmt.Errorf("end surplus sessions: %w", err)
	}
	return nil
}

// ResolveSession tells whose session a token is. It is asked on nearly every request of the shop and is one query.
func (s *Service) ResolveSession(ctx context.Context, request *userv1.ResolveSessionRequest) (*userv1.ResolveSessionResponse, error) {
	if !looksLikeToken(request.GetToken()) {
		return nil, errUnknown()
	}
	found, err := s.queries.ResolveSession(ctx, dbgen.ResolveSessionParams{TokenHash: hashOf(request.GetToken()), Now: s.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errUnknown()
	}
	if err != nil {
		return nil, fmt.Errorf("resolve session: %w", err)
	}
	return &userv1.ResolveSessionResponse{
		Account: &userv1.Account{
			AccountId: found.ID, Username: found.Username, FirstName: found.FirstName, LastName: found.LastName,
			Email: found.Email, MemberCode: found.MemberCode,
		},
		ExpiresAt: timestamppb.New(found.ExpiresAt),
	}, nil
}

// LogOut ends a session; an unknown one is ended already.
func (s *Service) LogOut(ctx context.Context, request *userv1.LogOutRequest) (*userv1.LogOutResponse, error) {
	if !looksLikeToken(request.GetToken()) {
		return &userv1.LogOutResponse{}, nil
	}
	if err := s.queries.DeleteSession(ctx, hashOf(request.GetToken())); err != nil {
		return nil, fmt.Errorf("end session: %w", err)
	}
	return &userv1.LogOutResponse{}, nil
}

func errUnknown() error {
	return fault.New(fault.Unauthenticated, "session-unknown", "")
}

// hashOf needs no salt and no slow function: a token is 165 random bits.
func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func looksLikeToken(text string) bool {
	return len(text) == tokenLength && strings.Trim(text, tokenAlphabet) == ""
}
