package catalogue

import (
	"net/http"
	"strconv"
	"strings"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/web"
)

const productPath = "/order/product/"

// Header values that all answers share; nothing may change them in place. The answer to one origin names it, and the
// body depends on the encodings that the client takes.
//
//nolint:gochecknoglobals // constants, as far as Go has constant slices
var (
	jsonType     = []string{"application/json"}
	gzipEncoding = []string{"gzip"}
	varyBoth     = []string{"origin, Accept-Encoding"}
	revalidate   = []string{"no-cache"} // may be kept, but never shown without asking whether it is still true
)

// ServeList answers GET and HEAD of /order/products.
func (k *Keeper) ServeList(w http.ResponseWriter, r *http.Request) {
	newest, err := k.edition(r.Context())
	if err != nil {
		web.Fail(w, err)
		return
	}
	newest.list.serve(w, r)
}

// ServeProduct answers GET and HEAD of /order/product/{identifier}.
func (k *Keeper) ServeProduct(w http.ResponseWriter, r *http.Request) {
	newest, err := k.edition(r.Context())
	if err != nil {
		web.Fail(w, err)
		return
	}
	identifier := strings.TrimPrefix(r.URL.Path, productPath)
	if known, ok := newest.products[identifier]; ok {
		known.serve(w, r)
		return
	}
	k.serveUnknown(w, r, identifier)
}

// serveUnknown: contract order.md 4.3, an error within a 200.
func (k *Keeper) serveUnknown(w http.ResponseWriter, r *http.Request, identifier string) {
	body, err := k.renderer.Append(nil, &storefrontv1.ShowProductResponse{
		Product:           "error",
		Errors:            &storefrontv1.ErrorCode{Error: "product-identifier-not-found"},
		ProductIdentifier: identifier,
	})
	if err != nil {
		web.Fail(w, err)
		return
	}
	header := w.Header()
	header["Content-Type"] = jsonType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	write(w, r, body)
}

func (e *encoded) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header["Vary"] = varyBoth
	header["Cache-Control"] = revalidate
	chosen := &e.plain
	isCompressed := e.compressed.body != nil && takesGzip(r.Header["Accept-Encoding"])
	if isCompressed {
		chosen = &e.compressed
	}
	header["Etag"] = chosen.tag
	if e.isHeld(r.Header["If-None-Match"]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header["Content-Type"] = jsonType
	header["Content-Length"] = chosen.length
	if isCompressed {
		header["Content-Encoding"] = gzipEncoding
	}
	write(w, r, chosen.body)
}

func write(w http.ResponseWriter, r *http.Request, body []byte) {
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have left
	}
}

// isHeld tells whether the client has the answer already, in whichever form.
func (e *encoded) isHeld(headers []string) bool {
	for _, header := range headers {
		for tag := range strings.SplitSeq(header, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == e.plain.tag[0] || e.compressed.tag != nil && tag == e.compressed.tag[0] {
				return true
			}
		}
	}
	return false
}

// takesGzip tells whether gzip, or everything, is among the encodings and not refused by a weight of 0.
func takesGzip(headers []string) bool {
	takes := false
	for _, header := range headers {
		for offer := range strings.SplitSeq(header, ",") {
			coding, weight, _ := strings.Cut(offer, ";")
			switch coding = strings.TrimSpace(coding); {
			case strings.EqualFold(coding, "gzip"), strings.EqualFold(coding, "x-gzip"):
				return !isZero(weight)
			case coding == "*":
				takes = !isZero(weight)
			}
		}
	}
	return takes
}

func isZero(weight string) bool {
	value, ok := strings.CutPrefix(strings.TrimSpace(weight), "q=")
	if !ok {
		return false
	}
	parsed, err := strconv.ParseFloat(value, 64)
	return err == nil && parsed == 0
}
