package mail

import (
	"testing"

	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"
)

// No test has a mail server on another machine, so the decision is tested instead of the conversation.
func TestAServerElsewhereHasToOfferTLS(t *testing.T) {
	t.Parallel()
	for text, policy := range map[string]gomail.TLSPolicy{
		"smtp://127.0.0.1:1025":                 gomail.TLSOpportunistic,
		"smtp://[::1]:1025":                     gomail.TLSOpportunistic,
		"smtp://localhost":                      gomail.TLSOpportunistic,
		"smtp://mail.example":                   gomail.TLSMandatory,
		"smtp://user:word@192.0.2.1:25":         gomail.TLSMandatory,
		"smtp://localhost.example":              gomail.TLSMandatory,
		"smtp://mailbox:1025?tls=optional":      gomail.TLSOpportunistic,
		"smtp://user:word@mailbox?tls=optional": gomail.TLSOpportunistic,
	} {
		var transport Transport
		require.NoError(t, transport.UnmarshalText([]byte(text)), text)
		require.Equal(t, policy, transport.tlsPolicy(), text)
	}
	for _, text := range []string{"smtp://mailbox?tls=none", "smtps://mailbox?tls=optional", "ses://us-east-1?tls=optional"} {
		require.ErrorContains(t, new(Transport).UnmarshalText([]byte(text)), "tls=optional", text)
	}
}
