package drawing

import (
	"image"
	"image/color"
	"math"
)

// signed is the picture with the sign that says "this is a video" laid over it: a frosted disc with a triangle.
func signed(plain *image.RGBA) *image.RGBA {
	size := plain.Bounds().Size()
	over := image.NewRGBA(plain.Bounds())
	inRows(size.Y, func(y int) {
		for x := range size.X {
			disc, triangle := sign(float64(x)+0.5-float64(size.X)/2, float64(y)+0.5-float64(size.Y)/2, float64(size.X))
			at := plain.RGBAAt(x, y)
			lay := func(level uint8) uint8 {
				share := float64(level) + (46-float64(level))*0.62*disc
				return uint8(math.Round(share + (255-share)*triangle))
			}
			over.SetRGBA(x, y, color.RGBA{R: lay(at.R), G: lay(at.G), B: lay(at.B), A: at.A})
		}
	})
	return over
}

// sign is how much of a pixel disc and triangle cover, so many pixels from the middle of a picture of that size.
func sign(across, down, size float64) (disc, triangle float64) {
	disc = smooth(0.7, -0.7, math.Hypot(across, down)-0.088*size)
	edge := max(-across-0.026*size, 0.5*across+math.Sqrt(0.75)*math.Abs(down)-0.026*size)
	return disc, smooth(0.7, -0.7, edge)
}
