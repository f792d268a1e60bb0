package migrationlint

import (
	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// alterTable judges the parts of one ALTER TABLE, which run under the strongest lock that one of them needs.
func (j *judge) alterTable(node *pgquery.Node) {
	alter := node.GetAlterTableStmt()
	switch alter.GetObjtype() {
	case pgquery.ObjectType_OBJECT_TABLE:
	case pgquery.ObjectType_OBJECT_TYPE:
		j.refuse(0, typeChange, "the running release knows the type as it was: make a new one and move over in steps")
		return
	default:
		j.unjudged("ALTER of anything but a table")
		return
	}
	j.lockReferenced(alter)
	if j.isNew(alter.GetRelation()) {
		j.takeIn(alter)
		return
	}
	lockedBefore := len(j.locked) > 0
	j.touch(alter.GetRelation(), alterBlocks(alter))
	for _, part := range alter.GetCmds() {
		command := part.GetAlterTableCmd()
		if command.GetSubtype() == pgquery.AlterTableType_AT_ValidateConstraint && (lockedBefore || len(alter.GetCmds()) > 1) {
			j.refuse(0, slowWhileLocked, "this reads the whole table while what stands before it keeps others out: validate in a file of its own")
		}
		j.alterPart(alter.GetRelation(), command)
	}
}

// takeIn: a new table that becomes the whole or a part of an existing one reads that under a lock, and changes what queries on it find.
func (j *judge) takeIn(alter *pgquery.AlterTableStmt) {
	for _, part := range alter.GetCmds() {
		definition := part.GetAlterTableCmd().GetDef()
		other := definition.GetRangeVar() // INHERIT
		if partition := definition.GetPartitionCmd(); partition != nil {
			other = partition.GetName()
		}
		if other != nil && !j.isNew(other) {
			j.touch(other, blocksAll)
			j.unjudged("joining a new table with the existing " + nameOf(other))
		}
	}
}

func alterBlocks(alter *pgquery.AlterTableStmt) blocking {
	for _, part := range alter.GetCmds() {
		switch part.GetAlterTableCmd().GetSubtype() {
		case pgquery.AlterTableType_AT_ValidateConstraint, pgquery.AlterTableType_AT_SetStatistics:
		default:
			return blocksAll
		}
	}
	return blocksNobody
}

// lockReferenced: a new foreign key also keeps writers from the table that it points at.
func (j *judge) lockReferenced(alter *pgquery.AlterTableStmt) {
	for _, part := range alter.GetCmds() {
		definition := part.GetAlterTableCmd().GetDef()
		j.lockTarget(definition.GetConstraint())
		for _, constraint := range definition.GetColumnDef().GetConstraints() {
			j.lockTarget(constraint.GetConstraint())
		}
	}
}

func (j *judge) lockTarget(constraint *pgquery.Constraint) {
	if constraint.GetContype() == pgquery.ConstrType_CONSTR_FOREIGN {
		j.touch(constraint.GetPktable(), blocksWriters)
	}
}

func (j *judge) alterPart(table *pgquery.RangeVar, command *pgquery.AlterTableCmd) {
	switch command.GetSubtype() {
	case pgquery.AlterTableType_AT_AddColumn:
		j.addColumn(table, command.GetDef().GetColumnDef())
	case pgquery.AlterTableType_AT_AddConstraint:
		j.addConstraint(table, command.GetDef().GetConstraint())
	case pgquery.AlterTableType_AT_DropColumn:
		j.refuse(0, drop, "the running release still reads and writes %s.%s: stop using it, and drop it after the next release", nameOf(table), command.GetName())
	case pgquery.AlterTableType_AT_DropConstraint:
		j.refuse(0, drop, "the running release may count on the constraint %s: drop it after the next release", command.GetName())
	case pgquery.AlterTableType_AT_ColumnDefault:
		if command.GetDef() == nil {
			j.refuse(0, drop, "the running release may write rows without %s.%s: drop the default after the next release", nameOf(table), command.GetName())
		}
	case pgquery.AlterTableType_AT_SetNotNull:
		j.refuse(0, notNull, "this reads all of %s while everybody waits: add CHECK (%s IS NOT NULL) NOT VALID, validate it in another file, then allow this here", nameOf(table), command.GetName())
	case pgquery.AlterTableType_AT_AlterColumnType:
		j.refuse(command.GetDef().GetColumnDef().GetLocation(), typeChange, "this writes %s anew while everybody waits: add a column of the new type, fill it in portions, change over with a release", nameOf(table))
	case pgquery.AlterTableType_AT_SetLogged, pgquery.AlterTableType_AT_SetUnLogged, pgquery.AlterTableType_AT_SetTableSpace,
		pgquery.AlterTableType_AT_SetAccessMethod, pgquery.AlterTableType_AT_SetExpression:
		j.refuse(0, tableRewrite, "this writes %s anew while everybody waits: make a new table and move over in steps", nameOf(table))
	case pgquery.AlterTableType_AT_DropNotNull, pgquery.AlterTableType_AT_ValidateConstraint, pgquery.AlterTableType_AT_SetStatistics,
		pgquery.AlterTableType_AT_SetRelOptions, pgquery.AlterTableType_AT_ResetRelOptions, pgquery.AlterTableType_AT_SetStorage,
		pgquery.AlterTableType_AT_SetCompression: // of a moment, and only more is allowed than before
	default:
		j.unjudged("this part of ALTER TABLE")
	}
}

// addColumn is free when PostgreSQL only notes the column: rows get a value that does not depend on the row when they are read.
func (j *judge) addColumn(table *pgquery.RangeVar, column *pgquery.ColumnDef) {
	var value *pgquery.Node
	var mustHave bool
	for _, each := range column.GetConstraints() {
		constraint := each.GetConstraint()
		switch constraint.GetContype() {
		case pgquery.ConstrType_CONSTR_DEFAULT:
			value = constraint.GetRawExpr()
		case pgquery.ConstrType_CONSTR_NOTNULL:
			mustHave = true
		case pgquery.ConstrType_CONSTR_IDENTITY, pgquery.ConstrType_CONSTR_GENERATED:
			j.refuse(constraint.GetLocation(), tableRewrite, "a value of its own for each row writes %s anew while everybody waits: add a plain column and fill it in portions", nameOf(table))
			mustHave = false
		default:
			j.addConstraint(table, constraint)
		}
	}
	if isSerial(column.GetTypeName()) || !sameForAllRows(value) {
		j.refuse(column.GetLocation(), tableRewrite, "a default that differs from row to row writes %s anew while everybody waits: add the column without, set the default apart, fill old rows in portions", nameOf(table))
		return
	}
	if mustHave && (value == nil || value.GetAConst().GetIsnull()) {
		j.refuse(column.GetLocation(), notNull, "the rows of %s and those that the running release writes have no %s: give it a default, or let it be null", nameOf(table), column.GetColname())
	}
}

func (j *judge) addConstraint(table *pgquery.RangeVar, constraint *pgquery.Constraint) {
	place := constraint.GetLocation()
	switch constraint.GetContype() {
	case pgquery.ConstrType_CONSTR_CHECK, pgquery.ConstrType_CONSTR_FOREIGN:
		if !constraint.GetSkipValidation() {
			j.refuse(place, validatesConstraint, "this reads all of %s while everybody waits: ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in another file", nameOf(table))
		}
	case pgquery.ConstrType_CONSTR_UNIQUE, pgquery.ConstrType_CONSTR_PRIMARY:
		if constraint.GetIndexname() != "" {
			j.refusePrimary(table, constraint)
		} else {
			j.refuse(place, uniqueConstraint, "this builds an index on %s while everybody waits: CREATE UNIQUE INDEX CONCURRENTLY in another file, then ADD CONSTRAINT ... USING INDEX", nameOf(table))
		}
	case pgquery.ConstrType_CONSTR_EXCLUSION:
		j.refuse(place, uniqueConstraint, "this builds an index on %s while everybody waits, and cannot be done otherwise: use a new table", nameOf(table))
	case pgquery.ConstrType_CONSTR_NULL, pgquery.ConstrType_CONSTR_ATTR_DEFERRABLE, pgquery.ConstrType_CONSTR_ATTR_NOT_DEFERRABLE,
		pgquery.ConstrType_CONSTR_ATTR_DEFERRED, pgquery.ConstrType_CONSTR_ATTR_IMMEDIATE: // say more about the one before
	default:
		j.unjudged("this constraint")
	}
}

// refusePrimary: USING INDEX spares the index, but a primary key also makes its columns NOT NULL.
func (j *judge) refusePrimary(table *pgquery.RangeVar, constraint *pgquery.Constraint) {
	if constraint.GetContype() == pgquery.ConstrType_CONSTR_PRIMARY {
		j.refuse(constraint.GetLocation(), notNull, "this reads all of %s while everybody waits, unless its columns are NOT NULL already: then allow it", nameOf(table))
	}
}
