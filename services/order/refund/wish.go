package refund

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
)

// The first parts of the keys that the shop makes itself.
const (
	atStripe     = "stripe/"
	ofException  = "exception/"
	cancellation = "cancel/"
)

// unknown is who asks without a name.
const unknown = "unknown"

const (
	longestName = 200  // characters of who asks
	longestNote = 2000 // characters
)

var (
	// keyForm is what a caller's key may be.
	keyForm = regexp.MustCompile(`^[!-~]{1,100}$`)
	// plainKey is what the payment service takes as it is.
	plainKey = regexp.MustCompile(`^[A-Za-z0-9_./-]+$`)
)

// wish is a refund that somebody wants.
type wish struct {
	key         string
	amountMinor int64           // 0: all that is left
	restock     map[int64]int32 // quantities by SKU
	restockAll  bool
	by, note    string
}

func wishOf(request *orderv1.RefundOrderRequest) (wish, error) {
	wanted := wish{
		key: request.GetKey(), amountMinor: request.GetAmountMinor(), restockAll: request.GetRestockAll(),
		by: tidy(cmp.Or(request.GetBy(), unknown), longestName), note: tidy(request.GetNote(), longestNote),
	}
	if !keyForm.MatchString(wanted.key) || strings.HasPrefix(wanted.key, atStripe) ||
		strings.HasPrefix(wanted.key, ofException) || strings.HasPrefix(wanted.key, cancellation) {
		return wish{}, errKey
	}
	if wanted.amountMinor < 0 {
		return wish{}, errAmount
	}
	if wanted.restockAll {
		return wanted, nil
	}
	wanted.restock = make(map[int64]int32, len(request.GetRestock()))
	for _, line := range request.GetRestock() {
		if line.GetQuantity() < 1 || wanted.restock[line.GetSkuId()] != 0 {
			return wish{}, errRestock
		}
		wanted.restock[line.GetSkuId()] = line.GetQuantity()
	}
	return wanted, nil
}

// content is what the wish is about, as text that is the same for the same content.
func (w wish) content() string {
	if strings.HasPrefix(w.key, ofException) || strings.HasPrefix(w.key, cancellation) {
		return "" // the key says it all
	}
	text := fmt.Sprintf("amount %d", w.amountMinor)
	if w.restockAll {
		return text + ", restock all"
	}
	for _, sku := range slices.Sorted(maps.Keys(w.restock)) {
		text += fmt.Sprintf(", restock %d of %d", w.restock[sku], sku)
	}
	return text
}

// stripeKey is under what payment, and with it Stripe, is asked for a refund: always the same for one refund. Callers' keys may
// have characters that payment's may not; those are told apart by their digest, at another place, so that no key can be made to
// look like another one's.
func stripeKey(row dbgen.Refund, order string) string {
	switch {
	case row.PurchaseID == nil:
		return row.Key
	case plainKey.MatchString(row.Key):
		return "order/" + order + "/" + row.Key
	default:
		sum := sha256.Sum256([]byte(row.Key))
		return "order-digest/" + order + "/" + hex.EncodeToString(sum[:])
	}
}

// tidy makes any text fit to be stored.
func tidy(text string, longest int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest])
}
