package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/session/dbgen"
)

const (
	networksPerAccount = 20
	// knownFor is how long a network is remembered after the last login from it.
	knownFor = 90 * 24 * time.Hour
)

// networks hashes the networks from which accounts are entered, with a key, because there are few enough addresses to try
// them all.
type networks struct {
	keys [][]byte // the first is for new hashes, all are for comparing
}

func newNetworks(key signing.Key) networks {
	var made networks
	for _, secret := range append([]string{key.Secret}, key.Fallbacks...) {
		made.keys = append(made.keys, keyedHash([]byte(secret), "user.session.known-networks"))
	}
	return made
}

// hashesOf gives the hashes that a client's network may be stored under, the present one first; none for an address that is
// not known, as that is nobody's.
func (n networks) hashesOf(clientAddress string) [][]byte {
	network := limit.Address(clientAddress)
	if network == limit.Unknown {
		return nil
	}
	hashes := make([][]byte, len(n.keys))
	for i, key := range n.keys {
		hashes[i] = keyedHash(key, network)
	}
	return hashes
}

func keyedHash(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// NoteNetwork remembers within tx that the owner of an account was at a client's address. From there he gets in while
// strangers guess at his name. An address that is not known is passed over.
func (s *Service) NoteNetwork(ctx context.Context, tx pgx.Tx, accountID int64, clientAddress string) error {
	hashes := s.networks.hashesOf(clientAddress)
	if len(hashes) == 0 {
		return nil
	}
	err := s.queries.WithTx(tx).NoteNetwork(ctx, dbgen.NoteNetworkParams{
		AccountID: accountID, NetworkHash: hashes[0], Kept: networksPerAccount - 1, Now: s.now(),
	})
	if err != nil {
		return fmt.Errorf("note network: %w", err)
	}
	return nil
}
