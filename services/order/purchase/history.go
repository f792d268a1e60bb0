package purchase

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
)

// The statuses that the shop itself knows; an operator can add others (table status).
const (
	StatusAccepted       = "accepted"
	StatusManufacturing  = "manufacturing"
	StatusPacking        = "packing"
	StatusShipped        = "shipped"
	StatusCancelled      = "cancelled"
	StatusRefunded       = "refunded"
	StatusPartlyRefunded = "partly-refunded"
	StatusRefundFailed   = "refund-failed"
)

// Change is a status that an order enters.
type Change struct {
	PurchaseID int64
	Status     string
	// Description is for the customer; empty: what the shop says of the status.
	Description string
	// By is who made the change, empty for the shop itself. Customers do not see it.
	By string
	// RefundMinor is what this change gives back, and RefundedMinor all that was given back; 0 when it is not about money.
	RefundMinor   int64
	RefundedMinor int64
}

// Enter writes a change into an order's history within tx, and queues the mail about it: either both are there when tx commits,
// or neither. The caller has locked the order's row, and knows that the change is one.
func (p *Purchases) Enter(ctx context.Context, tx pgx.Tx, change Change) error {
	id, err := dbgen.New(tx).EnterStatus(ctx, dbgen.EnterStatusParams{
		PurchaseID: change.PurchaseID, Identifier: change.Status, Title: titleOf(change.Status), Description: change.Description,
		Now: p.now().UTC(), SetBy: change.By,
	})
	if err != nil {
		return fmt.Errorf("enter status %s: %w", change.Status, err)
	}
	return p.queue.InsertTx(ctx, tx, Notice{StatusID: id, RefundMinor: change.RefundMinor, RefundedMinor: change.RefundedMinor}, nil)
}

// titleOf is for a status whose row an operator deleted: "partly-refunded" is "Partly refunded".
func titleOf(status string) string {
	words := strings.ReplaceAll(status, "-", " ")
	if words == "" {
		return words
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

// TellTracking queues within tx the mail about a new tracking number of an order that is under way.
func (p *Purchases) TellTracking(ctx context.Context, tx pgx.Tx, order, number string) error {
	return p.queue.InsertTx(ctx, tx, TrackingNotice{OrderIdentifier: order, Key: trackingKey(order, number)}, nil)
}

// trackingKey names the mail about one tracking number. The number itself would stay behind in queues and in the books of
// mails when it is taken out of the order, and it tells where somebody lives.
func trackingKey(order, number string) string {
	sum := sha256.Sum256([]byte(number))
	return "order-tracking/" + order + "/" + hex.EncodeToString(sum[:16])
}
