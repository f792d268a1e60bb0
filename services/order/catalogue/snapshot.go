package catalogue

import (
	"slices"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
)

// InStock is the inventory identifier of goods that can be bought; all others only can be looked at (contract order.md O-04).
const InStock = "in-stock"

// Snapshot is the catalogue at one moment. It never changes after it was made, so that a caller who keeps one
// sees the same prices, methods and configuration throughout. Safe for concurrent use.
type Snapshot struct {
	proto         *orderv1.Catalogue
	skus          map[int64]Sku
	offered       []ShippingMethod // active, dearest first
	methods       map[string]ShippingMethod
	methodsByID   map[int64]ShippingMethod
	statuses      map[string]Status
	configuration Configuration
	nextPriceAt   time.Time     // when the next future price comes into force; zero: none known
	replaced      chan struct{} // closed as soon as a newer snapshot is in its place
}

// Sku is one thing that can be bought, with what a cart or an order says about it.
type Sku struct {
	ID          int64
	PriceMinor  int64 // in force when the snapshot was made
	Color       *string
	Size        *string
	Description *string
	Inventory   Inventory
	// ImageURL is the main picture of the SKU, else of its product; empty when neither has one.
	ImageURL          string
	ProductID         int64
	ProductIdentifier string
	ProductTitle      string
	ProductTitleURL   string
}

// Available tells whether the SKU may be put into a cart and bought.
func (s Sku) Available() bool { return s.Inventory.Identifier == InStock }

// Inventory says whether goods are at hand.
type Inventory struct {
	Identifier  string // in-stock, back-ordered or out-of-stock
	Title       string
	Description *string
}

// Proto is the inventory as the services offer it.
func (i Inventory) Proto() *orderv1.Inventory {
	return &orderv1.Inventory{Identifier: i.Identifier, Title: i.Title, Description: i.Description}
}

// ShippingMethod is a way to send an order. Only an active one may be chosen.
type ShippingMethod struct {
	ID                  int64
	Identifier          string
	Carrier             string
	CostMinor           int64
	TrackingCodeBaseURL string
	Active              bool
}

// Proto is the method as the services offer it.
func (m ShippingMethod) Proto() *orderv1.ShippingMethod {
	return &orderv1.ShippingMethod{
		Identifier: m.Identifier, Carrier: m.Carrier, CostMinor: m.CostMinor, TrackingCodeBaseUrl: m.TrackingCodeBaseURL,
	}
}

// Status is a stage in the life of an order.
type Status struct {
	ID          int64
	Identifier  string
	Title       string
	Description string
}

// Configuration is the operator's settings of the shop (contract order.md section 6).
type Configuration struct {
	// Lists of who may check out, trimmed; the entry "*" means everybody (contract order.md 2.4, O-13).
	UsernamesAllowedToCheckout  []string
	AnCtValuesAllowedToCheckout []string
	DefaultShippingMethod       string // identifier; empty when none was set
	InitialOrderStatus          string // identifier
	// Mail templates of the order confirmation.
	OrderConfirmationEmCdMember   string
	OrderConfirmationEmCdProspect string
}

// Sku finds a SKU that is for sale; one without a price in force is not (contract order.md O-14, O-15).
func (s *Snapshot) Sku(id int64) (Sku, bool) {
	sku, found := s.skus[id]
	return sku, found
}

// ShippingMethods are the active methods, dearest first (contract order.md 3.2). Do not change the slice.
func (s *Snapshot) ShippingMethods() []ShippingMethod { return s.offered }

// ShippingMethod finds a method by identifier, active or not.
func (s *Snapshot) ShippingMethod(identifier string) (ShippingMethod, bool) {
	method, found := s.methods[identifier]
	return method, found
}

// ShippingMethodByID finds a method by its row id, active or not.
func (s *Snapshot) ShippingMethodByID(id int64) (ShippingMethod, bool) {
	method, found := s.methodsByID[id]
	return method, found
}

// DefaultShippingMethod is the configured one, or the cheapest active one while that is missing or inactive:
// a cart is never without shipping because of a setting. False only when nothing is offered.
func (s *Snapshot) DefaultShippingMethod() (ShippingMethod, bool) {
	if method, found := s.methods[s.configuration.DefaultShippingMethod]; found && method.Active {
		return method, true
	}
	if len(s.offered) == 0 {
		return ShippingMethod{}, false
	}
	return s.offered[len(s.offered)-1], true
}

// Status finds an order status by identifier.
func (s *Snapshot) Status(identifier string) (Status, bool) {
	status, found := s.statuses[identifier]
	return status, found
}

// Configuration is the operator's settings. Do not change its slices.
func (s *Snapshot) Configuration() Configuration { return s.configuration }

// Allows tells whether the shopper may check out: a signed-in one by username, a guest by the id of the cart
// cookie, each on its own list (contract order.md 2.4). A nil shopper is a guest without a cookie.
func (s *Snapshot) Allows(shopper *orderv1.Shopper) bool {
	if shopper.GetAccountId() != 0 {
		return listed(s.configuration.UsernamesAllowedToCheckout, shopper.GetUsername())
	}
	return listed(s.configuration.AnCtValuesAllowedToCheckout, shopper.GetAnonymousCartId())
}

// Proto is all products as the services offer them. The message is shared: do not change it.
func (s *Snapshot) Proto() *orderv1.Catalogue { return s.proto }

func listed(entries []string, value string) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		return entry == "*" || (entry == value && value != "")
	})
}
