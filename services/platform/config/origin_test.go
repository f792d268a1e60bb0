package config_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
)

func TestOriginIsSchemeAndHostAlone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Origin{
		"https://shop.example": "https://shop.example", " https://shop.example/ ": "https://shop.example", "http://localhost:8080": "http://localhost:8080",
	} {
		var origin config.Origin
		require.NoError(t, origin.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, origin)
	}
	for _, text := range []string{
		"", "shop.example", "ftp://shop.example", "https://", "https://shop.example/path", "https://shop.example?q", "https://shop.example#f",
		"https://user:password@shop.example", "https://shop example",
	} {
		var origin config.Origin
		require.Error(t, origin.UnmarshalText([]byte(text)), text)
	}
}
