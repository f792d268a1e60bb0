package nginx_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
	"github.com/bartgottschalk/startupwebapp/gateway/site/nginx"
)

// builtIn is published once for all tests; it never changes.
var builtIn = sync.OnceValues(func() (*site.Site, error) {
	return site.Publish(site.Default(), site.Settings{APIOrigin: "http://localhost:8000", SiteOrigin: "http://localhost:8080", ShopName: "One"})
})

func published(t *testing.T) *site.Site {
	t.Helper()
	pages, err := builtIn()
	require.NoError(t, err)
	return pages
}

// program is a real nginx; where none can be had, the test says so and is skipped.
func program(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Skip("skipped: nginx is not installed (scripts/need nginx); the configuration of the pages' image was not tried")
	return ""
}

// served starts nginx over what Write made, as an unprivileged user where the test may choose, with nothing but Scratch to
// write to, and gives its address.
func served(t *testing.T, pages *site.Site) string {
	t.Helper()
	server := program(t)
	dir, err := os.MkdirTemp("/tmp", "pages-") //nolint:usetesting // another user must reach it
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	scratch := filepath.Join(dir, "scratch")
	require.NoError(t, errors.Join(os.Chmod(dir, 0o755), os.Mkdir(scratch, 0o755)))
	address := "unix:" + filepath.Join(scratch, "http") // no port that somebody else could take
	require.NoError(t, nginx.Write(dir, pages, nginx.Settings{Listen: address, Scratch: scratch}))

	var said bytes.Buffer
	command := exec.Command(server, "-p", dir, "-e", "stderr", "-c", "nginx.conf")
	command.Stdout, command.Stderr = &said, &said
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(scratch, 65532, 65532))
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	}
	require.NoError(t, command.Start())
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGQUIT)
		require.NoError(t, <-ended)
		require.NotContains(t, said.String(), "[emerg]")
		require.NotContains(t, said.String(), "[error]")
		require.NotContains(t, said.String(), "[crit]")
	})
	require.Eventually(t, func() bool {
		connection, err := dial(t.Context(), address)
		if err == nil {
			_ = connection.Close()
		}
		return err == nil
	}, 10*time.Second, 20*time.Millisecond, "nginx does not listen")
	return address
}

