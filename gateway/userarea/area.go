// Package userarea answers the old paths under /user/ (contract user.md) by asking the user and order services.
// It holds no rule of its own: it reads old inputs, composes calls and words the outcome as the old pages expect it.
package userarea

import (
	"log/slog"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// EventSwitch says whether pages should report client events.
type EventSwitch interface {
	LogClientEvents() bool
}

// Peers are the services and parts of the edge that the area asks.
type Peers struct {
	Finder   *shopper.Finder
	Accounts userv1.AccountServiceClient
	Sessions userv1.SessionServiceClient
	Carts    orderv1.CartServiceClient
	Orders   orderv1.OrderServiceClient
	Events   EventSwitch
	Logger   *slog.Logger
	Now      func() time.Time
}

// Area is the handler of storefront.v1.UserAreaService. Safe for concurrent use.
type Area struct {
	storefrontv1.UnimplementedUserAreaServiceServer
	Peers
}

// New returns the handlers of the user area.
func New(peers Peers) *Area {
	return &Area{Peers: peers}
}

// missing is the answer to a form that lacks a field the old server insisted on (contract user.md 1.7; a 500 there).
func missing(field string) error {
	return fault.New(fault.Invalid, "field-missing", "The form lacks the field "+field+".")
}

// firstMissing names the first field that was not sent; fields alternate name and value.
func firstMissing(fields ...field) error {
	for _, one := range fields {
		if one.value == nil {
			return missing(one.name)
		}
	}
	return nil
}

type field struct {
	name  string
	value *string
}

// ticked reads a box: only the exact text true counts (contract user.md 1.1).
func ticked(value *string) bool {
	return value != nil && *value == "true"
}
