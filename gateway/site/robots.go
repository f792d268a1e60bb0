package site

import (
	"bytes"
	"encoding/xml"
)

// robots keeps crawlers from what is about one visitor; /account is what all addresses of an account begin with. A page that
// is only marked noindex must be readable to be obeyed.
func robots(siteOrigin string) []byte {
	return []byte("User-agent: *\nDisallow: /account\nDisallow: /checkout/\nDisallow: " + notFound + "\n\nSitemap: " + siteOrigin + "/sitemap.xml\n")
}

func sitemap(siteOrigin string) []byte {
	var listing bytes.Buffer
	listing.WriteString(xml.Header + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">` + "\n")
	for _, page := range addresses() {
		if page.search != listed {
			continue
		}
		listing.WriteString("  <url><loc>")
		_ = xml.EscapeText(&listing, []byte(siteOrigin+page.address)) // a buffer takes everything
		listing.WriteString("</loc></url>\n")
	}
	listing.WriteString("</urlset>\n")
	return listing.Bytes()
}
