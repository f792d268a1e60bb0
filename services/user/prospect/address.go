package prospect

import (
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const longestAddress = 254 // what SMTP can carry (RFC 5321 4.5.3.1)

// ParseAddress gives an e-mail address without the blanks around it, or Invalid "email-invalid". It takes every plain
// address of RFC 5322: people who have paid with one that the account form would refuse get their mail all the same.
func ParseAddress(text string) (string, error) {
	text = strings.TrimSpace(text)
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || !utf8.ValidString(text) || utf8.RuneCountInString(text) > longestAddress {
		return "", errInvalid()
	}
	return text, nil
}

// parseTypedAddress is stricter: a domain without a dot is a typing error.
func parseTypedAddress(text string) (string, error) {
	address, err := ParseAddress(text)
	if err != nil {
		return "", err
	}
	domain := address[strings.LastIndexByte(address, '@')+1:]
	if !strings.Contains(domain, ".") {
		return "", errInvalid()
	}
	return address, nil
}

func errInvalid() error {
	return fault.New(fault.Invalid, "email-invalid", "")
}
