// Package nginx writes the published pages for a web server of that name, as the shop in containers has it: the files, and
// a configuration that answers as Site.Handler does, so that what is right stands in package site alone. Only the text of
// ETags is nginx's own, and what HTTP parsers refuse by themselves. Production keeps its pages in a bucket and needs none of this.
package nginx

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// Settings are about the place where the server will run.
type Settings struct {
	// Listen is the port, or address and port, that is listened at. A server without root's rights cannot have one below 1024.
	Listen string
	// Scratch is a folder that the server may write to: its process number and parts of requests. The rest is only read.
	Scratch string
}

// The names below the folder that is written.
const (
	configurationName = "nginx.conf"
	filesName         = "files"
)

// Write puts nginx.conf and the files of pages into dir, to be served by `nginx -p dir -c nginx.conf`. It replaces what an
// earlier Write left there and touches nothing else.
func Write(dir string, pages *site.Site, settings Settings) error {
	configuration, err := Configuration(pages, settings)
	if err != nil {
		return err
	}
	files := filepath.Join(dir, filesName)
	if err := os.RemoveAll(files); err != nil {
		return fmt.Errorf("replace the files: %w", err)
	}
	for _, object := range pages.Objects() {
		name := filepath.Join(files, filepath.FromSlash(fileOf(object.Key)))
		if err := errors.Join(writeObject(name, object.Body, object.Body), writeObject(name+packed, object.Compressed, object.Body)); err != nil {
			return err
		}
	}
	return writeFile(filepath.Join(dir, configurationName), configuration)
}

// packed is the ending of a file's gzip form.
const packed = ".gz"

// writeObject writes one form of an object, if it has that.
func writeObject(name string, form, body []byte) error {
	if form == nil {
		return nil
	}
	if err := writeFile(name, form); err != nil {
		return err
	}
	at := timeOf(body)
	return os.Chtimes(name, at, at)
}

// timeOf is made of the content, between 1970 and 2004, which is before any limit that builders of images may set: nginx makes
// its ETag of a file's time and length, and that has to be another one for other content, and the same in every build.
func timeOf(body []byte) time.Time {
	sum := sha256.Sum256(body)
	return time.Unix(int64(binary.BigEndian.Uint32(sum[:])>>2), 0)
}

// writeFile lets everybody read: the server runs as another user.
func writeFile(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // as above
		return fmt.Errorf("make a folder: %w", err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // as above
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// fileOf is the file of a key. A page has no extension in its address, but as a file: /account is a page and a folder.
func fileOf(key string) string {
	if path.Ext(key) == "" {
		return key + ".html"
	}
	return key
}

//go:embed nginx.conf.tmpl
var source string

// configuration is what the template is given. All texts are quoted already.
type configuration struct {
	Settings
	Headers   []header
	Locations []location
	Rewrites  []rewrite
	Missing   location
}

type header struct{ Name, Value string }

type rewrite struct{ From, To string }

// location is one object.
type location struct {
	Address, File, Type, Cache string
	Packed                     bool
}

// Configuration is the whole nginx.conf; paths in it are relative to the folder that is written.
func Configuration(pages *site.Site, settings Settings) ([]byte, error) {
	if !plain.MatchString(settings.Listen) || !plain.MatchString(settings.Scratch) {
		return nil, fmt.Errorf("nginx: %q and %q cannot stand in a configuration", settings.Listen, settings.Scratch)
	}
	told, err := configure(pages)
	if err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	told.Settings = settings
	form, err := template.New(configurationName).Parse(source)
	if err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	var text bytes.Buffer
	if err := form.Execute(&text, told); err != nil {
		return nil, fmt.Errorf("nginx: %w", err)
	}
	return text.Bytes(), nil
}

func configure(pages *site.Site) (configuration, error) {
	var told configuration
	for name, values := range pages.Headers() {
		if len(values) != 1 || !quotable.MatchString(values[0]) {
			return told, fmt.Errorf("the header %s cannot stand in a configuration", name)
		}
		told.Headers = append(told.Headers, header{name, values[0]})
	}
	slices.SortFunc(told.Headers, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	files := map[string]string{}
	for _, object := range pages.Objects() {
		one, err := locationOf(object)
		if err != nil {
			return told, err
		}
		if other, taken := files[one.File]; taken {
			return told, fmt.Errorf("%s and %s would be the same file", other, object.Key)
		}
		files[one.File] = object.Key
		if object.Status == http.StatusNotFound {
			told.Missing = one
			continue
		}
		told.Locations = append(told.Locations, one)
	}
	for from, to := range site.Rewrites() {
		told.Rewrites = append(told.Rewrites, rewrite{from, to})
	}
	slices.SortFunc(told.Rewrites, func(a, b rewrite) int { return strings.Compare(a.From, b.From) })
	return told, nil
}

var (
	// plain is what needs no quotes in a configuration and is no expression.
	plain = regexp.MustCompile(`^[A-Za-z0-9._/:-]+$`)
	// quotable is what may stand between double quotes: no quote, no escape, no variable, no end of line.
	quotable = regexp.MustCompile(`^[ !#%-\[\]-~]*$`)
)

func locationOf(object site.Object) (location, error) {
	one := location{
		Address: "/" + object.Key, File: filesName + "/" + fileOf(object.Key), Type: object.ContentType, Cache: object.CacheControl, Packed: object.Compressed != nil,
	}
	if !plain.MatchString(one.Address) || !quotable.MatchString(one.Type) || !quotable.MatchString(one.Cache) {
		return one, fmt.Errorf("%q cannot stand in a configuration", object.Key)
	}
	return one, nil
}
