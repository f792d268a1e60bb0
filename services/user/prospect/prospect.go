// Package prospect keeps the people who left an address without having an account.
//
// What is sent to them is the business of package mail.
package prospect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
)

const codeLength = 20 // of public codes (contract user.md 1.8)

// Service answers user.v1.ProspectService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedProspectServiceServer
	queries     *dbgen.Queries
	limiter     *limit.Limiter
	unsubscribe subscription.Tokens
	now         func() time.Time
}

// New makes the service; the key signs unsubscribe tokens.
func New(db *postgres.Database, limiter *limit.Limiter, key signing.Key, now func() time.Time) *Service {
	return &Service{
		queries: dbgen.New(db), limiter: limiter, now: now,
		unsubscribe: subscription.NewTokens(key),
	}
}

// ErrMember is Conflict "email-belongs-to-member": who has this address has an account.
func ErrMember() error {
	return fault.New(fault.Conflict, "email-belongs-to-member", "")
}

// Prospect is what mails to a person need.
type Prospect struct {
	ID               int64
	Code             string // pr_cd of links
	UnsubscribeToken string // pr_token of links
	Unsubscribed     bool
}

// EnsureProspect finds or makes the prospect of an address, for a guest who is about to buy. How often one customer may ask
// is minded by who asks for it.
func (s *Service) EnsureProspect(ctx context.Context, request *userv1.EnsureProspectRequest) (*userv1.EnsureProspectResponse, error) {
	email, err := parseTypedAddress(request.GetEmail())
	if err != nil {
		return nil, err
	}
	found, err := s.ensureStranger(ctx, s.queries, email, "Gave this address before paying as a guest.")
	if err != nil {
		return nil, err
	}
	return &userv1.EnsureProspectResponse{ProspectId: found.ID, ProspectCode: found.Code}, nil
}

// Ensure finds or makes within tx the prospect of an address that ParseAddress has passed. Who is new is not subscribed
// to anything.
func (s *Service) Ensure(ctx context.Context, tx pgx.Tx, email string) (Prospect, error) {
	return s.ensure(ctx, s.queries.WithTx(tx), email, "Bought as a guest.")
}

// EnsureStranger finds or makes within tx the prospect of an address that form.Email or ParseAddress has passed, unless a
// member has it; note says how who is new came to us. Errors: ErrMember.
func (s *Service) EnsureStranger(ctx context.Context, tx pgx.Tx, email, note string) (Prospect, error) {
	return s.ensureStranger(ctx, s.queries.WithTx(tx), email, note)
}

func (s *Service) ensureStranger(ctx context.Context, queries *dbgen.Queries, email, note string) (Prospect, error) {
	taken, err := queries.EmailBelongsToMember(ctx, email)
	if err != nil {
		return Prospect{}, fmt.Errorf("look for member: %w", err)
	}
	if taken {
		return Prospect{}, ErrMember()
	}
	return s.ensure(ctx, queries, email, note)
}

func (s *Service) ensure(ctx context.Context, queries *dbgen.Queries, email, note string) (Prospect, error) {
	found, err := find(ctx, queries, email)
	if !errors.Is(err, pgx.ErrNoRows) {
		return found, err
	}
	unsubscribe := s.unsubscribe.New()
	err = queries.InsertProspect(ctx, dbgen.InsertProspectParams{
		Email: email, UnsubscribeString: unsubscribe.Text, UnsubscribeToken: unsubscribe.Signature,
		ProspectCode: identifier.New(codeLength), ShopComment: note, CreatedAt: s.now(),
	})
	if err != nil {
		return Prospect{}, fmt.Errorf("make prospect: %w", err)
	}
	return find(ctx, queries, email) // ours, or that of whoever was faster
}

func find(ctx context.Context, queries *dbgen.Queries, email string) (Prospect, error) {
	row, err := queries.FindProspect(ctx, email)
	if err != nil {
		return Prospect{}, fmt.Errorf("find prospect: %w", err)
	}
	return Prospect{ID: row.ID, Code: row.ProspectCode, UnsubscribeToken: row.UnsubscribeToken, Unsubscribed: row.EmailUnsubscribed}, nil
}

// NoteOrder adds within tx a note on an order. A chosen newsletter subscribes; one not chosen changes nothing.
// To be called once per order: a repeat would undo an unsubscription made since.
func (s *Service) NoteOrder(ctx context.Context, tx pgx.Tx, prospectID int64, orderIdentifier string, newsletter bool) error {
	err := s.queries.WithTx(tx).NoteOrder(ctx, dbgen.NoteOrderParams{
		ID: prospectID, Note: "Placed order " + orderIdentifier + ".", Newsletter: newsletter,
	})
	if err != nil {
		return fmt.Errorf("note order of prospect: %w", err)
	}
	return nil
}

// Convert notes within tx that the prospect of an address, if there is one, has become a member: mails to members reach
// the person from now on. Orders are not handed over before the address is verified (contract user.md 8, defect 10).
func (s *Service) Convert(ctx context.Context, tx pgx.Tx, email string, accountID int64) error {
	err := s.queries.WithTx(tx).Convert(ctx, dbgen.ConvertParams{
		Email: email, Now: s.now(), Note: NoteOfAccount(accountID),
	})
	if err != nil {
		return fmt.Errorf("convert prospect: %w", err)
	}
	return nil
}

// NoteOfAccount is the note, a line of its own, by which a prospect's comment tells the account that the person has now.
func NoteOfAccount(accountID int64) string {
	return fmt.Sprintf("Became account %d.", accountID)
}
