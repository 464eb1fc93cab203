package long

import (
	"fmt"
	"slices"
	"strings"
)

// needle is a statement that is put into a text at a depth.
type needle struct {
	at   float64
	text string
	// alone says that it is a paragraph by itself.
	alone bool
}

// layout is what a text is put together from. Each unit of filler begins with what stands
// between it and the one before.
type layout struct {
	next    func() string
	count   func(string) int
	filler  []string
	sizes   []int // of filler, in tokens
	used    int   // how many units of it are in the text
	sum     int   // of the sizes of these
	needles []needle
	own     []int // sizes of the needles
	fixed   int   // their sum
}

// paragraph stands between paragraphs.
const paragraph = "\n\n"

// lay puts needles into a text that is about so many tokens long and no longer, and
// returns at which depth each is. The needles need not be in order.
func (o *Options) lay(next func() string, needles []needle, budget int) (text string, depths []float64, err error) {
	l := &layout{next: next, count: o.count, needles: needles}
	for _, n := range needles {
		size := o.count(n.spaced(" "))
		l.own = append(l.own, size)
		l.fixed += size
	}
	if l.fixed > budget*3/4 {
		return "", nil, fmt.Errorf("%w: what is asked about takes %d of %d tokens", ErrShort, l.fixed, budget)
	}
	want := budget - l.fixed // what is at the joints changes it a little
	for grow := true; ; {
		before := l.used
		l.fill(want)
		text, depths = l.join()
		left := budget - o.count(text)
		switch {
		case left < 0 && l.used == 0:
			return "", nil, fmt.Errorf("%w: what is asked about takes more than %d tokens", ErrShort, budget)
		case left < 0:
			grow, want = false, l.sum+left
		case grow && left > budget/64 && (l.used > before || want > l.sum+left):
			want = l.sum + left
		default:
			return text, depths, nil
		}
	}
}

// fill makes the filler as long as it can be within so many tokens.
func (l *layout) fill(want int) {
	for l.used > 0 && l.sum > want {
		l.used--
		l.sum -= l.sizes[l.used]
	}
	for l.sum < want {
		if l.used == len(l.filler) {
			unit := l.next()
			l.filler, l.sizes = append(l.filler, unit), append(l.sizes, l.count(unit))
		}
		if l.sum+l.sizes[l.used] > want {
			return
		}
		l.sum += l.sizes[l.used]
		l.used++
	}
}

// join makes the text, and says where in it the needles are.
func (l *layout) join() (text string, depths []float64) {
	order := make([]int, len(l.needles))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case l.needles[a].at < l.needles[b].at:
			return -1
		case l.needles[a].at > l.needles[b].at:
			return 1
		}
		return 0
	})
	var b strings.Builder
	depths = make([]float64, len(l.needles))
	done, all := 0, max(l.sum+l.fixed, 1)
	apart := false // a paragraph begins
	add := func(unit, rest string) {
		switch {
		case b.Len() == 0:
			unit = rest
		case apart:
			unit = paragraph + rest
		}
		b.WriteString(unit)
	}
	for unit := 0; unit < l.used || len(order) > 0; {
		if len(order) > 0 && (unit == l.used || float64(done) >= l.needles[order[0]].at*float64(all)) {
			n := &l.needles[order[0]]
			depths[order[0]] = float64(done) / float64(all)
			space := " "
			if n.alone {
				space = paragraph
			} else if unit < l.used {
				space = leading(l.filler[unit])
			} else if unit > 0 && leading(l.filler[unit-1]) == "\n" {
				space = "\n" // of lines to the end
			}
			add(n.spaced(space), n.text)
			apart = n.alone
			done += l.own[order[0]]
			order = order[1:]
			continue
		}
		add(l.filler[unit], l.filler[unit][len(leading(l.filler[unit])):])
		apart = false
		done += l.sizes[unit]
		unit++
	}
	return b.String(), depths
}

// spaced is the statement with what stands before it.
func (n *needle) spaced(space string) string {
	if n.alone {
		space = paragraph
	}
	return space + n.text
}

// leading is the white space that a unit begins with.
func leading(unit string) string {
	return unit[:len(unit)-len(strings.TrimLeft(unit, " \t\r\n"))]
}
