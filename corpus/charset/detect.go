package charset

import (
	"sync"
	"unicode"
	"unicode/utf8"

	labels "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// Costs beyond those of the model, in sixteenths of a nat.
const (
	oddCost     = 4 * nat  // which of the odd characters it is
	markCost    = 2 * nat  // which of the marks it is
	brokenCost  = 12 * nat // bytes that stand for nothing
	upperCost   = 1 * nat  // an upper-case letter
	uprightCost = 6 * nat  // one behind a lower-case letter
	asciiCost   = 3 * nat  // which of the ASCII letters it is, where they are one class
	mixedCost   = 5 * nat  // letters of two scripts in one word
	singleCost  = 5 * nat  // a word of one letter in a script that is not Latin
	aloneCost   = 8 * nat  // a single ideograph beside an ASCII letter
	rareCost    = 13 * nat // a character that is not in a table
	strangeCost = 17 * nat // one that texts in the language have not
)

// pages are the charsets that are told apart: the family of their languages,
// and how much rarer they are than others.
var pages = []struct {
	name, family string
	prior        int
}{
	{"windows-1252", "west", 0},
	{"iso-8859-15", "west", 3 * nat},
	{"macintosh", "west", 2 * nat},
	{"windows-1250", "central", 2 * nat},
	{"iso-8859-2", "central", 2 * nat},
	{"windows-1254", "turkish", 2 * nat},
	{"windows-1257", "baltic", 2 * nat},
	{"iso-8859-13", "baltic", 3 * nat},
	{"windows-1251", "cyrillic", 0},
	{"koi8-r", "cyrillic", nat},
	{"koi8-u", "cyrillic", 2 * nat},
	{"iso-8859-5", "cyrillic", nat},
	{"ibm866", "cyrillic", 2 * nat},
	{"windows-1253", "greek", nat},
	{"iso-8859-7", "greek", 2 * nat},
	{"windows-1255", "hebrew", nat},
	{"iso-8859-8", "hebrew", 2 * nat},
	{"windows-1256", "arabic", nat},
	{"iso-8859-6", "arabic", 2 * nat},
	{"windows-874", "thai", nat},
	{"gb18030", "zh_CN", nat},
	{"big5", "zh_TW", nat},
	{"shift_jis", "ja", nat},
	{"euc-jp", "ja", nat},
	{"euc-kr", "ko", nat},
}

// Pages returns the charsets of a family that are told apart.
func Pages(family string) (names []string) {
	for _, p := range pages {
		if p.family == family {
			names = append(names, p.name)
		}
	}
	return names
}

// page is a charset of one byte a character in the classes of its family.
type page struct {
	family *family
	class  [256]uint8
	extra  [256]uint16 // costs of the character itself
	upper  [256]bool
	lower  [256]bool
}

// scorer returns the cost of a text in one charset.
type scorer struct {
	name  string
	score func(text []byte) int
}

var scorers = sync.OnceValue(func() []scorer {
	m := load()
	var list []scorer
	for _, p := range pages {
		e, _ := labels.Lookup(p.name)
		score := newTable(m.common[p.family], e).score
		if f := m.families[p.family]; f != nil {
			score = newPage(f, e).score
		}
		list = append(list, scorer{p.name, func(text []byte) int { return p.prior + score(text) }})
	}
	return list
})

// A first look at firstSize bytes leaves the charsets that cost up to twice
// and lead more than the cheapest.
const (
	firstSize = 512
	lead      = 30 * nat
)

// detect returns the likeliest charset of text that is not UTF-8: the one in
// which its characters follow each other most as in the languages written in
// it.
func detect(content []byte) string {
	text := sample(content)
	text = text[:min(len(text), detectSize)]
	left := scorers()
	if len(text) > 2*firstSize {
		left = near(left, text[:firstSize])
	}
	return cheapest(left, text)
}

// near returns the charsets whose cost is not far from the least.
func near(list []scorer, text []byte) (left []scorer) {
	costs := make([]int, len(list))
	least := 0
	for i, s := range list {
		costs[i] = s.score(text)
		if i == 0 || costs[i] < least {
			least = costs[i]
		}
	}
	for i, s := range list {
		if costs[i] <= 2*least+lead {
			left = append(left, s)
		}
	}
	return left
}

func cheapest(list []scorer, text []byte) (name string) {
	least := 0
	for _, s := range list {
		if cost := s.score(text); name == "" || cost < least {
			least, name = cost, s.name
		}
	}
	return name
}

func newPage(f *family, e encoding.Encoding) *page {
	p := &page{family: f}
	for b := range 256 {
		r := utf8.RuneError
		if s, _, err := transform.Bytes(e.NewDecoder(), []byte{byte(b)}); err == nil {
			r, _ = utf8.DecodeRune(s)
		}
		p.class[b] = f.class(r)
		p.upper[b] = unicode.IsUpper(r)
		p.lower[b] = unicode.IsLower(r)
		switch {
		case b < 0x80 && p.class[b] == classLetter && !f.latin:
			p.extra[b] = asciiCost
		case b < 0x80:
		case r == utf8.RuneError || r < 0xa0:
			p.extra[b] = brokenCost
		case p.class[b] == classOdd:
			p.extra[b] = oddCost
		case p.class[b] == classMark:
			p.extra[b] = markCost
		case p.upper[b]:
			p.extra[b] = upperCost
		}
	}
	return p
}

// score sums the costs of the pairs with a byte beyond ASCII.
func (p *page) score(text []byte) (cost int) {
	before := byte(' ')
	n, run := p.family.classes, 0
	for _, b := range text {
		if (before | b) >= utf8.RuneSelf {
			from, to := p.class[before], p.class[b]
			cost += int(p.family.cost[int(from)*n+int(to)]) + int(p.extra[b])
			if p.lower[before] && p.upper[b] {
				cost += uprightCost
			}
			if !p.family.latin && (from == classLetter && to > classLetter || to == classLetter && from > classLetter) {
				cost += mixedCost
			}
		}
		if b < utf8.RuneSelf {
			if run == 1 && !p.family.latin {
				cost += singleCost
			}
			run = 0
		} else {
			run++
		}
		before = b
	}
	return cost
}

// table is a charset of several bytes a character.
type table struct {
	cost     map[rune]uint8
	encoding encoding.Encoding
}

func newTable(cost map[rune]uint8, e encoding.Encoding) *table { return &table{cost, e} }

func (t *table) score(text []byte) (cost int) {
	decoded, _, err := transform.Bytes(t.encoding.NewDecoder(), text)
	if err != nil {
		return brokenCost * len(text)
	}
	run, word := 0, false // ideographs in a row, and whether a letter stands before them
	for i := 0; i < len(decoded); {
		r, size := utf8.DecodeRune(decoded[i:])
		i += size
		if r < utf8.RuneSelf {
			letter := 'a' <= r|0x20 && r|0x20 <= 'z'
			if run == 1 && (word || letter) {
				cost += aloneCost
			}
			run, word = 0, letter
			continue
		}
		run++
		switch c, ok := t.cost[r]; {
		case ok:
			cost += int(c)
		case r == utf8.RuneError:
			cost += brokenCost
		case unicode.Is(unicode.Han, r) && r <= 0x9fff, unicode.Is(unicode.Hangul, r):
			cost += rareCost
		default:
			cost += strangeCost
		}
	}
	return cost
}
