package session

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const longestUsername = 150

// neighbours chooses for each name an account whose hash says what trying the name costs while nobody has it. Accounts
// that came from the old shop cost several times what ours do, so a single price for unknown names would tell them apart.
//
// The accounts stand in the order of their member codes, which are random and stay: a name has the first one after a place
// that only its keyed hash knows. So accounts that are added change little, and only as renewed hashes do.
type neighbours struct {
	key []byte
}

func newNeighbours(key signing.Key) neighbours {
	return neighbours{key: keyedHash([]byte(key.Secret), "user.session.neighbours")}
}

// placeOf is a place among member codes (contract user.md 1.8) for any text, however long or malformed.
func (n neighbours) placeOf(username string) string {
	digest := keyedHash(n.key, username)
	place := make([]byte, 0, len(digest)/2)
	for i := 0; i < len(digest); i += 2 {
		place = append(place, identifier.Alphanumeric[int(binary.BigEndian.Uint16(digest[i:]))%len(identifier.Alphanumeric)])
	}
	return string(place)
}

// storable gives a name as it may be asked for: what cannot be one becomes the empty name, which is nobody's.
func storable(username string) string {
	if utf8.RuneCountInString(username) > longestUsername || strings.ContainsRune(username, 0) || !utf8.ValidString(username) {
		return ""
	}
	return username
}
