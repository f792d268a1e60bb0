package migrationlint

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// How long a statement may wait for a table. Whoever waits for a lock that keeps others out has those others queue behind it, so
// that the whole shop waits as long. What keeps nobody out may be patient.
const (
	longestWait    = 5 * time.Second
	longestPatient = 15 * time.Minute
)

// timeout is the lock_timeout that holds at a statement.
type timeout struct {
	set      bool
	value    time.Duration
	reported bool // once for one value
}

// needTimeout refuses to lock an existing table without a limit on the wait.
func (j *judge) needTimeout(table string, how blocking) {
	limit := longestWait
	if how == blocksNobody && !j.transaction {
		limit = longestPatient
	}
	if j.timeout.set && j.timeout.value > 0 && j.timeout.value <= limit || j.timeout.reported {
		return
	}
	j.timeout.reported = true
	command := "SET LOCAL"
	if !j.transaction {
		command = "SET"
	}
	switch {
	case !j.timeout.set:
		j.refuse(0, lockTimeout, "this waits for %s, and the shop queues behind it: say %s lock_timeout = '3s' first", table, command)
	case j.timeout.value <= 0:
		j.refuse(0, lockTimeout, "lock_timeout = 0 waits for %s for ever, and the shop queues behind it: say 3s", table)
	default:
		j.refuse(0, lockTimeout, "lock_timeout = %s is too long a wait for %s: at most %s", j.timeout.value, table, limit)
	}
}

// harmlessSettings change how fast a migration runs, not what it does.
func harmlessSettings() []string {
	return []string{
		"idle_in_transaction_session_timeout", "maintenance_work_mem", "work_mem",
		"max_parallel_maintenance_workers", "client_min_messages", "check_function_bodies", "timezone",
	}
}

func (j *judge) setVariable(node *pgquery.Node) {
	set := node.GetVariableSetStmt()
	name := strings.ToLower(set.GetName())
	if name == "statement_timeout" {
		j.setStatementTimeout(set)
		return
	}
	if name != "lock_timeout" {
		if !slices.Contains(harmlessSettings(), name) {
			j.unjudged("SET " + name)
		}
		return
	}
	if set.GetKind() != pgquery.VariableSetKind_VAR_SET_VALUE {
		j.timeout = timeout{}
		return
	}
	if set.GetIsLocal() != j.transaction {
		j.refuse(0, lockTimeout, "SET LOCAL is for files in a transaction, where SET would outlive the file; SET is for those without one, where SET LOCAL does nothing")
		return
	}
	value, understood := readTimeout(set.GetArgs())
	if !understood {
		j.refuse(0, lockTimeout, "a lock_timeout such as '3s' is understood")
		return
	}
	j.timeout = timeout{set: true, value: value}
}

// setStatementTimeout: without any, a statement that hangs keeps its locks until somebody looks. To go back to the default is to go back to
// the limit that platform/migration gives its connection.
func (j *judge) setStatementTimeout(set *pgquery.VariableSetStmt) {
	if set.GetKind() != pgquery.VariableSetKind_VAR_SET_VALUE {
		return
	}
	if value, understood := readTimeout(set.GetArgs()); !understood || value <= 0 {
		j.refuse(0, lockTimeout, "without a statement_timeout a statement that hangs holds its locks for ever: say how long it may take, such as '1h'")
	}
}

// readTimeout reads PostgreSQL's form of a time: a number of milliseconds, or one with a unit.
func readTimeout(arguments []*pgquery.Node) (time.Duration, bool) {
	if len(arguments) != 1 {
		return 0, false
	}
	constant := arguments[0].GetAConst()
	switch {
	case constant == nil || constant.GetIsnull():
		return 0, false
	case constant.GetIval() != nil:
		return scaled(strconv.Itoa(int(constant.GetIval().GetIval())), "ms")
	case constant.GetSval() != nil:
		text := strings.TrimSpace(constant.GetSval().GetSval())
		number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz")
		return scaled(strings.TrimSpace(number), text[len(number):])
	}
	return 0, false
}

func scaled(number, unit string) (time.Duration, bool) {
	units := map[string]time.Duration{
		"us": time.Microsecond, "": time.Millisecond, "ms": time.Millisecond, "s": time.Second,
		"min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}
	count, err := strconv.ParseFloat(number, 64)
	size, known := units[unit]
	if err != nil || !known || math.IsNaN(count) || count < 0 || count*float64(size) > math.MaxInt64/2 {
		return 0, false
	}
	// PostgreSQL counts whole milliseconds: less than half of one is 0, which is no limit.
	return (time.Duration(count * float64(size))).Round(time.Millisecond), true
}
