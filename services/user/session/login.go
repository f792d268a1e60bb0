package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

// LogIn checks a password and begins a session. Every try counts for the limit of the address, the successful too (contract
// user.md 1.6), and failures for the name. Whether the name, the password or a closed account is at fault, the answer and
// the work are the same.
func (s *Service) LogIn(ctx context.Context, request *userv1.LogInRequest) (*userv1.LogInResponse, error) {
	if err := s.limiter.Allow(ctx, limit.Login(), limit.Address(request.GetClientAddress())); err != nil {
		return nil, err
	}
	account, err := s.credentials(ctx, request)
	if err != nil {
		return nil, err
	}
	checked, err := s.check(ctx, request, account)
	if err != nil {
		return nil, err
	}
	if !checked.Matches || !account.IsActive {
		return nil, errCredentials()
	}
	hash := account.PasswordHash
	if checked.Outdated {
		if hash, err = s.renew(ctx, account.PasswordHash, request.GetPassword()); err != nil {
			return nil, err
		}
	}
	response, err := s.begin(ctx, request, account, hash)
	if err != nil {
		return nil, err
	}
	s.failures.forget(ctx, request.GetUsername())
	return response, nil
}

// check compares the password unless too many failures lie behind the name. These do not hold up who comes from where the
// account was entered before: otherwise anybody could shut the owner out. The limit of the address holds for him alone.
func (s *Service) check(ctx context.Context, request *userv1.LogInRequest, account dbgen.FindCredentialsRow) (password.Result, error) {
	counted := false
	if !account.FromKnownNetwork {
		var err error
		if counted, err = s.failures.count(ctx, request.GetUsername()); err != nil {
			return password.Result{}, err
		}
	}
	checked, err := s.hasher.Verify(ctx, account.PasswordHash, request.GetPassword())
	if err != nil {
		if counted {
			s.failures.takeBack(ctx, request.GetUsername())
		}
		return password.Result{}, fmt.Errorf("check password: %w", err)
	}
	return checked, nil
}

// renew makes a hash anew. When too many wait for theirs, it has time until the next login.
func (s *Service) renew(ctx context.Context, hash, plain string) (string, error) {
	renewed, err := s.hasher.Hash(ctx, plain)
	if fault.KindOf(err) == fault.RateLimited {
		return hash, nil
	}
	if err != nil {
		return "", fmt.Errorf("renew password hash: %w", err)
	}
	return renewed, nil
}

// credentials gives the account 0 for a name that nobody has, with a hash that nobody's password has and that costs what
// its neighbour's does. Names are compared with their case (contract user.md 2.4).
func (s *Service) credentials(ctx context.Context, request *userv1.LogInRequest) (dbgen.FindCredentialsRow, error) {
	account, err := s.queries.FindCredentials(ctx, dbgen.FindCredentialsParams{
		Username: storable(request.GetUsername()), Place: s.neighbours.placeOf(request.GetUsername()),
		Networks: s.networks.hashesOf(request.GetClientAddress()), KnownAfter: s.now().Add(-knownFor),
	})
	if err != nil {
		return dbgen.FindCredentialsRow{}, fmt.Errorf("find account: %w", err)
	}
	decoy := password.Decoy(account.NeighbourCost)
	if account.ID == 0 {
		account.PasswordHash = decoy
	}
	return account, nil
}

func (s *Service) begin(ctx context.Context, request *userv1.LogInRequest, account dbgen.FindCredentialsRow, hash string) (*userv1.LogInResponse, error) {
	response := &userv1.LogInResponse{Account: &userv1.Account{
		AccountId: account.ID, Username: account.Username, FirstName: account.FirstName, LastName: account.LastName,
		Email: account.Email, MemberCode: account.MemberCode,
	}}
	err := s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		begun, err := s.Begin(ctx, tx, Owner{
			AccountID: account.ID, PasswordGeneration: account.PasswordGeneration,
			Remember: request.GetRemember(), ReplacedToken: request.GetReplacedSessionToken(), UserAgent: request.GetUserAgent(),
			ClientAddress: request.GetClientAddress(),
		})
		if err != nil {
			return err
		}
		response.Session = begun
		return s.noteLogin(ctx, tx, account, hash)
	})
	if errors.Is(err, ErrAccountChanged) {
		return nil, errCredentials()
	}
	if err != nil {
		return nil, fmt.Errorf("log in: %w", err)
	}
	return response, nil
}

func (s *Service) noteLogin(ctx context.Context, tx pgx.Tx, account dbgen.FindCredentialsRow, hash string) error {
	now := s.now()
	err := s.queries.WithTx(tx).NoteLogin(ctx, dbgen.NoteLoginParams{
		Now: pointerTo(now), CheckedHash: account.PasswordHash, PasswordHash: hash, ID: account.ID,
	})
	if err != nil {
		return fmt.Errorf("note login: %w", err)
	}
	return nil
}

func pointerTo(t time.Time) *time.Time { return &t }

func errCredentials() error {
	return fault.New(fault.Unauthenticated, "credentials-invalid", "")
}
