package purchase

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// Extract is an order as whom it is about gets it, with everything that is kept of it but the catalogue's own words about goods,
// codes and stock, of which it names the most telling. Amounts are text with two decimals, in
// the currency beside them; times are UTC. Keys stay as they are: others read them.
type Extract struct {
	Identifier             string            `json:"identifier"`
	OrderedAt              time.Time         `json:"ordered_at"`
	Email                  string            `json:"email"`
	CustomerName           string            `json:"customer_name"`
	Newsletter             bool              `json:"newsletter"`
	ProspectID             *int64            `json:"prospect_id"`
	Currency               string            `json:"currency"`
	ItemSubtotal           string            `json:"item_subtotal"`
	ItemDiscount           string            `json:"item_discount"`
	Shipping               string            `json:"shipping"`
	ShippingDiscount       string            `json:"shipping_discount"`
	SalesTax               string            `json:"sales_tax"`
	Total                  string            `json:"total"`
	TermsAgreedAt          time.Time         `json:"terms_agreed_at"`
	ConfirmationAcceptedAt *time.Time        `json:"confirmation_accepted_at"`
	ClaimedAt              *time.Time        `json:"claimed_at"`
	AnonymisedAt           *time.Time        `json:"anonymised_at"`
	SessionID              string            `json:"session_id"`
	Lines                  []LineExtract     `json:"lines"`
	Addresses              []AddressExtract  `json:"addresses"`
	Statuses               []StatusExtract   `json:"statuses"`
	ShippingMethod         ShippingExtract   `json:"shipping_method"`
	Payment                PaymentExtract    `json:"payment"`
	Discounts              []DiscountExtract `json:"discounts"`
	Refunds                []RefundExtract   `json:"refunds"`
	Disputes               []DisputeExtract  `json:"disputes"`
	Restocks               []RestockExtract  `json:"restocks"`
}

// LineExtract is what was bought of one SKU; the price is that of one piece.
type LineExtract struct {
	SkuID             int64   `json:"sku_id"`
	Quantity          int32   `json:"quantity"`
	Price             string  `json:"price"`
	Discount          string  `json:"discount"`
	ProductIdentifier string  `json:"product_identifier"`
	ProductTitle      string  `json:"product_title"`
	Color             *string `json:"color"`
	Size              *string `json:"size"`
	Description       *string `json:"description"`
}

// AddressExtract is a shipping or a billing address.
type AddressExtract struct {
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
	Phone      string `json:"phone"`
}

// StatusExtract is a state that the order entered.
type StatusExtract struct {
	Identifier  string    `json:"identifier"`
	Title       string    `json:"title"`
	Description string    `json:"description"`
	SetAt       time.Time `json:"set_at"`
	// SetBy is who made the change, empty for the shop itself.
	SetBy            string     `json:"set_by"`
	NoticeAcceptedAt *time.Time `json:"notice_accepted_at"`
}

// DiscountExtract is what lowered the price: a code, or a promotion of Stripe's page.
type DiscountExtract struct {
	Code        string `json:"code"`
	Description string `json:"description"`
	Applied     bool   `json:"applied"`
	Discount    string `json:"discount"`
}

// RefundExtract is money that went back, or was to.
type RefundExtract struct {
	Key      string  `json:"key"`
	Amount   string  `json:"amount"`
	Currency string  `json:"currency"`
	State    string  `json:"state"`
	RefundID *string `json:"refund_id"`
	// Failure is why nothing went back, empty when it did.
	Failure string `json:"failure"`
	// RequestedBy is who sent it back, and Note why.
	RequestedBy string     `json:"requested_by"`
	Note        string     `json:"note"`
	RequestedAt time.Time  `json:"requested_at"`
	SettledAt   *time.Time `json:"settled_at"`
}

// DisputeExtract is what the customer's bank wanted back.
type DisputeExtract struct {
	DisputeID string     `json:"dispute_id"`
	Amount    string     `json:"amount"`
	Currency  string     `json:"currency"`
	Reason    string     `json:"reason"`
	Status    string     `json:"status"`
	OpenedAt  time.Time  `json:"opened_at"`
	ClosedAt  *time.Time `json:"closed_at"`
}

