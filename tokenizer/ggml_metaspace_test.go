package tokenizer

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestGGMLMetaspace: Metaspace gives a text that begins with a space no other, and
// "first" gives none after a special token; GGUF's space prefix always does. Only
// "never" can be written.
func TestGGMLMetaspace(t *testing.T) {
	v := scoredVocab(rand.New(rand.NewPCG(13, 14)))
	prefix, err := FromGGML(v)
	if err != nil {
		t.Fatal(err)
	}
	for scheme, written := range map[string]bool{
		`,"prepend_scheme":"never"`: true, `,"add_prefix_space":false`: true,
		`,"prepend_scheme":"first"`: false, `,"prepend_scheme":"always"`: false, ``: false,
	} {
		changed, err := FromGGML(v)
		if err != nil {
			t.Fatal(err)
		}
		changed.parts.normalizer = nil
		changed.parts.preTokenizer = json.RawMessage(`{"type":"Metaspace","replacement":"▁","split":false` + scheme + `}`)
		tok, err := Parse(changed.appendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if written {
			again, w := reread(t, tok, len(v.Tokens))
			if *w.AddSpacePrefix {
				t.Errorf("%s: a space prefix came", scheme)
			}
			sameIDs(t, tok, again, 200)
			continue
		}
		if _, err := tok.GGML(len(v.Tokens)); err == nil || !strings.Contains(err.Error(), "pre_tokenizer.prepend_scheme: GGUF has no word for") {
			t.Errorf("%s: %v", scheme, err)
		}
		if slices.Equal(tok.EncodeSpecial(" a"), prefix.EncodeSpecial(" a")) {
			t.Errorf("%s: the prefix gives the same ids, and could be written", scheme)
		}
	}
}
