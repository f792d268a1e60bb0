package migrationlint

import (
	"slices"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// write judges a statement on rows with all that is nested in it: a SELECT may delete in its WITH, and call anything.
func (j *judge) write(node *pgquery.Node) {
	walk(node, func(part proto.Message) {
		switch part := part.(type) {
		case *pgquery.UpdateStmt:
			j.changeRows(part.GetRelation(), part.GetWhereClause())
		case *pgquery.DeleteStmt:
			j.changeRows(part.GetRelation(), part.GetWhereClause())
		case *pgquery.InsertStmt:
			j.insertRows(part)
		case *pgquery.SelectStmt:
			j.selectInto(part)
		case *pgquery.MergeStmt:
			j.unjudged("MERGE")
		case *pgquery.LockingClause:
			j.unjudged("SELECT ... FOR UPDATE or SHARE")
		case *pgquery.IntoClause:
			j.created[nameOf(part.GetRel())] = true
		case *pgquery.FuncCall:
			j.callFunction(part)
		}
	})
}

func (j *judge) callFunction(call *pgquery.FuncCall) {
	name := functionName(call)
	if name == "setval" {
		j.setSequence(call)
		return
	}
	if !slices.Contains(understoodFunctions(), name) {
		j.refuse(call.GetLocation(), cannotJudge, "what %s does cannot be read here: write it out, or allow it with what it changes and for how long", name)
	}
}

func (j *judge) changeRows(table *pgquery.RangeVar, where *pgquery.Node) {
	if j.isNew(table) {
		return
	}
	if len(j.locked) > 0 {
		j.refuse(table.GetLocation(), slowWhileLocked, "rows are searched and changed while what stands before it keeps others out: do this first, or in a file of its own")
	}
	j.touch(table, blocksNobody)
	if !namesColumn(where) {
		j.refuse(table.GetLocation(), wholeTable, "this locks every row of %s until it is done: change rows in portions by a program, or say which by WHERE", nameOf(table))
	}
}

// namesColumn is whether a condition looks at rows at all: 1 = 1 does not.
func namesColumn(where *pgquery.Node) bool {
	found := false
	walk(where, func(part proto.Message) {
		switch part.(type) {
		case *pgquery.ColumnRef, *pgquery.CurrentOfExpr:
			found = true
		}
	})
	return found
}

// walk visits every part of a syntax tree, the outer ones first.
func walk(node *pgquery.Node, visit func(proto.Message)) {
	if node != nil {
		walkMessage(node.ProtoReflect(), visit)
	}
}

func walkMessage(message protoreflect.Message, visit func(proto.Message)) {
	visit(message.Interface())
	eachChild(message, func(child protoreflect.Message) { walkMessage(child, visit) })
}

func eachChild(message protoreflect.Message, visit func(protoreflect.Message)) {
	message.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				visit(value.List().Get(i).Message())
			}
		default:
			visit(value.Message())
		}
		return true
	})
}

func functionName(call *pgquery.FuncCall) string {
	return strings.TrimPrefix(joined(call.GetFuncname()), "pg_catalog.")
}

// understoodFunctions change nothing, or only sequences; pg_catalog comes first in every search_path, so that nobody's own
// function can have one of these names.
func understoodFunctions() []string {
	return append(steadyFunctions(),
		"nextval", "pg_get_serial_sequence", "gen_random_uuid", "random", "clock_timestamp",
		"max", "min", "count", "sum", "avg", "bool_and", "bool_or", "array_agg", "string_agg", "jsonb_agg",
		"row_number", "rank", "lag", "lead", "first_value", "last_value",
		"unnest", "generate_series", "to_regclass", "current_schema",
	)
}

// steadyFunctions give the same for every row of a statement.
func steadyFunctions() []string {
	return []string{
		"now", "transaction_timestamp", "statement_timestamp", "timezone", "date_trunc", "date_part", "extract", "make_interval",
		"make_date", "to_char", "to_date", "to_timestamp", "age",
		"abs", "round", "floor", "ceil", "ceiling", "trunc", "mod", "power", "div",
		"lower", "upper", "trim", "btrim", "ltrim", "rtrim", "length", "char_length", "octet_length", "left", "right", "substr",
		"substring", "position", "replace", "translate", "overlay", "lpad", "rpad", "split_part", "concat", "concat_ws", "format",
		"regexp_replace", "repeat", "reverse", "md5", "sha256", "encode", "decode", "convert_to", "convert_from", "ascii", "chr",
		"array_length", "array_append", "array_remove", "cardinality", "array_to_string", "string_to_array", "num_nonnulls", "num_nulls",
		"jsonb_build_object", "jsonb_build_array", "jsonb_set", "to_jsonb", "jsonb_strip_nulls", "hashtext",
	}
}

// sameForAllRows is whether PostgreSQL can note a column's default once instead of writing it into each row.
func sameForAllRows(value *pgquery.Node) bool {
	same := true
	walk(value, func(part proto.Message) {
		if call, isCall := part.(*pgquery.FuncCall); isCall && !slices.Contains(steadyFunctions(), functionName(call)) {
			same = false
		}
	})
	return same
}

func isSerial(kind *pgquery.TypeName) bool {
	switch joined(kind.GetNames()) {
	case "serial", "serial2", "serial4", "serial8", "smallserial", "bigserial":
		return true
	}
	return false
}
