package privacy

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/privacy/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// The events as whom they are about gets them. Times are UTC; keys stay as they are: others read them.
type (
	pageview struct {
		CreatedAt     time.Time `json:"created_at"`
		ClientEventID *string   `json:"client_event_id"`
		AnonymousID   *string   `json:"anonymous_id"`
		URL           string    `json:"url"`
		PageWidth     *int32    `json:"page_width"`
		RemoteAddress *string   `json:"remote_address"`
		UserAgent     *string   `json:"user_agent"`
	}
	ajaxError struct {
		CreatedAt     time.Time `json:"created_at"`
		ClientEventID *string   `json:"client_event_id"`
		AnonymousID   *string   `json:"anonymous_id"`
		URL           string    `json:"url"`
		ErrorID       string    `json:"error_id"`
	}
	buttonClick struct {
		CreatedAt     time.Time `json:"created_at"`
		ClientEventID *string   `json:"client_event_id"`
		AnonymousID   *string   `json:"anonymous_id"`
		URL           string    `json:"url"`
		ButtonID      string    `json:"button_id"`
	}
	linkEvent struct {
		CreatedAt   time.Time `json:"created_at"`
		AnonymousID *string   `json:"anonymous_id"`
		URL         string    `json:"url"`
		MbCd        *string   `json:"mb_cd"`
		PrCd        *string   `json:"pr_cd"`
		EmCd        *string   `json:"em_cd"`
		AdCd        *string   `json:"ad_cd"`
	}
)

// page is what one statement reads: the owner's next events within a span. The queries of all four tables take it.
type page struct {
	Since   time.Time
	Until   time.Time
	AfterID int64
	Owner   string
	Most    int32
}

// exported is how a table's events, Row, become entries of the list called name.
type exported[Row any] struct {
	name  string
	owner string // empty: not known, the list stays empty
	first func(context.Context, time.Time) (time.Time, error)
	next  func(context.Context, page) ([]Row, error)
	entry func(Row) (at time.Time, id int64, entry any)
}

func export(ctx context.Context, db *postgres.Database, of account, out io.Writer) error {
	queries, id, to := dbgen.New(db), strconv.FormatInt(of.id, 10), bufio.NewWriter(out)
	_, _ = fmt.Fprintf(to, "{\n\"account_id\": %d", of.id) // a failure comes back from Flush
	lists := []interface {
		write(context.Context, *bufio.Writer) error
	}{pageviews(queries, id), ajaxErrors(queries, id), buttonClicks(queries, id), linkEvents(queries, of.memberCode)}
	for _, list := range lists {
		if err := list.write(ctx, to); err != nil {
			return err
		}
	}
	_, _ = to.WriteString("\n}\n")
	if err := to.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func pageviews(queries *dbgen.Queries, owner string) exported[dbgen.Pageview] {
	return exported[dbgen.Pageview]{
		"pageviews", owner, queries.FirstPageview,
		func(ctx context.Context, p page) ([]dbgen.Pageview, error) {
			return queries.ListPageviews(ctx, dbgen.ListPageviewsParams(p))
		},
		func(row dbgen.Pageview) (time.Time, int64, any) {
			return row.CreatedAt, row.ID, pageview{row.CreatedAt, row.ClientEventID, row.AnonymousID, row.Url, row.PageWidth, row.RemoteAddress, row.UserAgent}
		},
	}
}

func ajaxErrors(queries *dbgen.Queries, owner string) exported[dbgen.AjaxError] {
	return exported[dbgen.AjaxError]{
		"ajax_errors", owner, queries.FirstAjaxError,
		func(ctx context.Context, p page) ([]dbgen.AjaxError, error) {
			return queries.ListAjaxErrors(ctx, dbgen.ListAjaxErrorsParams(p))
		},
		func(row dbgen.AjaxError) (time.Time, int64, any) {
			return row.CreatedAt, row.ID, ajaxError{row.CreatedAt, row.ClientEventID, row.AnonymousID, row.Url, row.ErrorID}
		},
	}
}

func buttonClicks(queries *dbgen.Queries, owner string) exported[dbgen.ButtonClick] {
	return exported[dbgen.ButtonClick]{
		"button_clicks", owner, queries.FirstButtonClick,
		func(ctx context.Context, p page) ([]dbgen.ButtonClick, error) {
			return queries.ListButtonClicks(ctx, dbgen.ListButtonClicksParams(p))
		},
		func(row dbgen.ButtonClick) (time.Time, int64, any) {
			return row.CreatedAt, row.ID, buttonClick{row.CreatedAt, row.ClientEventID, row.AnonymousID, row.Url, row.ButtonID}
		},
	}
}

func linkEvents(queries *dbgen.Queries, memberCode string) exported[dbgen.LinkEvent] {
	return exported[dbgen.LinkEvent]{
		"link_events", memberCode, queries.FirstLinkEvent,
		func(ctx context.Context, p page) ([]dbgen.LinkEvent, error) {
			return queries.ListLinkEvents(ctx, dbgen.ListLinkEventsParams(p))
		},
		func(row dbgen.LinkEvent) (time.Time, int64, any) {
			return row.CreatedAt, row.ID, linkEvent{row.CreatedAt, row.AnonymousID, row.Url, row.MbCd, row.PrCd, row.EmCd, row.AdCd}
		},
	}
}

func (e exported[Row]) write(ctx context.Context, to *bufio.Writer) error {
	_, _ = fmt.Fprintf(to, ",\n%q: [", e.name)
	defer func() { _, _ = to.WriteString("]") }()
	if e.owner == "" {
		return nil
	}
	separator := "\n"
	return walk(ctx, e.first, func(ctx context.Context, within span) error {
		next := page{Since: within.since, Until: within.until, AfterID: -1, Owner: e.owner, Most: batchSize}
		for {
			rows, err := limited(ctx, func(ctx context.Context) ([]Row, error) { return e.next(ctx, next) })
			if err != nil {
				return fmt.Errorf("read %s: %w", e.name, err)
			}
			for _, row := range rows {
				var entry any
				next.Since, next.AfterID, entry = e.entry(row)
				if err := writeEntry(to, separator, entry); err != nil {
					return err
				}
				separator = ",\n"
			}
			if len(rows) < batchSize {
				return nil
			}
		}
	})
}

func writeEntry(to *bufio.Writer, separator string, entry any) error {
	text, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	_, _ = to.WriteString(separator)
	if _, err := to.Write(text); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}
