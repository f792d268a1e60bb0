// Package idempotency remembers, for 24 hours, what a request was answered under the key that its client chose, so that a
// repeated request does nothing and gets the same answer. It knows nothing of what the requests are about, nor who sent them.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/idempotency/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// KeptFor is how long a key is known, counted from the beginning of its first request.
const KeptFor = 24 * time.Hour

const (
	// claimedFor is how long a request may be under way before another one with its key takes over: longer than the edge
	// gives any request (it refuses a REQUEST_DEADLINE that would not leave room for it), so that only the dead lose a claim.
	claimedFor  = 30 * time.Second
	claimLength = 32
	// mostKeys is how many keys one owner may have at a time: pages need a few a day. Those who ask at once may get some more.
	mostKeys = 100
	// retryAfter is when a client may ask again for what is under way; nearly all requests take less.
	retryAfter = time.Second
	// attempts is how often a beginning looks again at a key that was given free while it looked.
	attempts = 5
)

var (
	errReused    = fault.New(fault.Conflict, "idempotency-key-reused", "")
	errInUse     = fault.New(fault.Conflict, "idempotency-key-in-use", "").After(retryAfter)
	errClaimLost = fault.New(fault.Conflict, "idempotency-claim-lost", "")
	errUsedUp    = fault.New(fault.RateLimited, "idempotency-keys-used-up", "")
)

// Keys answers the calls of IdempotencyService. Safe for concurrent use, and for any number of processes on the same database.
type Keys struct {
	orderv1.UnimplementedIdempotencyServiceServer
	db  *postgres.Database
	now func() time.Time
}

// New makes the room; it needs no closing. Claims and ages are measured by now.
func New(db *postgres.Database, now func() time.Time) *Keys {
	return &Keys{db: db, now: func() time.Time { return now().UTC() }}
}

// BeginRequest lets exactly one of all requests with a key go on; the others get its answer, or wait for it. One whose
// holder said nothing for 30 seconds goes on with whoever asks next. An owner with too many keys gets no further one before the
// oldest is forgotten: what was promised to be known stays known.
func (k *Keys) BeginRequest(ctx context.Context, request *orderv1.BeginRequestRequest) (*orderv1.BeginRequestResponse, error) {
	if err := checkBeginning(request); err != nil {
		return nil, err
	}
	for range attempts {
		response, err := k.begin(ctx, request)
		if !errors.Is(err, pgx.ErrNoRows) {
			return response, err
		}
		if err := k.checkRoom(ctx, request.GetKey().GetOwner()); err != nil {
			return nil, err
		}
	}
	return nil, errInUse
}

// checkRoom is RateLimited "idempotency-keys-used-up" for an owner who may not have another key now.
func (k *Keys) checkRoom(ctx context.Context, owner string) error {
	now := k.now()
	has, err := dbgen.New(k.db).CountKeys(ctx, dbgen.CountKeysParams{Owner: owner, ForgottenSince: now.Add(-KeptFor), Now: now})
	if err != nil {
		return fmt.Errorf("count keys: %w", err)
	}
	if has.Keys >= mostKeys {
		return errUsedUp.After(has.Oldest.Add(KeptFor).Sub(now))
	}
	return nil
}

// begin is one look at the key; pgx.ErrNoRows when it was given free in between, or may not be taken.
func (k *Keys) begin(ctx context.Context, request *orderv1.BeginRequestRequest) (*orderv1.BeginRequestResponse, error) {
	claim, err := k.claim(ctx, request)
	if err != nil {
		return nil, err
	}
	if claim != "" {
		return &orderv1.BeginRequestResponse{Claim: claim}, nil
	}
	answer, err := k.recall(ctx, request)
	if err != nil {
		return nil, err
	}
	return &orderv1.BeginRequestResponse{Answer: answer}, nil
}

// claim takes the key in one statement, so that of any number of takers one has it; "" when somebody else does.
func (k *Keys) claim(ctx context.Context, request *orderv1.BeginRequestRequest) (string, error) {
	claim, now := identifier.New(claimLength), k.now()
	taken, err := dbgen.New(k.db).ClaimRequest(ctx, dbgen.ClaimRequestParams{
		Owner: request.GetKey().GetOwner(), Operation: request.GetKey().GetOperation(), Key: request.GetKey().GetKey(),
		Fingerprint: request.GetFingerprint(), Claim: claim, ClaimedUntil: now.Add(claimedFor), Now: now, ForgottenSince: now.Add(-KeptFor), MostKeys: mostKeys,
	})
	if err != nil {
		return "", fmt.Errorf("claim key: %w", err)
	}
	if taken == 0 {
		return "", nil
	}
	return claim, nil
}

// recall is what the key's request was answered. Errors: the two conflicts, and pgx.ErrNoRows for a key that is free again.
func (k *Keys) recall(ctx context.Context, request *orderv1.BeginRequestRequest) (*orderv1.KeptAnswer, error) {
	known, err := dbgen.New(k.db).FindRequest(ctx, dbgen.FindRequestParams{
		Owner: request.GetKey().GetOwner(), Operation: request.GetKey().GetOperation(), Key: request.GetKey().GetKey(),
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("find request: %w", err)
	case string(known.Fingerprint) != string(request.GetFingerprint()):
		return nil, errReused
	case known.Status == nil:
		return nil, errInUse
	}
	return &orderv1.KeptAnswer{Status: *known.Status, ContentType: *known.ContentType, Body: known.Body}, nil
}

// FinishRequest keeps an answer. Repeating it changes nothing; Conflict "idempotency-claim-lost" when somebody else took the
// key over meanwhile.
func (k *Keys) FinishRequest(ctx context.Context, request *orderv1.FinishRequestRequest) (*orderv1.FinishRequestResponse, error) {
	if err := checkFinish(request); err != nil {
		return nil, err
	}
	answer := request.GetAnswer()
	body := answer.GetBody()
	if body == nil {
		body = []byte{} // null would say that there is no answer yet
	}
	kept, err := dbgen.New(k.db).KeepAnswer(ctx, dbgen.KeepAnswerParams{
		Owner: request.GetKey().GetOwner(), Operation: request.GetKey().GetOperation(), Key: request.GetKey().GetKey(), Claim: request.GetClaim(),
		Status: &answer.Status, ContentType: &answer.ContentType, Body: body,
	})
	if err != nil {
		return nil, fmt.Errorf("keep answer: %w", err)
	}
	if kept == 0 {
		return nil, errClaimLost
	}
	return &orderv1.FinishRequestResponse{}, nil
}

// AbandonRequest gives a key free. It does nothing to a key that has an answer or another holder.
func (k *Keys) AbandonRequest(ctx context.Context, request *orderv1.AbandonRequestRequest) (*orderv1.AbandonRequestResponse, error) {
	if err := checkHold(request.GetKey(), request.GetClaim()); err != nil {
		return nil, err
	}
	err := dbgen.New(k.db).ForgetRequest(ctx, dbgen.ForgetRequestParams{
		Owner: request.GetKey().GetOwner(), Operation: request.GetKey().GetOperation(), Key: request.GetKey().GetKey(), Claim: request.GetClaim(),
	})
	if err != nil {
		return nil, fmt.Errorf("forget request: %w", err)
	}
	return &orderv1.AbandonRequestResponse{}, nil
}

// Purge deletes what began before a time and tells how many there were. What began within KeptFor must stay.
func (k *Keys) Purge(ctx context.Context, before time.Time) (int64, error) {
	purged, err := dbgen.New(k.db).PurgeRequests(ctx, before)
	if err != nil {
		return 0, fmt.Errorf("purge requests: %w", err)
	}
	return purged, nil
}
