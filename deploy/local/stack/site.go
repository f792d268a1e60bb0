package stack

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// serveSite serves the pages, which are told where the API is.
func (s *Stack) serveSite(context.Context) error {
	handler, err := s.site()
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	pages, err := listen(s.options.sitePort())
	if err != nil {
		return err
	}
	s.serveHTTP(pages, handler)
	return nil
}

func (s *Stack) site() (http.Handler, error) {
	settings := site.Settings{APIOrigin: s.APIURL(), SiteOrigin: cmp.Or(lookupIn(s.options.Environ)("SITE_ORIGIN"), s.SiteURL())}
	if s.options.SiteDir != "" {
		return site.Live(os.DirFS(s.options.SiteDir), settings)
	}
	published, err := site.Publish(site.Default(), settings)
	if err != nil {
		return nil, err
	}
	return published.Handler(), nil
}
