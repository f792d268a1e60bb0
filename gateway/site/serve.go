package site

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// Handler serves the site as a bucket behind a CDN does: an address is exactly that of an object (queries aside), or one of
// Rewrites; everything else is the not-found page with status 404. Only GET and HEAD are understood.
func (s *Site) Handler() http.Handler {
	paths := map[string]*Object{}
	for key, object := range s.objects {
		paths["/"+key] = object
	}
	for from, to := range Rewrites() {
		paths[from] = paths[to]
	}
	missing := s.objects[strings.TrimPrefix(notFound, "/")]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), s.headers)
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			w.Header().Set("Cache-Control", revalidated)
			http.Error(w, "This address can only be read.", http.StatusMethodNotAllowed)
			return
		}
		object := paths[r.URL.Path]
		if object == nil {
			object = missing
		}
		object.serve(w, r)
	})
}

func (o *Object) serve(w http.ResponseWriter, r *http.Request) {
	headers := w.Header()
	body, tag := o.Body, o.tag
	if o.Compressed != nil {
		headers.Set("Vary", "Accept-Encoding")
	}
	packed := o.Compressed != nil && acceptsGzip(r.Header.Values("Accept-Encoding"))
	if packed {
		body, tag = o.Compressed, o.compressedTag
	}
	headers.Set("Cache-Control", o.CacheControl)
	headers.Set("ETag", tag)
	if o.Status == http.StatusOK && isKnown(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if packed {
		headers.Set("Content-Encoding", "gzip")
	}
	headers.Set("Content-Type", o.ContentType)
	headers.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(o.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the browser may have left; there is nobody to tell
	}
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3): what is named counts for more than the star.
func acceptsGzip(headers []string) bool {
	star := false
	for entry := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		coding, parameters, _ := strings.Cut(entry, ";")
		wanted := weight(parameters) > 0
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			return wanted
		case "*":
			star = wanted
		default:
		}
	}
	return star
}

// weight is the q parameter, 1 when there is none and 0 when it is not a number.
func weight(parameters string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if !found || !strings.EqualFold(name, "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}

// isKnown compares weakly, as If-None-Match asks for (RFC 9110, 13.1.2). Our tags have no comma in them.
func isKnown(headers []string, tag string) bool {
	for entry := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		entry = strings.TrimSpace(entry)
		if entry == "*" || strings.TrimPrefix(entry, "W/") == tag {
			return true
		}
	}
	return false
}
