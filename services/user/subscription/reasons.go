package subscription

import (
	"context"
	"fmt"
	"strings"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription/dbgen"
)

const longestOther = 5000 // characters that are kept of free words (contract user.md 8, defect 25)

// reasons are why somebody wants no more mail, in a form that the database takes.
type reasons struct {
	noLongerWanted, neverSignedUp, inappropriate, spam bool
	other                                              string
}

func readReasons(given *userv1.UnsubscribeReasons) reasons {
	return reasons{
		noLongerWanted: given.GetNoLongerWantToReceive(), neverSignedUp: given.GetNeverSignedUp(),
		inappropriate: given.GetInappropriate(), spam: given.GetSpam(), other: keepable(given.GetOther()),
	}
}

func (r reasons) sayAnything() bool {
	return r.noLongerWanted || r.neverSignedUp || r.inappropriate || r.spam || r.other != ""
}

// keepable leaves out what the database does not take and cuts off what is too long.
func keepable(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	characters := 0
	for at := range text {
		if characters == longestOther {
			return text[:at]
		}
		characters++
	}
	return text
}

func (s *Service) keepReasons(ctx context.Context, queries *dbgen.Queries, of owner, given reasons) error {
	err := queries.InsertReasons(ctx, dbgen.InsertReasonsParams{
		AccountID: of.accountID, ProspectID: of.prospectID, NoLongerWantToReceive: given.noLongerWanted,
		NeverSignedUp: given.neverSignedUp, Inappropriate: given.inappropriate, Spam: given.spam, Other: given.other, CreatedAt: s.now(),
	})
	if err != nil {
		return fmt.Errorf("keep reasons: %w", err)
	}
	return nil
}