// dial knows what nginx listens at, unix:/path, beside host:port.
func dial(ctx context.Context, address string) (net.Conn, error) {
	if path, found := strings.CutPrefix(address, "unix:"); found {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// answer is what counts of an answer.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// own are headers of the connection, or of the program that answers.
func ownHeaders() []string { return []string{"Date", "Server", "Connection", "Keep-Alive"} }

func ask(t *testing.T, address, method, target string, headers ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	connection, err := dial(ctx, address)
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	deadline, _ := ctx.Deadline()
	require.NoError(t, connection.SetDeadline(deadline))
	var request strings.Builder
	_, _ = fmt.Fprintf(&request, "%s %s HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\n", method, target)
	for i := 0; i < len(headers); i += 2 {
		_, _ = fmt.Fprintf(&request, "%s: %s\r\n", headers[i], headers[i+1])
	}
	_, err = io.WriteString(connection, request.String()+"\r\n")
	require.NoError(t, err)
	raw, err := io.ReadAll(connection)
	require.NoError(t, err)
	return parsed(t, method, raw)
}

func parsed(t *testing.T, method string, raw []byte) answer {
	t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), &http.Request{Method: method})
	require.NoError(t, err, string(raw))
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	for _, name := range ownHeaders() {
		response.Header.Del(name)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

// agree asks both the same. The handler is behind a real server too, which adds what servers add.
func agree(t *testing.T, handler, server, method, target string, headers ...string) answer {
	t.Helper()
	wanted, got := ask(t, handler, method, target, headers...), ask(t, server, method, target, headers...)
	what := fmt.Sprint(method, " ", target, " ", headers)
	require.Equal(t, wanted.Status, got.Status, what)
	require.Len(t, got.Header.Values("ETag"), len(wanted.Header.Values("ETag")), what)
	for _, one := range []answer{wanted, got} {
		one.Header.Del("ETag") // each has its own, see tryRevalidation
	}
	require.Equal(t, wanted.Header, got.Header, what)
	require.Equal(t, sha256.Sum256([]byte(wanted.Body)), sha256.Sum256([]byte(got.Body)), what) // bodies are too long to be shown
	return got
}

func TestNginxAnswersAsTheHandlerDoes(t *testing.T) {
	t.Parallel()
	pages := published(t)
	server := served(t, pages)
	local := httptest.NewServer(pages.Handler())
	t.Cleanup(local.Close)
	handler := local.Listener.Addr().String()

	t.Run("objects", func(t *testing.T) {
		for _, object := range pages.Objects() {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				plain := agree(t, handler, server, method, "/"+object.Key)
				packed := agree(t, handler, server, method, "/"+object.Key+"?a=//b/../c", "Accept-Encoding", "gzip")
				require.Equal(t, object.Status, plain.Status, object.Key)
				require.Equal(t, object.Compressed != nil, packed.Header.Get("Content-Encoding") == "gzip", object.Key)
			}
			agree(t, handler, server, http.MethodGet, "/"+object.Key, "If-None-Match", "*")
		}
	})
	t.Run("addresses", func(t *testing.T) { tryAddresses(t, handler, server) })
	t.Run("methods", func(t *testing.T) {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodPatch, "BREW"} {
			for _, target := range []string{"/", "/login", "/nothing", "/not-found", "//"} {
				require.Equal(t, http.StatusMethodNotAllowed, agree(t, handler, server, method, target, "Content-Length", "0").Status)
			}
		}
	})
	t.Run("compression", func(t *testing.T) { tryCompression(t, handler, server) })
	t.Run("revalidation", func(t *testing.T) { tryRevalidation(t, handler, server) })
	t.Run("garbage", func(t *testing.T) {
		for _, target := range []string{"/about%00", "/%zz", "/../about", "/%2e%2e/about"} {
			refused := ask(t, server, http.MethodGet, target)
			require.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, refused.Status, target)
			require.Equal(t, "DENY", refused.Header.Get("X-Frame-Options"), target)
		}
	})
}

func tryAddresses(t *testing.T, handler, server string) {
	t.Helper()
	for _, target := range []string{
		"/", "/?em_cd=a&pr_cd=b", "/index.html", "/account", "/account/", "/account/?email_verification_code=a:b:c", "/%61bout", "/account%2F",
		"/about?x=/../y", "/about?//", "/about?a%00",
	} {
		require.Equal(t, http.StatusOK, agree(t, handler, server, http.MethodGet, target).Status, target)
	}
	for _, target := range []string{
		"/nothing", "/not-found", "/not-found.html", "/about.html", "/about.html.gz", "/about.gz", "/about/", "/About", "/products/", "/checkout", "/checkout/",
		"/account/order/", "/account/index.html", "/account//", "/account/./", "/home.html", "/assets", "/assets/", "/assets/shop.css", "/img", "/img/", "/img/product/",
		"/img/../robots.txt", "//", "//about", "/./about", "/%2E/about", "/a/%2e./about", "/x/..", "/.", "/site.go", "/.env",
		"/about%2F", "/about%2f..%2fcart", "/%2fabout", "/index.html/", "/files/about.html", "/nginx.conf", "/img//favicon.svg", "/index.html%3Fa", "/about%20",
	} {
		missing := agree(t, handler, server, http.MethodGet, target, "If-None-Match", "*")
		require.Equal(t, http.StatusNotFound, missing.Status, target)
		require.Contains(t, missing.Body, "<title>Error</title>", target)
		agree(t, handler, server, http.MethodHead, target, "Accept-Encoding", "gzip")
	}
}

