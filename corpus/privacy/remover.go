// Package privacy replaces private data in texts by placeholders: e-mail
// addresses, phone numbers, IP addresses, payment cards, bank accounts and
// national ids. Each kind has a check digit, a shape that little else has, or a
// word nearby that says what the number is; what has none of them stays.
package privacy

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/polymath-lm/polymath/corpus/document"
)

// Remover knows what is private. It does not change, and goroutines may share
// it; each takes a Worker of its own.
type Remover struct {
	on           [kindCount]bool
	ids          bool // any kind of id is on
	placeholders [kindCount]string
	allow        map[string]bool
	privateIPs   bool
}

// New returns the Remover of o, or what Check says against o.
func New(o Options) (*Remover, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	r := &Remover{allow: make(map[string]bool), privateIPs: o.PrivateIPs}
	for _, name := range o.Kinds {
		for k := range kindCount {
			r.on[k] = r.on[k] || name == kindNames[k] || name == k.group()
			r.ids = r.ids || k >= firstID && r.on[k]
		}
	}
	for k := range kindCount {
		r.placeholders[k] = "<" + strings.ToUpper(k.group()) + ">"
		for _, name := range []string{k.group(), kindNames[k]} {
			if text, ok := o.Placeholders[name]; ok {
				r.placeholders[k] = text
			}
		}
	}
	for _, entry := range o.Allow {
		r.allow[entry] = true
	}
	return r, nil
}

// Worker returns the step for one goroutine.
func (r *Remover) Worker() document.Step { return &worker{Remover: r} }

// worker scans one document at a time.
type worker struct {
	*Remover
	d    *document.Document
	text []byte
	out  []byte // the new text up to last, when something was found
	last int    // the end of what was found last
	num  number
}

// Name is the step as recipes name it.
func (w *worker) Name() string { return StepName }

// Apply replaces what is private in d and counts it by kind; it stores none of
// it. A text without any is not copied.
func (w *worker) Apply(d *document.Document) {
	w.d, w.text, w.out, w.last = d, d.Text(), nil, 0
	w.scan()
	if w.last > 0 {
		d.SetText(append(w.out, w.text[w.last:]...))
	}
	w.d, w.text, w.out = nil, nil, nil
}

// found replaces text[at:end], which is behind everything found before.
func (w *worker) found(k kind, at, end int) {
	if w.out == nil {
		w.out = make([]byte, 0, len(w.text)+64)
	}
	w.out = append(w.out, w.text[w.last:at]...)
	w.out = append(w.out, w.placeholders[k]...)
	w.last = end
	w.d.Cut(StepName, kindNames[k], at, end-at)
}

// scan looks at each @, each word with a digit, each colon between what may be
// parts of an address, and each bracket with "at" in it.
func (w *worker) scan() {
	text := w.text
	for i := nextTrigger(text, 0); i < len(text); i = nextTrigger(text, i) {
		switch class[text[i]] & trigger {
		case 0:
			i++
			continue
		case at:
			i = max(i+1, w.mail(i))
		case colon:
			i = max(i+1, w.ipv6(i))
		case bracket:
			i = max(i+1, w.spelledMail(i))
		default:
			i = max(i+1, w.digits(i))
		}
	}
}

// nextTrigger returns the first place from i on that scan looks at, or one before
// it near the end of the text.
func nextTrigger(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		if found := triggers(binary.LittleEndian.Uint64(text[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	return i
}

// triggers returns a word with the high bit of each byte set that is a trigger.
func triggers(x uint64) uint64 {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	low := x &^ highs
	from := low + ones*(0x80-'0')  // high bit: not below 0
	above := low + ones*(0x7f-':') // high bit: above the colon, which follows 9
	others := (highs - (low ^ ones*'@')) | (highs - (low ^ ones*'(')) | (highs - (low ^ ones*'['))
	return (from&^above | others) &^ x & highs
}

// digits looks at the digit at i and returns where to go on.
func (w *worker) digits(i int) int {
	text := w.text
	start := i
	for start > w.last && class[text[start-1]]&alnum != 0 {
		start--
	}
	end := i + 1
	letters := start < i
	for ; end < len(text) && class[text[end]]&alnum != 0; end++ {
		letters = letters || class[text[end]]&letter != 0
	}
	if letters {
		return w.lettered(start, end)
	}
	if end < len(text) && text[end] == '.' && end-start <= 3 && w.on[ip] {
		if next := w.ipv4(start); next > 0 {
			return next
		}
	}
	if w.on[phone] || w.on[card] || w.ids {
		return w.numbers(start)
	}
	return end
}

// Classes of bytes.
const (
	digit uint16 = 1 << iota
	letter
	hex
	local // stands in the part of an address before the @
	at
	colon
	bracket
	mailDomain
	alnum   = digit | letter
	trigger = digit | at | colon | bracket
)

var class = makeClasses()

func makeClasses() (c [256]uint16) {
	for b := range 256 {
		switch {
		case b >= '0' && b <= '9':
			c[b] = digit | hex | local | mailDomain
		case b|0x20 >= 'a' && b|0x20 <= 'z':
			c[b] = letter | local | mailDomain
			if b|0x20 <= 'f' {
				c[b] |= hex
			}
		}
	}
	for _, b := range []byte(".!#$%&'*+/=?^_`{|}~-") {
		c[b] |= local
	}
	c['-'] |= mailDomain
	c['.'] |= mailDomain
	c['@'] |= at
	c[':'] |= colon
	c['('] |= bracket
	c['['] |= bracket
	return c
}
