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
// "never" is written without a note.
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
			if sameIDs(t, tok, again, 200); tok.GGMLNote() != "" {
				t.Errorf("%s: %s", scheme, tok.GGMLNote())
			}
			continue
		}
		w, err := tok.GGML(len(v.Tokens))
		if err != nil || !*w.AddSpacePrefix {
			t.Errorf("%s: %+v, %v", scheme, w, err)
		}
		if note := tok.GGMLNote(); !strings.Contains(note, "texts that begin with a space") || strings.Contains(note, "special token") != strings.Contains(scheme, "first") {
			t.Errorf("%s: %q", scheme, note)
		}
		if slices.Equal(tok.EncodeSpecial(" a"), prefix.EncodeSpecial(" a")) {
			t.Errorf("%s: the prefix gives the same ids, and needs no note", scheme)
		}
		if !slices.Equal(tok.EncodeSpecial("a b"), prefix.EncodeSpecial("a b")) {
			t.Errorf("%s: the prefix gives other ids to a text that begins with a letter", scheme)
		}
	}
}