func tryCompression(t *testing.T, handler, server string) {
	t.Helper()
	for _, accepted := range []string{
		"", "gzip", "gzip, deflate, br, zstd", "GZip", "x-gzip", "br", "br, gzip", "identity", "gzip;q=0", "gzip; q=0.000", "gzip;q=0.5", "gzip ; q=1", "gzip;q=x",
		"*", "*;q=0", "*;q=0.1", "gzip;q=0, *", "*;q=0, gzip;q=1", "*, gzip;q=0", ";;;,,=", "gzipped", "no-gzip", "gzip;q=", "gzip;level=9",
	} {
		for _, target := range []string{"/about", "/nothing", "/img/product/rubber_bands_2.jpg", "/robots.txt"} {
			agree(t, handler, server, http.MethodGet, target, "Accept-Encoding", accepted)
		}
	}
}

// tryRevalidation gives each the tags that are its own.
func tryRevalidation(t *testing.T, handler, server string) {
	t.Helper()
	for _, form := range []string{"PLAIN", "W/PLAIN", `"a" ,W/"b",  PLAIN`, `PLAIN, "a"`, "*", `"a"`, "", "PACKED", "W/PACKED", "PACKED, PLAIN", "OTHER"} {
		for _, coding := range []string{"", "gzip"} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				wanted := ask(t, handler, method, "/cart", "If-None-Match", tagged(t, handler, form), "Accept-Encoding", coding)
				got := ask(t, server, method, "/cart", "If-None-Match", tagged(t, server, form), "Accept-Encoding", coding)
				wanted.Header.Del("ETag")
				require.NotEmpty(t, got.Header.Get("ETag"))
				got.Header.Del("ETag")
				require.Equal(t, wanted, got, form+" "+coding)
			}
		}
	}
	for _, headers := range [][]string{
		{"If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}, {"Range", "bytes=0-9"}, {"Via", "1.1 proxy"},
	} {
		require.Equal(t, http.StatusOK, agree(t, handler, server, http.MethodGet, "/cart", headers...).Status)
	}
}

// tagged puts the tags of an address into a header.
func tagged(t *testing.T, address, form string) string {
	t.Helper()
	return strings.NewReplacer(
		"PLAIN", ask(t, address, http.MethodGet, "/cart").Header.Get("ETag"),
		"PACKED", ask(t, address, http.MethodGet, "/cart", "Accept-Encoding", "gzip").Header.Get("ETag"),
		"OTHER", ask(t, address, http.MethodGet, "/about").Header.Get("ETag"),
	).Replace(form)
}

func TestTagsFollowTheContent(t *testing.T) {
	t.Parallel()
	other, err := site.Publish(site.Default(), site.Settings{APIOrigin: "http://localhost:8000", SiteOrigin: "http://localhost:8080", ShopName: "Two"})
	require.NoError(t, err)
	times := func(pages *site.Site) map[string]time.Time {
		dir := t.TempDir()
		require.NoError(t, nginx.Write(dir, pages, nginx.Settings{Listen: "8080", Scratch: "/tmp"}))
		found := map[string]time.Time{}
		for _, name := range []string{"about.html", "about.html.gz", "robots.txt"} {
			info, err := os.Stat(filepath.Join(dir, "files", name))
			require.NoError(t, err)
			found[name] = info.ModTime()
		}
		return found
	}
	first, second := times(published(t)), times(other)
	require.Equal(t, first, times(published(t)), "every build has the same times")
	require.NotEqual(t, first["about.html"], second["about.html"], "as long, but another text")
	require.NotEqual(t, first["about.html.gz"], second["about.html.gz"])
	require.Equal(t, first["robots.txt"], second["robots.txt"])
}

func TestNothingHostileComesIntoTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, settings := range []nginx.Settings{
		{Listen: "8080; include /etc/passwd", Scratch: "/tmp"}, {Listen: "8080", Scratch: "/tmp;}"}, {Listen: "", Scratch: "/tmp"}, {Listen: "$x", Scratch: "/tmp"},
	} {
		_, err := nginx.Configuration(published(t), settings)
		require.ErrorContains(t, err, "cannot stand in a configuration")
	}
}
