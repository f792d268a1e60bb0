package purchase

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// The outcomes of asking for an order (contract order.md 4.14).
var (
	errNotFound     = fault.New(fault.NotFound, "order-not-found", "")
	errLogIn        = fault.New(fault.Unauthenticated, "log-in-required-to-view-order", "")
	errNotInAccount = fault.New(fault.PermissionDenied, "order-not-in-account", "")

	identifierForm = regexp.MustCompile(`^[A-Za-z0-9]{1,100}$`)
)

// GetOrder answers an order to whoever may see it: a guest's order to any guest who knows its identifier, a member's
// to that member alone. Faults: order-not-found, log-in-required-to-view-order, order-not-in-account.
func (p *Purchases) GetOrder(ctx context.Context, request *orderv1.GetOrderRequest) (*orderv1.GetOrderResponse, error) {
	if !identifierForm.MatchString(request.GetIdentifier()) {
		return nil, errNotFound
	}
	order, err := p.read(ctx, request.GetIdentifier())
	if err != nil {
		return nil, err
	}
	if err := visible(order.purchase.AccountID, request.GetAccountId()); err != nil {
		return nil, err
	}
	return &orderv1.GetOrderResponse{Order: order.proto()}, nil
}

func visible(owner *int64, asks int64) error {
	switch {
	case owner == nil && asks == 0, owner != nil && *owner == asks:
		return nil
	case asks == 0:
		return errLogIn
	default:
		return errNotInAccount
	}
}

// ListOrders answers all orders of an account, newest first. With a claimed address the guests' orders of that address
// become the account's before.
func (p *Purchases) ListOrders(ctx context.Context, request *orderv1.ListOrdersRequest) (*orderv1.ListOrdersResponse, error) {
	if err := p.claim(ctx, request.GetAccountId(), request.GetClaimedEmail()); err != nil {
		return nil, err
	}
	rows, err := dbgen.New(p.db).ListPurchasesOfAccount(ctx, request.GetAccountId())
	if err != nil {
		return nil, fmt.Errorf("list orders: %w", err)
	}
	response := &orderv1.ListOrdersResponse{Orders: make([]*orderv1.OrderSummary, len(rows))}
	for i, row := range rows {
		response.Orders[i] = &orderv1.OrderSummary{
			OrderId:       row.ID,
			Identifier:    row.Identifier,
			OrderedAt:     timestamppb.New(row.OrderedAt),
			SalesTaxMinor: row.SalesTaxMinor,
			TotalMinor:    row.TotalMinor,
		}
	}
	return response, nil
}

// stored is an order with all its parts.
type stored struct {
	purchase  dbgen.Purchase
	payment   dbgen.PurchasePayment
	shipping  dbgen.PurchaseShippingMethod
	lines     []dbgen.PurchaseLine
	addresses map[string]dbgen.PurchaseAddress // by kind
	statuses  []dbgen.PurchaseStatus           // newest first
}

func (p *Purchases) read(ctx context.Context, identifier string) (stored, error) {
	return read(ctx, dbgen.New(p.db), identifier)
}

func read(ctx context.Context, queries *dbgen.Queries, identifier string) (stored, error) {
	purchase, err := queries.FindPurchase(ctx, identifier)
	if errors.Is(err, pgx.ErrNoRows) {
		return stored{}, errNotFound
	}
	if err != nil {
		return stored{}, fmt.Errorf("read order: %w", err)
	}
	order, err := readParts(ctx, queries, purchase)
	if err != nil {
		return stored{}, fmt.Errorf("read parts of order %s: %w", identifier, err)
	}
	return order, nil
}

func readParts(ctx context.Context, queries *dbgen.Queries, purchase dbgen.Purchase) (stored, error) {
	order := stored{purchase: purchase, addresses: map[string]dbgen.PurchaseAddress{}}
	var failed [5]error
	order.payment, failed[0] = queries.FindPayment(ctx, purchase.ID)
	order.shipping, failed[1] = queries.FindShippingMethod(ctx, purchase.ID)
	order.lines, failed[2] = queries.ListLines(ctx, purchase.ID)
	order.statuses, failed[3] = queries.ListStatuses(ctx, purchase.ID)
	addresses, err := queries.ListAddresses(ctx, purchase.ID)
	failed[4] = err
	for _, address := range addresses {
		order.addresses[address.Kind] = address
	}
	return order, errors.Join(failed[:]...)
}
