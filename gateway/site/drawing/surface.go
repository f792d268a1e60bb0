package drawing

import "math"

// material is how a surface treats light.
type material struct {
	color  vector  // what it scatters, or, of metal, the color of what it mirrors
	metal  bool    // mirrors everything and scatters nothing
	gloss  float64 // how much a coat over the color mirrors, seen from straight above: 0 is paper, 0.04 is lacquer
	blur   float64 // of what is mirrored: 0 is polished, 1 dull
	print  func(at vector) vector
	soften float64 // how far light creeps around into the dark side, as it does in rubber
}

func steel() *material {
	return &material{color: hex(0xeceef0), metal: true, blur: 0.06}
}

// studio is a scene that is ready to be looked at.
type studio struct {
	tree  *tree
	floor *floor
	card  vector // the floor's color
}

// surface is a place that a ray met.
type surface struct {
	at, facing, straight vector // facing is smooth across facets, straight is the facet's own
	stuff                *material
}

func (s *studio) surface(r ray, h hit) surface {
	f, k := s.tree.mesh.facets[h.facet], s.tree.mesh.skins[h.facet]
	facing := k.facing[0].times(1 - h.first - h.second).plus(k.facing[1].times(h.first)).plus(k.facing[2].times(h.second)).unit()
	straight := f.first.cross(f.second).unit()
	if straight.dot(r.toward) > 0 {
		straight = straight.times(-1)
	}
	if facing.dot(straight) < 0 {
		facing = facing.times(-1)
	}
	return surface{r.at(h.distance), facing, straight, k.stuff}
}

func (p surface) color() vector {
	if p.stuff.print != nil {
		return p.stuff.print(p.at)
	}
	return p.stuff.color
}

// seen is the light that comes back along the ray. X and y choose one of the ways that light may have come.
func (s *studio) seen(r ray, x, y float64) vector {
	found, met := s.tree.nearest(r, farthest)
	if !met {
		return s.beyond(r, 0)
	}
	p := s.surface(r, found)
	mirrored := s.mirrored(r, p)
	if p.stuff.metal {
		return mirrored.filtered(p.stuff.color)
	}
	grazing := math.Pow(1-min(1, -r.toward.dot(p.facing)), 5)
	share := p.stuff.gloss + (1-p.stuff.gloss)*grazing*(1-0.8*p.stuff.blur)
	if p.stuff.gloss == 0 {
		share = 0
	}
	return s.scattered(p, x, y).toward(mirrored, share)
}

// scattered is the light of lamp and tent that the surface takes its color from.
func (s *studio) scattered(p surface, x, y float64) vector {
	from := p.at.plus(p.straight.times(20 * closest))
	way := towardLamp(x, y)
	light := vector{}
	wrap := p.stuff.soften
	if facing := (p.facing.dot(way) + wrap) / (1 + wrap); facing > 0 && !s.tree.blocked(ray{from, way}, farthest) {
		light = vector{1, 0.995, 0.98}.times(lampShare * facing / lamp().z)
	}
	around := ray{from, upward(p.facing, y, x)}
	return light.plus(s.around(around).times(tentShare)).filtered(p.color())
}

// around is the light that arrives along a ray from the tent, the floor or another thing.
func (s *studio) around(r ray) vector {
	found, met := s.tree.nearest(r, farthest)
	if met {
		return s.tree.mesh.skins[found.facet].stuff.color.times(0.35)
	}
	if r.toward.z >= 0 {
		return vector{1, 1.005, 1.02}
	}
	return s.beyond(r, 1)
}

// dullSight is how far, in centimetres, a coat of lacquer or rubber still shows other things; beyond, they are blurred
// into the tent.
const dullSight = 1.2

// mirrored is what the surface mirrors, with everything in the mirror drawn more simply.
func (s *studio) mirrored(r ray, p surface) vector {
	if !p.stuff.metal && p.stuff.gloss == 0 {
		return vector{}
	}
	way := r.toward.mirrored(p.facing)
	if below := way.dot(p.straight); below < 0 {
		way = way.minus(p.straight.times(1.02 * below)).unit()
	}
	second := ray{p.at.plus(p.straight.times(20 * closest)), way}
	sight := dullSight
	if p.stuff.metal {
		sight = farthest
	}
	found, met := s.tree.nearest(second, sight)
	if !met && p.stuff.metal {
		return s.beyond(second, p.stuff.blur)
	}
	if !met {
		return s.blurred(second, p.stuff.blur)
	}
	shown := s.glimpsed(second, s.surface(second, found))
	if p.stuff.metal {
		return shown
	}
	return shown.toward(s.blurred(second, p.stuff.blur), found.distance/dullSight)
}

// blurred is beyond in a dull mirror, where floor and tent have no border.
func (s *studio) blurred(r ray, blur float64) vector {
	above := r.toward
	above.z = math.Abs(above.z)
	return s.card.times(0.75).toward(tent(above, blur), smooth(-0.45, 0.30, r.toward.z))
}

func (s *studio) glimpsed(r ray, p surface) vector {
	if p.stuff.metal {
		return s.beyond(ray{p.at, r.toward.mirrored(p.facing)}, 0.2).filtered(p.stuff.color)
	}
	return p.color().times(tentShare + lampShare*max(0, p.facing.dot(lamp())))
}

// beyond is what a ray shows that met nothing: floor or tent.
func (s *studio) beyond(r ray, blur float64) vector {
	if r.toward.z >= -1e-6 {
		return tent(r.toward, blur)
	}
	distance := -r.from.z / r.toward.z
	if distance > farthest {
		return s.card
	}
	return s.card.filtered(s.floor.at(r.at(distance)))
}
