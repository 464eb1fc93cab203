package draw

import "image/color"

// placeNames are towns that do not exist, short ones first.
var placeNames = []string{
	"Ald", "Bex", "Dun", "Fay", "Gil", "Hob", "Ivy", "Kew", "Lod", "Nor", "Orr", "Pim", "Rix", "Sul", "Tar", "Ume", "Vik", "Wex", "Yar", "Zel",
	"Abel", "Brun", "Cald", "Dorn", "Elba", "Firn", "Holm", "Jura", "Kirn", "Lund", "Mora", "Olin",
	"Arden", "Belmo", "Carra", "Delph", "Eston", "Garda", "Lomar", "Mirow", "Norwe", "Tesla",
}

// shortNames of placeNames have three letters.
const shortNames = 20

// regions are the grounds of a map.
var regionPaints = []paint{
	{"green", rgb(196, 226, 178)}, {"yellow", rgb(250, 236, 170)}, {"blue", rgb(176, 212, 242)}, {"pink", rgb(248, 204, 216)}, {"white", rgb(252, 252, 252)},
}

var roadColor = color.NRGBA{150, 110, 80, 255}

// mapping is a map being drawn.
type mapping struct {
	*work
	*MapFacts
	face  face
	net   net
	names []Box // of the names
	boxes []Box // of names with their dots
}

func makeMap(w *work) {
	m := mapping{work: w, MapFacts: &MapFacts{}, face: newFace(regular, small(w.Size))}
	w.facts.Map = m.MapFacts
	m.divide()
	for try := range 60 {
		if m.settle() && m.build() >= min(len(m.Places)-1, 3-try/20) {
			break
		}
	}
	m.paint()
	if w.factsOnly() {
		return
	}
	m.askAll()
	m.describeAll()
}

// divide cuts the map into one, two or four regions.
func (m *mapping) divide() {
	s := m.Size
	x, y := s*m.between(40, 60)/100, s*m.between(40, 60)/100
	boxes := [][]Box{
		{{0, 0, s, s}},
		{{0, 0, x, s}, {x, 0, s, s}},
		{{0, 0, s, y}, {0, y, s, s}},
		{{0, 0, x, y}, {x, 0, s, y}, {0, y, x, s}, {x, y, s, s}},
	}[m.below(4)]
	for i, p := range sample(m.random, regionPaints, len(boxes)) {
		m.Regions = append(m.Regions, Region{p.name, boxes[i]})
		m.canvas.fill(boxes[i].path(), p.rgb)
	}
}

// dot is the radius of a place in pixels.
func (m *mapping) dot() int { return max(2, m.Size/48) }

// settle chooses places, away from borders and from each other.
func (m *mapping) settle() bool {
	m.Places, m.net.at, m.names, m.boxes = nil, nil, nil, nil
	most := 4
	names := placeNames[:shortNames]
	if m.Size >= 112 {
		most, names = 7, placeNames
	}
	for _, name := range sample(m.random, names, m.between(3, most)) {
		for range placeTries {
			if m.found(name) {
				break
			}
		}
	}
	return len(m.Places) >= 3
}

// found tries one spot for a place, with its name above or below.
func (m *mapping) found(name string) bool {
	d, wide, high := m.dot(), m.face.width(name)/unit+2, m.face.height()
	x := m.between(wide/2+2, m.Size-wide/2-2)
	y := m.between(high+d+2, m.Size-high-d-2)
	top := y - d - 1 - high
	if m.chance(50) {
		top = y + d + 1
	}
	label := Box{x - wide/2, top, x + wide/2, top + high}
	box := Box{x - max(wide/2, d) - 1, min(top, y-d-1), x + max(wide/2, d) + 1, max(top+high, y+d+1)}
	inner := Box{x - d, y - d, x + d, y + d}.grow(Margin(m.Size))
	inside := false
	for _, r := range m.Regions {
		inside = inside || r.Box.holds(inner)
	}
	for _, b := range m.boxes {
		if b.grow(2).meets(box) {
			return false
		}
	}
	if !inside || !m.full().holds(box) {
		return false
	}
	m.Places = append(m.Places, Place{name, [2]int{x, y}})
	m.net.at = append(m.net.at, px(x, y))
	m.names = append(m.names, label)
	m.boxes = append(m.boxes, box)
	return true
}

func (m *mapping) full() Box { return Box{0, 0, m.Size, m.Size} }

// build chooses roads, which keep away from other places and from names, and
// returns how many there are.
func (m *mapping) build() int {
	m.net.links, m.Roads = nil, nil
	m.net.grow(m.random, m.between(1, len(m.Places)+1), max(m.dot()+4, m.Size/16)*unit, func(i, j int) bool {
		for k, b := range m.boxes {
			if k == i || k == j {
				b = m.names[k] // it ends at the dot
			}
			if b.cutBy(m.net.at[i], m.net.at[j]) {
				return true
			}
		}
		return false
	})
	for _, l := range m.net.links {
		m.Roads = append(m.Roads, [2]string{m.Places[l[0]].Name, m.Places[l[1]].Name})
	}
	return len(m.Roads)
}

// cutBy tells whether a line meets the box.
func (b Box) cutBy(from, to point) bool {
	inside := func(p point) bool {
		return b[0]*unit <= p.x && p.x <= b[2]*unit && b[1]*unit <= p.y && p.y <= b[3]*unit
	}
	if inside(from) || inside(to) {
		return true
	}
	corners := b.path().lines[0]
	for i, c := range corners {
		if crosses(from, to, c, corners[(i+1)%len(corners)]) {
			return true
		}
	}
	return false
}

func (m *mapping) paint() {
	width := max(2*unit, m.Size*unit/64)
	for _, l := range m.net.links {
		m.canvas.fill(stroke(m.net.at[l[0]], m.net.at[l[1]], width), roadColor)
	}
	d := m.dot() * unit
	for i, p := range m.Places {
		at := m.net.at[i]
		m.canvas.fill(disk(at, d+unit/2), ink)
		if m.Size >= 96 {
			m.canvas.fill(disk(at, d/2), none)
		}
		m.canvas.center(m.face, p.Name, m.names[i].middle(), ink)
	}
}
