package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	authorization = "authorization"
	bearer        = "Bearer "
)

// errSecret is what a caller without an accepted secret gets.
var errSecret = fault.New(fault.Unauthenticated, "service-secret-refused", "the caller is not one of our services")

// accepted holds the hashes of the accepted secrets: hashing first makes all comparisons equally long.
type accepted [][sha256.Size]byte

func acceptedSecrets(secrets config.Secrets) accepted {
	hashes := make(accepted, len(secrets))
	for i, secret := range secrets {
		hashes[i] = sha256.Sum256([]byte(secret))
	}
	return hashes
}

func (a accepted) check(ctx context.Context) error {
	sent := metadata.ValueFromIncomingContext(ctx, authorization)
	if len(sent) != 1 || !strings.HasPrefix(sent[0], bearer) {
		return errSecret
	}
	if !a.includes(strings.TrimPrefix(sent[0], bearer)) {
		return errSecret
	}
	return nil
}

// includes compares with every accepted secret, so that the time says nothing about which one came close.
func (a accepted) includes(secret string) bool {
	hash := sha256.Sum256([]byte(secret))
	found := 0
	for i := range a {
		found |= subtle.ConstantTimeCompare(hash[:], a[i][:])
	}
	return found == 1
}

// sentSecret puts the first secret on every call of a client. The map is made once and only read.
type sentSecret map[string]string

func secretToSend(secrets config.Secrets) sentSecret {
	return sentSecret{authorization: bearer + secrets[0]}
}

// GetRequestMetadata is called by gRPC for every call.
func (s sentSecret) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return s, nil
}

// RequireTransportSecurity is false: the network between the services is private, and TLS ends at its border.
func (s sentSecret) RequireTransportSecurity() bool { return false }
