package draw

func (d *diagram) askAll() {
	for range rounds + 1 {
		two := sample(d.random, d.Nodes, 2)
		d.askArrow(two[0].Label, two[1].Label)
		d.askNode(pick(d.random, d.Nodes))
		d.askWay(two[0].Label, two[1].Label)
		d.askPlace(two[0], two[1])
	}
	d.ask(Count, number(len(d.Nodes)), "How many labels does the diagram have?")
	d.ask(Count, number(len(d.Arrows)), "How many arrows are there?")
	d.askEnds("Which label has no arrow to it?", d.from)
	d.askEnds("Which label has no arrow from it?", d.to)
}

func (d *diagram) askArrow(a, b string) {
	if len(d.Arrows) > 0 && d.chance(50) {
		arrow := pick(d.random, d.Arrows)
		a, b = arrow[0], arrow[1]
		if d.chance(30) {
			a, b = b, a
		}
	}
	there := steps(d.Arrows, a, b, false) == 1
	d.askAny(Relation, yesNo(there), []string{"Does an arrow go from %s to %s?", "Is there an arrow from %s to %s?"}, a, b)
}

func (d *diagram) askNode(n Node) {
	out, in := d.to(n.Label), d.from(n.Label)
	d.ask(Count, number(len(out)), "How many arrows leave %s?", n.Label)
	d.ask(Count, number(len(in)), "How many arrows end at %s?", n.Label)
	if len(out) == 1 {
		d.ask(Value, out[0], "Where does the arrow from %s lead?", n.Label)
	}
	if len(in) == 1 {
		d.ask(Value, in[0], "Where does the arrow to %s come from?", n.Label)
	}
	if d.chance(50) {
		d.ask(Attribute, n.Color, "What color is %s?", n.Label)
	} else {
		d.ask(Attribute, n.Shape, "Is %s in a rectangle or an oval?", n.Label)
	}
}

// askWay asks whether arrows lead from one to another over others.
func (d *diagram) askWay(a, b string) {
	d.ask(YesNo, yesNo(steps(d.Arrows, a, b, false) < farAway), "Can one get from %s to %s along the arrows?", a, b)
	if n := steps(d.Arrows, a, b, false); n < farAway {
		d.ask(Value, number(n), "How many arrows does the shortest way from %s to %s have?", a, b)
	}
}

func (d *diagram) askPlace(a, b Node) {
	margin := Margin(d.Size)
	left, right := a.Box[2]+margin <= b.Box[0], b.Box[2]+margin <= a.Box[0]
	up, down := a.Box[3]+margin <= b.Box[1], b.Box[3]+margin <= a.Box[1]
	if left || right {
		d.ask(Relation, yesNo(left), "Is %s to the left of %s?", a.Label, b.Label)
	}
	if up || down {
		d.ask(Relation, yesNo(down), "Is %s below %s?", a.Label, b.Label)
	}
}

// askEnds asks for the one node without arrows in a direction.
func (d *diagram) askEnds(text string, others func(label string) []string) {
	var without []string
	for _, n := range d.Nodes {
		if len(others(n.Label)) == 0 {
			without = append(without, n.Label)
		}
	}
	if len(without) == 1 {
		d.ask(Attribute, without[0], "%s", text)
	}
}

func (d *diagram) describeAll() {
	var names, arrows, looks []string
	for _, n := range d.Nodes {
		names = append(names, n.Label)
		looks = append(looks, sentence(n.Label+" is in "+article(n.Color)+" "+n.Shape))
	}
	for _, a := range d.Arrows {
		arrows = append(arrows, sentence("an arrow goes from "+a[0]+" to "+a[1]))
	}
	head := sentence("this is a diagram with " + counted(len(names), "label") + " and " + counted(len(arrows), "arrow"))
	called := sentence("the labels are " + list(names))
	d.describe(append([]string{head, called}, arrows...)...)
	d.describe(append(append([]string{head}, looks...), arrows...)...)
	d.describe(append([]string{called}, looks...)...)
}
