package purchase

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	// handOverTimeout bounds one attempt.
	handOverTimeout = 15 * time.Second
	// handOverAttempts with River's growing pauses last about three weeks.
	handOverAttempts = 25
)

// Confirmation is the job that hands an order to the user service, which mails the customer. The order exists without
// it: a mail that fails never takes a paid order away (contract payment.md P-17).
type Confirmation struct {
	OrderIdentifier string `json:"order_identifier" river:"unique"`
}

// Kind is the job's name in the queue.
func (Confirmation) Kind() string { return "order_confirmation" }

// InsertOpts makes the job unique by order for as long as the queue remembers it.
func (Confirmation) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: handOverAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

func (p *Purchases) queueConfirmation(ctx context.Context, tx pgx.Tx, order string) error {
	if err := p.queue.InsertTx(ctx, tx, Confirmation{OrderIdentifier: order}, nil); err != nil {
		return fmt.Errorf("queue confirmation of order %s: %w", order, err)
	}
	return nil
}

// Settings tells the operator's configuration; *catalogue.Catalogue does.
type Settings interface {
	Snapshot() *catalogue.Snapshot
}

// Confirmer works the Confirmation jobs. Safe for concurrent use.
type Confirmer struct {
	river.WorkerDefaults[Confirmation]
	db       *postgres.Database
	settings Settings
	mail     userv1.MailServiceClient
	now      func() time.Time
}

// AddConfirmer makes workers do the Confirmation jobs.
func AddConfirmer(workers *river.Workers, db *postgres.Database, settings Settings, mail userv1.MailServiceClient, now func() time.Time) {
	river.AddWorker(workers, &Confirmer{db: db, settings: settings, mail: mail, now: now})
}

// Timeout bounds one attempt.
func (c *Confirmer) Timeout(*river.Job[Confirmation]) time.Duration { return handOverTimeout }

// Work hands the order over and notes that it did. The user service sends one mail per order identifier however often
// it is asked, so an attempt that died after the answer is repeated without harm.
func (c *Confirmer) Work(ctx context.Context, job *river.Job[Confirmation]) error {
	order, err := read(ctx, c.db, job.Args.OrderIdentifier)
	if err != nil {
		return err
	}
	if order.purchase.ConfirmationAcceptedAt != nil {
		return nil
	}
	if order.purchase.Email == "" {
		return river.JobCancel(errors.New("the order has no e-mail address"))
	}
	answer, err := c.mail.SendOrderConfirmation(ctx, c.request(order))
	if err != nil {
		return fmt.Errorf("hand over confirmation of order %s: %w", order.purchase.Identifier, err)
	}
	accepted := c.now().UTC()
	return dbgen.New(c.db).NoteConfirmationAccepted(ctx, dbgen.NoteConfirmationAcceptedParams{
		ID: order.purchase.ID, Now: accepted, ProspectID: orNull(answer.GetProspectId()),
	})
}

func (c *Confirmer) request(s stored) *userv1.SendOrderConfirmationRequest {
	order, lines := s.purchase, make([]*userv1.ConfirmationLine, len(s.lines))
	for i, line := range s.lines {
		lines[i] = &userv1.ConfirmationLine{
			Title:       line.ProductTitle,
			Description: orEmpty(line.Description),
			Color:       orEmpty(line.Color),
			Size:        orEmpty(line.Size),
			PriceMinor:  line.PriceMinor,
			Quantity:    line.Quantity,
		}
	}
	return &userv1.SendOrderConfirmationRequest{
		OrderIdentifier:       order.Identifier,
		AccountId:             orZero(order.AccountID),
		Email:                 order.Email,
		RecipientName:         cmp.Or(order.CustomerName, "Customer"), // contract payment.md 7
		TemplateCode:          c.template(order.AccountID != nil),
		Newsletter:            order.Newsletter && order.AccountID == nil,
		OrderedAt:             timestamppb.New(order.OrderedAt),
		Lines:                 lines,
		ShippingCarrier:       s.shipping.Carrier,
		ItemSubtotalMinor:     order.ItemSubtotalMinor,
		ItemDiscountMinor:     order.ItemDiscountMinor,
		ShippingMinor:         order.ShippingMinor,
		ShippingDiscountMinor: order.ShippingDiscountMinor,
		SalesTaxMinor:         order.SalesTaxMinor,
		TotalMinor:            order.TotalMinor,
		ShippingAddress:       postalAddress(s.addresses["shipping"]),
		BillingAddress:        postalAddress(s.addresses["billing"]),
		Discounts:             toldDiscounts(s.discounts),
	}
}

// toldDiscounts are those that lowered the price.
func toldDiscounts(discounts []dbgen.PurchaseDiscount) []*userv1.ConfirmationDiscount {
	var told []*userv1.ConfirmationDiscount
	for _, discount := range discounts {
		if !discount.Applied {
			continue
		}
		line := &userv1.ConfirmationDiscount{Code: discount.Code}
		if discount.Description != discount.Code { // promotions of Stripe's page have but a name
			line.Description = withAmount(discount.Description, discount.AmountHundredths)
		}
		told = append(told, line)
	}
	return told
}

// withAmount puts the amount where pages would (contract order.md 3.4), "10" or "12.50".
func withAmount(description string, hundredths int64) string {
	return strings.ReplaceAll(description, "{}", strings.TrimSuffix(money.Format(hundredths), ".00"))
}

// template is asked at the time of the work, so that a wrong setting, once corrected, lets waiting mails go out.
func (c *Confirmer) template(member bool) string {
	configuration := c.settings.Snapshot().Configuration()
	if member {
		return configuration.OrderConfirmationEmCdMember
	}
	return configuration.OrderConfirmationEmCdProspect
}

func postalAddress(address dbgen.PurchaseAddress) *userv1.PostalAddress {
	return &userv1.PostalAddress{
		Name:       address.Name,
		Line1:      address.Line1,
		Line2:      address.Line2,
		City:       address.City,
		State:      address.State,
		PostalCode: address.PostalCode,
		Country:    address.Country,
	}
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func orZero(number *int64) int64 {
	if number == nil {
		return 0
	}
	return *number
}
