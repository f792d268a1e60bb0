package stack

import (
	"context"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// serveSite serves the pages, which are told where the API is.
func (s *Stack) serveSite(context.Context) error {
	pages, err := listen(s.options.sitePort())
	if err != nil {
		return err
	}
	s.serveHTTP(pages, site.Handler(s.APIURL()))
	return nil
}
