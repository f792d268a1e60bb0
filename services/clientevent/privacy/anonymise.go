package privacy

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/privacy/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// bunch is what one statement changes: at most so many of the owner's events within a span. The queries of all four tables
// take it.
type bunch struct {
	Since time.Time
	Until time.Time
	Owner string
	Most  int32
}

type anonymised struct {
	owner string // empty: not known, nothing is done
	first func(context.Context, time.Time) (time.Time, error)
	next  func(context.Context, bunch) (int64, error)
}

func anonymise(ctx context.Context, db *postgres.Database, of account) (int64, error) {
	queries, id := dbgen.New(db), strconv.FormatInt(of.id, 10)
	total := int64(0)
	for _, table := range []anonymised{
		{id, queries.FirstPageview, func(ctx context.Context, b bunch) (int64, error) {
			return queries.AnonymisePageviews(ctx, dbgen.AnonymisePageviewsParams(b))
		}},
		{id, queries.FirstAjaxError, func(ctx context.Context, b bunch) (int64, error) {
			return queries.AnonymiseAjaxErrors(ctx, dbgen.AnonymiseAjaxErrorsParams(b))
		}},
		{id, queries.FirstButtonClick, func(ctx context.Context, b bunch) (int64, error) {
			return queries.AnonymiseButtonClicks(ctx, dbgen.AnonymiseButtonClicksParams(b))
		}},
		{of.memberCode, queries.FirstLinkEvent, func(ctx context.Context, b bunch) (int64, error) {
			return queries.AnonymiseLinkEvents(ctx, dbgen.AnonymiseLinkEventsParams(b))
		}},
	} {
		changed, err := table.anonymise(ctx)
		total += changed
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (a anonymised) anonymise(ctx context.Context) (total int64, err error) {
	if a.owner == "" {
		return 0, nil
	}
	err = walk(ctx, a.first, func(ctx context.Context, within span) error {
		for {
			changed, err := limited(ctx, func(ctx context.Context) (int64, error) {
				return a.next(ctx, bunch{Since: within.since, Until: within.until, Owner: a.owner, Most: batchSize})
			})
			total += changed
			if err != nil {
				return fmt.Errorf("anonymise events: %w", err)
			}
			if changed < batchSize {
				return nil
			}
		}
	})
	return total, err
}
