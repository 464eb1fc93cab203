package quantize

import "math"

// report lists what became of the layer's rounded products.
func (l *layer) report() []ProductReport {
	var list []ProductReport
	for _, p := range l.products() {
		d := l.format(p)
		if !d.IsBlocked() {
			continue
		}
		rep := ProductReport{Name: p.Name, Format: d}
		if l.sample != nil {
			rep.Rows = l.sample.seen[p][0].rows
			for _, in := range l.sample.seen[p] {
				rep.Rows = min(rep.Rows, in.rows)
			}
		}
		sum := 0.0
		for _, e := range l.errors[p] {
			sum += e
		}
		if n := len(l.errors[p]); n > 0 {
			rep.Error = math.Sqrt(sum / float64(n))
		}
		list = append(list, rep)
	}
	return list
}

// advance counts a solved group and tells how far the work is. All groups of a
// layer count alike.
func (l *layer) advance() {
	l.done++
	groups := 0
	for _, p := range l.params {
		if Solved(l.format(p)) {
			groups += p.Groups
		}
	}
	l.tell(Progress{Layer: l.number, Share: (float64(l.number) + float64(l.done)/float64(groups)) / float64(l.layers)})
}
