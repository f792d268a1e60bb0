package drawing

import "math"

// path is a bent line through its points.
type path []vector

// arc goes on along a circle in the plane of x and y, from one angle to another (degrees, 0 to the right, 90 up).
func (p path) arc(middle vector, radius, from, to float64) path {
	const steps = 40
	for i := range steps + 1 {
		sin, cos := math.Sincos((from + (to-from)*float64(i)/steps) * math.Pi / 180)
		p = append(p, middle.plus(vector{cos, sin, 0}.times(radius)))
	}
	return p
}

// curve goes on from the last point to the end in a cubic Bézier curve.
func (p path) curve(first, second, end vector) path {
	const steps = 24
	start := p[len(p)-1]
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		p = append(p, start.times(u*u*u).plus(first.times(3*u*u*t)).plus(second.times(3*u*t*t)).plus(end.times(t*t*t)))
	}
	return p
}

// placed scales the path and then puts it into the studio.
func (p path) placed(scale float64, at pose) path {
	placed := make(path, len(p))
	for i, v := range p {
		placed[i] = at.place(v.times(scale))
	}
	return placed
}

func (p path) mirrored() path {
	mirrored := make(path, len(p))
	for i, v := range p {
		mirrored[i] = vector{-v.x, v.y, v.z}
	}
	return mirrored
}

// fine has extra points, so that no two neighbours are further apart than step: the tree sorts short facets better.
func (p path) fine(step float64) path {
	fine := path{p[0]}
	for i, to := range p[1:] {
		from := p[i]
		pieces := int(math.Ceil(to.minus(from).length() / step))
		for k := 1; k <= pieces; k++ {
			fine = append(fine, from.toward(to, float64(k)/float64(pieces)))
		}
	}
	return fine
}

// section is what one sees where a swept body is cut: points around its path, with the directions that face outward. In
// both, x points to the side and y up.
type section struct{ points, outward path }

func round(radius float64) section {
	return oblong(radius, radius, 2)
}

// oblong is an oval of the given half width and half height. With the power 2 it is an ellipse, with more it becomes a
// rectangle with round corners.
func oblong(width, height, power float64) section {
	const sides = 18
	var cut section
	bend := func(v, p float64) float64 { return math.Copysign(math.Pow(math.Abs(v), p), v) }
	for i := range sides {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / sides)
		cut.points = append(cut.points, vector{width * bend(cos, 2/power), height * bend(sin, 2/power), 0})
		cut.outward = append(cut.outward, vector{bend(cos, 2-2/power) / width, bend(sin, 2-2/power) / height, 0}.unit())
	}
	return cut
}
