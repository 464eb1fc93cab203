package constrain

import (
	"math/big"
	"strings"
)

// significant is how many digits a float64 tells apart; decimals with bounds
// have no more of them than that, or than the bound has, so that a reader who
// rounds does not round them out of the bounds.
const significant = 15

// between leads from start to accept over the decimals within the bounds.
func (n *nfa) between(low, high bound, integer bool) {
	if integer {
		low, high = wholeBound(low, 1), wholeBound(high, -1)
	}
	zero := bound{at: new(big.Rat)}
	if high.at == nil || high.at.Sign() >= 0 {
		n.magnitudes(nfaStart, tighter(low, zero, 1), high, integer)
	}
	if low.at == nil || low.at.Sign() < 0 {
		minus := n.state()
		n.text(nfaStart, "-", minus)
		from := tighter(negated(high), bound{zero.at, true}, 1)
		n.magnitudes(minus, from, negated(low), integer)
	}
}

func negated(b bound) bound {
	if b.at == nil {
		return b
	}
	return bound{new(big.Rat).Neg(b.at), b.open}
}

// wholeBound is the whole number nearest to the bound inside it: the least for
// sign 1, the greatest for -1.
func wholeBound(b bound, sign int) bound {
	if b.at == nil {
		return b
	}
	at := new(big.Int).Div(b.at.Num(), b.at.Denom()) // floor
	if !b.at.IsInt() {
		if sign > 0 {
			at.Add(at, big.NewInt(1))
		}
	} else if b.open {
		at.Add(at, big.NewInt(int64(sign)))
	}
	return bound{at: new(big.Rat).SetInt(at)}
}

// decimal holds the digits of a bound.
type decimal struct {
	whole, fraction string
	open, absent    bool
}

func decimalOf(b bound) decimal {
	if b.at == nil {
		return decimal{absent: true}
	}
	places := 0 // the denominator divides a power of ten
	for d := b.at; !d.IsInt(); places++ {
		d = new(big.Rat).Mul(d, big.NewRat(10, 1))
	}
	whole, fraction, _ := strings.Cut(b.at.FloatString(places), ".")
	return decimal{whole: whole, fraction: fraction, open: b.open}
}

func (d decimal) digit(i int) byte {
	if i < len(d.fraction) {
		return d.fraction[i]
	}
	return '0'
}

// restIsZero reports whether no digit from i on is other than 0.
func (d decimal) restIsZero(i int) bool {
	return i >= len(d.fraction) || strings.Trim(d.fraction[i:], "0") == ""
}

// magnitude builds the decimals of one length before the point.
type magnitude struct {
	n         *nfa
	low, high decimal
	integer   bool
	length    int // before the point
	places    int // after it, at most
	states    map[magnitudeKey]int32
}

// magnitudeKey: the digits read, and whether they are those of the bounds so
// far.
type magnitudeKey struct {
	read      int
	low, high bool
}

// magnitudes leads from a state to accept over the decimals from low to high,
// neither negative.
func (n *nfa) magnitudes(from int32, low, high bound, integer bool) {
	m := &magnitude{n: n, low: decimalOf(low), high: decimalOf(high), integer: integer}
	for m.length = 1; m.length <= maxDigits; m.length++ {
		if m.length < len(m.low.whole) || !m.high.absent && m.length > len(m.high.whole) {
			continue
		}
		m.places = max(significant-m.length, len(m.low.fraction), len(m.high.fraction), 0)
		m.states = map[magnitudeKey]int32{}
		start := magnitudeKey{0, m.length == len(m.low.whole), !m.high.absent && m.length == len(m.high.whole)}
		n.skip(from, m.state(start))
	}
}

// state returns the state of a key, and makes what follows it.
func (m *magnitude) state(k magnitudeKey) int32 {
	if s, ok := m.states[k]; ok {
		return s
	}
	s := m.n.state()
	m.states[k] = s
	switch {
	case k.read < m.length:
		first := byte('0')
		if k.read == 0 && m.length > 1 {
			first = '1'
		}
		var low, high byte
		if k.low {
			low = m.low.whole[k.read]
		}
		if k.high {
			high = m.high.whole[k.read]
		}
		m.digits(s, k, first, low, high)
	case k.read == m.length:
		m.end(s, k, 0)
		if !m.integer && m.places > 0 {
			point := m.n.state()
			m.n.text(s, ".", point)
			m.digits(point, k, '0', m.low.digit(0), m.high.digit(0))
		}
	default:
		place := k.read - m.length // digits after the point
		m.end(s, k, place)
		if place < m.places {
			m.digits(s, k, '0', m.low.digit(place), m.high.digit(place))
		}
	}
	return s
}

// digits adds the digits that may follow, where the bounds go on with low and
// high.
func (m *magnitude) digits(s int32, k magnitudeKey, first, low, high byte) {
	for d := first; d <= '9'; d++ {
		if k.low && d < low || k.high && d > high {
			continue
		}
		next := m.state(magnitudeKey{k.read + 1, k.low && d == low, k.high && d == high})
		m.n.edge(s, d, d, next)
	}
}

// end lets the number end after a count of places, if it is within the bounds.
func (m *magnitude) end(s int32, k magnitudeKey, places int) {
	if k.low && (!m.low.restIsZero(places) || m.low.open) {
		return
	}
	if k.high && m.high.restIsZero(places) && m.high.open {
		return
	}
	m.n.skip(s, nfaAccept)
}

// multiples accepts the digits, after a sign or none, of numbers that divisor
// divides: its states are the remainders, and a start.
func multiples(divisor int32) *dfa {
	d := &dfa{width: 12}
	for i := range d.class {
		d.class[i] = 11
	}
	d.class['-'] = 10
	for i := range 10 {
		d.class['0'+i] = uint8(i)
	}
	for s := range divisor + 1 {
		for digit := range int32(10) {
			d.table = append(d.table, 1+(10*max(s-1, 0)+digit)%divisor)
		}
		sign := none
		if s == 0 {
			sign = 0
		}
		d.table = append(d.table, sign, none)
		d.final = append(d.final, s == 1)
	}
	d.calls = make([][]call, divisor+1)
	return d
}
