package drawing

// still shows the three goods in one calm scene; the camera shows so many centimetres of it.
func still(width float64) *scene {
	s := &scene{camera: camera{at: vector{1.15, 0.9, 1.75}, height: 31, width: width}}
	s.things.binderClip(2*inch, 18, 14, pose{at: vector{-1.0, 2.0, 0}, turn: 20})
	s.things.binderClip(1.25*inch, 18, 14, pose{at: vector{3.5, 0.1, 0}, turn: 8})
	s.things.bands(8, 1.5, pose{at: vector{6.3, 3.9, 0}})
	for _, clip := range []pose{
		{at: vector{-5.0, -0.2, 0}, turn: -34},
		{at: vector{-2.4, -2.4, 0}, turn: 62},
		{at: vector{5.6, -1.9, 0}, turn: -24},
	} {
		s.things.paperClip(clip)
	}
	return s
}
