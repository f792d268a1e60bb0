package drawing

import "math"

// ray is a way that light is followed along, backward: from the camera, or from where it met something.
type ray struct{ from, toward vector }

func (r ray) at(distance float64) vector { return r.from.plus(r.toward.times(distance)) }

// hit is where a ray meets a facet first: how far away, which, and where between its corners.
type hit struct {
	distance, first, second float64
	facet                   int32
}

// branch is a box around a part of the facets. A leaf has count facets beginning at start; any other branch has none,
// and its two children are at start and after it.
type branch struct {
	low, high    vector
	start, count int32
}

// tree finds what a ray meets without asking all facets.
type tree struct {
	mesh     *mesh
	branches []branch
}

const leafSize = 4 // facets; fewer make a deeper tree, more are asked in vain

// grow sorts the mesh into a tree. The mesh must not change any more.
func grow(m *mesh) *tree {
	t := &tree{mesh: m, branches: []branch{{}}}
	t.split(0, 0, int32(len(m.facets))) //nolint:gosec // far fewer facets than that
	return t
}

func (t *tree) split(at, start, end int32) {
	low, high, middleLow, middleHigh := t.extent(start, end)
	t.branches[at] = branch{low, high, start, end - start}
	cut := start
	if end-start > leafSize {
		cut = t.parted(start, end, middleLow, middleHigh)
	}
	if cut == start || cut == end {
		return
	}
	children := int32(len(t.branches)) //nolint:gosec // as many as facets at most
	t.branches = append(t.branches, branch{}, branch{})
	t.branches[at].start, t.branches[at].count = children, 0
	t.split(children, start, cut)
	t.split(children+1, cut, end)
}

// extent is the box around the facets, and the box around their middles.
func (t *tree) extent(start, end int32) (low, high, middleLow, middleHigh vector) {
	infinite := vector{math.Inf(1), math.Inf(1), math.Inf(1)}
	low, high, middleLow, middleHigh = infinite, infinite.times(-1), infinite, infinite.times(-1)
	for _, f := range t.mesh.facets[start:end] {
		facetLow, facetHigh := f.box()
		low, high = low.lowest(facetLow), high.highest(facetHigh)
		middle := facetLow.plus(facetHigh).times(0.5)
		middleLow, middleHigh = middleLow.lowest(middle), middleHigh.highest(middle)
	}
	return low, high, middleLow, middleHigh
}

func (f facet) box() (low, high vector) {
	b, c := f.corner.plus(f.first), f.corner.plus(f.second)
	return f.corner.lowest(b).lowest(c), f.corner.highest(b).highest(c)
}

// parted moves the facets on one side of the best cut across the longest direction before those on the other side, and
// says where the other side begins.
func (t *tree) parted(start, end int32, low, high vector) int32 {
	size := high.minus(low)
	along := vector{1, 0, 0}
	if size.y > size.x && size.y >= size.z {
		along = vector{0, 1, 0}
	} else if size.z > size.x {
		along = vector{0, 0, 1}
	}
	span := size.dot(along)
	if span == 0 {
		return start
	}
	bin := func(f facet) int {
		a, b := f.box()
		share := (a.plus(b).times(0.5).dot(along) - low.dot(along)) / span
		return min(int(share*bins), bins-1)
	}
	best := t.cheapest(start, end, bin)
	cut := start
	for i := start; i < end; i++ {
		if bin(t.mesh.facets[i]) < best {
			t.mesh.swap(i, cut)
			cut++
		}
	}
	return cut
}

func (m *mesh) swap(i, k int32) {
	m.facets[i], m.facets[k] = m.facets[k], m.facets[i]
	m.skins[i], m.skins[k] = m.skins[k], m.skins[i]
}

const bins = 12 // places where a cut is tried

// cheapest is the bin before which a cut leaves the least surface, weighted with the facets behind it: the chance that
// a ray has to ask them.
func (t *tree) cheapest(start, end int32, bin func(facet) int) int {
	var low, high [bins]vector
	var count [bins]int
	for i := range bins {
		low[i] = vector{math.Inf(1), math.Inf(1), math.Inf(1)}
		high[i] = low[i].times(-1)
	}
	for _, f := range t.mesh.facets[start:end] {
		k := bin(f)
		facetLow, facetHigh := f.box()
		low[k], high[k] = low[k].lowest(facetLow), high[k].highest(facetHigh)
		count[k]++
	}
	best, least := 1, math.Inf(1)
	for cut := 1; cut < bins; cut++ {
		cost := weight(low[:cut], high[:cut], count[:cut]) + weight(low[cut:], high[cut:], count[cut:])
		if cost < least {
			best, least = cut, cost
		}
	}
	return best
}

