package drawing_test

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site/drawing"
)

const (
	committed = "../img"
	looked    = 50  // pixels, the width at which pictures are compared
	tolerance = 6.0 // levels of difference
	again     = "run go run ./gateway/site/drawing/cmd/draw"
)

func TestEveryAddressOfTheDemoCatalogueHasAPictureAndItsSisters(t *testing.T) {
	t.Parallel()
	catalogue, err := os.ReadFile("../../../services/order/demo/goods.sql")
	require.NoError(t, err)
	named := map[string]bool{}
	for _, address := range regexp.MustCompile(`'/img/(product/[^']+)\.jpg'`).FindAllSubmatch(catalogue, -1) {
		named[string(address[1])] = true
	}
	drawn := map[string]bool{}
	for _, picture := range drawing.Pictures() {
		if strings.HasPrefix(picture.Name, "product/") {
			drawn[picture.Name] = true
			require.Equal(t, []int{1000, 640, 320}, picture.Widths(), "the pages' srcset names these")
		}
	}
	require.NotEmpty(t, named)
	require.Equal(t, named, drawn)
}

func TestTheFolderHoldsWhatIsDrawnAndNoOtherPhotographs(t *testing.T) {
	t.Parallel()
	var expected, found []string
	for _, picture := range drawing.Pictures() {
		for _, width := range picture.Widths() {
			expected = append(expected, picture.File(width))
		}
	}
	require.NoError(t, filepath.WalkDir(committed, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".jpg") {
			name, _ := filepath.Rel(committed, path)
			found = append(found, filepath.ToSlash(name))
		}
		return err
	}))
	require.ElementsMatch(t, expected, found, again)
}

func TestCommittedFilesHaveTheirSizes(t *testing.T) {
	t.Parallel()
	for _, picture := range drawing.Pictures() {
		large := drawing.Shrunk(kept(t, picture, picture.Width), looked)
		for _, width := range picture.Widths() {
			file := kept(t, picture, width)
			require.Equal(t, image.Pt(width, width*picture.Height/picture.Width), file.Bounds().Size(), picture.File(width))
			require.Less(t, difference(drawing.Shrunk(file, looked), large), 1.0, "%s: %s", picture.File(width), again)
		}
	}
}

// The files are compared as they look from further away, not byte by byte: another processor rounds, and another release
// of Go encodes, a little differently. It also takes a small part of the time.
func TestCommittedFilesAreWhatIsDrawn(t *testing.T) {
	t.Parallel()
	const width = 4 * looked
	album := drawing.NewAlbum()
	for _, picture := range drawing.Pictures() {
		fresh := drawing.Shrunk(album.Draw(picture, width), looked)
		away := difference(fresh, drawing.Shrunk(kept(t, picture, picture.Width), looked))
		require.Less(t, away, tolerance, "%s: %s", picture.Name, again)
	}
	clip := drawing.Pictures()[5]
	require.Equal(t, album.Draw(clip, width).Pix, drawing.NewAlbum().Draw(clip, width).Pix, "each drawing is another one")
}

func TestPicturesDifferMoreThanTheTolerance(t *testing.T) {
	t.Parallel()
	seen := map[string]image.Image{}
	for _, picture := range drawing.Pictures() {
		small := drawing.Shrunk(kept(t, picture, picture.Width), looked)
		for name, other := range seen {
			if other.Bounds() == small.Bounds() {
				require.Greater(t, difference(small, other), 1.5*tolerance, "%s and %s", picture.Name, name)
			}
		}
		seen[picture.Name] = small
	}
}

func TestHandwrittenDrawingsAreSmallAndSelfContained(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"favicon.svg", "missing.svg", "ad.svg"} {
		file, err := os.ReadFile(filepath.Join(committed, name))
		require.NoError(t, err)
		require.Less(t, len(file), 4096, name)
		require.NotRegexp(t, `(?i)<script|<foreignObject|href=|\son[a-z]+=|@import|<!`, string(file), name)
		decoder := xml.NewDecoder(bytes.NewReader(file))
		for err == nil {
			_, err = decoder.Token()
		}
		require.ErrorIs(t, err, io.EOF, name)
	}
}

func kept(t *testing.T, picture drawing.Picture, width int) image.Image {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(committed, filepath.FromSlash(picture.File(width))))
	require.NoError(t, err)
	require.LessOrEqual(t, len(file), drawing.Limit(width), picture.File(width))
	decoded, err := jpeg.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	return decoded
}

// difference is the root of the mean square distance of the pictures' brightness, in levels of 255: a small part that
// is quite another one counts more than a little everywhere.
func difference(a, b image.Image) float64 {
	size, sum := a.Bounds().Size(), 0
	for y := range size.Y {
		for x := range size.X {
			one, _ := color.GrayModel.Convert(a.At(x, y)).(color.Gray)
			other, _ := color.GrayModel.Convert(b.At(x, y)).(color.Gray)
			sum += (int(one.Y) - int(other.Y)) * (int(one.Y) - int(other.Y))
		}
	}
	return math.Sqrt(float64(sum) / float64(size.X*size.Y))
}
