package postgres

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// QueryCount counts statements; see Count. Safe for concurrent use.
type QueryCount struct {
	statements atomic.Int64
}

// N is the number of statements so far.
func (c *QueryCount) N() int {
	return int(c.statements.Load())
}

type countKey struct{}

// Count gives a context under which statements are counted: each Exec, Query, QueryRow and CopyFrom as one, a batch as
// the number of its statements, a repeated transaction each time. Begin, commit, rollback and savepoints are not counted,
// nor what the driver asks on its own. It counts in this process only; a context does not carry it over gRPC.
func Count(ctx context.Context) (context.Context, *QueryCount) {
	count := &QueryCount{}
	return context.WithValue(ctx, countKey{}, count), count
}

func add(ctx context.Context, statements int) {
	if count, ok := ctx.Value(countKey{}).(*QueryCount); ok {
		count.statements.Add(int64(statements))
	}
}

// statementTracer counts statements, and limits how long a call waits for a free connection: the driver's tracing hooks
// are the one place that every path to a connection passes.
type statementTracer struct{}

// TraceQueryStart counts a statement.
func (statementTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !controlsTransaction(data.SQL) {
		add(ctx, 1)
	}
	return ctx
}

// TraceQueryEnd has nothing to do.
func (statementTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts the statements of a batch.
func (statementTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	add(ctx, data.Batch.Len())
	return ctx
}

// TraceBatchQuery has nothing to do.
func (statementTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd has nothing to do.
func (statementTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart counts a COPY.
func (statementTracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	add(ctx, 1)
	return ctx
}

// TraceCopyFromEnd has nothing to do.
func (statementTracer) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}

type cancelKey struct{}

// TraceAcquireStart limits the wait for a connection.
func (statementTracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	limited, cancel := context.WithTimeout(ctx, acquireLimit)
	return context.WithValue(limited, cancelKey{}, cancel)
}

// TraceAcquireEnd ends the limit.
func (statementTracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if cancel, ok := ctx.Value(cancelKey{}).(context.CancelFunc); ok {
		cancel()
	}
}

func controlsTransaction(sql string) bool {
	first, _, _ := strings.Cut(strings.TrimLeft(sql, " \n\t"), " ")
	switch strings.ToLower(strings.TrimRight(first, ";")) {
	case "begin", "commit", "rollback", "savepoint", "release":
		return true
	}
	return false
}
