package migrationlint

import (
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

func (j *judge) createTable(node *pgquery.Node) {
	create := node.GetCreateStmt()
	for _, parent := range create.GetInhRelations() {
		if !j.isNew(parent.GetRangeVar()) {
			j.touch(parent.GetRangeVar(), blocksAll)
			j.unjudged("a new part of the existing table " + nameOf(parent.GetRangeVar()))
		}
	}
	if !create.GetIfNotExists() { // else it may be an old one
		j.created[nameOf(create.GetRelation())] = true
	}
	for _, element := range append(create.GetTableElts(), create.GetConstraints()...) {
		j.lockTarget(element.GetConstraint())
		for _, constraint := range element.GetColumnDef().GetConstraints() {
			j.lockTarget(constraint.GetConstraint())
		}
	}
}

func (j *judge) createTableAs(node *pgquery.Node) {
	create := node.GetCreateTableAsStmt()
	if !create.GetInto().GetSkipData() {
		j.copyRows(create.GetQuery())
	}
	if !create.GetIfNotExists() {
		j.created[nameOf(create.GetInto().GetRel())] = true
	}
	j.write(create.GetQuery())
}

func (j *judge) createIndex(node *pgquery.Node) {
	index := node.GetIndexStmt()
	table := nameOf(index.GetRelation())
	if index.GetConcurrent() {
		if j.transaction {
			j.report(j.current.start, inTransaction, "CONCURRENTLY works in no transaction: say `-- +goose NO TRANSACTION` at the top of the file, and put all else into another one")
		}
		j.touch(index.GetRelation(), blocksNobody)
		if index.GetIdxname() == "" || !index.GetIfNotExists() {
			j.refuse(0, notRepeatable, "a file without a transaction is run again from its beginning when it fails: give the index a name and say IF NOT EXISTS (what a broken build leaves behind is removed before)")
		}
		return
	}
	if j.isNew(index.GetRelation()) {
		return
	}
	j.touch(index.GetRelation(), blocksWriters)
	j.refuse(0, indexLocks, "nobody can write to %s while this builds: CREATE INDEX CONCURRENTLY IF NOT EXISTS in a file with `-- +goose NO TRANSACTION`", table)
}

func (j *judge) dropObjects(node *pgquery.Node) {
	dropped := node.GetDropStmt()
	if dropped.GetConcurrent() && j.transaction {
		j.report(j.current.start, inTransaction, "CONCURRENTLY works in no transaction: say `-- +goose NO TRANSACTION` at the top of the file")
	}
	kind := strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(dropped.GetRemoveType().String(), "OBJECT_"), "_", " "))
	for _, object := range dropped.GetObjects() {
		name := dottedName(object)
		if dropped.GetRemoveType() == pgquery.ObjectType_OBJECT_TABLE && j.created[name] {
			delete(j.created, name)
			continue
		}
		j.lockDropped(dropped, name)
		j.refuse(0, drop, "the running release may still use %s: stop using it, and drop it after the next release", strings.TrimSpace(kind+" "+name))
	}
}

func (j *judge) lockDropped(dropped *pgquery.DropStmt, name string) {
	how := blocksAll
	if dropped.GetConcurrent() {
		how = blocksNobody
	}
	switch dropped.GetRemoveType() {
	case pgquery.ObjectType_OBJECT_TABLE, pgquery.ObjectType_OBJECT_INDEX, pgquery.ObjectType_OBJECT_VIEW,
		pgquery.ObjectType_OBJECT_MATVIEW, pgquery.ObjectType_OBJECT_TRIGGER:
		j.touchNamed(name, how)
	default:
	}
}

func dottedName(object *pgquery.Node) string {
	parts := object.GetList().GetItems()
	if parts == nil {
		parts = object.GetTypeName().GetNames()
	}
	if parts == nil {
		parts = object.GetObjectWithArgs().GetObjname()
	}
	if parts == nil {
		return object.GetString_().GetSval()
	}
	return joined(parts)
}

func joined(parts []*pgquery.Node) string {
	var names []string
	for _, each := range parts {
		names = append(names, namePart(each.GetString_().GetSval()))
	}
	return strings.Join(names, ".")
}

func (j *judge) renameObject(node *pgquery.Node) {
	renamed := node.GetRenameStmt()
	if table := renamed.GetRelation(); table != nil && j.isNew(table) {
		if renamed.GetRenameType() == pgquery.ObjectType_OBJECT_TABLE {
			delete(j.created, nameOf(table))
			j.created[nameOf(&pgquery.RangeVar{Schemaname: table.GetSchemaname(), Relname: renamed.GetNewname()})] = true
		}
		return
	}
	j.touch(renamed.GetRelation(), blocksAll)
	j.refuse(0, rename, "the running release looks for the old name: make %s beside it and move over in steps", renamed.GetNewname())
}

func (j *judge) alterEnum(node *pgquery.Node) {
	if node.GetAlterEnumStmt().GetOldVal() != "" {
		j.refuse(0, rename, "the running release writes %s: add a new value instead", node.GetAlterEnumStmt().GetOldVal())
	}
}

// alterSequence: nobody gets a number until the file is done.
func (j *judge) alterSequence(node *pgquery.Node) {
	alter := node.GetAlterSeqStmt()
	if j.created[nameOf(alter.GetSequence())] {
		return
	}
	j.touch(alter.GetSequence(), blocksWriters)
	for _, option := range alter.GetOptions() {
		switch option.GetDefElem().GetDefname() {
		case "owned_by", "cache":
		default:
			j.unjudged("other numbers from an existing sequence")
			return
		}
	}
}

func (j *judge) createSequence(node *pgquery.Node) {
	create := node.GetCreateSeqStmt()
	if !create.GetIfNotExists() {
		j.created[nameOf(create.GetSequence())] = true
	}
}

func (j *judge) truncate(node *pgquery.Node) {
	for _, each := range node.GetTruncateStmt().GetRelations() {
		if table := each.GetRangeVar(); !j.isNew(table) {
			j.touch(table, blocksAll)
			j.refuse(0, heavyLock, "this keeps everybody out of %s and takes what the running release works on: delete in portions by a program", nameOf(table))
		}
	}
}

func (j *judge) lockTables(node *pgquery.Node) {
	for _, each := range node.GetLockStmt().GetRelations() {
		if table := each.GetRangeVar(); !j.isNew(table) {
			j.touch(table, blocksAll)
			j.refuse(0, heavyLock, "this keeps others out of %s until the file is done: find an order of steps that needs no lock", nameOf(table))
		}
	}
}

// heavy are statements that work on a whole table under its strongest lock.
func (j *judge) heavy(*pgquery.Node) {
	j.needTimeout("a table", blocksAll)
	j.refuse(0, heavyLock, "this works through a whole table while others wait: do it by hand in a quiet hour, or with pg_repack")
}

func (j *judge) vacuum(node *pgquery.Node) {
	vacuum := node.GetVacuumStmt()
	if !vacuum.GetIsVacuumcmd() {
		return // ANALYZE
	}
	for _, option := range vacuum.GetOptions() {
		if option.GetDefElem().GetDefname() == "full" {
			j.heavy(node)
			return
		}
	}
	j.unjudged("VACUUM")
}
