package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
)

// Object is one finished file.
type Object struct {
	// Key is its name in a bucket: the path of its address without the slash at the front. "index.html" is the front page.
	Key string
	// Status is 200, but 404 for the page that answers every unknown address.
	Status int
	// ContentType and CacheControl are the headers of the same name.
	ContentType, CacheControl string
	// Body is the file. Compressed is its gzip form, nil where that would not be shorter. Nobody may change them.
	Body, Compressed []byte

	tag, compressedTag string
}

// The cache rules. What a page refers to has its version in its address, but for pictures, whose addresses stand in the
// catalogue and in mails.
const (
	revalidated = "no-cache"
	immutable   = "public, max-age=31536000, immutable"
	forADay     = "public, max-age=86400, stale-while-revalidate=604800"
)

const textHTML = "text/html; charset=utf-8"

// contentType is decided by the file's extension; ok is false for one that is not in the table.
func contentType(name string) (kind string, ok bool) {
	kind, ok = map[string]string{
		".css":         "text/css; charset=utf-8",
		".ico":         "image/x-icon",
		".jpg":         "image/jpeg",
		".js":          "text/javascript; charset=utf-8",
		".json":        "application/json",
		".png":         "image/png",
		".svg":         "image/svg+xml",
		".txt":         "text/plain; charset=utf-8",
		".webmanifest": "application/manifest+json",
		".webp":        "image/webp",
		".xml":         "application/xml; charset=utf-8",
	}[path.Ext(name)]
	return kind, ok
}

// isPacked says whether the format is compressed by itself.
func isPacked(kind string) bool {
	return kind == "image/jpeg" || kind == "image/png" || kind == "image/webp"
}

func newObject(key, kind, cacheControl string, body []byte) *Object {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	object := &Object{Key: key, Status: http.StatusOK, ContentType: kind, CacheControl: cacheControl, Body: body, tag: `"` + tag + `"`}
	if isPacked(kind) {
		return object
	}
	if packed := compress(body); len(packed) < len(body) {
		object.Compressed, object.compressedTag = packed, `"`+tag+`-gzip"`
	}
	return object
}

func compress(body []byte) []byte {
	var packed bytes.Buffer
	writer, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // fails only on a level that does not exist
	_, _ = writer.Write(body)                                       // a buffer takes everything
	_ = writer.Close()
	return packed.Bytes()
}

// brokenPage tells a developer in the page's place what is wrong with it.
func brokenPage(key string, fault error) *Object {
	object := newObject(key, "text/plain; charset=utf-8", revalidated, fmt.Appendf(nil, "This page cannot be shown:\n\n%v\n", fault))
	object.Status = http.StatusInternalServerError
	return object
}
