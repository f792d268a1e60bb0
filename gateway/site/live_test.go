package site_test

import (
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// live serves a copy of the built-in site in a folder that a test may change.
func live(t *testing.T) (http.Handler, func(name, content string)) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, site.Default()))
	handler, err := site.Live(os.DirFS(folder), settings())
	require.NoError(t, err)
	return handler, func(name, content string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
}

func TestChangesShowAtTheNextReload(t *testing.T) {
	t.Parallel()
	handler, write := live(t)
	require.NotContains(t, ask(t, handler, http.MethodGet, "/about").Body.String(), "Another text")
	write("pages/about.html", "<h1>Another text</h1>")
	require.Contains(t, ask(t, handler, http.MethodGet, "/about").Body.String(), "<h1>Another text</h1>")
	require.NotContains(t, ask(t, handler, http.MethodGet, "/contact").Body.String(), "Another text")

	before := ask(t, handler, http.MethodGet, "/about").Body.String()
	write("assets/shop.css", "body { margin: 0 }")
	require.NotEqual(t, before, ask(t, handler, http.MethodGet, "/about").Body.String())
}

func TestABrokenPageSaysSoAndIsMended(t *testing.T) {
	t.Parallel()
	handler, write := live(t)
	write("pages/about.html", "{{.Nothing}}")
	answer := ask(t, handler, http.MethodGet, "/about")
	require.Equal(t, http.StatusInternalServerError, answer.Code)
	require.Contains(t, answer.Body.String(), "Nothing")
	require.Equal(t, "text/plain; charset=utf-8", answer.Header().Get("Content-Type"))
	require.Equal(t, http.StatusOK, ask(t, handler, http.MethodGet, "/contact").Code)

	write("frame/frame.html", "{{if}}")
	for _, target := range []string{"/", "/nothing"} {
		answer = ask(t, handler, http.MethodGet, target)
		require.Equal(t, http.StatusInternalServerError, answer.Code, target)
		require.Contains(t, answer.Body.String(), "frame.html", target)
	}
	write("frame/frame.html", "<title>{{.Title}}</title>{{.Page}}")
	write("pages/about.html", "<h1>Mended</h1>")
	require.Equal(t, "<title>About</title><h1>Mended</h1>", ask(t, handler, http.MethodGet, "/about").Body.String())
}

func TestAnEmptyFolderIsNoCrash(t *testing.T) {
	t.Parallel()
	handler, err := site.Live(os.DirFS(t.TempDir()), settings())
	require.NoError(t, err)
	for _, target := range []string{"/", "/nothing", "/assets/1/shop.css"} {
		require.Equal(t, http.StatusInternalServerError, ask(t, handler, http.MethodGet, target).Code, target)
	}
}

func TestManyReadersWhileFilesChange(t *testing.T) {
	t.Parallel()
	handler, write := live(t)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 20 {
				ask(t, handler, http.MethodGet, "/about")
			}
		})
	}
	for _, text := range []string{"one", "two ", "three"} {
		write("pages/about.html", "<h1>"+text+"</h1>")
	}
	readers.Wait()
	require.Contains(t, ask(t, handler, http.MethodGet, "/about").Body.String(), "<h1>three</h1>")
}
