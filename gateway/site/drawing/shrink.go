package drawing

import (
	"image"
	"image/color"
	"image/draw"
)

// Shrunk is the picture at a smaller width: each pixel is the mean of those it replaces, parts of pixels included.
func Shrunk(picture image.Image, width int) *image.RGBA {
	size := picture.Bounds().Size()
	large := image.NewRGBA(image.Rectangle{Max: size})
	draw.Draw(large, large.Bounds(), picture, picture.Bounds().Min, draw.Src)
	height := size.Y * width / size.X
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	inRows(height, func(y int) {
		rows := covered(y, size.Y, height)
		for x := range width {
			small.SetRGBA(x, y, mean(large, covered(x, size.X, width), rows))
		}
	})
	return small
}

// share is a pixel of the large picture and how much of it a pixel of the small one covers.
type share struct {
	at   int
	part float64
}

// covered lists the pixels, of so many in a row, that lie under pixel i of a shorter row.
func covered(i, many, few int) []share {
	scale := float64(many) / float64(few)
	from, to := float64(i)*scale, float64(i+1)*scale
	var under []share
	for at := int(from); at < many && float64(at) < to; at++ {
		under = append(under, share{at, min(to, float64(at+1)) - max(from, float64(at))})
	}
	return under
}

func mean(picture *image.RGBA, columns, rows []share) color.RGBA {
	var sum vector
	weight := 0.0
	for _, row := range rows {
		for _, column := range columns {
			at := picture.RGBAAt(column.at, row.at)
			part := row.part * column.part
			sum = sum.plus(vector{float64(at.R), float64(at.G), float64(at.B)}.times(part))
			weight += part
		}
	}
	sum = sum.times(1 / weight)
	level := func(v float64) uint8 { return uint8(min(v+0.5, 255)) }
	return color.RGBA{R: level(sum.x), G: level(sum.y), B: level(sum.z), A: 0xff}
}
