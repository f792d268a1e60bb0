package migrationlint

import (
	"maps"

	pgquery "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// copyRows judges what fills a table from others: it takes as long as those are large.
func (j *judge) copyRows(source proto.Message) {
	if len(j.locked) > 0 && j.readsExisting(source.ProtoReflect(), nil) {
		j.refuse(0, slowWhileLocked, "rows of an existing table are read while what stands before it keeps others out: do this first, or in a file of its own")
	}
}

// insertRows: the table that is written to is not read.
func (j *judge) insertRows(insert *pgquery.InsertStmt) {
	j.copyRows(&pgquery.InsertStmt{
		SelectStmt: insert.GetSelectStmt(), WithClause: insert.GetWithClause(),
		OnConflictClause: insert.GetOnConflictClause(), ReturningList: insert.GetReturningList(),
	})
	j.touch(insert.GetRelation(), blocksNobody)
}

// selectInto is CREATE TABLE AS by another name.
func (j *judge) selectInto(query *pgquery.SelectStmt) {
	if query.GetIntoClause() == nil {
		return
	}
	source := proto.CloneOf(query)
	source.IntoClause = nil
	j.copyRows(source)
}

// readsExisting is whether a part of a statement names a table that neither the file makes nor a WITH around it.
func (j *judge) readsExisting(part protoreflect.Message, named map[string]bool) bool {
	if table, isTable := part.Interface().(*pgquery.RangeVar); isTable {
		return !j.isNew(table) && (table.GetSchemaname() != "" || !named[table.GetRelname()])
	}
	if within, hasWith := part.Interface().(interface{ GetWithClause() *pgquery.WithClause }); hasWith {
		named = namesOfWith(within.GetWithClause(), named)
	}
	found := false
	eachChild(part, func(child protoreflect.Message) { found = found || j.readsExisting(child, named) })
	return found
}

// namesOfWith adds the names of a WITH. One whose query names itself may mean a table (WITH goods AS (SELECT * FROM goods)), so that it counts as one.
func namesOfWith(with *pgquery.WithClause, around map[string]bool) map[string]bool {
	named := maps.Clone(around)
	if named == nil {
		named = map[string]bool{}
	}
	for _, each := range with.GetCtes() {
		query := each.GetCommonTableExpr()
		named[query.GetCtename()] = with.GetRecursive() || !mentions(query.GetCtequery(), query.GetCtename())
	}
	return named
}

func mentions(query *pgquery.Node, name string) bool {
	found := false
	walk(query, func(part proto.Message) {
		if table, isTable := part.(*pgquery.RangeVar); isTable && table.GetRelname() == name {
			found = true
		}
	})
	return found
}
