package privacy

import "bytes"

// Limits of a written number; longer ones are tables of numbers.
const (
	maxDigits = 40
	maxGroups = 12
	minDigits = 6 // what has fewer digits is none of the kinds
)

// number is groups of digits with one mark between two: a space, a hyphen, a dot,
// a slash or a bracket.
type number struct {
	digits [maxDigits]byte // of all groups
	count  int
	groups [maxGroups]group
	n      int
	plus   bool // a + stands before the first group
}

// group is one run of digits.
type group struct {
	start, end int  // in the text
	first      int  // its first digit in number.digits
	sep        byte // the mark before it
	open       bool // it stands in brackets
}

func (g *group) len() int { return g.end - g.start }

// numbers reads the number at start, replaces what is private in it, and returns
// where to go on.
func (w *worker) numbers(start int) int {
	end, ok := w.read(start)
	if !ok || w.num.count < minDigits || !w.beginsNumber(start) || !w.endsNumber(end) {
		return end
	}
	num := &w.num
	for a := 0; a < num.n; {
		next := a + 1
		for b := num.n; b > a && (a == 0 || num.groups[a].sep == ' '); b-- {
			if (b == num.n || num.groups[b].sep == ' ') && w.classify(a, b) {
				next = b
				break
			}
		}
		a = next
	}
	return max(end, w.last)
}

// read fills w.num with the number at start and returns its end; not ok is one
// with more digits or groups than the limits.
func (w *worker) read(start int) (end int, ok bool) {
	text, num := w.text, &w.num
	*num = number{plus: plusBefore(text, start, w.last)}
	sep, inside, ok := byte(0), start > w.last && text[start-1] == '(', true
	if num.plus && text[start-1] == '+' && start-2 >= w.last && text[start-2] == '(' {
		inside = true
	}
	for i := start; ; {
		from := i
		for ; i < len(text) && class[text[i]]&digit != 0; i++ {
			if num.count < maxDigits {
				num.digits[num.count] = text[i]
			}
			num.count++
		}
		ok = ok && num.count <= maxDigits && num.n < maxGroups
		if ok {
			num.groups[num.n] = group{start: from, end: i, first: num.count - (i - from), sep: sep}
			num.n++
		}
		next, mark, bracket := separator(text, i, inside)
		if next == 0 {
			return i, ok
		}
		if ok {
			num.groups[num.n-1].open = mark == ')'
		}
		i, sep, inside = next, mark, bracket
	}
}

// separator reads the marks between two groups at i; next is 0 when the number
// ends there. Inside says that a bracket was opened before the group.
func separator(text []byte, i int, inside bool) (next int, mark byte, bracket bool) {
	size, mark := markAt(text, i)
	if inside && i < len(text) && text[i] == ')' {
		size, _ = markAt(text, i+1)
		size, mark = size+1, ')'
	}
	if size == 0 {
		return 0, 0, false
	}
	i += size
	if mark == ' ' && i < len(text) && text[i] == '(' {
		i, bracket = i+1, true
	}
	if i >= len(text) || class[text[i]]&digit == 0 {
		return 0, 0, false
	}
	return i, mark, bracket
}

// markAt returns the mark at i and its size; a no-break space is a space, and a
// no-break hyphen or a dash is a hyphen.
func markAt(text []byte, i int) (size int, mark byte) {
	if i >= len(text) {
		return 0, 0
	}
	switch text[i] {
	case ' ', '-', '.', '/':
		return 1, text[i]
	case 0xc2:
		if i+1 < len(text) && text[i+1] == 0xa0 {
			return 2, ' '
		}
	case 0xe2:
		if i+2 < len(text) && text[i+1] == 0x80 && text[i+2] >= 0x90 && text[i+2] <= 0x93 {
			return 3, '-'
		}
	}
	return 0, 0
}

// plusBefore says whether the digits at start have a + of their own.
func plusBefore(text []byte, start, last int) bool {
	if start > last && text[start-1] == '(' {
		start--
	}
	return start > last && text[start-1] == '+' && (start < 2 || class[text[start-2]]&alnum == 0)
}

// beginsNumber says whether what stands before start lets a number begin there,
// rather than being the rest of an amount, a path or a name.
func (w *worker) beginsNumber(start int) bool {
	text := w.text
	for start > w.last && (text[start-1] == '(' || text[start-1] == '+') {
		start--
	}
	if start == 0 {
		return true
	}
	before := byte(' ')
	if start >= 2 {
		before = text[start-2]
	}
	switch b := text[start-1]; b {
	case '-': // of a list, or behind the first letter of an id
		return before == ' ' || before == '\n' || before >= 'X' && before <= 'Z'
	case '.', '_', '/', '#', '$', '%', '&', '\\', '^', '@', 0xac, 0xa3, 0xa5: // the last are ends of the signs of currencies
		return false
	case ',', ':':
		return class[before]&digit == 0
	default:
		return class[b]&alnum == 0 || start == w.last
	}
}

// endsNumber is the same of what stands at end.
func (w *worker) endsNumber(end int) bool {
	text := w.text
	if end >= len(text) {
		return true
	}
	after := end+1 < len(text)
	switch b := text[end]; b {
	case '_', '@', '%', '&':
		return false
	case '.', ',', ':':
		return !after || class[text[end+1]]&digit == 0
	case '-', '/':
		return !after || class[text[end+1]]&letter == 0 || end+2 >= len(text) || class[text[end+2]]&alnum == 0
	default:
		return class[b]&alnum == 0
	}
}

// classify replaces the groups from a to b when they are something private.
func (w *worker) classify(a, b int) bool {
	num := &w.num
	first, last := &num.groups[a], &num.groups[b-1]
	digits := num.digits[first.first : last.first+last.len()]
	if len(digits) < minDigits || len(digits) > 19 {
		return false
	}
	at, end := first.start, last.end
	plus := a == 0 && num.plus
	var buf [2 * maxGroups * 2]byte
	shape := num.shape(buf[:0], a, b)
	if !plus {
		if w.on[card] && w.isCard(digits, shape, at) {
			w.found(card, at, end)
			return true
		}
		if w.ids && w.digitID(digits, shape, at, end) {
			return true
		}
	}
	if !w.on[phone] || !w.isPhone(a, b, digits, plus) {
		return false
	}
	for at > w.last && (w.text[at-1] == '(' && bytes.IndexByte(w.text[at:end], ')') >= 0 || w.text[at-1] == '+' && plus) {
		at--
	}
	w.found(phone, at, end)
	return true
}

// shape writes the lengths of the groups from a to b with the marks between them,
// such as "3-2-4".
func (n *number) shape(dst []byte, a, b int) []byte {
	for i := a; i < b; i++ {
		if i > a {
			dst = append(dst, n.groups[i].sep)
		}
		size := n.groups[i].len()
		if size >= 10 {
			dst = append(dst, byte('0'+size/10))
		}
		dst = append(dst, byte('0'+size%10))
	}
	return dst
}
