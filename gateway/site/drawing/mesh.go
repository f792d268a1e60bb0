package drawing

// facet is a triangle: a corner and the ways from it to the other two.
type facet struct{ corner, first, second vector }

// skin is how a facet looks: which way its three corners face, so that neighbours seem to be one round surface, and
// what it is made of.
type skin struct {
	facing [3]vector
	stuff  *material
}

// mesh is the surface of everything that lies in the studio.
type mesh struct {
	facets []facet
	skins  []skin
}

// corner is a place on a surface and where the surface faces there.
type corner struct{ at, facing vector }

func (m *mesh) triangle(a, b, c corner, stuff *material) {
	m.facets = append(m.facets, facet{a.at, b.at.minus(a.at), c.at.minus(a.at)})
	m.skins = append(m.skins, skin{[3]vector{a.facing, b.facing, c.facing}, stuff})
}

func (m *mesh) quad(a, b, c, d corner, stuff *material) {
	m.triangle(a, b, c, stuff)
	m.triangle(a, c, d, stuff)
}

// flat is a quad that faces the same way everywhere.
func (m *mesh) flat(a, b, c, d vector, stuff *material) {
	facing := b.minus(a).cross(c.minus(a)).unit()
	m.quad(corner{a, facing}, corner{b, facing}, corner{c, facing}, corner{d, facing}, stuff)
}

// wire is a round wire along the path that is cut off flat at both ends. The path bends mainly around the upright.
func (m *mesh) wire(along path, radius float64, upright vector, stuff *material) {
	rings := rings(along, round(radius), upright, false)
	m.hull(rings, stuff)
	m.end(rings[0], along[0].minus(along[1]).unit(), stuff)
	m.end(rings[len(rings)-1], along[len(along)-1].minus(along[len(along)-2]).unit(), stuff)
}

// loop is a band along a closed path that bends around the upright.
func (m *mesh) loop(along path, cut section, upright vector, stuff *material) {
	rings := rings(along, cut, upright, true)
	m.hull(append(rings, rings[0]), stuff)
}

// rings are the section's corners, at every point of the path.
func rings(along path, cut section, upright vector, closed bool) [][]corner {
	all := make([][]corner, len(along))
	for i, at := range along {
		before, after := along[max(i-1, 0)], along[min(i+1, len(along)-1)]
		if closed {
			before, after = along[(i+len(along)-1)%len(along)], along[(i+1)%len(along)]
		}
		ahead := after.minus(before).unit()
		side := ahead.cross(upright).unit()
		up := side.cross(ahead)
		for k, p := range cut.points {
			facing := cut.outward[k]
			all[i] = append(all[i], corner{
				at.plus(side.times(p.x)).plus(up.times(p.y)),
				side.times(facing.x).plus(up.times(facing.y)),
			})
		}
	}
	return all
}

// hull spans the surface between neighbouring rings.
func (m *mesh) hull(rings [][]corner, stuff *material) {
	for i, ring := range rings[1:] {
		before := rings[i]
		for k := range ring {
			next := (k + 1) % len(ring)
			m.quad(before[k], before[next], ring[next], ring[k], stuff)
		}
	}
}

// end closes a ring with a flat disc.
func (m *mesh) end(ring []corner, facing vector, stuff *material) {
	for k := range ring[2:] {
		m.triangle(corner{ring[0].at, facing}, corner{ring[k+1].at, facing}, corner{ring[k+2].at, facing}, stuff)
	}
}

// slab is a box of the given size; the pose tells where the middle of its lower side is.
func (m *mesh) slab(size vector, at pose, stuff *material) {
	at8 := func(x, y, z float64) vector {
		return at.place(vector{(x - 0.5) * size.x, (y - 0.5) * size.y, z * size.z})
	}
	m.flat(at8(0, 0, 1), at8(1, 0, 1), at8(1, 1, 1), at8(0, 1, 1), stuff)
	m.flat(at8(0, 1, 0), at8(1, 1, 0), at8(1, 0, 0), at8(0, 0, 0), stuff)
	m.flat(at8(0, 0, 0), at8(1, 0, 0), at8(1, 0, 1), at8(0, 0, 1), stuff)
	m.flat(at8(1, 1, 0), at8(0, 1, 0), at8(0, 1, 1), at8(1, 1, 1), stuff)
	m.flat(at8(0, 1, 0), at8(0, 0, 0), at8(0, 0, 1), at8(0, 1, 1), stuff)
	m.flat(at8(1, 0, 0), at8(1, 1, 0), at8(1, 1, 1), at8(1, 0, 1), stuff)
}
