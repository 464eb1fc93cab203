package words

import (
	"unicode/utf8"
)

// longestPiece is where a piece ends that no space ends: the words of one piece
// are all found before the next.
const longestPiece = 1 << 20

// piece takes the characters from start to the next space, of which those before
// from are letters of ASCII, and returns where they end.
func (l *List) piece(text []byte, start, from int) int {
	end, cut, limit := from, start, min(len(text), start+longestPiece)
	for end < limit && ascii[text[end]]&space == 0 && text[end] < utf8.RuneSelf {
		end++
	}
	if end-start <= shortPiece && (end == len(text) || text[end] < utf8.RuneSelf) {
		l.short(text, start, end)
		return end
	}
	for end < limit {
		if text[end] < utf8.RuneSelf {
			if ascii[text[end]]&space != 0 {
				break
			}
			end++
			continue
		}
		k, size := at(text, end, len(text))
		if k&space != 0 {
			break
		}
		if k&alone != 0 {
			l.affixes(text, span{cut, end})
			l.add(text, span{end, end + size})
			cut = end + size
		}
		end += size
	}
	l.affixes(text, span{cut, end})
	if end == start { // a space beyond ASCII
		_, size := at(text, end, len(text))
		end += size
	}
	return end
}

// affixes takes prefixes and suffixes off a piece, one of each at a time, until
// an exception or the bare word is left.
func (l *List) affixes(text []byte, p span) {
	if p.start >= p.end {
		return
	}
	first := len(l.Words)
	l.tails = l.tails[:0]
	s := l.specials.find(text[p.start:p.end])
	for s == nil && p.start < p.end {
		pre := prefix(text, p)
		if pre > 0 {
			if s = l.specials.find(text[p.start+pre : p.end]); s != nil {
				p.start = l.head(text, p.start, pre)
				break
			}
		}
		suf := suffix(text, span{p.start + pre, p.end})
		if suf > 0 {
			if s = l.specials.find(text[p.start : p.end-suf]); s != nil {
				p.end = l.tail(p.end, suf)
				break
			}
		}
		if pre+suf == 0 {
			break
		}
		p.start = l.head(text, p.start, pre)
		p.end = l.tail(p.end, suf)
		s = l.specials.find(text[p.start:p.end])
	}
	l.attach(text, p, s)
	for i := len(l.tails) - 1; i >= 0; i-- {
		l.add(text, l.tails[i])
	}
	if len(l.Words)-first > 1 {
		l.rejoin(text, first)
	}
}

// head adds a prefix of n bytes and returns where the rest begins.
func (l *List) head(text []byte, start, n int) int {
	if n > 0 {
		l.add(text, span{start, start + n})
	}
	return start + n
}

// tail remembers a suffix of n bytes and returns where the rest ends.
func (l *List) tail(end, n int) int {
	if n > 0 {
		l.tails = append(l.tails, span{end - n, end})
	}
	return end - n
}

// attach adds what is left between prefixes and suffixes: an exception if s is
// not nil, an address, or a word to be cut at the marks inside it.
func (l *List) attach(text []byte, p span, s *special) {
	switch {
	case p.start >= p.end:
	case s != nil:
		at := p.start
		for _, end := range s.ends {
			l.add(text, span{at, p.start + int(end)})
			at = p.start + int(end)
		}
	case address(text[p.start:p.end]):
		l.add(text, p)
	default:
		l.infixes(text, p)
	}
}

// infixes cuts a word at the marks inside it.
func (l *List) infixes(text []byte, p span) {
	from := p.start
	var prev kind
	for i := p.start; i < p.end; {
		if k := ascii[text[i]]; k&(letter|digit) != 0 {
			prev = k
			i++
			continue
		}
		k, size := at(text, i, p.end)
		n := 0
		if k&letter == 0 {
			n = infix(text, span{i, p.end}, k, size, prev)
		}
		if n == 0 {
			prev = k
			i += size
			continue
		}
		if i > p.start {
			if i > from {
				l.add(text, span{from, i})
			}
			l.add(text, span{i, i + n})
			from = i + n
		}
		prev, _ = before(text, i, i+n)
		i += n
	}
	if from < p.end {
		l.add(text, span{from, p.end})
	}
}

// add adds one word.
func (l *List) add(text []byte, p span) {
	if p.end-p.start == 1 && ascii[text[p.start]]&(letter|digit) == 0 {
		l.Words = append(l.Words, Word{Start: int32(p.start), End: int32(p.end), Runes: 1, Class: Symbol})
		return
	}
	if ascii[text[p.start]]&letter != 0 {
		if end, hash := letters(text, p.start); end == p.end {
			l.Words = append(l.Words, Word{
				Start: int32(p.start), End: int32(end), Runes: int32(end - p.start), Class: Letter, Hash: hash,
			})
			return
		}
	}
	w := measure(text[p.start:p.end])
	w.Start, w.End = int32(p.start), int32(p.end)
	l.Words = append(l.Words, w)
}
