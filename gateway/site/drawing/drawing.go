// Package drawing makes the pictures of the demo catalogue, so that the local pages show goods and no licence of
// somebody else's photographs has to be kept. Here live the shapes, the light and the goods drawn with them; the
// drawn files are committed in gateway/site/pages/img/product and nothing of the running edge imports this package.
package drawing

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"slices"
)

// Side is the width and the height of every picture, in pixels.
const Side = 600

// Limit is how large a file may be, in bytes: a page of products loads many of them.
const Limit = 25_000

// Names lists the files that can be drawn, sorted: those that the demo catalogue has addresses for.
func Names() []string {
	return slices.Sorted(maps.Keys(motifs()))
}

// Draw paints the picture with the given file name, always the same one on the same kind of processor: others may
// round the last bit of a color differently. A name that is not among Names is an error.
func Draw(name string) (image.Image, error) {
	paint, known := motifs()[name]
	if !known {
		return nil, fmt.Errorf("no picture is called %q", name)
	}
	return paint().picture(), nil
}

// JPEG is Draw, encoded as the file is committed: in the best quality that fits into Limit.
func JPEG(name string) ([]byte, error) {
	picture, err := Draw(name)
	if err != nil {
		return nil, err
	}
	const best, worst, step = 84, 40, 2 // of 100
	for quality := best; quality >= worst; quality -= step {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, picture, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
		if file.Len() <= Limit {
			return file.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("%s has too many details for %d bytes", name, Limit)
}

func motifs() map[string]func() *canvas {
	return map[string]func() *canvas{
		"paper_clip_main_2.jpg":               paperClips,
		"paper_clip_left_2.jpg":               func() *canvas { return paperClip(-1) },
		"paper_clip_right_2.jpg":              func() *canvas { return paperClip(1) },
		"paper_clip_video_1_2_thumbnail.jpg":  func() *canvas { return paperClips().withPlaySign() },
		"binder_clips_main_2.jpg":             binderClips,
		"binder_clip_large_2.jpg":             func() *canvas { return binderClip(2) },
		"binder_clip_medium_2.jpg":            func() *canvas { return binderClip(1.25) },
		"binder_clip_small_2.jpg":             func() *canvas { return binderClip(0.75) },
		"binder_clip_video_1_2_thumbnail.jpg": func() *canvas { return binderClips().withPlaySign() },
		"rubber_bands_2.jpg":                  rubberBands,
	}
}
