package site

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
)

// frameModule is the script of the frame, which every page starts.
const frameModule = "frame/frame.js"

// content is what templates are given.
type content struct {
	Title, Description string
	// Address is the page's own, such as /about.
	Address string
	// Page is the finished fragment; empty while the fragment itself is executed.
	Page template.HTML
	// Assets is what addresses of scripts and styles begin with. Module is the page's own script or empty, Preload what
	// it and the frame's script import.
	Assets, Module string
	Preload        []string
	API            string
	SiteOrigin     string
	// Canonical is empty on pages that search engines do not list.
	Canonical, Robots string
	ShopName, Phone   string
	// PhoneTarget is the shop's own setting, so its scheme (tel:) is believed.
	PhoneTarget template.URL
	Email       string
	Menu        []entry
}

// composer makes the objects one after the other and keeps the faults that it meets.
type composer struct {
	files    fs.FS
	settings Settings
	frame    *template.Template
	assets   *assets
	objects  map[string]*Object
	faults   []error
}

// compose makes what can be made, and says what could not: the page of a broken fragment says so itself.
func compose(files fs.FS, settings Settings) (*Site, []error) {
	c := &composer{files: files, settings: settings, objects: map[string]*Object{}}
	read, err := readAssets(files)
	if err != nil {
		c.fail(err)
		read = &assets{}
	}
	c.assets = read
	c.faults = append(c.faults, read.faults()...)
	c.addFiles("assets/"+read.version+"/", immutable, read.files)
	c.addImages()
	c.addPages()
	c.add(newObject("robots.txt", "text/plain; charset=utf-8", revalidated, robots(settings.SiteOrigin)))
	c.add(newObject("sitemap.xml", "application/xml; charset=utf-8", revalidated, sitemap(settings.SiteOrigin)))
	return &Site{objects: c.objects, headers: securityHeaders(settings)}, c.faults
}

func (c *composer) fail(fault error) { c.faults = append(c.faults, fault) }

func (c *composer) add(object *Object) { c.objects[object.Key] = object }

func (c *composer) addImages() {
	images, err := readFolder(c.files, "img")
	if err != nil {
		c.fail(err)
	}
	c.addFiles("img/", forADay, images)
}

func (c *composer) addFiles(prefix, cacheControl string, files map[string][]byte) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		kind, known := contentType(name)
		if !known {
			c.fail(fmt.Errorf("%s%s: no content type is known for it", prefix, name))
			continue
		}
		c.add(newObject(prefix+name, kind, cacheControl, files[name]))
	}
}

func (c *composer) addPages() {
	frame, frameFault := template.ParseFS(c.files, "frame/*.html")
	c.frame = frame
	for _, page := range addresses() {
		body, err := []byte(nil), frameFault
		if frameFault == nil {
			body, err = c.composePage(page)
		}
		if err != nil {
			c.fail(fmt.Errorf("page %s: %w", page.address, err))
			c.add(brokenPage(page.key(), err))
			continue
		}
		object := newObject(page.key(), textHTML, revalidated, body)
		if page.status != 0 {
			object.Status = page.status
		}
		c.add(object)
	}
}

func (c *composer) composePage(page page) ([]byte, error) {
	fragment, err := fs.ReadFile(c.files, "pages/"+page.file)
	if err != nil {
		return nil, err
	}
	both, err := c.frame.Clone()
	if err != nil {
		return nil, err
	}
	if _, err := both.New(page.file).Parse(string(fragment)); err != nil {
		return nil, err
	}
	told := c.contentOf(page)
	var inner, whole bytes.Buffer
	if err := both.ExecuteTemplate(&inner, page.file, told); err != nil {
		return nil, err
	}
	told.Page = template.HTML(inner.String()) //nolint:gosec // it has just been escaped by its own template
	if err := both.ExecuteTemplate(&whole, "frame.html", told); err != nil {
		return nil, err
	}
	return whole.Bytes(), c.checkModules(page)
}

func (c *composer) checkModules(page page) error {
	var faults []error
	for _, module := range c.modulesOf(page) {
		if _, exists := c.assets.files[module]; !exists {
			faults = append(faults, fmt.Errorf("its module assets/%s does not exist", module))
		}
	}
	return errors.Join(faults...)
}

func (c *composer) modulesOf(page page) []string {
	if page.module == "" {
		return []string{frameModule}
	}
	return []string{frameModule, page.modulePath()}
}

func (c *composer) contentOf(page page) content {
	told := content{
		Title: page.title, Description: page.about, Address: page.address,
		Assets: c.assets.prefix(), API: c.settings.APIOrigin, SiteOrigin: c.settings.SiteOrigin,
		Canonical: page.canonical(c.settings.SiteOrigin), Robots: page.robots(),
		Menu: menu(), ShopName: c.settings.ShopName, Phone: c.settings.Phone, Email: c.settings.Email,
		PhoneTarget: template.URL(c.settings.PhoneTarget), //nolint:gosec // who starts the shop sets it
	}
	if page.module != "" {
		told.Module = c.assets.prefix() + "/" + page.modulePath()
	}
	for _, module := range c.assets.preload(c.modulesOf(page)...) {
		told.Preload = append(told.Preload, c.assets.prefix()+"/"+module)
	}
	return told
}
