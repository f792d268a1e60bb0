package drawing

import "math"

// A binder clip is described with the width 1: it stands on its back at y 0, the jaw is up.
func clipBody() line { return line{{-0.42, -0.50}, {0.42, -0.50}, {0.48, -0.02}, {-0.48, -0.02}} }

// clipHandle is the wire of one handle, from one end of the jaw to the other.
func clipHandle() line {
	left := line{{-0.32, -0.53}, {-0.26, -0.53}}.
		curve(point{-0.13, -0.54}, point{-0.105, -0.66}, point{-0.105, -0.78}).
		curve(point{-0.105, -0.90}, point{-0.2, -0.92}, point{-0.2, -1.06}).
		curve(point{-0.2, -1.19}, point{-0.11, -1.25}, point{0, -1.25})
	right := left.mirrored()
	for i := len(right) - 1; i >= 0; i-- {
		left = append(left, right[i])
	}
	return left
}

// binderClip is one clip, width inches wide, on a ruler that tells its size.
func binderClip(width float64) *canvas {
	const inch = 185
	ground := Side/2 + 0.62*width*inch
	c := newCanvas(0xe6d9c6)
	left := (Side - width*inch) / 2
	c.ruler(ground, inch, left)
	c.standing(point{Side / 2, ground - 4}, width*inch)
	return c
}

// binderClips are the three sizes beside each other.
func binderClips() *canvas {
	const inch, ground = 122, 410
	c := newCanvas(0xe6d9c6)
	c.standing(point{165, ground}, 2*inch)
	c.standing(point{386, ground}, 1.25*inch)
	c.standing(point{527, ground}, 0.75*inch)
	return c
}

// standing paints a clip of the given width, in pixels, that stands on a place.
func (c *canvas) standing(at point, width float64) {
	steel := 0.021 * width
	behind := clipHandle()
	for i, p := range behind {
		behind[i] = point{0.9 * p.x, -0.53 + 0.8*(p.y+0.53)}
	}
	behind = behind.placed(at, width, 0)
	c.wireShadow(behind, steel, 0.03*width, 0.2)
	c.wire(behind, steel, hex(0x98a2ae), 0.7)

	body, rounding := clipBody().placed(at, width, 0), 0.02*width
	c.plateShadow(body, rounding, 0.05*width, 0.4)
	c.plate(body, rounding, func(p point) tint { return blackSteel(p.minus(at).times(1 / width)) })
	for _, side := range []float64{-1, 1} {
		c.wire(line{{0.26 * side, -0.53}, {0.42 * side, -0.53}}.placed(at, width, 0), 0.042*width, hex(0x3d434d), 0.45)
	}

	handle := clipHandle().placed(at, width, 0)
	c.wireShadow(handle, steel, 0.03*width, 0.25)
	c.wire(handle, steel, hex(0xc9d2dd), 0.95)
	for _, side := range []float64{-1, 1} {
		c.wire(line{{0.27 * side, -0.53}, {0.42 * side, -0.53}}.placed(at, width, 0), 0.042*width, hex(0x3d434d), 0.45)
	}
}

// blackSteel shines in a slanting stripe, and along the bend where the back begins.
func blackSteel(p point) tint {
	base := hex(0x343942).toward(hex(0x15181d), smooth(-0.5, 0, p.y))
	slant, height := (p.x+0.22+0.25*(p.y+0.25))/0.09, (p.y+0.075)/0.012
	stripe, bend := math.Exp(-slant*slant), math.Exp(-height*height)
	return base.toward(hex(0xffffff), 0.20*stripe+0.16*bend)
}

// ruler lies along the lower edge, with a mark for every eighth of an inch, counted from zero.
func (c *canvas) ruler(top, inch, zero float64) {
	wood := line{{-20, top}, {Side + 20, top}, {Side + 20, top + 60}, {-20, top + 60}}
	c.plateShadow(wood, 0, 6, 0.3)
	c.plate(wood, 0, func(p point) tint { return hex(0xf3dfae).toward(hex(0xe2c588), (p.y-top)/60) })
	for eighth := -int(zero/inch*8) - 1; zero+float64(eighth)*inch/8 < Side; eighth++ {
		x := zero + float64(eighth)*inch/8
		mark := line{{x, top + 1}, {x, top + 1 + markLength(eighth)}}
		mark.near(3).each(func(x, y int, away point) {
			c.lay(x, y, hex(0x6b5327), 0.8*min(max(1.4-away.length(), 0), 1))
		})
	}
}

func markLength(eighth int) float64 {
	switch {
	case eighth%8 == 0:
		return 32
	case eighth%4 == 0:
		return 21
	}
	return 12
}
