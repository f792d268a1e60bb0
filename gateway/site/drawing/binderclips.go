package drawing

import "math"

const inch = 2.54 // centimetres

// A binder clip is described with the width 1. It stands on its back, the jaw is up.
const (
	clipHeight = 0.56
	clipDepth  = 0.44 // of the back
	clipSheet  = 0.018
	tube       = 0.034 // radius of the rolls that hold the handles
)

func blackSteel() *material { return &material{color: hex(0x23262b), gloss: 0.06, blur: 0.12} }

// clipHandle is the wire of one handle, flat and upright, from one roll of the jaw to the other.
func clipHandle() path {
	left := path{{-0.40, 0, 0}, {-0.26, 0, 0}}.
		curve(vector{-0.13, 0, 0.01}, vector{-0.105, 0, 0.13}, vector{-0.105, 0, 0.25}).
		curve(vector{-0.105, 0, 0.37}, vector{-0.19, 0, 0.39}, vector{-0.19, 0, 0.53}).
		curve(vector{-0.19, 0, 0.66}, vector{-0.11, 0, 0.72}, vector{0, 0, 0.72})
	right := left.mirrored()
	for i := len(right) - 2; i >= 0; i-- {
		left = append(left, right[i])
	}
	return left
}

// clipProfile is the middle of the bent sheet, seen from the side: down from the jaw, along the back, up to the jaw.
func clipProfile() path {
	const bend = 0.06
	front := path{{0, -tube, clipHeight}, {0, -clipDepth/2 + 0.012, bend}}.
		curve(vector{0, -clipDepth / 2, 0.012}, vector{0, -clipDepth / 2, clipSheet / 2}, vector{0, -clipDepth/2 + bend, clipSheet / 2})
	for i := len(front) - 1; i >= 0; i-- {
		front = append(front, vector{0, -front[i].y, front[i].z})
	}
	return front.fine(0.04)
}

// binderClip adds a clip that stands on the pose's plane, width centimetres wide. Its handles lean outward by degrees.
func (m *mesh) binderClip(width, front, back float64, at pose) {
	m.clipBody(width, at)
	for i, lean := range []float64{front, back} {
		side := float64(2*i - 1)
		hinge := vector{0, 1.1 * side * tube, clipHeight}
		handle := clipHandle().fine(0.05).placed(1, pose{at: hinge, tilt: -side * lean}).placed(width, at)
		upright := at.direct(pose{tilt: -side * lean}.direct(vector{0, 1, 0}))
		m.wire(handle, 0.021*width, upright, steel())
		for _, end := range []float64{-1, 1} {
			roll := path{{0.25 * end, 0, 0}, {0.425 * end, 0, 0}}.placed(1, pose{at: hinge}).placed(width, at)
			m.wire(roll, tube*width, at.direct(vector{0, 0, 1}), blackSteel())
		}
	}
}

// clipBody adds the bent sheet, which is narrower at the jaw.
func (m *mesh) clipBody(width float64, at pose) {
	stuff := blackSteel()
	profile := clipProfile()
	var before [4]corner
	for i, p := range profile {
		along := profile[min(i+1, len(profile)-1)].minus(profile[max(i-1, 0)]).unit()
		out := vector{0, along.z, -along.y}
		half := 0.49 - 0.07*p.z/clipHeight
		edge := func(side, layer float64) corner {
			p := vector{side * half, p.y, p.z}.plus(out.times(layer * clipSheet / 2))
			bulged := out.times(layer).plus(vector{0.30 * side * half * layer, 0, 0.55 * (p.z - 0.3) * layer})
			return corner{at.place(p.times(width)), at.direct(bulged.unit())}
		}
		now := [4]corner{edge(-1, 1), edge(1, 1), edge(1, -1), edge(-1, -1)}
		if i > 0 {
			m.quad(before[0], now[0], now[1], before[1], stuff)
			m.quad(before[2], now[2], now[3], before[3], stuff)
			m.flat(before[1].at, now[1].at, now[2].at, before[2].at, stuff)
			m.flat(before[3].at, now[3].at, now[0].at, before[0].at, stuff)
		}
		before = now
	}
}

// oneBinderClip is a clip, so many inches wide, behind a ruler that tells its size.
func oneBinderClip(inches float64) *scene {
	view := 3.9 + 3.2*inches
	s := &scene{camera: camera{at: vector{0, 0, 0.95 + 0.95*inches}, height: 27, side: -16, width: view}}
	width := inches * inch
	s.things.binderClip(width, 16, 16, pose{at: vector{0, 0.25 * width, 0}, turn: 0})
	s.things.ruler(pose{at: vector{0, -0.12*width - 1.1, 0}}, 1.4*view, width/2)
	return s
}

// binderClips are the three sizes beside each other.
func binderClips() *scene {
	s := &scene{camera: camera{at: vector{0.25, -0.2, 2.35}, height: 27, width: 12.6}}
	s.things.binderClip(2*inch, 18, 14, pose{at: vector{-2.6, 0.8, 0}, turn: 24})
	s.things.binderClip(1.25*inch, 18, 14, pose{at: vector{2.5, 0.9, 0}, turn: 10})
	s.things.binderClip(0.75*inch, 18, 14, pose{at: vector{3.7, -2.2, 0}, turn: -6})
	return s
}

// ruler adds a wooden ruler that lies along x, with a mark for every eighth of an inch along its far edge; an inch
// begins so far to the left of the pose.
func (m *mesh) ruler(at pose, length, zero float64) {
	const width, thick = 1.7, 0.18
	wood, ink := hex(0xe3c48d), hex(0x5f4b2c)
	m.slab(vector{length, width, thick}, at, &material{color: wood, print: func(p vector) vector {
		eighths := (p.x + zero) / inch * 8
		eighth := math.Round(eighths)
		near, edge := math.Abs(eighths-eighth)*inch/8, at.at.y+width/2-p.y
		if p.z < at.at.z+thick-closest || near > 0.022 || edge > markLength(int(eighth)) {
			return wood.times(1 - 0.05*math.Sin(9*p.y+0.6*math.Sin(0.8*p.x)))
		}
		return ink
	}})
}

func markLength(eighth int) float64 {
	switch {
	case eighth%8 == 0:
		return 0.85
	case eighth%4 == 0:
		return 0.58
	}
	return 0.34
}
