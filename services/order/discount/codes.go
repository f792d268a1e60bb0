package discount

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/discount/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// longestCode is what the table takes, in characters.
const longestCode = 100

// What can be wrong with a code; the reasons are part of proto/order/v1.
var (
	ErrNotFound  = fault.New(fault.NotFound, "discount-code-not-found", "there is no such discount code")
	ErrNotActive = fault.New(fault.FailedPrecondition, "discount-code-not-active", "the discount code has not begun or is over")
	// ErrNotAvailable: a code that the cart counts on cannot be used by this customer any more (StartCheckout).
	ErrNotAvailable = fault.New(fault.FailedPrecondition, "discount-code-not-available", "a discount code cannot be used any more")
)

// Customer is who wants to use a code. An account and a guest with its address are the same customer.
type Customer struct {
	AccountID int64  // 0 for a guest
	Email     string // empty when it is not known yet
}

// Find is the id of the code that now may be put on a cart. The code is taken as it is typed, case matters (contract order.md
// 5.1). Faults ErrNotFound, ErrNotActive.
func Find(ctx context.Context, db dbgen.DBTX, code string, now time.Time) (int64, error) {
	if !wellFormed(code) {
		return 0, ErrNotFound
	}
	found, err := dbgen.New(db).FindCode(ctx, code)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("find discount code: %w", err)
	}
	if !(Code{StartsAt: found.StartsAt, EndsAt: found.EndsAt}).Active(now) {
		return 0, ErrNotActive
	}
	return found.ID, nil
}

// wellFormed tells whether the table could hold the code.
func wellFormed(code string) bool {
	return code != "" && utf8.ValidString(code) && !strings.ContainsRune(code, 0) && utf8.RuneCountInString(code) <= longestCode
}

// Exists is ErrNotFound for an id that no code has.
func Exists(ctx context.Context, db dbgen.DBTX, codeID int64) error {
	exists, err := dbgen.New(db).CodeExists(ctx, codeID)
	if err != nil {
		return fmt.Errorf("look for discount code: %w", err)
	}
	if !exists {
		return ErrNotFound
	}
	return nil
}

// OfCart reads the codes on a cart, in the order in which they were put there.
func OfCart(ctx context.Context, db dbgen.DBTX, cartID int64) ([]Code, error) {
	rows, err := dbgen.New(db).CodesOfCart(ctx, cartID)
	if err != nil {
		return nil, fmt.Errorf("read codes of cart: %w", err)
	}
	codes := make([]Code, len(rows))
	for i, row := range rows {
		codes[i] = Code{
			ID: row.ID, Code: row.Code, Description: row.Description, StartsAt: row.StartsAt, EndsAt: row.EndsAt,
			Combinable: row.Combinable, AmountHundredths: row.AmountHundredths, OrderMinimumMinor: row.OrderMinimumMinor,
			TypeTitle: row.TypeTitle, TypeDescription: row.TypeDescription, AppliesTo: row.AppliesTo, Action: row.Action,
			UsedUp: row.UsedUp,
		}
	}
	return codes, nil
}

// Hold makes sure, until the end of tx, that the customer may use each of the codes once more: it locks those that have a limit,
// in the order of their ids, and counts. The caller writes the use before tx ends. Fault ErrNotAvailable; a code that is
// limited per customer needs a customer.
func Hold(ctx context.Context, tx pgx.Tx, codeIDs []int64, customer Customer, now time.Time) error {
	if len(codeIDs) == 0 {
		return nil
	}
	queries := dbgen.New(tx)
	codes, err := queries.LockCodes(ctx, codeIDs)
	if err != nil {
		return fmt.Errorf("lock codes: %w", err)
	}
	if len(codes) != len(codeIDs) {
		return ErrNotAvailable // one was deleted a moment ago
	}
	for _, code := range codes {
		if now.Before(code.StartsAt) || now.After(code.EndsAt) {
			return unavailable(code.ID)
		}
		if err := withinLimits(ctx, queries, code, customer); err != nil {
			return err
		}
	}
	return nil
}

// Unavailable is the id of the code that an ErrNotAvailable is about; 0 when it is gone.
func Unavailable(err error) int64 {
	refusal := fault.Of(err)
	if refusal == nil {
		return 0
	}
	id, _ := strconv.ParseInt(refusal.Metadata[unavailableCode], 10, 64)
	return id
}

const unavailableCode = "discount_code_id"

func unavailable(id int64) error {
	return ErrNotAvailable.With(unavailableCode, strconv.FormatInt(id, 10))
}

func withinLimits(ctx context.Context, queries *dbgen.Queries, code dbgen.LockCodesRow, customer Customer) error {
	if !code.Limited {
		return nil
	}
	if code.UsageLimitPerCustomer != nil && customer == (Customer{}) {
		return unavailable(code.ID)
	}
	uses, err := queries.CountUses(ctx, dbgen.CountUsesParams{CodeID: code.ID, AccountID: customer.AccountID, Email: customer.Email})
	if err != nil {
		return fmt.Errorf("count uses of code: %w", err)
	}
	if reached(code.UsageLimit, uses.InAll) || reached(code.UsageLimitPerCustomer, uses.ByCustomer) {
		return unavailable(code.ID)
	}
	return nil
}

func reached(limit *int32, uses int64) bool { return limit != nil && uses >= int64(*limit) }
