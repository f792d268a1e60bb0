package drawing

import (
	"image"
	"math"
)

// point is a place or a direction: x to the right, y down, in pixels where it is painted.
type point struct{ x, y float64 }

func (p point) plus(q point) point         { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point        { return point{p.x - q.x, p.y - q.y} }
func (p point) times(factor float64) point { return point{p.x * factor, p.y * factor} }
func (p point) dot(q point) float64        { return p.x*q.x + p.y*q.y }
func (p point) length() float64            { return math.Hypot(p.x, p.y) }

// line is a bent line through its points, or the outline of a plate with these corners.
type line []point

// placed turns the line by degrees (clockwise), scales it and moves its origin to a place of the picture.
func (l line) placed(at point, scale, degrees float64) line {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	placed := make(line, len(l))
	for i, p := range l {
		placed[i] = point{p.x*cos - p.y*sin, p.x*sin + p.y*cos}.times(scale).plus(at)
	}
	return placed
}

func (l line) moved(by point) line { return l.placed(by, 1, 0) }

func (l line) mirrored() line {
	mirrored := make(line, len(l))
	for i, p := range l {
		mirrored[i] = point{-p.x, p.y}
	}
	return mirrored
}

// arc goes on along a circle, from one angle to another (degrees, 0 to the right, 90 down).
func (l line) arc(middle point, radius, from, to float64) line {
	const steps = 40
	for i := range steps + 1 {
		sin, cos := math.Sincos((from + (to-from)*float64(i)/steps) * math.Pi / 180)
		l = append(l, middle.plus(point{cos, sin}.times(radius)))
	}
	return l
}

// curve goes on from the last point to the end in a cubic Bézier curve.
func (l line) curve(first, second, end point) line {
	const steps = 24
	start := l[len(l)-1]
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		l = append(l, start.times(u*u*u).plus(first.times(3*u*u*t)).plus(second.times(3*u*t*t)).plus(end.times(t*t*t)))
	}
	return l
}

// pixels is the part of the picture that is at most reach away from the line's points.
func (l line) pixels(reach float64) image.Rectangle {
	low, high := l[0], l[0]
	for _, p := range l {
		low = point{min(low.x, p.x), min(low.y, p.y)}
		high = point{max(high.x, p.x), max(high.y, p.y)}
	}
	around := image.Rect(int(low.x-reach)-1, int(low.y-reach)-1, int(high.x+reach)+2, int(high.y+reach)+2)
	return around.Intersect(image.Rect(0, 0, Side, Side))
}

// nearness knows for the pixels of a rectangle how they lie to the nearest place of a line.
type nearness struct {
	pixels image.Rectangle
	away   []point
}

// near looks at the pixels within reach of the line, piece by piece, since most of them are far from most pieces.
func (l line) near(reach float64) nearness {
	all := l.pixels(reach)
	found := nearness{pixels: all, away: make([]point, all.Dx()*all.Dy())}
	for i := range found.away {
		found.away[i] = point{Side, Side}
	}
	for i := range l[1:] {
		piece := l[i : i+2]
		for y := piece.pixels(reach).Min.Y; y < piece.pixels(reach).Max.Y; y++ {
			found.row(y, piece, piece.pixels(reach))
		}
	}
	return found
}

func (n nearness) row(y int, piece line, within image.Rectangle) {
	for x := within.Min.X; x < within.Max.X; x++ {
		at := &n.away[(y-n.pixels.Min.Y)*n.pixels.Dx()+x-n.pixels.Min.X]
		if away := offset(point{float64(x), float64(y)}, piece[0], piece[1]); away.dot(away) < at.dot(*at) {
			*at = away
		}
	}
}

func (n nearness) each(visit func(x, y int, away point)) {
	for i, away := range n.away {
		visit(n.pixels.Min.X+i%n.pixels.Dx(), n.pixels.Min.Y+i/n.pixels.Dx(), away)
	}
}

// offset leads to p from the nearest place between from and to.
func offset(p, from, to point) point {
	along := to.minus(from)
	share := 0.0
	if square := along.dot(along); square > 0 {
		share = min(max(p.minus(from).dot(along)/square, 0), 1)
	}
	return p.minus(from).minus(along.times(share))
}

// around visits the pixels within reach of a plate with their distance from its edge, negative inside.
func (l line) around(reach float64, visit func(x, y int, distance float64)) {
	within := l.pixels(reach)
	for y := within.Min.Y; y < within.Max.Y; y++ {
		for x := within.Min.X; x < within.Max.X; x++ {
			visit(x, y, l.distance(point{float64(x), float64(y)}))
		}
	}
}

func (l line) distance(p point) float64 {
	nearest, inside := math.Inf(1), false
	for i, from := range l {
		to := l[(i+1)%len(l)]
		nearest = min(nearest, offset(p, from, to).length())
		crosses := (from.y > p.y) != (to.y > p.y) && p.x < from.x+(to.x-from.x)*(p.y-from.y)/(to.y-from.y)
		inside = inside != crosses
	}
	if inside {
		return -nearest
	}
	return nearest
}