// RestockExtract is goods that came back: with a refund, or with the cancellation, which has no refund's key.
type RestockExtract struct {
	SkuID       int64      `json:"sku_id"`
	Quantity    int32      `json:"quantity"`
	RefundKey   *string    `json:"refund_key"`
	RestockedAt *time.Time `json:"restocked_at"` // null while the refund is not taken on
}

// ShippingExtract is how the goods travelled.
type ShippingExtract struct {
	Identifier      string  `json:"identifier"`
	Carrier         string  `json:"carrier"`
	TrackingBaseURL string  `json:"tracking_base_url"`
	TrackingNumber  *string `json:"tracking_number"`
}

// PaymentExtract is what Stripe said of the payment.
type PaymentExtract struct {
	Type            string  `json:"type"`
	PaymentIntentID *string `json:"payment_intent_id"`
	CardName        string  `json:"card_name"`
	Currency        string  `json:"currency"`
	Subtotal        string  `json:"subtotal"`
	Discount        string  `json:"discount"`
	Tax             string  `json:"tax"`
	Shipping        string  `json:"shipping"`
	Total           string  `json:"total"`
}

// ExtractsOf are all orders of an account, oldest first; not nil.
func ExtractsOf(ctx context.Context, tx pgx.Tx, accountID int64) ([]Extract, error) {
	queries := dbgen.New(tx)
	purchases, err := queries.ListWholePurchasesOfAccount(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("list orders of account: %w", err)
	}
	extracts := make([]Extract, len(purchases))
	for i, purchase := range purchases {
		if extracts[i], err = extractOf(ctx, tx, purchase); err != nil {
			return nil, fmt.Errorf("order %s: %w", purchase.Identifier, err)
		}
	}
	return extracts, nil
}

func extractOf(ctx context.Context, tx pgx.Tx, purchase dbgen.Purchase) (Extract, error) {
	order, err := read(ctx, tx, purchase.Identifier)
	if err != nil {
		return Extract{}, err
	}
	queries, extract := dbgen.New(tx), order.extract()
	refunds, err := queries.ListRefundsOfPurchase(ctx, purchase.ID)
	if err != nil {
		return Extract{}, fmt.Errorf("list refunds: %w", err)
	}
	disputes, err := queries.ListDisputesOfPurchase(ctx, purchase.ID)
	if err != nil {
		return Extract{}, fmt.Errorf("list disputes: %w", err)
	}
	restocks, err := queries.ListRestocksOfPurchase(ctx, purchase.ID)
	if err != nil {
		return Extract{}, fmt.Errorf("list restocks: %w", err)
	}
	extract.Refunds, extract.Disputes, extract.Restocks = extractRefunds(refunds), extractDisputes(disputes), extractRestocks(restocks)
	return extract, nil
}

func (s stored) extract() Extract {
	order := s.purchase
	return Extract{
		Identifier: order.Identifier, OrderedAt: order.OrderedAt, Email: order.Email, CustomerName: order.CustomerName,
		Newsletter: order.Newsletter, ProspectID: order.ProspectID, Currency: order.Currency,
		ItemSubtotal: money.Format(order.ItemSubtotalMinor), ItemDiscount: money.Format(order.ItemDiscountMinor),
		Shipping: money.Format(order.ShippingMinor), ShippingDiscount: money.Format(order.ShippingDiscountMinor),
		SalesTax: money.Format(order.SalesTaxMinor), Total: money.Format(order.TotalMinor),
		TermsAgreedAt: order.TermsAgreedAt, ConfirmationAcceptedAt: order.ConfirmationAcceptedAt,
		ClaimedAt: order.ClaimedAt, AnonymisedAt: order.AnonymisedAt, SessionID: order.SessionID,
		Lines: s.extractLines(), Addresses: s.extractAddresses(), Statuses: s.extractStatuses(),
		Discounts: s.extractDiscounts(),
		ShippingMethod: ShippingExtract{
			Identifier: s.shipping.Identifier, Carrier: s.shipping.Carrier,
			TrackingBaseURL: s.shipping.TrackingBaseUrl, TrackingNumber: s.shipping.TrackingNumber,
		},
		Payment: PaymentExtract{
			Type: s.payment.PaymentType, PaymentIntentID: s.payment.PaymentIntentID, CardName: s.payment.CardName, Currency: s.payment.Currency,
			Subtotal: money.Format(s.payment.SubtotalMinor), Discount: money.Format(s.payment.DiscountMinor), Tax: money.Format(s.payment.TaxMinor),
			Shipping: money.Format(s.payment.ShippingMinor), Total: money.Format(s.payment.TotalMinor),
		},
	}
}

