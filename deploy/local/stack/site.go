package stack

import (
	"context"
	"strings"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// serveSite serves the pages; which API they talk to is told by the address they are served from.
func (s *Stack) serveSite(context.Context) error {
	pages, err := listen("The site", "SITE_ADDR", s.options.SiteAddr)
	if err != nil {
		return err
	}
	s.serveHTTP(pages, site.Handler("http://"+strings.Replace(s.options.APIAddr, "127.0.0.1", "localhost", 1)))
	return nil
}
