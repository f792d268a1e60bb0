package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strconv"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const longestKey = 255

// csrfField proves where a request comes from and is no part of what it asks for: pages send another one when they try again.
const csrfField = "csrfmiddlewaretoken"

var errKeyInvalid = fault.New(fault.Invalid, reasonKeyInvalid, "")

// identify says whose request it is, what it does, under which key, and tells it from others by what it holds.
func (g *Guard) identify(r *http.Request, keys []string) (*orderv1.BeginRequestRequest, error) {
	if len(keys) != 1 || !isKey(keys[0]) {
		return nil, errKeyInvalid
	}
	owner, err := g.owner(r.Context())
	if err != nil {
		return nil, err
	}
	return &orderv1.BeginRequestRequest{
		Key:         &orderv1.RequestKey{Owner: owner, Operation: r.Method + " " + r.URL.Path, Key: keys[0]},
		Fingerprint: fingerprint(r),
	}, nil
}

// owner digests who asks: the account, else the guest's rightly signed cart, else the CSRF secret, which only this browser has
// and which just matched. Nothing that a client could write down for somebody else is believed.
func (g *Guard) owner(ctx context.Context) (string, error) {
	account, err := g.Finder.Account(ctx)
	if err != nil {
		return "", err
	}
	guest := visitor.From(ctx)
	if account != nil {
		return digest("account", strconv.FormatInt(account.GetAccountId(), 10)), nil
	}
	if cart := guest.AnonymousCartID(); cart != "" {
		return digest("cart", cart), nil
	}
	return digest("browser", guest.SentCSRFSecret()), nil
}

func digest(texts ...string) string {
	sum := sha256.New()
	for _, text := range texts {
		feed(sum, text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// fingerprint is over the fields as handlers get them, not over the bytes: a multipart form has another boundary each time it
// is sent.
func fingerprint(r *http.Request) []byte {
	sum := sha256.New()
	form, ok := r.Body.(*dialect.Body)
	if !ok {
		return sum.Sum(nil)
	}
	for _, name := range slices.Sorted(maps.Keys(form.Fields)) {
		if name == csrfField {
			continue
		}
		feed(sum, name)
		feed(sum, form.Fields[name])
	}
	return sum.Sum(nil)
}

// feed puts the length before the text, so that no two lists of texts look alike.
func feed(sum hash.Hash, text string) {
	_, _ = sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text)))) // a hash never fails
	_, _ = sum.Write([]byte(text))
}

// isKey tells whether text is 1 to 255 visible ASCII characters.
func isKey(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= longestKey
}
