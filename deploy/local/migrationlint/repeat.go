package migrationlint

import (
	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// refuseOnceOnly is for files without a transaction: one that was cut off is run again from its beginning, where a statement that fails, or does
// its work twice, the second time stops every later deploy.
func (j *judge) refuseOnceOnly(node *pgquery.Node) {
	if !isOnceOnly(node) {
		return
	}
	j.refuse(0, notRepeatable, "a file without a transaction is run again from its beginning when it is cut off, and this cannot be done twice: say IF NOT EXISTS or ON CONFLICT, or move it into a file with a transaction")
}

func isOnceOnly(node *pgquery.Node) bool {
	switch {
	case node.GetCreateStmt() != nil:
		return !node.GetCreateStmt().GetIfNotExists()
	case node.GetCreateTableAsStmt() != nil:
		return !node.GetCreateTableAsStmt().GetIfNotExists()
	case node.GetCreateSeqStmt() != nil:
		return !node.GetCreateSeqStmt().GetIfNotExists()
	case node.GetInsertStmt() != nil:
		return node.GetInsertStmt().GetOnConflictClause() == nil
	}
	for _, part := range node.GetAlterTableStmt().GetCmds() {
		command := part.GetAlterTableCmd()
		switch command.GetSubtype() {
		case pgquery.AlterTableType_AT_AddConstraint:
			return true
		case pgquery.AlterTableType_AT_AddColumn:
			if !command.GetMissingOk() {
				return true
			}
		default:
		}
	}
	return false
}