func (s stored) extractLines() []LineExtract {
	lines := make([]LineExtract, len(s.lines))
	for i, line := range s.lines {
		lines[i] = LineExtract{
			SkuID: line.SkuID, Quantity: line.Quantity, Price: money.Format(line.PriceMinor), Discount: money.Format(line.DiscountMinor),
			ProductIdentifier: line.ProductIdentifier, ProductTitle: line.ProductTitle,
			Color: line.Color, Size: line.Size, Description: line.Description,
		}
	}
	return lines
}

func (s stored) extractAddresses() []AddressExtract {
	addresses := []AddressExtract{}
	for _, kind := range []string{"shipping", "billing"} {
		address, found := s.addresses[kind]
		if !found {
			continue
		}
		addresses = append(addresses, AddressExtract{
			Kind: address.Kind, Name: address.Name, Line1: address.Line1, Line2: address.Line2, City: address.City,
			State: address.State, PostalCode: address.PostalCode, Country: address.Country, Phone: address.Phone,
		})
	}
	return addresses
}

func (s stored) extractStatuses() []StatusExtract {
	statuses := make([]StatusExtract, len(s.statuses))
	for i, status := range s.statuses {
		statuses[i] = StatusExtract{
			Identifier: status.Identifier, Title: status.Title, Description: status.Description,
			SetAt: status.SetAt, SetBy: status.SetBy, NoticeAcceptedAt: status.NoticeAcceptedAt,
		}
	}
	return statuses
}

func (s stored) extractDiscounts() []DiscountExtract {
	discounts := make([]DiscountExtract, len(s.discounts))
	for i, discount := range s.discounts {
		discounts[i] = DiscountExtract{
			Code: discount.Code, Description: discount.Description, Applied: discount.Applied, Discount: money.Format(discount.DiscountMinor),
		}
	}
	return discounts
}

func extractRefunds(rows []dbgen.ListRefundsOfPurchaseRow) []RefundExtract {
	refunds := make([]RefundExtract, len(rows))
	for i, row := range rows {
		refunds[i] = RefundExtract{
			Key: row.Key, Amount: money.Format(row.AmountMinor), Currency: row.Currency, State: row.State, RefundID: row.RefundID,
			Failure: row.Failure, RequestedBy: row.RequestedBy, Note: row.Note, RequestedAt: row.RequestedAt, SettledAt: row.SettledAt,
		}
	}
	return refunds
}

func extractDisputes(rows []dbgen.ListDisputesOfPurchaseRow) []DisputeExtract {
	disputes := make([]DisputeExtract, len(rows))
	for i, row := range rows {
		disputes[i] = DisputeExtract{
			DisputeID: row.DisputeID, Amount: money.Format(row.AmountMinor), Currency: row.Currency, Reason: row.Reason, Status: row.Status,
			OpenedAt: row.OpenedAt, ClosedAt: row.ClosedAt,
		}
	}
	return disputes
}

func extractRestocks(rows []dbgen.ListRestocksOfPurchaseRow) []RestockExtract {
	restocks := make([]RestockExtract, len(rows))
	for i, row := range rows {
		restocks[i] = RestockExtract{SkuID: row.SkuID, Quantity: row.Quantity, RefundKey: row.RefundKey, RestockedAt: row.RestockedAt}
	}
	return restocks
}
