package drawing

import "math"

// rubberBands is a heap of bands, thrown down one after the other. Where each falls follows from the golden angle,
// which spreads without a pattern and without chance.
func rubberBands() *canvas {
	const bands, golden = 9, 2.399963
	colors := []int{0xe4572e, 0xf3a712, 0x2e86ab, 0x76b041, 0xd64580, 0x7d5ba6, 0xe0b787}
	c := newCanvas(0xd3e2d6)
	for i := range bands {
		turn := golden * float64(i)
		far := 150 * math.Sqrt(1-float64(i)/bands)
		sin, cos := math.Sincos(turn)
		at := point{Side/2 + far*cos, Side/2 + far*sin}
		size := 78 + 18*float64((i*5)%4)
		thickness := 6 + 1.4*float64((i*3)%4)
		band := loop(turn*1.7).placed(at, size, float64(i*67))
		c.wireShadow(band, thickness, 7, 0.28)
		c.wire(band, thickness, hex(colors[i%len(colors)]), 0.45)
	}
	return c
}

// loop is a closed band of about radius 1, bent differently with every turn.
func loop(turn float64) line {
	const steps = 96
	band := make(line, 0, steps+1)
	for i := range steps + 1 {
		angle := 2 * math.Pi * float64(i) / steps
		radius := 1 + 0.16*math.Cos(2*angle+turn) + 0.10*math.Cos(3*angle+2*turn) + 0.04*math.Cos(5*angle-turn)
		band = append(band, point{radius * math.Cos(angle), 0.82 * radius * math.Sin(angle)})
	}
	return band
}
