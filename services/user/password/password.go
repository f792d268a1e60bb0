// Package password turns passwords into hashes and checks them: argon2id for our own, PBKDF2 for those that came from the
// old shop. It also judges how easily a password is guessed.
//
// Which characters a password must have is a rule of the account form and lives in package account; where hashes are
// stored and when sessions end is the business of account and session.
package password

import (
	"context"
	"strings"
)

// Result is what comparing a password with a hash tells.
type Result struct {
	Matches bool
	// Outdated: the hash was not made by Hash as it works today and should be made anew while the password is at hand.
	Outdated bool
}

// Hash makes the argon2id hash of a password (PHC format). Errors: RateLimited "rate-limited" when too many wait, and
// ctx's own.
func (h *Hasher) Hash(ctx context.Context, plain string) (string, error) {
	done, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	return newArgon2(plain), nil
}

// Verify compares a password with a stored hash. An empty or unreadable hash never matches, and costs what one of ours
// would, so that time does not tell that there is none. A hash of the old shop takes longer; so that this does not tell
// either, unknown accounts are compared with a Decoy. Errors as Hash.
func (h *Hasher) Verify(ctx context.Context, stored, plain string) (Result, error) {
	done, err := h.enter(ctx)
	if err != nil {
		return Result{}, err
	}
	defer done()
	if result, readable := verify(stored, plain); readable {
		return result, nil
	}
	verifyArgon2(h.decoy, plain)
	return Result{}, nil
}

func verify(stored, plain string) (result Result, readable bool) {
	switch {
	case strings.HasPrefix(stored, argon2Prefix):
		return verifyArgon2(stored, plain)
	case strings.HasPrefix(stored, djangoPrefix):
		return verifyDjango(stored, plain)
	}
	return Result{}, false
}
