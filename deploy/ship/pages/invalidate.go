package pages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// mostAddresses: a thousand addresses a month are free, and all pages of the shop are about thirty, which lets the objects that
// never change stay at the edge. What changes more than this is forgotten as a whole, which counts as one address.
const mostAddresses = 50

const everything = "/*"

// addresses are where the edge may hold what changed. What is immutable never changes under its address.
func addresses(changed []Entry, pruned []Kept) []string {
	var found []string
	add := func(key, cacheControl string) {
		if !strings.Contains(cacheControl, "immutable") {
			found = append(found, addressesOf(key)...)
		}
	}
	for _, entry := range changed {
		add(entry.Key, entry.CacheControl)
	}
	for _, kept := range pruned {
		add(kept.Key, kept.CacheControl)
	}
	if len(found) > mostAddresses {
		return []string{everything}
	}
	slices.Sort(found)
	return found
}

// addressesOf are the object's own address and those that the edge rewrites to it.
func addressesOf(key string) []string {
	own := "/" + escape(key)
	found := []string{own}
	for address, target := range site.Rewrites() {
		if target == "/"+key {
			found = append(found, address)
		}
	}
	return found
}

// invalidate makes the edge forget addresses and waits until it has. The same release and addresses are the same invalidation.
func (p *Publisher) invalidate(ctx context.Context, release string, addresses []string) error {
	if p.Distribution == "" || len(addresses) == 0 {
		return nil
	}
	if err := p.guard(ctx); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(strings.Join(addresses, "\n")))
	created, err := p.Edge.CreateInvalidation(ctx, &cloudfront.CreateInvalidationInput{
		DistributionId: &p.Distribution,
		InvalidationBatch: &types.InvalidationBatch{
			CallerReference: aws.String(release + "-" + hex.EncodeToString(sum[:6])),
			Paths:           &types.Paths{Items: addresses, Quantity: aws.Int32(int32(len(addresses)))}, //nolint:gosec // 50 at most
		},
	})
	if err != nil {
		return fmt.Errorf("invalidate: %w", err)
	}
	p.say("invalidate", fmt.Sprintf("the edge forgets %d addresses", len(addresses)))
	return p.awaitInvalidation(ctx, created.Invalidation)
}

func (p *Publisher) awaitInvalidation(ctx context.Context, invalidation *types.Invalidation) error {
	id, status := invalidation.Id, aws.ToString(invalidation.Status)
	for waited := time.Duration(0); !strings.EqualFold(status, "completed"); waited += edgePause {
		if waited >= edgePatience {
			return fmt.Errorf("invalidation %s: %w", aws.ToString(id), ErrEdgeSlow)
		}
		if err := p.Clock.Sleep(ctx, edgePause); err != nil {
			return err
		}
		if err := p.guard(ctx); err != nil { // also renews the lock
			return err
		}
		found, err := p.Edge.GetInvalidation(ctx, &cloudfront.GetInvalidationInput{DistributionId: &p.Distribution, Id: id})
		if err != nil {
			return fmt.Errorf("look at the invalidation: %w", err)
		}
		status = aws.ToString(found.Invalidation.Status)
	}
	return nil
}
