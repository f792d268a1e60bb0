// Package drawing makes the shop's pictures: of the demo catalogue's goods, so that no licence of somebody else's
// photographs has to be kept, of the home page and of links to it. Here live the shapes of the goods, the studio with
// its light and the camera; the drawn files are committed in gateway/site/img, and nothing of the running edge imports
// this package. The SVG drawings in that folder are written by hand.
package drawing

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
)

// Picture is a drawing and the sizes in which it is kept.
type Picture struct {
	Name   string // address below /img/ without the ending, such as "product/rubber_bands_2"
	Width  int    // pixels
	Height int    // pixels
	Small  []int  // widths in pixels of the smaller sisters, kept as Name-width.jpg
	scene  string
	video  bool // with the sign of a video
}

// File is a finished JPEG.
type File struct {
	Name string // below the picture folder, with the ending
	Body []byte
}

// Pictures lists everything that can be drawn.
func Pictures() []Picture {
	good := func(name, scene string, video bool) Picture {
		return Picture{"product/" + name, 1000, 1000, []int{640, 320}, scene, video}
	}
	return []Picture{
		good("binder_clip_large_2", "large clip", false),
		good("binder_clip_medium_2", "medium clip", false),
		good("binder_clip_small_2", "small clip", false),
		good("binder_clip_video_1_2_thumbnail", "binder clips", true),
		good("binder_clips_main_2", "binder clips", false),
		good("paper_clip_left_2", "left clip", false),
		good("paper_clip_main_2", "paper clips", false),
		good("paper_clip_right_2", "right clip", false),
		good("paper_clip_video_1_2_thumbnail", "paper clips", true),
		good("rubber_bands_2", "rubber bands", false),
		{"hero", 1600, 1000, []int{800}, "still", false},
		{"share", 1200, 630, nil, "wide still", false},
	}
}

func scenes() map[string]func() *scene {
	return map[string]func() *scene{
		"large clip":   func() *scene { return oneBinderClip(2) },
		"medium clip":  func() *scene { return oneBinderClip(1.25) },
		"small clip":   func() *scene { return oneBinderClip(0.75) },
		"binder clips": binderClips,
		"left clip":    func() *scene { return onePaperClip(-1) },
		"right clip":   func() *scene { return onePaperClip(1) },
		"paper clips":  paperClips,
		"rubber bands": rubberBands,
		"still":        func() *scene { return still(19) },
		"wide still":   func() *scene { return still(23) },
	}
}

// Album draws pictures and keeps those of scenes that are shown twice. Not for use by several at once.
type Album struct {
	drawn map[string]*image.RGBA
}

// NewAlbum is an empty album.
func NewAlbum() *Album { return &Album{drawn: map[string]*image.RGBA{}} }

// Draw paints the picture at a width of so many pixels: always the same on the same kind of processor, others may round
// the last bit of a color differently.
func (a *Album) Draw(p Picture, width int) *image.RGBA {
	key := fmt.Sprint(p.scene, width)
	if a.drawn[key] == nil {
		a.drawn[key] = scenes()[p.scene]().photograph(width, width*p.Height/p.Width)
	}
	if p.video {
		return signed(a.drawn[key])
	}
	return a.drawn[key]
}

// Files draws the picture and encodes it and its sisters. A picture that cannot be kept within Limit is an error.
func (a *Album) Files(p Picture) ([]File, error) {
	drawn := a.Draw(p, p.Width)
	files := make([]File, 0, 1+len(p.Small))
	for _, width := range p.Widths() {
		body, err := encoded(Shrunk(drawn, width), Limit(width))
		if err != nil {
			return nil, fmt.Errorf("%s, %d wide: %w", p.Name, width, err)
		}
		files = append(files, File{p.File(width), body})
	}
	return files, nil
}

// Widths lists the widths in which the picture is kept, in pixels, the largest first.
func (p Picture) Widths() []int { return append([]int{p.Width}, p.Small...) }

// File is the name of the picture's file with the given width, below the picture folder.
func (p Picture) File(width int) string {
	if slices.Contains(p.Small, width) {
		return fmt.Sprintf("%s-%d.jpg", p.Name, width)
	}
	return p.Name + ".jpg"
}

// Limit is how large the file of a picture so many pixels wide may be, in bytes: a page of products loads many.
func Limit(width int) int {
	switch {
	case width <= 320:
		return 14_000
	case width <= 640:
		return 36_000
	case width <= 1200:
		return 68_000
	}
	return 110_000
}

// encoded is the picture in the best quality that fits into limit.
func encoded(picture image.Image, limit int) ([]byte, error) {
	const best, worst, step = 88, 60, 2 // of 100
	for quality := best; quality >= worst; quality -= step {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
		if file.Len() <= limit {
			return file.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("too many details for %d bytes", limit)
}
