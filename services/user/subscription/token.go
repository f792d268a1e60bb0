package subscription

import (
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const textLength = 20 // contract user.md 1.8

// Token is what the unsubscribe links of one person carry: a signature, and the text that it was made of.
type Token struct {
	Text      string
	Signature string
}

// Tokens makes and checks them (contract user.md 1.8). Safe for concurrent use.
type Tokens struct{ signer signing.Signer }

// NewTokens makes tokens with a key.
func NewTokens(key signing.Key) Tokens {
	return Tokens{signer: signing.NewSigner(key, "email_unsubscribe")}
}

// New makes a token that nobody has.
func (t Tokens) New() Token {
	text := identifier.New(textLength)
	return Token{Text: text, Signature: t.signer.Signature(text)}
}

// BelongTogether tells whether a token's two halves do, also when the key has changed since.
func (t Tokens) BelongTogether(token Token) bool {
	_, err := t.signer.Unsign(token.Text + ":" + token.Signature)
	return err == nil
}
