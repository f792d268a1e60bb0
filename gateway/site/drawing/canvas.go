package drawing

import (
	"image"
	"image/color"
	"math"
)

// tint is red, green and blue from 0 to 1.
type tint [3]float64

// hex reads 0xRRGGBB.
func hex(code int) tint {
	return tint{float64(code>>16&0xff) / 255, float64(code>>8&0xff) / 255, float64(code&0xff) / 255}
}

// toward mixes in a share of other: 0 leaves the tint, 1 is other.
func (t tint) toward(other tint, share float64) tint {
	share = min(max(share, 0), 1)
	for i := range t {
		t[i] += (other[i] - t[i]) * share
	}
	return t
}

// canvas holds the picture while it is painted, row by row.
type canvas struct {
	tints [Side * Side]tint
}

// newCanvas is a plain background, a little lighter where the lamp hangs, up on the left.
func newCanvas(background int) *canvas {
	c := &canvas{}
	base := hex(background)
	lit := base.toward(hex(0xffffff), 0.5)
	for i := range c.tints {
		away := point{float64(i % Side), float64(i / Side)}.minus(point{0.35 * Side, 0.3 * Side}).length()
		c.tints[i] = lit.toward(base, smooth(0, 0.85*Side, away))
	}
	return c
}

func (c *canvas) picture() image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, Side, Side))
	for i, t := range c.tints {
		picture.SetRGBA(i%Side, i/Side, color.RGBA{R: level(t[0]), G: level(t[1]), B: level(t[2]), A: 0xff})
	}
	return picture
}

func level(share float64) uint8 {
	return uint8(math.Round(255 * min(max(share, 0), 1)))
}

// lay covers a pixel with a share of the tint.
func (c *canvas) lay(x, y int, over tint, share float64) {
	at := &c.tints[y*Side+x]
	*at = at.toward(over, share)
}

// wire paints a round wire along the line, lit from above on the left. Gloss (0 to 1) is how much it mirrors the lamp.
func (c *canvas) wire(along line, radius float64, base tint, gloss float64) {
	near := along.near(radius + 1)
	near.each(func(x, y int, away point) {
		covered := min(max(radius-away.length()+0.5, 0), 1)
		if covered == 0 {
			return
		}
		c.lay(x, y, lit(base, away.times(1/radius), gloss), covered)
	})
}

// lit is the tint of a round surface whose normal leans by lean out of the viewer's direction.
func lit(base tint, lean point, gloss float64) tint {
	up := math.Sqrt(max(0, 1-lean.x*lean.x-lean.y*lean.y))
	facing := -0.42*lean.x - 0.58*lean.y + 0.70*up
	mirrored := max(0, -0.23*lean.x-0.32*lean.y+0.92*up)
	shaded := base.toward(base.toward(hex(0x10141c), 0.62), 0.9-1.1*facing)
	return shaded.toward(hex(0xffffff), gloss*math.Pow(mirrored, 18))
}

// wireShadow darkens what lies under a wire that hovers height pixels above it.
func (c *canvas) wireShadow(along line, radius, height, depth float64) {
	along.moved(shadowOffset(height)).near(radius + height).each(func(x, y int, away point) {
		c.lay(x, y, hex(0x1b2433), depth*(1-smooth(radius-height, radius+height, away.length())))
	})
}

// plate paints a flat piece with rounded corners; shade is its tint at a pixel.
func (c *canvas) plate(corners line, rounding float64, shade func(at point) tint) {
	corners.around(rounding+1, func(x, y int, distance float64) {
		c.lay(x, y, shade(point{float64(x), float64(y)}), min(max(rounding-distance+0.5, 0), 1))
	})
}

// plateShadow darkens what lies under a plate that hovers height pixels above it.
func (c *canvas) plateShadow(corners line, rounding, height, depth float64) {
	corners.moved(shadowOffset(height)).around(rounding+height, func(x, y int, distance float64) {
		c.lay(x, y, hex(0x1b2433), depth*(1-smooth(rounding-height, rounding+height, distance)))
	})
}

func shadowOffset(height float64) point {
	return point{0.6 * height, 0.85 * height}
}

// withPlaySign adds the sign that says: this is a video.
func (c *canvas) withPlaySign() *canvas {
	middle := point{Side / 2, Side / 2}
	disc := line{middle, middle}
	disc.near(80).each(func(x, y int, away point) {
		c.lay(x, y, hex(0x1f2a3a), 0.72*min(max(75-away.length(), 0), 1))
	})
	triangle := line{{-20, -32}, {34, 0}, {-20, 32}}
	c.plate(triangle.moved(middle), 5, func(point) tint { return hex(0xffffff) })
	return c
}

// smooth rises from 0 at low to 1 at high without an edge.
func smooth(low, high, value float64) float64 {
	share := min(max((value-low)/(high-low), 0), 1)
	return share * share * (3 - 2*share)
}
