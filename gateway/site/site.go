// Package site is a minimal stand-in for the storefront: static pages that speak the REST edge only, enough to buy
// something by hand. The edge itself does not serve them; the local stack does, and production will from a bucket.
package site

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed pages
var pages embed.FS

// Handler serves the pages, which talk to the API at apiOrigin (scheme, host and port). An address is that of a file,
// or of a page without its .html; a folder is its index. Addresses of the old pages that mails, answers and Stripe lead to
// show the page that does their work here. Anything else is 404.
func Handler(apiOrigin string) http.Handler {
	root, err := fs.Sub(pages, "pages")
	if err != nil {
		return http.NotFoundHandler() // cannot be: the folder is embedded above
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shop-config.js", serveConfig(apiOrigin))
	for address, page := range map[string]string{"/checkout/confirm": "index.html", "/login": "account/index.html", "/create-account": "account/index.html"} {
		mux.HandleFunc("GET "+address, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, root, page) })
	}
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { servePage(w, r, root) })
	return secured(mux)
}

func serveConfig(apiOrigin string) http.HandlerFunc {
	encoded, err := json.Marshal(apiOrigin)
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			http.Error(w, "no API origin", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write([]byte("export const api = " + string(encoded) + ";\n"))
	}
}

func servePage(w http.ResponseWriter, r *http.Request, root fs.FS) {
	name := strings.Trim(path.Clean(r.URL.Path), "/")
	for _, candidate := range []string{name, name + ".html", path.Join(name, "index.html")} {
		info, err := fs.Stat(root, path.Clean(candidate))
		if err != nil || info.IsDir() {
			continue
		}
		http.ServeFileFS(w, r, root, path.Clean(candidate)) //nolint:gosec // an embedded folder has nothing outside of it
		return
	}
	http.NotFound(w, r)
}

func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}
