package purchase

import (
	"context"
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

// Read answers an order to those who may see all of them: operators, and calls that changed it. Fault order-not-found.
func (p *Purchases) Read(ctx context.Context, identifier string) (*orderv1.Order, error) {
	if !identifierForm.MatchString(identifier) {
		return nil, errNotFound
	}
	order, err := p.read(ctx, identifier)
	if err != nil {
		return nil, err
	}
	return order.proto(), nil
}

// stored is an order with all its parts.
type stored struct {
	purchase      dbgen.Purchase
	payment       dbgen.PurchasePayment
	shipping      dbgen.PurchaseShippingMethod
	lines         []dbgen.PurchaseLine
	addresses     map[string]dbgen.PurchaseAddress // by kind
	statuses      []dbgen.PurchaseStatus           // newest first
	discounts     []dbgen.PurchaseDiscount
	refundedMinor int64
}

// head is what an order has one of, in the order of DetailHead.
type head struct {
	dbgen.Purchase
	dbgen.PurchasePayment
	dbgen.PurchaseShippingMethod
	RefundedMinor int64
}

// asker sends many statements at once; the database and a transaction do.
type asker interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

func (p *Purchases) read(ctx context.Context, identifier string) (stored, error) {
	return read(ctx, p.db, identifier)
}

// read asks for an order and all its parts in one round trip.
func read(ctx context.Context, db asker, identifier string) (stored, error) {
	var heads []head
	var addresses []dbgen.PurchaseAddress
	order, batch := stored{addresses: map[string]dbgen.PurchaseAddress{}}, &pgx.Batch{}
	queue(batch, &heads, pgx.RowToStructByPos, dbgen.DetailHead, identifier)
	queue(batch, &order.lines, pgx.RowToStructByPos, dbgen.DetailLines, identifier)
	queue(batch, &addresses, pgx.RowToStructByPos, dbgen.DetailAddresses, identifier)
	queue(batch, &order.statuses, pgx.RowToStructByPos, dbgen.DetailStatuses, identifier)
	queue(batch, &order.discounts, pgx.RowToStructByPos, dbgen.DetailDiscounts, identifier)
	if err := db.SendBatch(ctx, batch).Close(); err != nil {
		return stored{}, fmt.Errorf("read order: %w", err)
	}
	if len(heads) == 0 {
		return stored{}, errNotFound
	}
	one := heads[0]
	order.purchase, order.payment, order.shipping, order.refundedMinor = one.Purchase, one.PurchasePayment, one.PurchaseShippingMethod, one.RefundedMinor
	for _, address := range addresses {
		order.addresses[address.Kind] = address
	}
	return order, nil
}

func queue[Row any](batch *pgx.Batch, into *[]Row, scan pgx.RowToFunc[Row], sql string, args ...any) {
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		read, err := pgx.CollectRows(rows, scan)
		*into = read
		return err
	})
}
