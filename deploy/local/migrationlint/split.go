package migrationlint

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing/fstest"

	pgquery "github.com/pganalyze/pg_query_go/v6"
	"github.com/pressly/goose/v3"
)

// checkPieces looks at the pieces in which goose sends the file: it ends one at every line that ends in `;`, which PostgreSQL's parser, reading
// the file as a whole, does not see.
func (j *judge) checkPieces(content []byte, statements int) {
	pieces, err := piecesOf(content)
	if err != nil {
		j.report(0, annotation, "goose says: "+oneLine(err.Error()))
		return
	}
	sum, offset := 0, 0
	for _, piece := range pieces {
		offset = j.offsetOf(piece, offset)
		tree, err := pgquery.Parse(piece)
		if err != nil {
			j.report(offset, annotation, "goose ends a statement wherever a line ends in `;` and would send this piece alone, of which PostgreSQL's parser says: "+
				oneLine(err.Error())+": put the whole between StatementBegin and StatementEnd")
			return
		}
		sum += len(tree.GetStmts())
		if !j.transaction && len(tree.GetStmts()) > 1 {
			j.report(offset, severalAtOnce, "PostgreSQL runs these in one transaction, which holds every lock until its end: a line for each, or a StatementBegin for each")
		}
		offset += len(piece)
	}
	if sum != statements {
		j.report(0, annotation, "goose and PostgreSQL's parser see other statements here: end each with `;`")
	}
}

// offsetOf finds a piece by its first line; from is where the one before ended, or earlier, as goose leaves lines out.
func (j *judge) offsetOf(piece string, from int) int {
	first, _, _ := strings.Cut(piece, "\n")
	from = min(from, len(j.text))
	if at := strings.Index(j.text[from:], first); at >= 0 {
		return from + at
	}
	return from
}

// piecesOf are the statements of the Up part as goose sends them. Its parser is internal, so that goose itself runs the file here, on a
// connection that only takes notes.
func piecesOf(content []byte) ([]string, error) {
	notes := &notes{}
	database := sql.OpenDB(notes)
	defer func() { _ = database.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, database, fstest.MapFS{"00001_file.sql": {Data: content}},
		goose.WithDisableGlobalRegistry(true), goose.WithDisableVersioning(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, err
	}
	// Nothing of this leaves the process, so that there is nothing to wait for.
	if _, err := provider.Up(context.Background()); err != nil {
		return nil, err
	}
	return notes.pieces, nil
}

// notes is a database that notes what it is told to do. One file uses one connection, one statement after the other.
type notes struct{ pieces []string }

// Connect and what follows is what database/sql asks of a driver.
func (n *notes) Connect(context.Context) (driver.Conn, error) { return n, nil }

// Driver is unused by goose.
func (n *notes) Driver() driver.Driver { return n }

// Open is unused, as database/sql calls Connect.
func (n *notes) Open(string) (driver.Conn, error) { return n, nil }

// Begin starts nothing: whether there is a transaction, the file says.
func (n *notes) Begin() (driver.Tx, error) { return n, nil }

// Commit ends nothing.
func (n *notes) Commit() error { return nil }

// Rollback keeps the notes.
func (n *notes) Rollback() error { return nil }

// Close keeps the notes.
func (n *notes) Close() error { return nil }

// Prepare fails, so that nothing goes by unnoted.
func (n *notes) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("only plain statements are noted")
}

// ExecContext notes a piece.
func (n *notes) ExecContext(_ context.Context, piece string, _ []driver.NamedValue) (driver.Result, error) {
	n.pieces = append(n.pieces, piece)
	return driver.ResultNoRows, nil
}
