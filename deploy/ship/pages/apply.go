package pages

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// unverified is a release whose pages are in place and not what they should be.
type unverified struct{ cause error }

func (u unverified) Error() string { return "the check of the new pages failed: " + u.cause.Error() }
func (u unverified) Unwrap() error { return u.cause }

// apply brings about a change: intent, objects, edge, check, manifest, and last the note that makes it hold. Each step may be
// done twice.
func (p *Publisher) apply(ctx context.Context, state state, wanted change) (Manifest, error) {
	made, err := p.plan(ctx, state, wanted.items)
	if err != nil {
		return Manifest{}, err
	}
	if made.Nothing() && state.hasCurrent() {
		p.say("done", fmt.Sprintf("nothing to do: the pages of %s are there", state.manifest.Version))
		return state.manifest, p.clearFinished(ctx, state)
	}
	if err := p.checkSources(ctx, made.place); err != nil {
		return Manifest{}, err
	}
	release := p.begin(state, wanted, made)
	if err := p.writeNote(ctx, intentNote, release, nil); err != nil {
		return Manifest{}, err
	}
	versions, err := p.placeAll(ctx, made)
	if err != nil {
		return Manifest{}, err
	}
	for i, entry := range release.Objects {
		release.Objects[i].VersionID = cmp.Or(versions[entry.Key], made.found[entry.Key].VersionID)
	}
	if err := p.prune(ctx, made.Prune); err != nil {
		return Manifest{}, err
	}
	if err := p.invalidate(ctx, release.Release, made.Addresses); err != nil {
		return Manifest{}, err
	}
	if err := p.verify(ctx, release); err != nil {
		return Manifest{}, err
	}
	return release, p.finish(ctx, state, release)
}

// finish makes the release hold.
func (p *Publisher) finish(ctx context.Context, state state, release Manifest) error {
	if err := p.writeNote(ctx, releasePrefix+release.Release+".json", release, nil); err != nil {
		return err
	}
	if err := p.commit(ctx, release, state.tag); err != nil {
		return err
	}
	if err := p.dropIntent(ctx); err != nil {
		return err
	}
	p.say("done", fmt.Sprintf("the pages are those of %s (release %s)", release.Version, release.Release))
	return nil
}

// clearFinished takes away the intent of a run that was killed just before it would have done so.
func (p *Publisher) clearFinished(ctx context.Context, state state) error {
	if state.intent.Release == "" {
		return nil
	}
	return p.dropIntent(ctx)
}

// begin is the manifest of what is to be, without versions. A run that was killed is gone on with under its own name, so that
// the edge recognises its invalidation.
func (p *Publisher) begin(state state, wanted change, made Plan) Manifest {
	content, now := contentOf(wanted.items), p.Clock.Now()
	release := Manifest{
		Release: now.UTC().Format("20060102T150405.000000000Z") + "-" + content[:12],
		Version: wanted.version, Content: content, Base: state.manifest.Release, Restores: wanted.restores, At: now, By: p.Operator, Kept: made.kept,
	}
	if begun := state.intent; state.begun() && begun.Content == content && begun.Base == release.Base && begun.Restores == release.Restores {
		release.Release = begun.Release
		p.say("resume", "going on with what was begun by "+begun.By)
	}
	for _, one := range wanted.items {
		release.Objects = append(release.Objects, one.Entry)
	}
	slices.SortFunc(release.Objects, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	return release
}

// checkSources looks, before anything is changed, whether every version to be restored is still kept and is what it should be.
func (p *Publisher) checkSources(ctx context.Context, items []item) error {
	items = slices.DeleteFunc(slices.Clone(items), func(one item) bool { return one.from == "" })
	found, err := p.heads(ctx, items, func(one item) string { return one.from })
	if err != nil {
		return err
	}
	for _, one := range items {
		there, ok := found[one.Key]
		if !ok {
			return fmt.Errorf("%s: the bucket no longer keeps version %s; deploy the release again instead", one.Key, one.from)
		}
		if !there.same(one.Entry) {
			return fmt.Errorf("%s: %w", one.Key, errOtherChecksum)
		}
	}
	return nil
}

// placeAll gives the versions of what it put there.
func (p *Publisher) placeAll(ctx context.Context, made Plan) (map[string]string, error) {
	versions := map[string]string{}
	var mutex sync.Mutex
	for _, step := range steps(made.place) {
		if err := p.guard(ctx); err != nil {
			return nil, err
		}
		err := inParallel(ctx, step, func(ctx context.Context, one item) error {
			version, err := p.place(ctx, one)
			mutex.Lock()
			defer mutex.Unlock()
			versions[one.Key] = version
			return err
		})
		if err != nil {
			return nil, err
		}
		p.say("upload", fmt.Sprintf("%d of %d in place", len(versions), len(made.place)))
	}
	return versions, nil
}

func (p *Publisher) prune(ctx context.Context, keys []string) error {
	for batched := range slices.Chunk(keys, batch) {
		if err := p.guard(ctx); err != nil {
			return err
		}
		if err := inParallel(ctx, batched, p.remove); err != nil {
			return err
		}
		p.say("prune", fmt.Sprintf("%d objects that nobody has referred to for 30 days are gone", len(batched)))
	}
	return nil
}

func (p *Publisher) verify(ctx context.Context, release Manifest) error {
	if p.Verify == nil {
		return nil
	}
	if err := p.Verify(ctx, release); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return unverified{err}
	}
	return nil
}

var _ Bucket = (*s3.Client)(nil)
