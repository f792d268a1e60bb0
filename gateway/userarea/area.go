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
	Finder        *shopper.Finder
	Accounts      userv1.AccountServiceClient
	Sessions      userv1.SessionServiceClient
	Verifications userv1.VerificationServiceClient
	Credentials   userv1.CredentialServiceClient
	Subscriptions userv1.SubscriptionServiceClient
	Terms         userv1.TermsServiceClient
	Chat          userv1.ChatServiceClient
	Prospects     userv1.ProspectServiceClient
	Carts         orderv1.CartServiceClient
	Orders        orderv1.OrderServiceClient
	Events        EventSwitch
	Logger        *slog.Logger
	Now           func() time.Time
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

// notAuthenticated is how old pages are told to log in (contract user.md 1.7).
const notAuthenticated = "user_not_authenticated"

// isGone tells that an account went away between the look at its session and the call.
func isGone(err error) bool { return fault.HasReason(err, "account-not-found") }

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

// inputs are the lists that hold what is wrong with the inputs of a page, by the field of the user service.
type inputs map[string]*[]*storefrontv1.InputError

// file files each broken rule under its input; an input without one is valid.
func file(violations []*userv1.FieldViolation, lists inputs) {
	for _, violation := range violations {
		if list, known := lists[violation.GetField()]; known {
			*list = append(*list, &storefrontv1.InputError{Type: violation.GetCode(), Description: &violation.Description})
		}
	}
}

// inputErrors are the broken rules of one field, nil when there are none.
func inputErrors(violations []*userv1.FieldViolation, field string) *storefrontv1.InputErrors {
	made := &storefrontv1.InputErrors{}
	file(violations, inputs{field: &made.Errors})
	if len(made.Errors) == 0 {
		return nil
	}
	return made
}

func pointerTo[T any](value T) *T {
	return &value
}
