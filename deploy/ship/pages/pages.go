// Package pages ships the shop's pages: it brings a bucket to exactly what package site publishes, and back to what was there
// before. What it did stands in the bucket itself, under .ship/, which is never served: a manifest for each release, which of
// them is current, and what is under way. From these and from the bucket as it is found every step is worked out anew, so a
// command that was killed is repeated and goes on.
//
// What the pages are is the business of gateway/site; who may change them now, of the lock that Publisher.Guard asks.
package pages

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// Bucket is what is asked of Amazon S3. The bucket must keep versions.
type Bucket interface {
	GetBucketVersioning(ctx context.Context, in *s3.GetBucketVersioningInput, options ...func(*s3.Options)) (*s3.GetBucketVersioningOutput, error)
	GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(ctx context.Context, in *s3.HeadObjectInput, options ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(ctx context.Context, in *s3.PutObjectInput, options ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	CopyObject(ctx context.Context, in *s3.CopyObjectInput, options ...func(*s3.Options)) (*s3.CopyObjectOutput, error)
	DeleteObject(ctx context.Context, in *s3.DeleteObjectInput, options ...func(*s3.Options)) (*s3.DeleteObjectOutput, error)
}

// Edge is what is asked of Amazon CloudFront.
type Edge interface {
	CreateInvalidation(ctx context.Context, in *cloudfront.CreateInvalidationInput, options ...func(*cloudfront.Options)) (*cloudfront.CreateInvalidationOutput, error)
	GetInvalidation(ctx context.Context, in *cloudfront.GetInvalidationInput, options ...func(*cloudfront.Options)) (*cloudfront.GetInvalidationOutput, error)
}

// What a command may end with, besides what AWS said.
var (
	// ErrNotVersioned: without versions there is no way back.
	ErrNotVersioned = errors.New("the bucket keeps no versions; Terraform's module site turns them on")
	// ErrNothingBefore: there is no release to go back to.
	ErrNothingBefore = errors.New("there is no release of the pages before this one")
	// ErrUnknownRelease: no manifest has this name.
	ErrUnknownRelease = errors.New("no release of the pages has this name")
	// ErrOvertaken: somebody else changed the notes meanwhile, whatever the lock said.
	ErrOvertaken = errors.New("somebody else has shipped the pages meanwhile")
	// ErrRolledBack: the new pages failed their check, those before are back.
	ErrRolledBack = errors.New("the new pages failed their check; those before are back")
	// ErrRollbackFailed: and putting those before back failed too.
	ErrRollbackFailed = errors.New("the pages before could not be put back")
	// ErrEdgeSlow: the pages are in place, but the edge still works on forgetting the old ones.
	ErrEdgeSlow = errors.New("the invalidation is not completed yet; the same command waits for it again")
)

const (
	workers = 8  // uploads at a time
	batch   = 32 // objects between two looks at the lock
	// keepFor is how long an object stays after the last release that refers to it: open pages load their modules late, and
	// mails and search engines show pictures for weeks.
	keepFor = 30 * 24 * time.Hour
	// edgePatience is how long an invalidation may take; a minute is usual.
	edgePatience = 15 * time.Minute
	edgePause    = 5 * time.Second
)

// Publisher ships the pages of one shop. It is used by one goroutine at a time.
type Publisher struct {
	Bucket       Bucket
	Edge         Edge
	Name         string // of the bucket
	Distribution string // id; empty: there is no edge in front of the bucket
	Operator     string
	Clock        clock.Clock
	Report       progress.Reporter
	// Guard fails when the lock is no longer ours. It is asked before every changing step; nil asks nobody.
	Guard func(ctx context.Context) error
	// Verify looks at the pages as customers get them; nil looks at nothing.
	Verify func(ctx context.Context, release Manifest) error
}

// Plan says what Deploy of these objects would change; it changes nothing itself.
func (p *Publisher) Plan(ctx context.Context, objects []site.Object) (Plan, error) {
	state, err := p.look(ctx)
	if err != nil {
		return Plan{}, err
	}
	return p.plan(ctx, state, itemsOf(objects))
}

// Deploy makes the bucket hold these objects as the release version. When it already does, nothing is written. After a kill at any
// point it may be repeated, with these or other objects.
func (p *Publisher) Deploy(ctx context.Context, objects []site.Object, version string) (Manifest, error) {
	state, err := p.look(ctx)
	if err != nil {
		return Manifest{}, err
	}
	shipped, err := p.apply(ctx, state, change{items: itemsOf(objects), version: version})
	var rejected unverified
	if errors.As(err, &rejected) && state.hasCurrent() {
		return p.putBack(ctx, state.manifest, rejected)
	}
	return shipped, err
}

// putBack undoes a release that failed its check. A signal does not stop it: half of each would be worse.
func (p *Publisher) putBack(ctx context.Context, before Manifest, why error) (Manifest, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*edgePatience)
	defer cancel()
	p.say("rollback", fmt.Sprintf("%v; the pages of %s are put back", why, before.Version))
	state, err := p.look(ctx)
	if err != nil {
		return Manifest{}, errors.Join(ErrRollbackFailed, why, err)
	}
	shipped, err := p.apply(ctx, state, before.restore())
	if err != nil {
		return Manifest{}, errors.Join(ErrRollbackFailed, why, err)
	}
	return shipped, errors.Join(ErrRolledBack, why)
}

// Rollback puts back the release named version, or with none the one before what is there now. Repeated after a kill it finishes
// what it had begun. Repeated after it had finished, and without a version, it goes one further back.
func (p *Publisher) Rollback(ctx context.Context, version string) (Manifest, error) {
	state, err := p.look(ctx)
	if err != nil {
		return Manifest{}, err
	}
	if !state.hasCurrent() {
		return Manifest{}, ErrNothingBefore
	}
	if version == "" && state.finishedRollback() {
		return state.manifest, p.dropIntent(ctx)
	}
	target, err := p.target(ctx, state, version)
	if err != nil {
		return Manifest{}, err
	}
	return p.apply(ctx, state, target.restore())
}

// target is the manifest to go back to.
func (p *Publisher) target(ctx context.Context, state state, version string) (Manifest, error) {
	if version != "" {
		return p.find(ctx, state.manifest, version)
	}
	if state.begun() && state.intent.Restores == "" {
		return state.manifest, nil // a deploy that never finished is what there is to undo
	}
	if state.begun() && state.intent.Base == state.manifest.Release {
		return p.readManifest(ctx, state.intent.Restores)
	}
	shown := state.manifest
	if shown.Restores != "" {
		original, err := p.readManifest(ctx, shown.Restores)
		if err != nil {
			return Manifest{}, err
		}
		shown = original
	}
	if shown.Base == "" {
		return Manifest{}, ErrNothingBefore
	}
	return p.readManifest(ctx, shown.Base)
}

// longestHistory bounds how far back a name is looked for.
const longestHistory = 100

func (p *Publisher) find(ctx context.Context, from Manifest, name string) (Manifest, error) {
	for range longestHistory {
		if from.Release == name || from.Version == name {
			return from, nil
		}
		if from.Base == "" {
			break
		}
		before, err := p.readManifest(ctx, from.Base)
		if err != nil {
			return Manifest{}, err
		}
		from = before
	}
	return Manifest{}, fmt.Errorf("%s: %w", name, ErrUnknownRelease)
}

func (p *Publisher) guard(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.Guard == nil {
		return nil
	}
	return p.Guard(ctx)
}

func (p *Publisher) say(step, message string) {
	p.Report.Report(progress.Line{Service: "site", Step: step, Message: message})
}
