// Package migrationlint refuses what would hurt a running shop in migrations: what takes something from the release that still serves, what
// locks or reads a whole table, and what nobody can judge. It reads SQL with PostgreSQL's own parser.
//
// It looks at files and at the newest release, never at a database: how large a table is, it does not know, so every table that
// a file does not make itself counts as large and busy. Applying migrations lives in services/platform/migration.
package migrationlint

import (
	"cmp"
	"fmt"
	"slices"
)

// Finding is one thing that is wrong, at a line that is counted from 1.
type Finding struct {
	File string
	Line int
	Rule Rule
	Text string // what is wrong and what to do instead, one line
}

// String is what editors and CI can point at.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s: %s", f.File, f.Line, f.Rule, f.Text) }

func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return findings
}
