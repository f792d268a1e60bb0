package drawing

import "math"

func rubber(color int) *material {
	return &material{color: hex(color), gloss: 0.035, blur: 0.5, soften: 0.35}
}

// heap knows how high things are piled up at each place, so that a band that falls on them comes to lie on top.
type heap struct {
	side, step float64 // of the square around the origin, in centimetres
	height     []float64
}

func newHeap(side float64) *heap {
	const step = 0.05
	across := int(side/step) + 1
	return &heap{side: side, step: step, height: make([]float64, across*across)}
}

// each visits the places around a place.
func (h *heap) each(at vector, reach float64, visit func(height *float64)) {
	across := int(h.side/h.step) + 1
	column := func(v float64) int { return min(max(int(math.Round((v+h.side/2)/h.step)), 0), across-1) }
	for y := column(at.y - reach); y <= column(at.y+reach); y++ {
		for x := column(at.x - reach); x <= column(at.x+reach); x++ {
			visit(&h.height[y*across+x])
		}
	}
}

// drop lets a closed band fall: it touches what is below, and does not bend down faster than steep.
func (h *heap) drop(band path, width, height float64) path {
	const steep = 0.4
	fallen := make(path, len(band))
	for i, p := range band {
		fallen[i] = vector{p.x, p.y, 0}
		h.each(p, width, func(below *float64) { fallen[i].z = max(fallen[i].z, *below) })
	}
	for i := range 4 * len(band) { // twice around in each direction
		k, before := i%len(band), (i+len(band)-1)%len(band)
		if i >= 2*len(band) {
			k, before = len(band)-1-k, (2*len(band)-k)%len(band)
		}
		step := vector{band[k].x - band[before].x, band[k].y - band[before].y, 0}.length()
		fallen[k].z = max(fallen[k].z, fallen[before].z-steep*step)
	}
	fallen = fallen.relaxed()
	for i, p := range fallen {
		h.each(p, width, func(below *float64) { *below = max(*below, p.z+2*height) })
		fallen[i].z += height
	}
	return fallen
}

// relaxed rounds the kinks of a band's height off.
func (p path) relaxed() path {
	for range 14 {
		even := make(path, len(p))
		for i, v := range p {
			even[i] = v
			even[i].z = (p[(i+len(p)-1)%len(p)].z + 2*v.z + p[(i+1)%len(p)].z) / 4
		}
		p = even
	}
	return p
}

// bands drops a heap of rubber bands around a place. Where each falls follows from the golden angle, which spreads
// without a pattern and without chance.
func (m *mesh) bands(count int, reach float64, at pose) {
	const golden = 2.399963
	colors := []int{0xd9482f, 0xeaa221, 0x2c7fb8, 0x5fa03a, 0xcf4f86, 0x6f569f, 0xd8b48a}
	pile := newHeap(14)
	for i := range count {
		turn := golden * float64(i)
		sin, cos := math.Sincos(turn)
		far := reach * math.Sqrt(1-float64(i)/float64(count))
		size := 1.25 + 0.3*float64((i*5)%4)
		width, height := 0.055, 0.10+0.025*float64((i*3)%4)
		band := looped(turn*1.7).placed(size, pose{at: vector{far * cos, far * sin, 0}, turn: float64(i * 67)})
		fallen := pile.drop(band, width, height)
		m.loop(fallen.placed(1, at), oblong(width, height, 4), vector{0, 0, 1}, rubber(colors[i%len(colors)]))
	}
}

func rubberBands() *scene {
	s := &scene{camera: camera{at: vector{0, -0.1, 0.3}, height: 50, width: 9.4}}
	s.things.bands(11, 2.3, pose{})
	return s
}

// looped is a closed band of about radius 1, bent differently with every turn.
func looped(turn float64) path {
	const steps = 160
	band := make(path, steps)
	for i := range steps {
		angle := 2 * math.Pi * float64(i) / steps
		radius := 1 + 0.16*math.Cos(2*angle+turn) + 0.10*math.Cos(3*angle+2*turn) + 0.04*math.Cos(5*angle-turn)
		band[i] = vector{radius * math.Cos(angle), 0.82 * radius * math.Sin(angle), 0}
	}
	return band
}
