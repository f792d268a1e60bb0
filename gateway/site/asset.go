package site

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// assets are the scripts and styles, by their path below assets/.
type assets struct {
	files   map[string][]byte
	imports map[string][]string // of a module: the modules that it cannot start without
	version string
}

func readAssets(files fs.FS) (*assets, error) {
	read, err := readFolder(files, "assets")
	if err != nil {
		return nil, err
	}
	a := &assets{files: read, imports: map[string][]string{}}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(read)) {
		_, _ = fmt.Fprintf(sum, "%s %d\n", name, len(read[name]))
		_, _ = sum.Write(read[name])
		if path.Ext(name) == ".js" {
			a.imports[name] = importsIn(name, read[name])
		}
	}
	a.version = hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

// readFolder reads all files of a folder, by their path in it, without those that editors and systems leave lying about.
func readFolder(files fs.FS, folder string) (map[string][]byte, error) {
	read := map[string][]byte{}
	err := fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || isLeftover(name) {
			return err
		}
		content, err := fs.ReadFile(files, name)
		read[strings.TrimPrefix(name, folder+"/")] = content
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", folder, err)
	}
	return read, nil
}

func isLeftover(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || strings.HasSuffix(base, "~")
}

// importsIn are the modules that the browser fetches before it runs this one: import 'x', import … from 'x', export …
// from 'x'. What import() loads later is not among them.
func importsIn(name string, module []byte) []string {
	static := regexp.MustCompile(`(?m)^[ \t]*(?:import\s*|(?:import\b|export\s*[*{])[^'";]*?\bfrom\s*)['"]([^'"\n]+)['"]`)
	var imports []string
	for _, match := range static.FindAllSubmatch(module, -1) {
		imports = append(imports, path.Join(path.Dir(name), string(match[1])))
	}
	return imports
}

// preload lists the modules that the given ones need, nearest first, without those themselves.
func (a *assets) preload(entries ...string) []string {
	var needed []string
	seen := map[string]bool{}
	for _, entry := range entries {
		seen[entry] = true
	}
	for queue := entries; len(queue) > 0; queue = queue[1:] {
		for _, imported := range a.imports[queue[0]] {
			if _, exists := a.files[imported]; !exists || seen[imported] {
				continue
			}
			seen[imported] = true
			needed, queue = append(needed, imported), append(queue, imported)
		}
	}
	return needed
}

// faults are the imports that lead nowhere.
func (a *assets) faults() []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(a.imports)) {
		for _, imported := range a.imports[name] {
			if _, exists := a.files[imported]; !exists {
				faults = append(faults, fmt.Errorf("assets/%s imports %s, which does not exist", name, imported))
			}
		}
	}
	return faults
}

// prefix is what all addresses of assets begin with.
func (a *assets) prefix() string { return "/assets/" + a.version }
