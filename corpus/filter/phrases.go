package filter

import (
	"bytes"
	"fmt"
	"os"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// phrases is a set of phrases, found in texts word by word, whatever the case.
// Nothing changes it once read.
type phrases struct {
	byFirst map[uint64][]phrase // by the key of the first word, the longest first
	first   [256]uint64         // some bits of those keys
	most    int                 // words of the longest
}

// phrase is one entry of a list.
type phrase struct {
	text []byte
	list []words.Word
}

// The limits of a list.
const (
	maxListBytes   = 64 << 20
	maxPhraseWords = 64
)

// readPhrases reads the files of a list, one phrase a line; lines that begin with
// # followed by a space say something about the list. It returns nil if there
// are no files. key is the option that names them.
func readPhrases(key string, files []string) (*phrases, error) {
	if len(files) == 0 {
		return nil, nil
	}
	p := &phrases{byFirst: map[uint64][]phrase{}}
	for _, name := range files {
		if err := p.readFile(name); err != nil {
			return nil, recipe.Bad(key, "%v", err)
		}
	}
	if len(p.byFirst) == 0 {
		return nil, recipe.Bad(key, "has no phrase in %q; a list has one phrase a line", files)
	}
	return p, nil
}

func (p *phrases) readFile(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Size() > maxListBytes {
		return fmt.Errorf("%s has %d bytes; a list has at most %d", name, info.Size(), maxListBytes)
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	n := 0
	for line := range bytes.Lines(content) {
		n++
		line = trim(line)
		if len(line) == 0 || bytes.HasPrefix(line, []byte("# ")) {
			continue
		}
		if err := p.add(bytes.Clone(line)); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return nil
}

func (p *phrases) add(text []byte) error {
	var l words.List
	l.Split(text)
	if len(l.Words) > maxPhraseWords {
		return fmt.Errorf("the phrase has %d words; at most %d are possible", len(l.Words), maxPhraseWords)
	}
	k := key(text, &l.Words[0])
	p.first[k>>6&255] |= 1 << (k & 63)
	list := append(p.byFirst[k], phrase{text, l.Words})
	for i := len(list) - 1; i > 0 && len(list[i-1].list) < len(list[i].list); i-- {
		list[i-1], list[i] = list[i], list[i-1]
	}
	p.byFirst[k] = list
	p.most = max(p.most, len(l.Words))
	return nil
}

// key is the hash of a word, symbols too.
func key(text []byte, w *words.Word) uint64 {
	if w.Hash != 0 {
		return w.Hash
	}
	return hash(w.Text(text))
}

// count counts the words of the text that are in phrases, up to a limit, and
// returns the first phrase. A word counts once, for the longest phrase that
// begins first. A nil set has no phrases.
func (p *phrases) count(text []byte, list []words.Word, limit int) (n int, first string) {
	if p == nil {
		return 0, ""
	}
	for i := 0; i < len(list) && n < limit; {
		k := list[i].Hash
		if k == 0 {
			k = key(text, &list[i])
		}
		size := 0
		if p.first[k>>6&255]>>(k&63)&1 != 0 {
			size = p.at(text, list[i:], k)
		}
		if size == 0 {
			i++
			continue
		}
		if n == 0 {
			first = string(text[list[i].Start:list[i+size-1].End])
		}
		n += size
		i += size
	}
	return n, first
}

// at returns how many words the longest phrase has that the words begin with.
func (p *phrases) at(text []byte, list []words.Word, k uint64) int {
next:
	for _, f := range p.byFirst[k] {
		if len(f.list) > len(list) {
			continue
		}
		for i := range f.list {
			if f.list[i].Hash != list[i].Hash || !bytes.EqualFold(f.list[i].Text(f.text), list[i].Text(text)) {
				continue next
			}
			if i > 0 && (f.list[i-1].End == f.list[i].Start) != (list[i-1].End == list[i].Start) {
				continue next // one is written apart and the other is not
			}
		}
		return len(f.list)
	}
	return 0
}
