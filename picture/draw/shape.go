package draw

// shapes are those of a scene, told apart at a glance.
var shapes = []string{"circle", "square", "triangle", "star", "diamond", "cross", "ring", "heart"}

// shapePath returns a shape that fills a square of a side around the middle, but
// for the diamond and the star, which are narrower or lower.
func shapePath(shape string, middle point, side int) path {
	r := side / 2
	at := func(x, y int) point { return point{middle.x + x*r/100, middle.y + y*r/100} }
	switch shape {
	case "circle":
		return disk(middle, r)
	case "square":
		return polygon(at(-96, -96), at(96, -96), at(96, 96), at(-96, 96))
	case "triangle":
		return polygon(at(0, -98), at(100, 92), at(-100, 92))
	case "diamond":
		return polygon(at(0, -100), at(74, 0), at(0, 100), at(-74, 0))
	case "cross":
		return polygon(at(-33, -98), at(33, -98), at(33, -33), at(98, -33), at(98, 33), at(33, 33),
			at(33, 98), at(-33, 98), at(-33, 33), at(-98, 33), at(-98, -33), at(-33, -33))
	case "ring":
		return ring(middle, r, r*52/100)
	case "heart":
		return heart(at)
	}
	return star(middle, r)
}

func star(middle point, r int) path {
	var p path
	middle.y += r * 5 / 100
	for i := range 10 {
		length := r * 105 / 100
		if i%2 == 1 {
			length = r * 44 / 100
		}
		at := middle.add(polar(length, i*turn/10))
		if i == 0 {
			p.move(at)
		} else {
			p.line(at)
		}
	}
	return p
}

func heart(at func(x, y int) point) path {
	var p path
	p.move(at(0, 96))
	p.quad(at(-62, 40), at(-92, -4))
	p.quad(at(-112, -54), at(-78, -82))
	p.quad(at(-30, -104), at(0, -46))
	p.quad(at(30, -104), at(78, -82))
	p.quad(at(112, -54), at(92, -4))
	p.quad(at(62, 40), at(0, 96))
	return p
}
