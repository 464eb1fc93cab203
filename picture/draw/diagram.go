package draw

// nodeNames are short words of what is done with data and things.
var nodeNames = []string{
	"A", "B", "C", "D", "E", "F", "In", "Out", "Read", "Write", "Sort", "Test", "Plan", "Sell", "Send", "Load", "Save", "Parse", "Check", "Print", "Start", "End", "Pump", "Tank", "Queue", "Cache",
}

// diagram is one being drawn.
type diagram struct {
	*work
	*DiagramFacts
	face face
	net  net
}

func makeDiagram(w *work) {
	d := diagram{work: w, DiagramFacts: &DiagramFacts{}, face: newFace(regular, small(w.Size))}
	w.facts.Diagram = d.DiagramFacts
	w.canvas.ground(pick(w.random, grounds))
	for range 60 {
		d.lay()
		if d.connect() {
			break
		}
	}
	d.paint()
	if w.factsOnly() {
		return
	}
	d.askAll()
	d.describeAll()
}

// lay puts boxes into cells of a grid, not quite in their middle.
func (d *diagram) lay() {
	d.Nodes, d.net.at = nil, nil
	grids := [][2]int{{2, 2}, {2, 3}, {3, 3}}
	if d.Size < 112 {
		grids = grids[:2]
	}
	grid := pick(d.random, grids)
	columns, rows := grid[0], grid[1]
	wide, high := d.Size/columns, d.Size/rows
	var cells []int
	for i := range columns * rows {
		cells = append(cells, i)
	}
	n := d.between(3, min(len(cells), 6))
	var fit []string
	for _, name := range nodeNames {
		if d.face.width(name)/unit <= wide*55/100 {
			fit = append(fit, name)
		}
	}
	names := sample(d.random, fit, n)
	for i, cell := range sample(d.random, cells, n) {
		half := point{max(d.face.width(names[i])/unit/2+max(3, d.Size/40), wide/5), max(d.face.height()*3/5, high/7)}
		free := point{max(wide/2-half.x-d.Size/16, 0), max(high/2-half.y-d.Size/16, 0)}
		x := cell%columns*wide + wide/2 + d.between(-free.x, free.x)
		y := cell/columns*high + high/2 + d.between(-free.y, free.y)
		box := Box{x - half.x, y - half.y, x + half.x, y + half.y}
		d.Nodes = append(d.Nodes, Node{names[i], pick(d.random, paints[:7]).name, pick(d.random, []string{"rectangle", "oval"}), box})
		d.net.at = append(d.net.at, px(x, y))
	}
}

// connect chooses arrows that keep away from other boxes; false says that there
// is none.
func (d *diagram) connect() bool {
	d.net.links, d.Arrows = nil, nil
	d.net.grow(d.random, d.between(len(d.Nodes)-1, len(d.Nodes)+1), 0, func(i, j int) bool {
		for k, n := range d.Nodes {
			if k != i && k != j && n.Box.grow(3).cutBy(d.net.at[i], d.net.at[j]) {
				return true
			}
		}
		return d.length(i, j) < max(8, d.Size/11)*unit
	})
	for i, l := range d.net.links {
		if d.chance(50) {
			l[0], l[1] = l[1], l[0]
			d.net.links[i] = l
		}
		d.Arrows = append(d.Arrows, [2]string{d.Nodes[l[0]].Label, d.Nodes[l[1]].Label})
	}
	return len(d.Arrows) > 0
}

// length returns what of the line between two nodes is outside of both.
func (d *diagram) length(i, j int) int {
	from, to := d.ends(i, j)
	way := to.sub(from)
	back := d.net.at[j].sub(d.net.at[i])
	if way.x*back.x+way.y*back.y <= 0 {
		return 0
	}
	return isqrt(way.x*way.x + way.y*way.y)
}

// ends returns where an arrow begins and ends: at the boxes' borders.
func (d *diagram) ends(i, j int) (from, to point) {
	return d.border(i, d.net.at[j]), d.border(j, d.net.at[i])
}

// border returns where the line from the middle of a node to a point leaves the
// node's box; found by halving, as it is the same for ovals.
func (d *diagram) border(i int, toward point) point {
	n := d.Nodes[i]
	middle := n.Box.middle()
	w, h := n.Box.width()*unit/2+unit, n.Box.height()*unit/2+unit
	inside := func(p point) bool {
		x, y := p.x-middle.x, p.y-middle.y
		if n.Shape == "oval" {
			return x*x*h*h+y*y*w*w <= w*w*h*h
		}
		return abs(x) <= w && abs(y) <= h
	}
	near, far := 0, 1024
	way := toward.sub(middle)
	at := func(k int) point { return middle.add(point{way.x * k / 1024, way.y * k / 1024}) }
	for far-near > 1 {
		if k := (near + far) / 2; inside(at(k)) {
			near = k
		} else {
			far = k
		}
	}
	return at(far)
}

func (d *diagram) paint() {
	width := max(unit*3/2, d.Size*unit/90)
	for _, l := range d.net.links {
		from, to := d.ends(l[0], l[1])
		d.arrow(from, to, width)
	}
	for _, n := range d.Nodes {
		tint := light(paintNamed(n.Color), 45)
		if n.Shape == "oval" {
			d.canvas.fill(oval(n.Box, 0), paintNamed(n.Color))
			d.canvas.fill(oval(n.Box, max(1, d.Size/100)), tint)
		} else {
			d.canvas.fill(n.Box.path(), tint)
			d.canvas.frame(n.Box, max(1, d.Size/100), paintNamed(n.Color))
		}
		d.canvas.center(d.face, n.Label, n.Box.middle(), ink)
	}
}

// arrow draws a line with a head at its end.
func (d *diagram) arrow(from, to point, width int) {
	way := to.sub(from)
	length := max(isqrt(way.x*way.x+way.y*way.y), 1)
	head := max(5*unit, d.Size*unit/22)
	along := func(k int) point { return point{way.x * k / length, way.y * k / length} }
	neck := to.sub(along(head))
	side := point{-along(head * 45 / 100).y, along(head * 45 / 100).x}
	d.canvas.fill(stroke(from, neck.add(along(unit)), width), ink)
	d.canvas.fill(polygon(to, neck.add(side), neck.sub(side)), ink)
}

// oval returns an ellipse that fills a box but for a border.
func oval(b Box, border int) path {
	rx, ry := b.width()*unit/2-border*unit, b.height()*unit/2-border*unit
	p := disk(point{}, 1<<16)
	for i, q := range p.lines[0] {
		p.lines[0][i] = b.middle().add(point{roundDiv(q.x*rx, 1<<16), roundDiv(q.y*ry, 1<<16)})
	}
	return p
}

// from and to return the labels at the other ends of arrows.
func (d *diagram) to(label string) []string   { return d.others(label, 0) }
func (d *diagram) from(label string) []string { return d.others(label, 1) }

func (d *diagram) others(label string, end int) []string {
	var labels []string
	for _, a := range d.Arrows {
		if a[end] == label {
			labels = append(labels, a[1-end])
		}
	}
	return labels
}
