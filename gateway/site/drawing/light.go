package drawing

import "math"

// The studio: one large soft lamp up on the left behind the goods, a white tent that gives light from everywhere else,
// and a paper floor at z 0 without end. The floor in full light is what white is measured by: lamp and tent together
// give it 1.
const (
	lampShare = 0.62 // of the floor's light
	tentShare = 1 - lampShare
	lampWidth = 0.16 // radius of the lamp, from one centimetre away
	closest   = 1e-4 // centimetres a ray starts away from the surface that it comes from
	farthest  = 200  // centimetres after which nothing can be met
)

func lamp() vector { return vector{-0.50, 0.34, 0.80}.unit() }

// spread gives places in a square that are evenly spread for every beginning of the row, and the same every time. Shift
// moves the whole pattern, so that neighbouring pixels do not make the same mistake.
func spread(i int, shift vector) (x, y float64) {
	_, x = math.Modf(shift.x + 0.5 + float64(i)*0.7548776662466927)
	_, y = math.Modf(shift.y + 0.5 + float64(i)*0.5698402909980532)
	return x, y
}

// grain is a shift for a pixel that has nothing to do with those of its neighbours.
func grain(x, y int) vector {
	mixed := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 //nolint:gosec // only the bits count
	mixed = (mixed ^ mixed>>15) * 0x2c1b3c6d
	mixed = (mixed ^ mixed>>12) * 0x297a2d39
	mixed ^= mixed >> 15
	return vector{float64(mixed>>16) / 0x10000, float64(mixed&0xffff) / 0x10000, 0}
}

// towardLamp is a way to one place of the lamp.
func towardLamp(x, y float64) vector {
	side, up := lamp().axes()
	sin, cos := math.Sincos(2 * math.Pi * x)
	radius := lampWidth * math.Sqrt(y)
	return lamp().plus(side.times(radius * cos)).plus(up.times(radius * sin)).unit()
}

// upward is a way out of a surface, most often straight out: as light arrives from the tent.
func upward(facing vector, x, y float64) vector {
	side, up := facing.axes()
	sin, cos := math.Sincos(2 * math.Pi * x)
	radius := math.Sqrt(y)
	return side.times(radius * cos).plus(up.times(radius * sin)).plus(facing.times(math.Sqrt(1 - y)))
}

// tent is what a mirror shows of the studio in a direction above the floor. Blur (0 to 1) widens the edges.
func tent(d vector, blur float64) vector {
	edge := 0.05 + 0.5*blur
	light := 0.34 + 0.30*smooth(0.1, 0.9, d.z)
	light -= 0.26 * (1 - smooth(0.06, 0.30+edge, d.z)) // a dark border, without which metal looks like plaster
	light -= 0.22 * smooth(0.35-edge, 0.75+edge, -d.y) // and the camera's side
	light += 1.9 * smooth(0.86-edge, 0.90+edge/2, d.dot(lamp()))
	light += 1.5 * smooth(0.68-edge, 1.0, d.dot(vector{-0.15, -0.78, 0.55}.unit())) // a panel above the camera
	light += 0.85 * smooth(0.93-edge, 0.96+edge/2, d.dot(vector{0.80, 0.35, 0.48}.unit()))
	return vector{1, 1.005, 1.015}.times(max(light, 0.04))
}

// floor is how much light arrives at each place of a part of the floor, measured once and then looked up: shadows are
// soft, and most of the picture is floor.
type floor struct {
	low, size vector
	width     int // places along x
	height    int // places along y
	light     []vector
}

const tile = 4 // so many places in a row share their measurements

// measured lays the floor's map over everything that can throw a shadow. Detail is the number of places along its
// longer side.
func measured(t *tree, detail int) *floor {
	low, high := t.branches[0].low, t.branches[0].high
	margin := vector{1, 1, 0}.times(0.8 + 1.6*high.z)
	low, high = low.minus(margin), high.plus(margin)
	f := &floor{low: low, size: high.minus(low)}
	step := max(f.size.x, f.size.y) / float64(detail)
	f.width, f.height = int(f.size.x/step)+1, int(f.size.y/step)+1
	f.light = make([]vector, f.width*f.height)
	inRows(f.height, func(y int) {
		for x := range f.width {
			f.light[y*f.width+x] = t.arriving(f.place(x, y), x%tile+tile*(y%tile))
		}
	})
	f.level()
	return f
}

func (f *floor) place(x, y int) vector {
	return vector{
		f.low.x + f.size.x*float64(x)/float64(f.width-1),
		f.low.y + f.size.y*float64(y)/float64(f.height-1),
		closest,
	}
}

// arriving measures the light at a place of the floor: one of the 16 parts of a long row of measurements.
func (t *tree) arriving(at vector, part int) vector {
	const measurements = 20
	var sum vector
	for i := range measurements {
		x, y := spread(i*tile*tile+part, vector{})
		if !t.blocked(ray{at, towardLamp(x, y)}, farthest) {
			sum = sum.plus(vector{1, 0.995, 0.98}.times(lampShare))
		}
		sky := ray{at, upward(vector{0, 0, 1}, x, y)}
		if found, met := t.nearest(sky, farthest); met {
			sum = sum.plus(t.mesh.skins[found.facet].stuff.color.times(0.35 * tentShare))
		} else {
			sum = sum.plus(vector{1, 1.005, 1.02}.times(tentShare))
		}
	}
	return sum.times(1.0 / measurements)
}

// level takes the mean over whole tiles, in which every part of the measurements occurs once: nothing flickers.
func (f *floor) level() {
	f.light = f.averaged(func(x, y, k int) (int, int) { return x + k, y })
	f.light = f.averaged(func(x, y, k int) (int, int) { return x, y + k })
}

func (f *floor) averaged(neighbour func(x, y, k int) (int, int)) []vector {
	even := make([]vector, len(f.light))
	for i := range f.light {
		for k := range tile {
			x, y := neighbour(i%f.width, i/f.width, k-tile/2)
			x, y = min(max(x, 0), f.width-1), min(max(y, 0), f.height-1)
			even[i] = even[i].plus(f.light[y*f.width+x].times(1.0 / tile))
		}
	}
	return even
}

// at is the light at a place of the floor. Toward the border of the map, the remaining shadow is faded out.
func (f *floor) at(place vector) vector {
	full := vector{1, 1, 1}
	x, y := (place.x-f.low.x)/f.size.x, (place.y-f.low.y)/f.size.y
	border := min(x, 1-x, y, 1-y)
	if border <= 0 {
		return full
	}
	x = x*float64(f.width-1) + 0.5 // a tile's middle lies half a step before its place
	y = y*float64(f.height-1) + 0.5
	left, low := min(int(x), f.width-2), min(int(y), f.height-2)
	row := func(y int) vector {
		at := y*f.width + left
		return f.light[at].toward(f.light[at+1], x-float64(left))
	}
	return full.toward(row(low).toward(row(low+1), y-float64(low)), smooth(0, 0.08, border))
}
