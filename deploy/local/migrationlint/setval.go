package migrationlint

import (
	"regexp"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// setSequence judges setval, which gives an existing sequence other numbers at once for everybody, and without a way back: what the running release
// is about to write may collide.
func (j *judge) setSequence(call *pgquery.FuncCall) {
	arguments := call.GetArgs()
	if len(arguments) < 2 {
		j.unjudged("this setval")
		return
	}
	if j.isNewSequence(arguments[0]) || len(arguments) == 2 && isNewestOfColumn(arguments[0], arguments[1]) {
		return
	}
	j.refuse(call.GetLocation(), cannotJudge, "other numbers for an existing sequence: setval(pg_get_serial_sequence('goods', 'id'), (SELECT max(id) FROM goods)) is understood")
}

func (j *judge) isNewSequence(argument *pgquery.Node) bool {
	if table, _, isOfColumn := serialColumn(argument); isOfColumn {
		return j.created[table]
	}
	if cast := argument.GetTypeCast(); cast != nil {
		argument = cast.GetArg()
	}
	name := argument.GetAConst().GetSval().GetSval()
	return isPlainName(name) && j.created[name]
}

// isPlainName leaves out names that PostgreSQL reads otherwise than they stand there: Goods is goods.
func isPlainName(name string) bool {
	return regexp.MustCompile(`^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$`).MatchString(name)
}

// serialColumn reads pg_get_serial_sequence('table', 'column').
func serialColumn(argument *pgquery.Node) (table, column string, ok bool) {
	call := argument.GetFuncCall()
	if call == nil || functionName(call) != "pg_get_serial_sequence" || len(call.GetArgs()) != 2 {
		return "", "", false
	}
	table = call.GetArgs()[0].GetAConst().GetSval().GetSval()
	column = call.GetArgs()[1].GetAConst().GetSval().GetSval()
	return table, column, isPlainName(table) && column != ""
}

// isNewestOfColumn is whether a sequence is only led past the rows that its own column has: (SELECT max(id) FROM goods).
func isNewestOfColumn(sequence, value *pgquery.Node) bool {
	table, column, ok := serialColumn(sequence)
	query := value.GetSubLink().GetSubselect().GetSelectStmt()
	if !ok || len(query.GetTargetList()) != 1 || len(query.GetFromClause()) != 1 || narrows(query) {
		return false
	}
	highest := query.GetTargetList()[0].GetResTarget().GetVal().GetFuncCall()
	if highest == nil || functionName(highest) != "max" || highest.GetAggFilter() != nil || len(highest.GetArgs()) != 1 {
		return false
	}
	from := query.GetFromClause()[0].GetRangeVar()
	return from != nil && nameOf(from) == table && joined(highest.GetArgs()[0].GetColumnRef().GetFields()) == column
}

// narrows is whether a query looks at fewer rows than the table has, or at others.
func narrows(query *pgquery.SelectStmt) bool {
	return query.GetWithClause() != nil || query.GetWhereClause() != nil || query.GetHavingClause() != nil || len(query.GetGroupClause()) > 0 ||
		query.GetLimitCount() != nil || query.GetLimitOffset() != nil
}
