package constrain

import "unicode/utf8"

// What JSON may look like. White space is bounded, so that a model cannot lose
// itself in it: nothing, one space, or a line break and an indentation. Digits
// are bounded, and exponents such that a float64 holds the number.
const (
	maxIndentSpaces = 32
	maxIndentTabs   = 8
	maxDigits       = 19 // before the point
	maxFraction     = 17 // after it
)

// space is the rule of white space between the parts of objects and arrays.
func (b *builder) space() int32 {
	return b.once("space", func(n *nfa) {
		n.skip(nfaStart, nfaAccept)
		n.text(nfaStart, " ", nfaAccept)
		line := n.state()
		n.text(nfaStart, "\n", line)
		for _, indent := range []struct {
			char string
			most int
		}{{" ", maxIndentSpaces}, {"\t", maxIndentTabs}} {
			n.repeat(line, 0, indent.most, nfaAccept, func(from, to int32) { n.text(from, indent.char, to) })
		}
	})
}

// anyString is the rule of all JSON strings, with any escape.
func (b *builder) anyString() int32 {
	return b.once("string", func(n *nfa) {
		in, esc := n.state(), n.state()
		n.text(nfaStart, `"`, in)
		n.text(in, `"`, nfaAccept)
		n.text(in, `\`, esc)
		for _, r := range []runeRange{{' ', '!'}, {'#', '['}, {']', utf8.MaxRune}} {
			n.runes(in, r.lo, r.hi, in)
		}
		for _, c := range `"\/bfnrt` {
			n.text(esc, string(c), in)
		}
		u := n.state()
		n.text(esc, "u", u)
		// All code units but surrogates, and pairs of those.
		hex := func(from, to int32) { n.hex(from, "0123456789abcdefABCDEF", to) }
		x, d := n.state(), n.state()
		n.hex(u, "0123456789abcefABCEF", x)
		n.repeat(x, 3, 3, in, hex)
		n.hex(u, "dD", d)
		low, high := n.state(), n.state()
		n.hex(d, "01234567", low)
		n.repeat(low, 2, 2, in, hex)
		n.hex(d, "89abAB", high)
		pair, second, rest := n.state(), n.state(), n.state()
		n.repeat(high, 2, 2, pair, hex)
		n.text(pair, `\u`, second)
		third := n.state()
		n.hex(second, "dD", third)
		n.hex(third, "cdefCDEF", rest)
		n.repeat(rest, 2, 2, in, hex)
	})
}

// hex leads over one of the digits.
func (n *nfa) hex(from int32, digits string, to int32) {
	for i := range len(digits) {
		n.edge(from, digits[i], digits[i], to)
	}
}

func (n *nfa) digit(from, to int32) { n.edge(from, '0', '9', to) }

// whole leads over 0 or a number of at most maxDigits digits that does not
// begin with 0.
func (n *nfa) whole(from, to int32) {
	first := n.state()
	n.text(from, "0", to)
	n.edge(from, '1', '9', first)
	n.repeat(first, 0, maxDigits-1, to, n.digit)
}

// anyInteger is the rule of whole numbers.
func (b *builder) anyInteger() int32 {
	return b.once("integer", func(n *nfa) {
		digits := n.state()
		n.skip(nfaStart, digits)
		n.text(nfaStart, "-", digits)
		n.whole(digits, nfaAccept)
	})
}

// anyNumber is the rule of all JSON numbers.
func (b *builder) anyNumber() int32 {
	return b.once("number", func(n *nfa) {
		digits, exp, point := n.state(), n.state(), n.state()
		n.skip(nfaStart, digits)
		n.text(nfaStart, "-", digits)
		n.whole(digits, exp)
		n.text(exp, ".", point)
		after := n.state()
		n.repeat(point, 1, maxFraction, after, n.digit)
		n.skip(after, nfaAccept)
		n.skip(exp, nfaAccept)
		e := n.state()
		for _, from := range []int32{exp, after} {
			n.text(from, "e", e)
			n.text(from, "E", e)
		}
		n.exponent(e, nfaAccept)
	})
}

// exponent leads over exponents from -299 to 288, with which 19 digits before
// the point stay below the largest float64.
func (n *nfa) exponent(from, to int32) {
	up, down := n.state(), n.state()
	n.skip(from, up)
	n.text(from, "+", up)
	n.text(from, "-", down)
	for _, s := range []int32{up, down} {
		n.repeat(s, 1, 2, to, n.digit)
		one := n.state()
		n.text(s, "1", one)
		n.repeat(one, 2, 2, to, n.digit)
	}
	two, tens := n.state(), n.state()
	n.text(up, "2", two)
	n.edge(two, '0', '8', tens)
	n.edge(tens, '0', '8', to)
	two = n.state()
	n.text(down, "2", two)
	n.repeat(two, 2, 2, to, n.digit)
}

// anyValue is the rule of all JSON values.
func (b *builder) anyValue() int32 {
	return b.once("value", func(n *nfa) {
		for _, rule := range []int32{b.anyString(), b.anyNumber(), b.anyObject(), b.anyArray()} {
			n.call(nfaStart, rule, nfaAccept)
		}
		for _, text := range []string{"true", "false", "null"} {
			n.text(nfaStart, text, nfaAccept)
		}
	})
}

// anyObject is the rule of all JSON objects.
func (b *builder) anyObject() int32 {
	return b.once("object", func(n *nfa) {
		b.members(n, b.anyString(), b.anyValue())
	})
}

// members adds an object of any number of members.
func (b *builder) members(n *nfa, key, value int32) {
	open, member, colon, in, last := n.state(), n.state(), n.state(), n.state(), n.state()
	n.text(nfaStart, "{", open)
	n.text(open, "}", nfaAccept)
	n.call(open, b.space(), member)
	n.call(member, key, colon)
	b.colon(n, colon, in)
	n.call(in, value, last)
	b.comma(n, last, member)
	b.closing(n, last, "}")
}

// colon leads from the end of a key to its value.
func (b *builder) colon(n *nfa, from, to int32) {
	mid := n.state()
	n.text(from, ":", mid)
	n.skip(mid, to)
	n.text(mid, " ", to)
}

// comma leads from a value to the next one.
func (b *builder) comma(n *nfa, from, to int32) {
	mid := n.state()
	n.text(from, ",", mid)
	n.call(mid, b.space(), to)
}

// closing leads from the last value to the end.
func (b *builder) closing(n *nfa, from int32, bracket string) {
	mid := n.state()
	n.call(from, b.space(), mid)
	n.text(mid, bracket, nfaAccept)
}

// anyArray is the rule of all JSON arrays.
func (b *builder) anyArray() int32 {
	return b.once("array", func(n *nfa) {
		open, item, last := n.state(), n.state(), n.state()
		n.text(nfaStart, "[", open)
		n.text(open, "]", nfaAccept)
		n.call(open, b.space(), item)
		n.call(item, b.anyValue(), last)
		b.comma(n, last, item)
		b.closing(n, last, "]")
	})
}
