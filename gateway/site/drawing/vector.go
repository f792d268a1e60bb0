package drawing

import "math"

// vector is a place or a direction in the studio, in centimetres: x to the right, y away from the camera, z up. It is
// also a color, as linear red, green and blue.
type vector struct{ x, y, z float64 }

func (v vector) plus(w vector) vector          { return vector{v.x + w.x, v.y + w.y, v.z + w.z} }
func (v vector) minus(w vector) vector         { return vector{v.x - w.x, v.y - w.y, v.z - w.z} }
func (v vector) times(factor float64) vector   { return vector{v.x * factor, v.y * factor, v.z * factor} }
func (v vector) filtered(w vector) vector      { return vector{v.x * w.x, v.y * w.y, v.z * w.z} }
func (v vector) dot(w vector) float64          { return v.x*w.x + v.y*w.y + v.z*w.z }
func (v vector) length() float64               { return math.Sqrt(v.dot(v)) }
func (v vector) unit() vector                  { return v.times(1 / v.length()) }
func (v vector) mirrored(normal vector) vector { return v.minus(normal.times(2 * v.dot(normal))) }
func (v vector) toward(w vector, share float64) vector {
	return v.plus(w.minus(v).times(min(max(share, 0), 1)))
}

func (v vector) cross(w vector) vector {
	return vector{v.y*w.z - v.z*w.y, v.z*w.x - v.x*w.z, v.x*w.y - v.y*w.x}
}

func (v vector) lowest(w vector) vector {
	return vector{min(v.x, w.x), min(v.y, w.y), min(v.z, w.z)}
}

func (v vector) highest(w vector) vector {
	return vector{max(v.x, w.x), max(v.y, w.y), max(v.z, w.z)}
}

// axes are two directions at right angles to v, which has length 1, and to each other.
func (v vector) axes() (vector, vector) {
	other := vector{1, 0, 0}
	if math.Abs(v.x) > 0.7 {
		other = vector{0, 1, 0}
	}
	first := v.cross(other).unit()
	return first, v.cross(first)
}

// hex reads 0xRRGGBB, as colors are written for screens, into linear light.
func hex(code int) vector {
	channel := func(shift int) float64 { return math.Pow(float64(code>>shift&0xff)/255, 2.2) }
	return vector{channel(16), channel(8), channel(0)}
}

// smooth rises from 0 at low to 1 at high without an edge.
func smooth(low, high, value float64) float64 {
	share := min(max((value-low)/(high-low), 0), 1)
	return share * share * (3 - 2*share)
}

// pose puts a thing that was built around the origin into the studio: degrees of roll about its y axis, of tilt about
// its x axis and of turn about the upright, in this order, and then a move.
type pose struct {
	at               vector
	turn, tilt, roll float64
}

func (p pose) place(v vector) vector { return p.direct(v).plus(p.at) }

// direct turns a direction, which has no place that could be moved.
func (p pose) direct(v vector) vector {
	sin, cos := math.Sincos(p.roll * math.Pi / 180)
	v.x, v.z = v.x*cos+v.z*sin, v.z*cos-v.x*sin
	sin, cos = math.Sincos(p.tilt * math.Pi / 180)
	v.y, v.z = v.y*cos-v.z*sin, v.z*cos+v.y*sin
	sin, cos = math.Sincos(p.turn * math.Pi / 180)
	v.x, v.y = v.x*cos-v.y*sin, v.y*cos+v.x*sin
	return v
}
