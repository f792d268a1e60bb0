package migrationlint

import (
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v6"
)

// statement is one statement with the overrides that stand in it or between it and the one before.
type statement struct {
	node      *pgquery.Node
	start     int // of its first word, in bytes
	end       int
	overrides []*allowance
}

// allowance is an override: `-- migrationlint:allow RULE because REASON`.
type allowance struct {
	rule   Rule
	offset int
	used   bool
}

// fewestWords a reason has: less is none.
const fewestWords = 3

// parse finds statements and overrides, both as PostgreSQL's parser sees them: a comment inside a text is no comment.
func (j *judge) parse(text string) (statements []statement, ok bool) {
	tree, err := pgquery.Parse(text)
	if err != nil {
		j.report(0, syntax, "PostgreSQL's parser says: "+oneLine(err.Error()))
		return nil, false
	}
	tokens, err := pgquery.Scan(text)
	if err != nil {
		j.report(0, syntax, "PostgreSQL's scanner says: "+oneLine(err.Error()))
		return nil, false
	}
	for _, raw := range tree.GetStmts() {
		begin, end := int(raw.GetStmtLocation()), len(text)
		if raw.GetStmtLen() > 0 {
			end = begin + int(raw.GetStmtLen())
		}
		statements = append(statements, statement{node: raw.GetStmt(), start: begin, end: end})
	}
	j.attach(statements, tokens.GetTokens(), text)
	return statements, true
}

// attach gives each statement its first word and its overrides.
func (j *judge) attach(statements []statement, tokens []*pgquery.ScanToken, text string) {
	at, begun := 0, false
	for _, token := range tokens {
		start, end := int(token.GetStart()), int(token.GetEnd())
		for at < len(statements) && start >= statements[at].end {
			at, begun = at+1, false
		}
		if isComment(token) {
			j.attachComment(statements, at, start, text[start:end])
			continue
		}
		if at < len(statements) && !begun && token.GetToken() != pgquery.Token_ASCII_59 {
			statements[at].start, begun = start, true
		}
	}
}

func isComment(token *pgquery.ScanToken) bool {
	return token.GetToken() == pgquery.Token_SQL_COMMENT || token.GetToken() == pgquery.Token_C_COMMENT
}

const marker = "migrationlint:"

func (j *judge) attachComment(statements []statement, at, offset int, comment string) {
	if !strings.Contains(comment, marker) {
		return
	}
	rule, problem := readAllowance(comment)
	switch {
	case problem != "":
		j.report(offset, override, problem)
	case at >= len(statements):
		j.report(offset, override, "no statement follows: the override stands in its statement or right before it")
	default:
		statements[at].overrides = append(statements[at].overrides, &allowance{rule: rule, offset: offset})
	}
}

func readAllowance(comment string) (Rule, string) {
	const form = "expected `-- migrationlint:allow RULE because REASON`"
	words := strings.Fields(strings.TrimPrefix(comment, "--"))
	if len(words) < 3 || words[0] != marker+"allow" || words[2] != "because" {
		return "", form
	}
	if !isStatementRule(words[1]) {
		return "", "no rule that can be allowed is called " + words[1]
	}
	if len(words)-3 < fewestWords {
		return "", form + ": the reason is what it would mean for a large and busy table, and why that cannot happen"
	}
	return Rule(words[1]), ""
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
