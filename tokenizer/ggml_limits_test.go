package tokenizer

import (
	"strings"
	"testing"
)

// TestManyMerges: a few thousand long runs have more merges than any vocabulary.
func TestManyMerges(t *testing.T) {
	runs := func(letters string) GGMLVocab {
		v := GGMLVocab{Model: GGMLScores, BOS: -1, EOS: -1, EOT: -1, Unknown: -1, Padding: -1}
		off := false
		v.AddBOS = &off
		for _, letter := range letters {
			for n := 1; n < maxPiece; n++ {
				v.Tokens = append(v.Tokens, strings.Repeat(string(letter), n))
			}
		}
		v.Scores = make([]float32, len(v.Tokens))
		return v
	}
	few, many := runs("a"), runs("abcdefghijklmn")
	if _, err := few.mergesByScore(); err != nil {
		t.Error(err)
	}
	if _, err := FromGGML(many); err == nil || !strings.Contains(err.Error(), "more than any vocabulary") {
		t.Error(err)
	}
}
