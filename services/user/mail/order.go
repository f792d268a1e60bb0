package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
)

const (
	orderKey          = "order:"
	longestIdentifier = 100
	identifierField   = "identifier"
	orderLinkField    = "order_link"
	newsletterField   = "prosepct_email_unsubscribe_str" //nolint:misspell // the old templates spell it so (payment.md 8)
)

// Service answers user.v1.MailService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedMailServiceServer
	db        *postgres.Database
	queries   *dbgen.Queries
	outbox    *Outbox
	prospects *prospect.Service
	site      string
}

// NewService makes the service; site is the origin of the pages that links lead to.
func NewService(db *postgres.Database, outbox *Outbox, prospects *prospect.Service, site string) *Service {
	return &Service{db: db, queries: dbgen.New(db), outbox: outbox, prospects: prospects, site: site}
}

// SendOrderConfirmation queues the confirmation of an order. The order's identifier is the key: a repeat changes nothing
// and answers as the first time.
func (s *Service) SendOrderConfirmation(ctx context.Context, request *userv1.SendOrderConfirmationRequest) (*userv1.SendOrderConfirmationResponse, error) {
	if !wellFormed(request.GetOrderIdentifier(), longestIdentifier) {
		return nil, fault.New(fault.Invalid, "order-identifier-invalid", "")
	}
	email, err := prospect.ParseAddress(request.GetEmail())
	if err != nil {
		return nil, err
	}
	response := &userv1.SendOrderConfirmationResponse{}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		response.ProspectId, err = s.confirm(ctx, tx, request, email)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("confirm order: %w", err)
	}
	return response, nil
}

func (s *Service) confirm(ctx context.Context, tx pgx.Tx, request *userv1.SendOrderConfirmationRequest, email string) (int64, error) {
	earlier, exists, err := s.outbox.prospectOf(ctx, tx, orderKey+request.GetOrderIdentifier())
	if exists || err != nil {
		return earlier, err
	}
	if request.GetAccountId() != 0 {
		return 0, s.confirmToMember(ctx, tx, request, email)
	}
	return s.confirmToGuest(ctx, tx, request, email)
}

func (s *Service) confirmToMember(ctx context.Context, tx pgx.Tx, request *userv1.SendOrderConfirmationRequest, email string) error {
	code, err := s.memberCode(ctx, tx, request.GetAccountId())
	if err != nil {
		return err
	}
	letter := s.orderLetter(request, email)
	letter.AccountID = request.GetAccountId()
	letter.Fields["mb_cd"] = code
	_, err = s.outbox.Put(ctx, tx, letter)
	return err
}

// memberCode is the code of an account in links. Errors: NotFound "account-not-found".
func (s *Service) memberCode(ctx context.Context, tx pgx.Tx, accountID int64) (string, error) {
	code, err := s.queries.WithTx(tx).MemberCode(ctx, accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", fault.New(fault.NotFound, "account-not-found", "")
	}
	if err != nil {
		return "", fmt.Errorf("read member code: %w", err)
	}
	return code, nil
}

func (s *Service) confirmToGuest(ctx context.Context, tx pgx.Tx, request *userv1.SendOrderConfirmationRequest, email string) (int64, error) {
	guest, err := s.prospects.Ensure(ctx, tx, email)
	if err != nil {
		return 0, err
	}
	letter := s.orderLetter(request, email)
	letter.ProspectID = guest.ID
	letter.Fields["pr_cd"] = guest.Code
	letter.Fields[newsletterField] = s.newsletterSentence(request, guest)
	first, err := s.outbox.Put(ctx, tx, letter)
	if err != nil {
		return 0, err
	}
	if !first {
		earlier, _, err := s.outbox.prospectOf(ctx, tx, letter.Key) // written by whoever was faster
		return earlier, err
	}
	return guest.ID, s.prospects.NoteOrder(ctx, tx, guest.ID, request.GetOrderIdentifier(), request.GetNewsletter())
}

func (s *Service) orderLetter(request *userv1.SendOrderConfirmationRequest, email string) Letter {
	return Letter{
		Key:          orderKey + request.GetOrderIdentifier(),
		TemplateCode: request.GetTemplateCode(),
		Recipient:    email,
		Fields:       orderFields(request, s.outbox.now()),
	}
}

// newsletterSentence says the truth about the mailing list (contract payment.md P-14).
func (s *Service) newsletterSentence(request *userv1.SendOrderConfirmationRequest, guest prospect.Prospect) string {
	if guest.Unsubscribed && !request.GetNewsletter() {
		return "We write to this address about this order only; it is not on our mailing list."
	}
	return fmt.Sprintf("You are on our mailing list. One visit takes you off it: %s/account/email-unsubscribe?em_cd=%s&pr_cd=%s&pr_token=%s",
		s.site, request.GetTemplateCode(), guest.Code, guest.UnsubscribeToken)
}

// orderOf tells whether a mail is about an order, and which: "" when that was forgotten with what the mail said.
func orderOf(letter dbgen.LoadMailRow) (identifier string, isOrder bool) {
	if identifier, isOrder = strings.CutPrefix(letter.Key, orderKey); isOrder {
		return identifier, true
	}
	if !strings.HasPrefix(letter.Key, noticeKey) {
		return "", false
	}
	var fields map[string]string
	if json.Unmarshal(letter.Fields, &fields) != nil {
		return "", true
	}
	return fields[identifierField], true
}
