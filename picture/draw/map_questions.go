package draw

// east and south tell where a place is clearly from another.
func (m *mapping) east(a, b Place) bool  { return a.At[0] >= b.At[0]+2*Margin(m.Size) }
func (m *mapping) south(a, b Place) bool { return a.At[1] >= b.At[1]+2*Margin(m.Size) }

// direction returns that of a as seen from b, where it is clear: along an axis
// within a fifth, or diagonal within two thirds.
func (m *mapping) direction(a, b Place) string {
	dx, dy := a.At[0]-b.At[0], a.At[1]-b.At[1]
	if max(abs(dx), abs(dy)) < 2*Margin(m.Size) {
		return ""
	}
	upDown, leftRight := "north", "west"
	if dy > 0 {
		upDown = "south"
	}
	if dx > 0 {
		leftRight = "east"
	}
	switch {
	case 5*abs(dx) <= abs(dy):
		return upDown
	case 5*abs(dy) <= abs(dx):
		return leftRight
	case 3*abs(dx) >= 2*abs(dy) && 3*abs(dy) >= 2*abs(dx):
		return upDown + leftRight
	}
	return ""
}

func (m *mapping) linked(a, b string) bool {
	for _, r := range m.Roads {
		if r == [2]string{a, b} || r == [2]string{b, a} {
			return true
		}
	}
	return false
}

// neighbors returns the places that a road joins to one.
func (m *mapping) neighbors(name string) []string {
	var names []string
	for _, p := range m.Places {
		if m.linked(name, p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

func (m *mapping) region(p Place) Region {
	for _, r := range m.Regions {
		if r.Box.holds(Box{p.At[0], p.At[1], p.At[0], p.At[1]}) {
			return r
		}
	}
	return Region{}
}

func (m *mapping) askAll() {
	for range rounds + 1 {
		two := sample(m.random, m.Places, 2)
		m.askDirection(two[0], two[1])
		m.askRoads(two[0], two[1])
		if len(m.Regions) > 1 {
			p := pick(m.random, m.Places)
			m.askAny(Attribute, m.region(p).Color, []string{"What color is the region around %s?", "In which color is the region of %s?"}, p.Name)
			r := pick(m.random, m.Regions)
			m.ask(Count, number(len(m.placesIn(r))), "How many places are in the %s region?", r.Color)
		}
	}
	m.ask(Count, number(len(m.Places)), "How many places are on the map?")
	m.ask(Count, number(len(m.Roads)), "How many roads are on the map?")
	m.ask(Count, number(len(m.Regions)), "How many regions does the map have?")
	m.askFarthest()
}

func (m *mapping) placesIn(r Region) []string {
	var names []string
	for _, p := range m.Places {
		if m.region(p) == r {
			names = append(names, p.Name)
		}
	}
	return names
}

func (m *mapping) askDirection(a, b Place) {
	if words := m.direction(a, b); words != "" {
		m.askAny(Relation, words, []string{"In which direction from %[2]s is %[1]s?", "Where is %s, as seen from %s: in which direction?"}, a.Name, b.Name)
	}
	switch {
	case m.east(a, b) || m.east(b, a):
		if m.chance(50) {
			m.ask(Relation, yesNo(m.east(a, b)), "Is %s east of %s?", a.Name, b.Name)
		} else {
			m.ask(Relation, yesNo(m.east(b, a)), "Is %s west of %s?", a.Name, b.Name)
		}
	case m.south(a, b) || m.south(b, a):
		if m.chance(50) {
			m.ask(Relation, yesNo(m.south(a, b)), "Is %s south of %s?", a.Name, b.Name)
		} else {
			m.ask(Relation, yesNo(m.south(b, a)), "Is %s north of %s?", a.Name, b.Name)
		}
	}
}

func (m *mapping) askRoads(a, b Place) {
	if len(m.Roads) > 0 && m.chance(50) {
		road := pick(m.random, m.Roads)
		m.ask(YesNo, "yes", "Is there a road from %s straight to %s?", road[0], road[1])
	} else {
		m.ask(YesNo, yesNo(m.linked(a.Name, b.Name)), "Is there a road from %s straight to %s?", a.Name, b.Name)
	}
	near := m.neighbors(a.Name)
	m.ask(Count, number(len(near)), "How many roads end at %s?", a.Name)
	if len(near) == 1 {
		m.ask(Value, near[0], "To which place does the road from %s lead?", a.Name)
	}
	if n := steps(m.Roads, a.Name, b.Name, true); n < farAway {
		m.ask(Value, number(n), "How many roads does the shortest way from %s to %s have?", a.Name, b.Name)
	} else {
		m.ask(YesNo, "no", "Can one get from %s to %s by road?", a.Name, b.Name)
	}
	if n := steps(m.Roads, b.Name, a.Name, true); n < farAway && m.chance(40) {
		m.ask(YesNo, "yes", "Can one get from %s to %s by road?", b.Name, a.Name)
	}
}

// askFarthest asks for the outermost place, where it is clear.
func (m *mapping) askFarthest() {
	way := pick(m.random, []struct {
		words string
		ahead func(a, b Place) bool
	}{
		{"east", m.east},
		{"west", func(a, b Place) bool { return m.east(b, a) }},
		{"south", m.south},
		{"north", func(a, b Place) bool { return m.south(b, a) }},
	})
	for i, p := range m.Places {
		first := true
		for j, other := range m.Places {
			first = first && (i == j || way.ahead(p, other))
		}
		if first {
			m.ask(Comparison, p.Name, "Which place is farthest to the %s?", way.words)
		}
	}
}

func (m *mapping) describeAll() {
	var names, roads, regions, ways []string
	for _, p := range m.Places {
		names = append(names, p.Name)
	}
	for _, r := range m.Roads {
		roads = append(roads, sentence("a road joins "+r[0]+" and "+r[1]))
	}
	for _, r := range m.Regions {
		if in := m.placesIn(r); len(in) > 0 && len(m.Regions) > 1 {
			regions = append(regions, sentence("in the "+r.Color+" region "+isAre(len(in))+" "+list(in)))
		}
	}
	for i, a := range m.Places[1:] {
		if words := m.direction(a, m.Places[i]); words != "" {
			ways = append(ways, sentence(a.Name+" is "+words+" of "+m.Places[i].Name))
		}
	}
	head := sentence("this is a map with " + counted(len(names), "place") + " and " + counted(len(roads), "road"))
	called := sentence("the places are " + list(names))
	m.describe(append([]string{head, called}, roads...)...)
	m.describe(append(append([]string{head, called}, regions...), ways...)...)
	m.describe(append(append([]string{called}, ways...), roads...)...)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
