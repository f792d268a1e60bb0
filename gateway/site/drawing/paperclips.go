package drawing

// clipWire is a paper clip of length 1 that opens upward. Its inner tongue starts at the returned index: when the clip
// holds paper, the part before is behind the sheets.
func clipWire() (wire line, tongue int) {
	wire = line{{-0.165, 0.24}}.arc(point{0, -0.335}, 0.165, 180, 360)
	tongue = len(wire)
	wire = wire.arc(point{0.0275, 0.36}, 0.1375, 0, 180)
	return append(wire.arc(point{-0.005, -0.18}, 0.105, 180, 360), point{0.1, 0.22}), tongue
}

func (c *canvas) steel(wire line, radius float64) {
	c.wireShadow(wire, radius, 1.1*radius, 0.30)
	c.wire(wire, radius, hex(0xc9d2dd), 0.95)
}

// paperClip is one clip that leans to the left (-1) or to the right (1).
func paperClip(side float64) *canvas {
	c := newCanvas(0xbdd3e0)
	wire, _ := clipWire()
	if side < 0 {
		wire = wire.mirrored()
	}
	c.steel(wire.placed(point{Side / 2, Side / 2}, 470, 32*side), 11)
	return c
}

// paperClips are some clips beside a stack of letters, and one that holds the uppermost.
func paperClips() *canvas {
	c := newCanvas(0xbdd3e0)
	wire, tongue := clipWire()
	const turned = -9
	at := point{215, 325}
	c.sheet(at.plus(point{10, 8}), turned+7, 0xe9e6dd)
	c.sheet(at.plus(point{-5, 4}), turned-4, 0xf1efe8)
	holding := wire.placed(point{190, 199}, 190, turned+180)
	c.steel(holding, 5)
	c.sheet(at, turned, 0xfcfbf7)
	c.letter(at, turned)
	const bend = 8 // the first points of the bend are behind the edge, too
	c.steel(holding[tongue+bend:], 5)
	for _, clip := range []struct {
		at      point
		degrees float64
	}{{point{480, 135}, 38}, {point{500, 325}, -24}, {point{487, 492}, 66}} {
		c.steel(wire.placed(clip.at, 190, clip.degrees), 5)
	}
	return c
}

func (c *canvas) sheet(at point, degrees float64, paper int) {
	corners := line{{-135, -190}, {135, -190}, {135, 190}, {-135, 190}}.placed(at, 1, degrees)
	c.plateShadow(corners, 2, 7, 0.28)
	c.plate(corners, 2, func(point) tint { return hex(paper) })
}

// letter writes lines that nobody can read.
func (c *canvas) letter(at point, degrees float64) {
	ends := []float64{-10, 95, 80, 100, 60, 98, 88, 30}
	for i, end := range ends {
		y := -70 + 30*float64(i)
		strip := line{{-100, y}, {end, y}}.placed(at, 1, degrees)
		strip.near(4).each(func(x, y int, away point) {
			c.lay(x, y, hex(0x9aa7b8), 0.55*min(max(3.5-away.length(), 0), 1))
		})
	}
}
