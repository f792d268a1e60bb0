package drawing_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site/drawing"
)

const committed = "../pages/img/product"

func TestEveryAddressOfTheDemoCatalogueHasAPicture(t *testing.T) {
	t.Parallel()
	catalogue, err := os.ReadFile("../../../services/order/demo/goods.sql")
	require.NoError(t, err)
	var names []string
	for _, address := range regexp.MustCompile(`'/img/product/([^']+)'`).FindAllSubmatch(catalogue, -1) {
		names = append(names, string(address[1]))
	}
	slices.Sort(names)
	require.NotEmpty(t, names)
	require.Equal(t, slices.Compact(names), drawing.Names())

	entries, err := os.ReadDir(committed)
	require.NoError(t, err)
	var files []string
	for _, entry := range entries {
		files = append(files, entry.Name())
	}
	require.Equal(t, drawing.Names(), files)
}

// The files are compared as they look, not byte by byte: another processor rounds, and another release of Go encodes,
// a little differently.
func TestCommittedFilesAreWhatIsDrawn(t *testing.T) {
	t.Parallel()
	for _, name := range drawing.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := os.ReadFile(filepath.Join(committed, name))
			require.NoError(t, err)
			require.LessOrEqual(t, len(file), drawing.Limit)
			kept, err := jpeg.Decode(bytes.NewReader(file))
			require.NoError(t, err)
			require.Equal(t, image.Rect(0, 0, drawing.Side, drawing.Side), kept.Bounds())

			fresh, err := drawing.JPEG(name)
			require.NoError(t, err)
			drawn, err := jpeg.Decode(bytes.NewReader(fresh))
			require.NoError(t, err)
			require.Less(t, difference(kept, drawn), 0.5, "run go run ./gateway/site/drawing/cmd/draw")
		})
	}
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	_, err := drawing.JPEG("stapler.jpg")
	require.ErrorContains(t, err, "stapler.jpg")
}

// difference is the mean distance of the pictures' brightness, in levels of 255.
func difference(a, b image.Image) float64 {
	sum := 0
	for y := range drawing.Side {
		for x := range drawing.Side {
			one, _ := color.GrayModel.Convert(a.At(x, y)).(color.Gray)
			other, _ := color.GrayModel.Convert(b.At(x, y)).(color.Gray)
			sum += max(int(one.Y)-int(other.Y), int(other.Y)-int(one.Y))
		}
	}
	return float64(sum) / (drawing.Side * drawing.Side)
}
