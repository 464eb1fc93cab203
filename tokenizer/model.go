package tokenizer

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// merge says that left and right, side by side, become id.
type merge struct{ left, right, id int32 }

// model is the vocabulary proper: what happens to one word after normalizing
// and splitting. Read-only once index has run.
type model struct {
	// byteLevel: words are bytes. Otherwise they are characters, and byteFallback
	// says whether a character that is no token becomes the tokens <0x00>...
	byteLevel    bool
	byteFallback bool
	fuseUnk      bool  // a run of unknown characters is one unk
	ignoreMerges bool  // a word that is a token is that token, whatever the merges say
	unk          int32 // -1: none

	ids    map[string]int32 // by what words are made of: bytes, or characters
	odd    map[int32]string // byte-level vocabularies: entries outside the alphabet
	merges []merge          // in the order of their ranks
	// sharedRanks: all merges into one token have one rank, as in a rank file
	// whose tokens cannot all be made by one merge each.
	sharedRanks bool

	whole   hashSet    // the short words of ids
	symbols [256]int32 // the token of each byte, or its fallback; -1: none
	pairs   pairTable
}

// index prepares m for encoding. Its errors name fields of tokenizer.json.
func (m *model) index() error {
	for b := range m.symbols {
		m.symbols[b] = -1
		name := string([]byte{byte(b)})
		if !m.byteLevel {
			name = fallbackName(byte(b))
		}
		if id, ok := m.ids[name]; ok && (m.byteLevel || m.byteFallback) {
			m.symbols[b] = id
		}
	}
	if len(m.ids) == 0 {
		return errors.New("model.vocab is empty")
	}
	if m.ignoreMerges {
		m.whole = newHashSet(len(m.ids))
		for word := range m.ids {
			if len(word) <= shortWord {
				m.whole.add(word)
			}
		}
	}
	m.pairs = newPairTable(len(m.merges))
	rank := uint64(0)
	for i, g := range m.merges {
		if i > 0 && (!m.sharedRanks || g.id != m.merges[i-1].id) {
			rank++
		}
		m.pairs.set(g.left, g.right, rank<<32|uint64(uint32(g.id)))
	}
	m.pairs.keepBytes()
	return nil
}

func fallbackName(b byte) string { return fmt.Sprintf("<0x%02X>", b) }

// appendSymbols appends the tokens that word consists of before any merge.
func (m *model) appendSymbols(dst []int32, word []byte) []int32 {
	if !m.byteLevel {
		return m.appendCharacters(dst, word)
	}
	for _, b := range word {
		if id := m.symbols[b]; id >= 0 {
			dst = append(dst, id)
		} else {
			dst = m.appendUnk(dst)
		}
	}
	return dst
}

func (m *model) appendCharacters(dst []int32, word []byte) []int32 {
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRune(word[i:])
		char := word[i : i+size]
		i += size
		if id, ok := m.ids[string(char)]; ok {
			dst = append(dst, id)
			continue
		}
		// Without byte_fallback all of m.symbols are -1.
		n := len(dst)
		for _, b := range char {
			dst = append(dst, m.symbols[b])
		}
		for _, id := range dst[n:] {
			if id < 0 {
				dst = m.appendUnk(dst[:n])
				break
			}
		}
	}
	return dst
}

// appendUnk appends the token for what no token expresses. Where a vocabulary
// has none, such text is left out.
func (m *model) appendUnk(dst []int32) []int32 {
	if m.unk < 0 || m.fuseUnk && len(dst) > 0 && dst[len(dst)-1] == m.unk {
		return dst
	}
	return append(dst, m.unk)
}

// cutsBefore reports whether words may be cut before every run of mark without
// changing the ids: no token has mark after anything else.
func (m *model) cutsBefore(mark string) bool {
	if _, ok := m.ids[mark]; !ok || m.byteLevel {
		return false
	}
	for s := range m.ids {
		rest := bytes.TrimLeft([]byte(s), mark)
		if bytes.Contains(rest, []byte(mark)) {
			return false
		}
	}
	return true
}

// derive returns for each token of more than one byte the two tokens that it
// is merged from, in the order of ranks, given all tokens in that order. Where
// it cannot, it returns every pair of tokens that makes a token, and exact is
// false.
//
// A rank file lets any two neighbors merge whose bytes together are a token.
// When merging by rank reaches a token, its bytes are cut as they would be
// were they the whole word, for no merge has crossed their ends. So where each
// token by itself falls into just two parts below its own rank, no other pair
// ever meets, and one merge for each token says all.
func derive(tokens [][]byte, ids []int32) (merges []merge, exact bool) {
	byBytes := make(map[string]int32, len(tokens))
	pairs := newPairTable(len(tokens))
	var m merger
	var symbols []int32
	exact = true
	for i, tok := range tokens {
		if len(tok) == 1 {
			byBytes[string(tok)] = ids[i]
		}
	}
	for i, tok := range tokens {
		if len(tok) > 1 {
			symbols = symbols[:0]
			for _, b := range tok {
				symbols = append(symbols, byBytes[string([]byte{b})])
			}
			parts := m.apply(&pairs, symbols)
			if exact = len(parts) == 2; !exact {
				break
			}
			merges = append(merges, merge{parts[0], parts[1], ids[i]})
			pairs.set(parts[0], parts[1], uint64(i)<<32|uint64(uint32(ids[i])))
		}
	}
	if exact {
		return merges, true
	}
	for i, tok := range tokens {
		byBytes[string(tok)] = ids[i]
	}
	merges = merges[:0]
	for i, tok := range tokens {
		for cut := 1; cut < len(tok); cut++ {
			left, ok := byBytes[string(tok[:cut])]
			right, ok2 := byBytes[string(tok[cut:])]
			if ok && ok2 {
				merges = append(merges, merge{left, right, ids[i]})
			}
		}
	}
	return merges, false
}
