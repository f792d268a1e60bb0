package drawing_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site/drawing"
)

const (
	pictures  = "../pages/img/product"
	catalogue = "../../../services/order/demo/goods.sql"
)

func TestEveryAddressOfTheDemoCatalogueHasItsPicture(t *testing.T) {
	t.Parallel()
	goods, err := os.ReadFile(catalogue)
	require.NoError(t, err)
	addresses := regexp.MustCompile(`/img/product/([a-z0-9_]+\.jpg)`).FindAllStringSubmatch(string(goods), -1)
	require.NotEmpty(t, addresses)
	for _, address := range addresses {
		require.FileExists(t, filepath.Join(pictures, address[1]))
		require.Contains(t, drawing.Names(), address[1])
	}
}

func TestCommittedPicturesAreWhole(t *testing.T) {
	t.Parallel()
	for _, name := range drawing.Names() {
		file, err := os.ReadFile(filepath.Join(pictures, name))
		require.NoError(t, err)
		picture, err := jpeg.Decode(bytes.NewReader(file))
		require.NoError(t, err, name)
		require.Equal(t, drawing.Side, picture.Bounds().Dx(), name)
		require.Equal(t, drawing.Side, picture.Bounds().Dy(), name)
		require.Less(t, len(file), 64<<10, name)
	}
}

func TestOnePictureIsDrawnAsItIsAskedFor(t *testing.T) {
	t.Parallel()
	file, err := drawing.JPEG("binder_clip_small_2.jpg")
	require.NoError(t, err)
	_, err = jpeg.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	_, err = drawing.Draw("stapler.jpg")
	require.Error(t, err)
}
