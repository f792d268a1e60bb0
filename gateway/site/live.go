package site

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"sync"
)

// Live serves files while somebody works on them: what has changed shows at the next reload. A page that cannot be composed
// says why, and the others stay. The handler is safe for concurrent use; the error is about settings only.
func Live(files fs.FS, settings Settings) (http.Handler, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return &live{files: files, settings: settings}, nil
}

type live struct {
	files    fs.FS
	settings Settings

	mutex   sync.Mutex
	stamp   string
	handler http.Handler
}

func (l *live) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.current(r.URL.Path).ServeHTTP(w, r)
}

// current looks for changes unless it is asked for a part of the page that is being loaded.
func (l *live) current(path string) http.Handler {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.handler != nil && strings.HasPrefix(path, "/assets/") {
		return l.handler
	}
	if stamp := stampOf(l.files); stamp != l.stamp || l.handler == nil {
		site, _ := compose(l.files, l.settings) // pages say themselves what is wrong with them
		l.stamp, l.handler = stamp, site.Handler()
	}
	return l.handler
}

// stampOf is another one when any file has changed.
func stampOf(files fs.FS) string {
	sum := sha256.New()
	for _, folder := range []string{"frame", "pages", "assets", "img"} {
		_ = fs.WalkDir(files, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // a file that goes just now is a change, not a failure
			}
			if info, err := entry.Info(); err == nil {
				_, _ = fmt.Fprintln(sum, name, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return string(sum.Sum(nil))
}
