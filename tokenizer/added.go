package tokenizer

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is looked for in the text before it is split, as
// tokenizer.json has it.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"` // only where no letter or digit touches it
	LStrip     bool   `json:"lstrip"`      // takes the white space before it
	RStrip     bool   `json:"rstrip"`      // and after it
	Normalized bool   `json:"normalized"`  // is looked for in the normalized text
	Special    bool   `json:"special"`
}

// addedSet finds added tokens in text: the leftmost, of those the longest.
type addedSet struct {
	tokens   []addedToken
	nodes    []trieNode // nodes[0] is the root
	first    [256]bool
	ordinary bool // has a token that is not special
}

type trieNode struct {
	bytes []byte
	next  []int32
	token int32 // index of the token that ends here; -1: none
}

// add makes pattern stand for tok.
func (s *addedSet) add(pattern []byte, tok addedToken) {
	if len(pattern) == 0 {
		return
	}
	if s.nodes == nil {
		s.nodes = []trieNode{{token: -1}}
	}
	s.first[pattern[0]] = true
	s.ordinary = s.ordinary || !tok.Special
	at := int32(0)
	for _, b := range pattern {
		i := bytes.IndexByte(s.nodes[at].bytes, b)
		if i < 0 {
			i = len(s.nodes[at].bytes)
			s.nodes[at].bytes = append(s.nodes[at].bytes, b)
			s.nodes[at].next = append(s.nodes[at].next, int32(len(s.nodes)))
			s.nodes = append(s.nodes, trieNode{token: -1})
		}
		at = s.nodes[at].next[i]
	}
	s.nodes[at].token = int32(len(s.tokens))
	s.tokens = append(s.tokens, tok)
}

// wanted reports whether text needs to be searched at all.
func (s *addedSet) wanted(special bool) bool {
	return len(s.tokens) > 0 && (special || s.ordinary)
}

// match is an added token in text[start:end]; id is -1 where there is none,
// and then start and end are the end of the text.
type match struct {
	start, end int
	id         int32
}

// find returns the first token in text[from:] that applies.
func (s *addedSet) find(text []byte, from int, special bool) match {
	for i := from; i < len(text); {
		if !s.first[text[i]] {
			i++
			continue
		}
		tok, end := s.longest(text, i)
		if end == 0 {
			i++
			continue
		}
		if m, ok := s.fits(tok, text, from, i, end, special); ok {
			return m
		}
		i = end
	}
	return match{len(text), len(text), -1}
}

func (s *addedSet) longest(text []byte, i int) (tok *addedToken, end int) {
	at := int32(0)
	for ; i < len(text); i++ {
		k := bytes.IndexByte(s.nodes[at].bytes, text[i])
		if k < 0 {
			break
		}
		at = s.nodes[at].next[k]
		if n := s.nodes[at].token; n >= 0 {
			tok, end = &s.tokens[n], i+1
		}
	}
	return tok, end
}

// fits applies the conditions of a token found at text[start:end].
func (s *addedSet) fits(tok *addedToken, text []byte, from, start, end int, special bool) (match, bool) {
	if tok.Special && !special {
		return match{}, false
	}
	if tok.SingleWord {
		before, _ := utf8.DecodeLastRune(text[:start])
		after, _ := utf8.DecodeRune(text[end:])
		if start > 0 && wordRune(before) || end < len(text) && wordRune(after) {
			return match{}, false
		}
	}
	if tok.LStrip {
		for start > from {
			r, size := utf8.DecodeLastRune(text[:start])
			if classOf(r) != space || start-size < from {
				break
			}
			start -= size
		}
	}
	if tok.RStrip {
		end = skip(text, end, space)
	}
	return match{start, end, tok.ID}, true
}

func wordRune(r rune) bool {
	return r == '_' || unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc) || r == '\u200c' || r == '\u200d'
}
