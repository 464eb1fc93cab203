package decontaminate

import (
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/words"
)

// Checkable reports whether an item is long enough for one of the rules. o has
// defaults set and passed Check.
func (o *Options) Checkable(item string) bool {
	length, gram, err := o.lengths()
	if err != nil {
		return false
	}
	if length > 0 && utf8.RuneCount(squeeze(nil, []byte(item), o.FoldCase)) >= o.MinLength {
		return true
	}
	return gram > 0 && numWords(item) >= o.MinWords
}

// numWords counts the words that are none of symbols.
func numWords(item string) (n int) {
	var list words.List
	list.Split([]byte(item))
	for i := range list.Words {
		if list.Words[i].Hash != 0 {
			n++
		}
	}
	return n
}
