package site_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

const (
	apiOrigin  = "http://localhost:8000"
	siteOrigin = "http://localhost:8080"
)

func settings() site.Settings {
	return site.Settings{APIOrigin: apiOrigin, SiteOrigin: siteOrigin}
}

func published(t *testing.T) *site.Site {
	t.Helper()
	pages, err := site.Publish(site.Default(), settings())
	require.NoError(t, err)
	return pages
}

func TestTheBuiltInSiteIsPublished(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, published(t).Objects())
}
