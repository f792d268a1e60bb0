package migrationlint

import (
	"fmt"
	"strconv"
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// judge goes through one file.
type judge struct {
	file        string
	text        string
	transaction bool
	findings    []Finding

	created map[string]bool // tables of this file, which nobody uses yet
	locked  map[string]bool // tables that the transaction keeps others from
	timeout timeout
	current *statement
}

// judgeFile is everything that is wrong with one migration, without regard to others.
func judgeFile(file string, content []byte) []Finding {
	read, refused := readScript(content)
	if refused != nil {
		return []Finding{{file, refused.line, refused.rule, refused.text}}
	}
	j := &judge{file: file, text: read.text, transaction: read.transaction, created: map[string]bool{}, locked: map[string]bool{}}
	statements, parsed := j.parse(read.text)
	if parsed {
		j.checkPieces(content, len(statements))
	}
	for i := range statements {
		j.current = &statements[i]
		j.judgeStatement(statements[i].node)
		j.refuseUnneeded()
	}
	return j.findings
}

// refuseUnneeded keeps overrides from outliving what they were for.
func (j *judge) refuseUnneeded() {
	for _, allowed := range j.current.overrides {
		if !allowed.used {
			j.report(allowed.offset, override, fmt.Sprintf("nothing here needs %s to be allowed any more: remove the override", allowed.rule))
		}
	}
}

// report is a finding at an offset of the text that nothing can allow.
func (j *judge) report(offset int, rule Rule, text string) {
	offset = min(max(offset, 0), len(j.text))
	j.findings = append(j.findings, Finding{j.file, 1 + strings.Count(j.text[:offset], "\n"), rule, text})
}

// refuse reports unless an override of the statement allows it. Where the parser knows no place (0 or less), it is the statement's.
func (j *judge) refuse(place int32, rule Rule, format string, arguments ...any) {
	for _, allowed := range j.current.overrides {
		if allowed.rule == rule {
			allowed.used = true
			return
		}
	}
	offset := int(place)
	if offset <= 0 {
		offset = j.current.start
	}
	j.report(offset, rule, fmt.Sprintf(format, arguments...))
}

// statementJudges are by the name that the parser gives a kind of statement. Kinds that are missing cannot be judged.
func statementJudges() map[string]func(*judge, *pgquery.Node) {
	harmless := func(*judge, *pgquery.Node) {}
	return map[string]func(*judge, *pgquery.Node){
		"create_stmt":          (*judge).createTable,
		"create_table_as_stmt": (*judge).createTableAs,
		"alter_table_stmt":     (*judge).alterTable,
		"index_stmt":           (*judge).createIndex,
		"drop_stmt":            (*judge).dropObjects,
		"rename_stmt":          (*judge).renameObject,
		"alter_enum_stmt":      (*judge).alterEnum,
		"alter_object_schema_stmt": func(j *judge, _ *pgquery.Node) {
			j.refuse(0, rename, "the running release looks for it in its old schema: make a new one and move over in steps")
		},
		"truncate_stmt": (*judge).truncate,
		"lock_stmt":     (*judge).lockTables,
		"reindex_stmt":  (*judge).heavy,
		"cluster_stmt":  (*judge).heavy,
		"vacuum_stmt":   (*judge).vacuum,
		"refresh_mat_view_stmt": func(j *judge, node *pgquery.Node) {
			if !node.GetRefreshMatViewStmt().GetConcurrent() {
				j.heavy(node)
			}
		},
		"update_stmt":       (*judge).write,
		"delete_stmt":       (*judge).write,
		"insert_stmt":       (*judge).write,
		"select_stmt":       (*judge).write,
		"variable_set_stmt": (*judge).setVariable,
		"create_seq_stmt":   (*judge).createSequence,
		"alter_seq_stmt":    (*judge).alterSequence,
		"create_trig_stmt": func(j *judge, node *pgquery.Node) {
			j.touch(node.GetCreateTrigStmt().GetRelation(), blocksWriters)
		},
		"view_stmt": func(j *judge, node *pgquery.Node) {
			if node.GetViewStmt().GetReplace() {
				j.touch(node.GetViewStmt().GetView(), blocksAll)
			}
		},
		"create_function_stmt": harmless, "create_enum_stmt": harmless,
		"composite_type_stmt": harmless, "create_domain_stmt": harmless, "create_schema_stmt": harmless, "comment_stmt": harmless,
		"create_stats_stmt": harmless,
		"grant_stmt": func(j *judge, node *pgquery.Node) {
			if !node.GetGrantStmt().GetIsGrant() {
				j.unjudged("REVOKE")
			}
		},
	}
}

func (j *judge) judgeStatement(node *pgquery.Node) {
	name := kindOf(node)
	if !j.transaction {
		j.refuseOnceOnly(node)
	}
	if judged, known := statementJudges()[name]; known {
		judged(j, node)
		return
	}
	j.unjudged("a statement such as " + strings.TrimSuffix(name, "_stmt"))
}

// kindOf is the parser's name of a node, "" for none.
func kindOf(node *pgquery.Node) string {
	if node == nil {
		return ""
	}
	message := node.ProtoReflect()
	which := message.WhichOneof(message.Descriptor().Oneofs().ByName("node"))
	if which == nil {
		return ""
	}
	return string(which.Name())
}

func (j *judge) unjudged(what string) {
	j.refuse(0, cannotJudge, "what %s does to a busy table cannot be read here: write plain statements, or allow it with what it locks and for how long", what)
}

// nameOf is how a table is known within a file.
func nameOf(table *pgquery.RangeVar) string {
	if table.GetSchemaname() == "" {
		return namePart(table.GetRelname())
	}
	return namePart(table.GetSchemaname()) + "." + namePart(table.GetRelname())
}

// namePart keeps "a.b", which is one name, apart from b in the schema a.
func namePart(name string) string {
	if strings.ContainsAny(name, `."`) {
		return strconv.Quote(name)
	}
	return name
}

func (j *judge) isNew(table *pgquery.RangeVar) bool { return j.created[nameOf(table)] }

// blocking is whom a statement keeps waiting while it runs, and, in a transaction, until that ends.
type blocking int

const (
	blocksNobody  blocking = iota // reads and writes go on (SHARE UPDATE EXCLUSIVE and weaker)
	blocksWriters                 // writes wait
	blocksAll                     // everybody waits
)

// touch notes that an existing table is locked, which needs a lock_timeout.
func (j *judge) touch(table *pgquery.RangeVar, how blocking) {
	if table != nil && !j.isNew(table) {
		j.touchNamed(nameOf(table), how)
	}
}

func (j *judge) touchNamed(name string, how blocking) {
	if how != blocksNobody && j.transaction {
		j.locked[name] = true
	}
	j.needTimeout(name, how)
}