func weight(low, high []vector, count []int) float64 {
	lowest, highest, sum := low[0], high[0], 0
	for i := range low {
		lowest, highest, sum = lowest.lowest(low[i]), highest.highest(high[i]), sum+count[i]
	}
	if sum == 0 {
		return 0
	}
	size := highest.minus(lowest)
	return float64(sum) * (size.x*size.y + size.y*size.z + size.z*size.x)
}

// nearest is the first facet on the ray's way within the distance.
func (t *tree) nearest(r ray, within float64) (hit, bool) {
	found := hit{distance: within, facet: -1}
	t.walk(r, &found, false)
	return found, found.facet >= 0
}

// blocked says whether anything is on the ray's way within the distance.
func (t *tree) blocked(r ray, within float64) bool {
	found := hit{distance: within, facet: -1}
	t.walk(r, &found, true)
	return found.facet >= 0
}

// visit is a branch that still has to be looked at, and how far the ray goes until it gets there.
type visit struct {
	branch  int32
	entered float64
}

func (t *tree) walk(r ray, found *hit, anything bool) {
	inverse := vector{1 / r.toward.x, 1 / r.toward.y, 1 / r.toward.z}
	start := t.branches[0].entered(r.from, inverse)
	if start >= found.distance {
		return
	}
	var waiting [48]visit
	waiting[0] = visit{0, start}
	for depth := 1; depth > 0; {
		depth--
		now := waiting[depth]
		if now.entered >= found.distance {
			continue
		}
		b := &t.branches[now.branch]
		if b.count == 0 {
			depth += t.fork(b.start, r.from, inverse, waiting[depth:])
			continue
		}
		t.ask(r, b, found)
		if anything && found.facet >= 0 {
			return
		}
	}
}

// fork puts the two children of a branch on the pile, the nearer one on top, and says how many the ray meets.
func (t *tree) fork(children int32, from, inverse vector, pile []visit) int {
	near := visit{children, t.branches[children].entered(from, inverse)}
	far := visit{children + 1, t.branches[children+1].entered(from, inverse)}
	if far.entered < near.entered {
		near, far = far, near
	}
	met := 0
	for _, child := range [2]visit{far, near} {
		if child.entered < missed {
			pile[met] = child
			met++
		}
	}
	return met
}

const missed = 1e30 // farther than anything is

// entered is how far the ray goes until it is inside the box; missed when it passes by. It is asked most of the time of
// a drawing, so that the comparisons are spelled out: the built-in ones care for values that do not occur here.
func (b *branch) entered(from, inverse vector) float64 {
	enter, leave := (b.low.x-from.x)*inverse.x, (b.high.x-from.x)*inverse.x
	if enter > leave {
		enter, leave = leave, enter
	}
	low, high := (b.low.y-from.y)*inverse.y, (b.high.y-from.y)*inverse.y
	if low > high {
		low, high = high, low
	}
	if low > enter {
		enter = low
	}
	if high < leave {
		leave = high
	}
	low, high = (b.low.z-from.z)*inverse.z, (b.high.z-from.z)*inverse.z
	if low > high {
		low, high = high, low
	}
	if low > enter {
		enter = low
	}
	if high < leave {
		leave = high
	}
	if enter > leave || leave < 0 {
		return missed
	}
	return enter
}

func (t *tree) ask(r ray, b *branch, found *hit) {
	for i := b.start; i < b.start+b.count; i++ {
		f := &t.mesh.facets[i]
		across := r.toward.cross(f.second)
		turn := f.first.dot(across)
		if turn == 0 {
			continue
		}
		away := r.from.minus(f.corner)
		first := away.dot(across) / turn
		if first < 0 || first > 1 {
			continue
		}
		over := away.cross(f.first)
		second := r.toward.dot(over) / turn
		if second < 0 || first+second > 1 {
			continue
		}
		if distance := f.second.dot(over) / turn; distance > 0 && distance < found.distance {
			*found = hit{distance, first, second, i}
		}
	}
}
