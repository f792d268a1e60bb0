package drawing

import "math"

const (
	clipLength = 3.3   // centimetres
	clipWire   = 0.062 // centimetres, the wire's radius
)

// clipBend is a paper clip of length 1 whose outer end points away from the camera. Its inner tongue starts at the
// returned index: when the clip holds paper, the tongue is behind the sheets.
func clipBend() (wire path, tongue int) {
	wire = path{{-0.165, -0.24, 0}}.arc(vector{0, 0.335, 0}, 0.165, 180, 0)
	tongue = len(wire)
	wire = wire.arc(vector{0.0275, -0.36, 0}, 0.1375, 0, -180)
	return append(wire.arc(vector{-0.005, 0.18, 0}, 0.105, 180, 0), vector{0.1, -0.22, 0}), tongue
}

// paperClip adds a clip that lies with its wire on the pose's plane.
func (m *mesh) paperClip(at pose) {
	wire, tongue := clipBend()
	for i := range wire {
		wire[i].z = 0.012 * smooth(0, 1, float64(i-tongue)/40) // the tongue springs up a little
	}
	m.bent(wire, at)
}

// holdingClip adds a clip that holds a sheet whose upper side is the pose's plane: the tongue is below it.
func (m *mesh) holdingClip(at pose) {
	wire, tongue := clipBend()
	for i := range wire {
		wire[i].z = -0.05 * smooth(0, 1, (float64(i-tongue)-8)/22)
	}
	m.bent(wire, at)
}

func (m *mesh) bent(wire path, at pose) {
	wire = wire.fine(0.03).placed(clipLength, pose{at: vector{0, 0, clipWire}})
	m.wire(wire.placed(1, at), clipWire, at.direct(vector{0, 0, 1}), steel())
}

// onePaperClip is a clip that leans to the left (-1) or to the right (1).
func onePaperClip(side float64) *scene {
	s := &scene{camera: camera{at: vector{0.05, -0.05, 0}, height: 58, width: 4.4}}
	wire, tongue := clipBend()
	if side < 0 {
		wire = wire.mirrored()
	}
	for i := range wire {
		wire[i].z = 0.02 * smooth(0, 1, float64(i-tongue)/40)
	}
	s.things.bent(wire, pose{turn: -32 * side})
	return s
}

// paperClips are some clips beside a stack of letters, and one that holds the uppermost.
func paperClips() *scene {
	s := &scene{camera: camera{at: vector{0.05, -0.1, 0}, height: 56, width: 12.4}}
	s.things.letters(pose{at: vector{-2.05, 0.15, 0}, turn: 9})
	for _, clip := range []pose{
		{at: vector{3.3, 2.7, 0}, turn: -38},
		{at: vector{4.2, 0.1, 0}, turn: 18},
		{at: vector{3.0, -2.5, 0}, turn: -72},
		{at: vector{3.75, -2.1, 0.13}, turn: 24, tilt: 0, roll: 0},
	} {
		s.things.paperClip(clip)
	}
	return s
}

// letters adds a stack of sheets, the uppermost held by a clip.
func (m *mesh) letters(at pose) {
	const sheet, width, height = 0.035, 5.4, 7.6
	for i, turn := range []float64{5, -3.5, 2, -1, 0} {
		place := at
		place.turn += turn
		place.at.z = sheet * float64(i)
		stuff := &material{color: hex(0xf4f1ea)}
		if i == 4 {
			stuff.print = written(place)
		}
		m.slab(vector{width, height, sheet}, place, stuff)
	}
	top := at
	top.at = at.place(vector{-1.3, height/2 - 0.86, 5 * sheet})
	top.turn += 180
	m.holdingClip(top)
}

// written is a letter that nobody can read, on a sheet in the pose.
func written(sheet pose) func(vector) vector {
	paper, ink := hex(0xfbf9f4), hex(0xa9b0ba)
	ends := []float64{0.1, 1.9, 1.6, 2.0, 1.2, 1.96, 1.76, 0.6}
	back := pose{turn: -sheet.turn}
	return func(at vector) vector {
		p := back.place(at.minus(sheet.at))
		line := (1.6 - p.y) / 0.58
		row := int(math.Floor(line))
		if row < 0 || row >= len(ends) || p.x < -2.0 || p.x > ends[row] || line-float64(row) > 0.22 {
			return paper
		}
		return ink
	}
}
