package subscription

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription/dbgen"
)

const longestToken = 200 // what the tables hold

// owner is the member or the prospect whom a token names.
type owner struct {
	accountID    *int64 // nil for a prospect
	prospectID   *int64 // nil for a member
	email        string
	unsubscribed bool
	token        Token
}

// subject names the owner for a limit.
func (o owner) subject() string {
	if o.accountID != nil {
		return limit.Account(*o.accountID)
	}
	return "prospect:" + strconv.FormatInt(*o.prospectID, 10)
}

// findOwner answers as contract user.md 2.16 says. Errors: Invalid "token-required", NotFound "member-not-found".
func (s *Service) findOwner(ctx context.Context, given *userv1.SubscriptionToken) (owner, error) {
	if given == nil || given.MemberToken == nil && given.ProspectToken == nil {
		return owner{}, fault.New(fault.Invalid, "token-required", "")
	}
	found, err := s.ownerOf(ctx, given)
	if errors.Is(err, pgx.ErrNoRows) {
		return owner{}, errUnknown()
	}
	if err != nil {
		return owner{}, fmt.Errorf("find owner of token: %w", err)
	}
	return found, nil
}

func (s *Service) ownerOf(ctx context.Context, given *userv1.SubscriptionToken) (owner, error) {
	if given.MemberToken != nil {
		row, err := s.queries.FindMemberByToken(ctx, normalToken(given.GetMemberToken()))
		return ownerFrom(row, &row.ID, nil), err
	}
	row, err := s.queries.FindProspectByToken(ctx, normalToken(given.GetProspectToken()))
	return ownerFrom(dbgen.FindMemberByTokenRow(row), nil, &row.ID), err
}

func ownerFrom(row dbgen.FindMemberByTokenRow, accountID, prospectID *int64) owner {
	return owner{
		accountID: accountID, prospectID: prospectID, email: row.Email, unsubscribed: row.EmailUnsubscribed,
		token: Token{Text: row.UnsubscribeString, Signature: row.UnsubscribeToken},
	}
}

// normalToken drops what mail programs take along with a link, a full stop or a blank for instance. What cannot be a token
// becomes "", which is nobody's.
func normalToken(given string) string {
	if len(given) > longestToken {
		return ""
	}
	token := strings.TrimFunc(given, isForeign)
	if strings.ContainsFunc(token, isForeign) {
		return ""
	}
	return token
}

// isForeign tells what no token holds: tokens are base64url.
func isForeign(character rune) bool {
	switch {
	case character >= 'a' && character <= 'z', character >= 'A' && character <= 'Z', character >= '0' && character <= '9':
		return false
	default:
		return character != '-' && character != '_'
	}
}

func errUnknown() error {
	return fault.New(fault.NotFound, "member-not-found", "")
}
