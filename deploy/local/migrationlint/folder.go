package migrationlint

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Release is what the newest release has in a folder of migrations.
type Release struct {
	Name  string            // its tag
	Files map[string][]byte // contents by file name
}

// Folder is everything that is wrong with the migrations of a folder; name stands before the files' names. With a release, what that has
// is settled: it must be there unchanged and is not judged again, and what is new comes after it.
func Folder(folder fs.FS, name string, last *Release) ([]Finding, error) {
	files, err := fs.Glob(folder, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", name, err)
	}
	settled := map[string][]byte{}
	if last != nil {
		settled = last.Files
	}
	findings := checkVersions(name, files, last)
	for _, file := range files {
		content, err := fs.ReadFile(folder, file)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path.Join(name, file), err)
		}
		before, isSettled := settled[file]
		switch {
		case !isSettled:
			findings = append(findings, judgeFile(path.Join(name, file), content)...)
		case !bytes.Equal(before, content):
			findings = append(findings, Finding{path.Join(name, file), 1 + sameLines(before, content), released,
				last.Name + " was released with other contents, which databases have already: restore them and write a new migration"})
		}
	}
	for _, file := range slices.Sorted(maps.Keys(settled)) {
		if !slices.Contains(files, file) {
			findings = append(findings, Finding{path.Join(name, file), 1, released, last.Name + " has this migration, and databases too: restore it"})
		}
	}
	return sorted(findings), nil
}

func sameLines(before, after []byte) int {
	old := bytes.SplitAfter(before, []byte("\n"))
	for i, line := range bytes.SplitAfter(after, []byte("\n")) {
		if i >= len(old) || !bytes.Equal(line, old[i]) {
			return i
		}
	}
	return 0
}

// checkVersions looks at names alone. goose applies by number and refuses one that comes below what a database has.
func checkVersions(folder string, files []string, last *Release) []Finding {
	var findings []Finding
	refuse := func(file, text string) {
		findings = append(findings, Finding{path.Join(folder, file), 1, version, text})
	}
	newest, newestFile := newestOf(last)
	taken := map[int64]string{}
	for _, file := range files {
		number, ok := versionOf(file)
		if !ok {
			refuse(file, "a migration is called NNNNN_name.sql, with five digits")
			continue
		}
		if other, twice := taken[number]; twice {
			refuse(file, fmt.Sprintf("%s has the same number: take the next free one", other))
		}
		taken[number] = file
		if last != nil && last.Files[file] == nil && number <= newest {
			refuse(file, fmt.Sprintf("%s already has %s: databases would leave this one out or refuse it, take a higher number", last.Name, newestFile))
		}
	}
	return findings
}

func newestOf(last *Release) (int64, string) {
	var newest int64
	var newestFile string
	if last == nil {
		return 0, ""
	}
	for file := range last.Files {
		if number, ok := versionOf(file); ok && number > newest {
			newest, newestFile = number, file
		}
	}
	return newest, newestFile
}

func versionOf(file string) (int64, bool) {
	digits, rest, found := strings.Cut(file, "_")
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, found && err == nil && number > 0 && len(digits) == 5 && rest != ".sql"
}
