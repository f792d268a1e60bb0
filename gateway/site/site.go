// Package site makes the shop's pages: it puts every fragment of pages/ into the frame around it, and gives what comes out,
// with the scripts, the stylesheet and the pictures, as finished objects for a bucket or for an http.Handler. Addresses,
// content types, cache rules and security headers stand here once, for the laptop and for production alike. What the
// pages do stands in assets/, and the REST edge itself serves none of it.
package site

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
)

//go:embed frame pages assets img
var embedded embed.FS

// Default is the folder that the program carries in itself: frame, pages, assets and img.
func Default() fs.FS { return embedded }

// Settings is what the pages are told about the shop. The origins are required; the rest has the demo shop's values.
type Settings struct {
	// APIOrigin and SiteOrigin are scheme, host and port of the REST edge and of the pages, without a slash at the end.
	APIOrigin, SiteOrigin string
	// ShopName is how the shop calls itself.
	ShopName string
	// Phone is the number as it is read, PhoneTarget the address that calls it (tel:), Email the address for customers.
	Phone, PhoneTarget, Email string
}

func (s Settings) complete() (Settings, error) {
	s.ShopName = cmp.Or(s.ShopName, "StartupWebApp")
	s.Phone = cmp.Or(s.Phone, "1-800-555-0199")
	s.PhoneTarget = cmp.Or(s.PhoneTarget, "tel:+18005550199")
	s.Email = cmp.Or(s.Email, "hello@shop.example")
	var apiFault, siteFault error
	s.APIOrigin, apiFault = originOf("APIOrigin", s.APIOrigin)
	s.SiteOrigin, siteFault = originOf("SiteOrigin", s.SiteOrigin)
	return s, errors.Join(apiFault, siteFault)
}

// originOf also keeps out what would be another directive in the security policy.
func originOf(name, given string) (string, error) {
	var origin config.Origin
	if err := origin.UnmarshalText([]byte(given)); err != nil || strings.ContainsAny(given, ";,'\"") {
		return "", fmt.Errorf("%s: expected %s, got %q", name, origin.Expects(), given)
	}
	return string(origin), nil
}

// Site is everything that is published, finished. It never changes, so it is safe for concurrent use.
type Site struct {
	objects map[string]*Object // by key
	headers http.Header
}

// Publish composes the site of files, which has the folders of Default. The error names every fault that it found: a page
// that is missing or whose template is broken, a module that imports what is not there, a file of unknown type.
func Publish(files fs.FS, settings Settings) (*Site, error) {
	settings, err := settings.complete()
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	site, faults := compose(files, settings)
	if len(faults) > 0 {
		return nil, fmt.Errorf("publish: %w", errors.Join(faults...))
	}
	return site, nil
}

// Objects are all files to upload, sorted by key.
func (s *Site) Objects() []Object {
	objects := make([]Object, 0, len(s.objects))
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		objects = append(objects, *s.objects[key])
	}
	return objects
}

// Headers are the security headers of every answer, whatever its status.
func (s *Site) Headers() http.Header { return s.headers.Clone() }

// Rewrites are the paths that show another one's object in place, without a redirect.
func Rewrites() map[string]string {
	return map[string]string{"/": "/index.html", "/account/": "/account"}
}
