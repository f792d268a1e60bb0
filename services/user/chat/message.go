package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/chat/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
)

const longestName = 30 // contract user.md 1.9

// PutMessage keeps a message together with the notice to the operators, or neither. Every try counts for the limits.
func (s *Service) PutMessage(ctx context.Context, request *userv1.PutMessageRequest) (*userv1.PutMessageResponse, error) {
	if err := s.allow(ctx, request); err != nil {
		return nil, err
	}
	if broken := validate(request); len(broken) > 0 {
		return &userv1.PutMessageResponse{Violations: broken}, nil
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.put(ctx, tx, request) })
	if err != nil {
		return nil, fmt.Errorf("put chat message: %w", err)
	}
	return &userv1.PutMessageResponse{}, nil
}

func (s *Service) allow(ctx context.Context, request *userv1.PutMessageRequest) error {
	if err := s.limiter.Allow(ctx, limit.Chat(), limit.Address(request.GetClientAddress())); err != nil {
		return err
	}
	if request.GetAccountId() == 0 {
		return nil
	}
	return s.limiter.Allow(ctx, limit.Chat(), limit.Account(request.GetAccountId()))
}

func validate(request *userv1.PutMessageRequest) []*userv1.FieldViolation {
	return slices.Concat(
		form.Name(form.FieldName, request.GetName(), longestName),
		form.Email(request.GetEmail()),
		form.Message(request.GetMessage()),
	)
}

func (s *Service) put(ctx context.Context, tx pgx.Tx, request *userv1.PutMessageRequest) error {
	writer, err := s.prospectOf(ctx, tx, request)
	if err != nil {
		return err
	}
	now := s.now()
	id, err := s.queries.WithTx(tx).InsertMessage(ctx, dbgen.InsertMessageParams{
		AccountID: request.GetAccountId(), ProspectID: writer, Name: request.GetName(), Email: request.GetEmail(),
		Message: request.GetMessage(), CreatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("keep chat message: %w", err)
	}
	return s.outbox.PutChatNotice(ctx, tx, s.operator, id, now)
}

// prospectOf gives the prospect whose message this is, nil when it is a member's. Under a member's address somebody who is
// not logged in is nobody we know: that it is theirs is not proved (contract user.md 8, defect 22).
func (s *Service) prospectOf(ctx context.Context, tx pgx.Tx, request *userv1.PutMessageRequest) (*int64, error) {
	if request.GetAccountId() != 0 {
		return nil, nil
	}
	writer, err := s.prospects.EnsureStranger(ctx, tx, request.GetEmail(), "Wrote to the shop through the chat dialogue.")
	if errors.Is(err, prospect.ErrMember()) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &writer.ID, nil
}
