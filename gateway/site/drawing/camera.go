package drawing

import (
	"image"
	"image/color"
	"math"
	"runtime"
	"sync"
)

// camera looks at a place of the studio from a height and a side, in degrees, and shows so many centimetres from left
// to right there.
type camera struct {
	at           vector
	height, side float64
	width        float64
}

const lens = 3.2 // how many of its pictures' widths the camera is away: far enough that nothing looks bent

// aim gives the ray through a place of the picture; u goes from -1/2 on the left to 1/2 on the right, v is up in the
// same measure.
func (c camera) aim() func(u, v float64) ray {
	sin, cos := math.Sincos(c.height * math.Pi / 180)
	sinSide, cosSide := math.Sincos(c.side * math.Pi / 180)
	away := vector{sinSide * cos, -cosSide * cos, sin}
	right := vector{cosSide, sinSide, 0}
	up := away.cross(right)
	eye := c.at.plus(away.times(lens * c.width))
	return func(u, v float64) ray {
		aimed := c.at.plus(right.times(u * c.width)).plus(up.times(v * c.width))
		return ray{eye, aimed.minus(eye).unit()}
	}
}

// scene is what is drawn: things, and a camera.
type scene struct {
	things mesh
	camera camera
}

const card = 0xe9e6e1 // the floor's warm light grey, which is calm on a white and on a black page

// photograph draws the scene.
func (s *scene) photograph(width, height int) *image.RGBA {
	t := grow(&s.things)
	room := &studio{tree: t, floor: measured(t, max(min(width*2/5, 320), 160)), card: hex(card)}
	film := &film{room: room, aim: s.camera.aim(), width: width, height: height, met: make([]*material, width*height)}
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	inRows(height, film.look)
	inRows(height, func(y int) {
		for x := range width {
			picture.SetRGBA(x, y, developed(film.pixel(x, y)))
		}
	})
	return picture
}

// film is a picture while it is drawn.
type film struct {
	room          *studio
	aim           func(u, v float64) ray
	width, height int
	met           []*material // behind the middle of each pixel; nil is the floor
}

func (f *film) ray(x, y float64) ray {
	width := float64(f.width)
	return f.aim((x-width/2)/width, (float64(f.height)/2-y)/width)
}

func (f *film) look(y int) {
	for x := range f.width {
		if found, met := f.room.tree.nearest(f.ray(float64(x)+0.5, float64(y)+0.5), farthest); met {
			f.met[y*f.width+x] = f.room.tree.mesh.skins[found.facet].stuff
		}
	}
}

// pixel is the light of a pixel. Where there is nothing but floor it is the same all over the pixel, else it is the mean
// of many places.
func (f *film) pixel(x, y int) vector {
	fall := f.fall(x, y)
	if f.empty(x, y) {
		return f.room.beyond(f.ray(float64(x)+0.5, float64(y)+0.5), 0).times(fall)
	}
	across := f.places(x, y)
	shift := grain(x, y)
	var sum vector
	for i := range across * across {
		right, down := (float64(i%across)+0.5)/float64(across), (float64(i/across)+0.5)/float64(across)
		way, turn := spread(i, shift)
		light := f.room.seen(f.ray(float64(x)+right, float64(y)+down), way, turn)
		sum = sum.plus(light.lowest(vector{3, 3, 3}))
	}
	return sum.times(fall / float64(across*across))
}

// fall is how the light fades from the upper left corner to the lower right one.
func (f *film) fall(x, y int) float64 {
	u, v := float64(x)/float64(f.width)-0.3, float64(y)/float64(f.height)-0.25
	return 1.05 - 0.20*smooth(0, 1.1, math.Hypot(u, v))
}

// places is how many rows of places are looked at in a pixel: more where an edge runs through it, and where uneven light
// would be seen.
func (f *film) places(x, y int) int {
	if stuff := f.met[y*f.width+x]; f.alike(x, y) && (stuff.metal || stuff.color.length() < 0.1) {
		return 3
	}
	return 4
}

func (f *film) empty(x, y int) bool { return f.met[y*f.width+x] == nil && f.alike(x, y) }

// alike says that the pixel and those around it show the same thing.
func (f *film) alike(x, y int) bool {
	stuff := f.met[y*f.width+x]
	for beside := max(x-1, 0); beside <= min(x+1, f.width-1); beside++ {
		for above := max(y-1, 0); above <= min(y+1, f.height-1); above++ {
			if f.met[above*f.width+beside] != stuff {
				return false
			}
		}
	}
	return true
}

// developed turns light into a pixel: what is much brighter than paper keeps its shape instead of becoming one white
// patch.
func developed(light vector) color.RGBA {
	level := func(share float64) uint8 {
		const knee = 0.80
		if share > knee {
			share = knee + (1-knee)*(1-math.Exp((knee-share)/(1-knee)))
		}
		return uint8(math.Round(255 * math.Pow(max(share, 0), 1/2.2)))
	}
	return color.RGBA{R: level(light.x), G: level(light.y), B: level(light.z), A: 0xff}
}

// inRows does the work of every row, on all processors, and waits for it.
func inRows(rows int, work func(y int)) {
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for first := range workers {
		wait.Go(func() {
			for y := first; y < rows; y += workers {
				work(y)
			}
		})
	}
	wait.Wait()
}
