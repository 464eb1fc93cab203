package draw

import "slices"

// far is where no line gets to.
const farAway = 1 << 30

// crosses tells whether two lines have a point in common, but for an end that
// both have.
func crosses(a, b, c, d point) bool {
	if a == c || a == d || b == c || b == d {
		return false // such lines have different directions, by the distance to places
	}
	side := func(p, q, r point) int {
		return sign((q.x-p.x)*(r.y-p.y) - (q.y-p.y)*(r.x-p.x))
	}
	return side(a, b, c) != side(a, b, d) && side(c, d, a) != side(c, d, b)
}

func sign(x int) int {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// distance returns that of a point from a line between two points.
func distance(p, a, b point) int {
	d, e := b.sub(a), p.sub(a)
	square := d.x*d.x + d.y*d.y
	along := min(max(d.x*e.x+d.y*e.y, 0), square)
	q := e
	if square > 0 {
		q = point{e.x - d.x*along/square, e.y - d.y*along/square}
	}
	return isqrt(q.x*q.x + q.y*q.y)
}

// net is a choice of lines between numbered points.
type net struct {
	at    []point
	links [][2]int
}

// grow adds up to n lines that neither cross each other nor come nearer than
// clear to a point that they do not end at, nor meet a box of those to avoid but
// for the boxes at their ends.
func (n *net) grow(r *random, lines, clear int, avoid func(i, j int) bool) {
	var all [][2]int
	for i := range n.at {
		for j := range i {
			all = append(all, [2]int{i, j})
		}
	}
	shuffle(r, all)
	for _, l := range all {
		if len(n.links) < lines && n.free(l, clear) && !avoid(l[0], l[1]) {
			n.links = append(n.links, l)
		}
	}
}

func (n *net) free(l [2]int, clear int) bool {
	a, b := n.at[l[0]], n.at[l[1]]
	for i, p := range n.at {
		if i != l[0] && i != l[1] && distance(p, a, b) < clear {
			return false
		}
	}
	for _, k := range n.links {
		if crosses(a, b, n.at[k[0]], n.at[k[1]]) {
			return false
		}
	}
	return true
}

// steps returns how many links the shortest way has, or farAway; follow tells
// whether a link may be taken from its second point to its first.
func steps(links [][2]string, from, to string, back bool) int {
	reached := []string{from}
	for n := 0; len(reached) > 0; n++ {
		if slices.Contains(reached, to) {
			return n
		}
		if n > len(links) {
			break
		}
		var next []string
		for _, l := range links {
			if slices.Contains(reached, l[0]) && !slices.Contains(next, l[1]) {
				next = append(next, l[1])
			}
			if back && slices.Contains(reached, l[1]) && !slices.Contains(next, l[0]) {
				next = append(next, l[0])
			}
		}
		reached = next
	}
	return farAway
}
