package cart

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
)

// Extract is an account's cart as its owner gets it. Prices are not in it: a cart has none. Times are UTC. Keys stay as
// they are: others read them.
type Extract struct {
	CreatedAt      time.Time     `json:"created_at"`
	UpdatedAt      time.Time     `json:"updated_at"`
	ShippingMethod *string       `json:"shipping_method"` // null as long as none is chosen
	Lines          []LineExtract `json:"lines"`
	DiscountCodes  []string      `json:"discount_codes"`
}

// LineExtract is a SKU in a cart.
type LineExtract struct {
	SkuID             int64  `json:"sku_id"`
	Quantity          int32  `json:"quantity"`
	ProductIdentifier string `json:"product_identifier"`
	ProductTitle      string `json:"product_title"`
}

// Adoption is a guest whose cart went to the account, by the id in the browser's cookie.
type Adoption struct {
	AnonymousCartID string    `json:"anonymous_cart_id"`
	AdoptedAt       time.Time `json:"adopted_at"`
}

// ExtractsOf is the account's cart, if it has one, and the guests that it was; neither is nil.
func ExtractsOf(ctx context.Context, tx pgx.Tx, accountID int64) ([]Extract, []Adoption, error) {
	queries := dbgen.New(tx)
	rows, err := queries.AdoptionsOfAccount(ctx, accountID)
	if err != nil {
		return nil, nil, fmt.Errorf("list adopted guests: %w", err)
	}
	adoptions := make([]Adoption, len(rows))
	for i, row := range rows {
		adoptions[i] = Adoption{AnonymousCartID: row.AnonymousID, AdoptedAt: row.AdoptedAt}
	}
	carts, err := extractCarts(ctx, queries, accountID)
	return carts, adoptions, err
}

func extractCarts(ctx context.Context, queries *dbgen.Queries, accountID int64) ([]Extract, error) {
	cart, err := queries.CartOfAccount(ctx, accountID)
	if errors.Is(err, pgx.ErrNoRows) {
		return []Extract{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find cart of account: %w", err)
	}
	rows, err := queries.LinesOfCart(ctx, cart.ID)
	if err != nil {
		return nil, fmt.Errorf("list lines of cart: %w", err)
	}
	lines := make([]LineExtract, len(rows))
	for i, row := range rows {
		lines[i] = LineExtract{SkuID: row.SkuID, Quantity: row.Quantity, ProductIdentifier: row.ProductIdentifier, ProductTitle: row.ProductTitle}
	}
	codes, err := queries.CodesOfCart(ctx, cart.ID)
	if err != nil {
		return nil, fmt.Errorf("list discount codes of cart: %w", err)
	}
	return []Extract{{
		CreatedAt: cart.CreatedAt, UpdatedAt: cart.UpdatedAt, ShippingMethod: cart.ShippingMethod,
		Lines: lines, DiscountCodes: append([]string{}, codes...),
	}}, nil
}

// Delete deletes the account's cart within tx and answers how many that were, at most one.
func Delete(ctx context.Context, tx pgx.Tx, accountID int64) (int64, error) {
	deleted, err := dbgen.New(tx).DeleteCartOfAccount(ctx, accountID)
	if err != nil {
		return 0, fmt.Errorf("delete cart of account: %w", err)
	}
	return deleted, nil
}

// ForgetAdoptions forgets within tx which guests the account was, and answers how many they were.
func ForgetAdoptions(ctx context.Context, tx pgx.Tx, accountID int64) (int64, error) {
	forgotten, err := dbgen.New(tx).ForgetAdoptions(ctx, accountID)
	if err != nil {
		return 0, fmt.Errorf("forget adopted guests: %w", err)
	}
	return forgotten, nil
}
