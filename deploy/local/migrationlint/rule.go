package migrationlint

import "slices"

// Rule is the name of a rule, as overrides name it.
type Rule string

// The rules of statements, which an override can allow.
const (
	drop                Rule = "drop"
	rename              Rule = "rename"
	typeChange          Rule = "type-change"
	notNull             Rule = "not-null"
	tableRewrite        Rule = "table-rewrite"
	validatesConstraint Rule = "validates-constraint"
	slowWhileLocked     Rule = "slow-while-locked"
	uniqueConstraint    Rule = "unique-constraint"
	indexLocks          Rule = "index-locks"
	notRepeatable       Rule = "not-repeatable"
	heavyLock           Rule = "heavy-lock"
	wholeTable          Rule = "whole-table"
	lockTimeout         Rule = "lock-timeout"
	cannotJudge         Rule = "cannot-judge"
)

// The rules of files, which nothing can allow.
const (
	inTransaction Rule = "concurrently-in-transaction"
	syntax        Rule = "syntax"
	annotation    Rule = "annotation"
	severalAtOnce Rule = "several-at-once"
	version       Rule = "version"
	released      Rule = "released"
	override      Rule = "override"
)

// statementRules can be allowed at a statement.
func statementRules() []Rule {
	return []Rule{
		drop, rename, typeChange, notNull, tableRewrite, validatesConstraint, slowWhileLocked, uniqueConstraint, indexLocks,
		notRepeatable, heavyLock, wholeTable, lockTimeout, cannotJudge,
	}
}

// Rules are all of them.
func Rules() []Rule {
	return append(statementRules(), inTransaction, severalAtOnce, syntax, annotation, version, released, override)
}

func isStatementRule(name string) bool { return slices.Contains(statementRules(), Rule(name)) }
