// Package limit counts how often something is tried and refuses what is too often, in fixed windows that all processes
// of the service share.
//
// Which rules there are is said here; who is counted is said by those who ask.
package limit

import (
	"net/netip"
	"strconv"
	"time"
)

// Rule says how often something may be tried by one subject.
type Rule struct {
	Name   string
	Most   int32
	Window time.Duration // whole seconds
}

// Login is per client address (contract user.md 1.6).
func Login() Rule { return Rule{Name: "login", Most: 10, Window: time.Hour} }

// CreateAccount is per client address (contract user.md 1.6).
func CreateAccount() Rule { return Rule{Name: "create-account", Most: 5, Window: time.Hour} }

// PaymentLookup is per client address: the lookup before paying tells whether somebody has an account.
func PaymentLookup() Rule { return Rule{Name: "payment-lookup", Most: 60, Window: time.Hour} }

// DiscountCode is per client address: who tries codes one after the other would find those that were meant for others.
func DiscountCode() Rule { return Rule{Name: "discount-code", Most: 60, Window: time.Hour} }

// CheckoutStart is per client address: a start promises goods and uses of codes for half an hour, paid or not, and makes a
// session at the payment provider.
func CheckoutStart() Rule { return Rule{Name: "checkout-start", Most: 60, Window: time.Hour} }

// Chat is per client address, and per account of somebody who is logged in (contract user.md 8, defect 7).
func Chat() Rule { return Rule{Name: "chat", Most: 20, Window: time.Hour} }

// Pythonabot is per client address (contract user.md 8, defect 7).
func Pythonabot() Rule { return Rule{Name: "pythonabot", Most: 20, Window: time.Hour} }

// UnsubscribeWhy is per client address (contract user.md 8, defect 26).
func UnsubscribeWhy() Rule { return Rule{Name: "unsubscribe-why", Most: 60, Window: time.Hour} }

// UnsubscribeWhyOfPerson is per member or prospect who says why, with a token or logged in (contract user.md 8, defect 26).
func UnsubscribeWhyOfPerson() Rule {
	return Rule{Name: "unsubscribe-why-of-person", Most: 20, Window: time.Hour}
}

// ChangeEmail is per account: each change mails whatever address was typed.
func ChangeEmail() Rule { return Rule{Name: "change-email", Most: 20, Window: time.Hour} }

// ChangeEmailFromOneClient is per client address, behind which more than one customer may be: who makes accounts one after
// the other must not mail strangers without end.
func ChangeEmailFromOneClient() Rule {
	return Rule{Name: "change-email-from-one-client", Most: 60, Window: time.Hour}
}

// VerifyEmailAddress is per account: each request is a mail.
func VerifyEmailAddress() Rule {
	return Rule{Name: "verify-email-address", Most: 20, Window: time.Hour}
}

// VerifyEmailAddressFromOneClient is per client address, behind which more than one customer may be.
func VerifyEmailAddressFromOneClient() Rule {
	return Rule{Name: "verify-email-address-from-one-client", Most: 60, Window: time.Hour}
}

// VerifyEmailAddressResponse is per account and per client address.
func VerifyEmailAddressResponse() Rule {
	return Rule{Name: "verify-email-address-response", Most: 60, Window: time.Hour}
}

// Unknown is the subject of every client whose address is not known.
const Unknown = "unknown"

// Address is the subject for a client's address: an IPv4 address, or the /64 that an IPv6 customer has to himself.
// What is no address is counted together, as Unknown.
func Address(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return Unknown
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return Unknown
	}
	return prefix.String()
}

// Account is the subject for somebody who is logged in.
func Account(accountID int64) string { return "account:" + strconv.FormatInt(accountID, 10) }
