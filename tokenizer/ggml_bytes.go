package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// bytes makes a byte-level tokenizer.
func (v *GGMLVocab) bytes() (*Tokenizer, error) {
	pre, err := findPre(v.Pre)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{model: model{byteLevel: true, ignoreMerges: pre.ignoreMerges, unk: -1}}
	t.parts.preTokenizer, t.parts.normalizer = pre.parts()
	t.parts.decoder = json.RawMessage(`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`)
	if err := t.parseParts(); err != nil {
		return nil, err
	}
	if t.added, err = v.addedTokens(); err != nil {
		return nil, err
	}
	if err := t.byteVocab(v); err != nil {
		return nil, err
	}
	if err := t.around(v, pre.addBOS); err != nil {
		return nil, err
	}
	return t, t.finish((&decoderRule{byteLevel: true}).render)
}

// parseParts sets the normalizers and steps that t.parts describes.
func (t *Tokenizer) parseParts() (err error) {
	if t.normalizers, err = parseNormalizers(t.parts.normalizer); err != nil {
		return err
	}
	p := preTokenizer{}
	err = p.parse(t.parts.preTokenizer, "pre_tokenizer")
	t.steps = p.steps
	return err
}

// byteVocab enters the tokens and merges of v.
func (t *Tokenizer) byteVocab(v *GGMLVocab) error {
	t.ids, t.odd = make(map[string]int32, len(v.Tokens)), map[int32]string{}
	byText := make(map[string]int32, len(v.Tokens))
	for id, text := range v.Tokens {
		kind := v.kind(id)
		if kind == GGMLUnused || text == "" {
			continue // fills the vocabulary up
		}
		if added, _ := v.added(id); added {
			if _, twice := byText[text]; !twice {
				byText[text] = int32(id) // a merge may make it
			}
			continue
		}
		if first, twice := byText[text]; twice {
			if added, _ := v.added(int(first)); !added {
				return fmt.Errorf("tokenizer.ggml.tokens: %q is there twice, as %d and as %d", text, first, id)
			}
		}
		byText[text] = int32(id)
		if raw, ok := fromAlphabet(text); ok {
			t.ids[string(raw)] = int32(id)
		} else {
			t.odd[int32(id)] = text
		}
	}
	return t.byteMerges(v, byText)
}

func (t *Tokenizer) byteMerges(v *GGMLVocab, byText map[string]int32) error {
	t.merges = make([]merge, len(v.Merges))
	for i, line := range v.Merges {
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return fmt.Errorf("tokenizer.ggml.merges[%d]: %q is not two tokens with a space between", i, line)
		}
		var ids [3]int32
		for k, text := range []string{left, right, left + right} {
			if ids[k], ok = byText[text]; !ok {
				return fmt.Errorf("tokenizer.ggml.merges[%d]: %q is not in tokenizer.ggml.tokens", i, text)
			}
			if raw, ok := fromAlphabet(text); ok {
				t.ids[string(raw)] = ids[k]
			}
		}
		t.merges[i] = merge{ids[0], ids[1], ids[2]}
	}
	return nil
}

// GGML returns the tokenizer as GGUF files have it, with size tokens, the rows
// of the model's embedding table: those beyond t.VocabSize are unused. What
// GGUF cannot express is an error that names the field of tokenizer.json. EOT
// and Padding are -1, BOS and EOS what the tokenizer puts around a text or, for
// EOS, what t.EOS says; the caller may know better.
//
// llama.cpp makes the same tokens of every text that is in the normalization
// form of the model's; one exception is the letter U+017F after an apostrophe.
func (t *Tokenizer) GGML(size int) (GGMLVocab, error) {
	v := GGMLVocab{BOS: -1, EOS: t.eos, EOT: -1, Unknown: t.unk, Padding: -1}
	if size < len(t.tokens) {
		return v, fmt.Errorf("the tokenizer has %d tokens, and the model only %d", len(t.tokens), size)
	}
	if err := t.ggmlAround(&v); err != nil {
		return v, err
	}
	if err := t.checkAdded(); err != nil {
		return v, err
	}
	t.listTokens(&v, size)
	if t.byteLevel {
		return v, t.ggmlBytes(&v)
	}
	return v, t.ggmlScores(&v)
}

// ggmlAround sets what goes before and after a text.
func (t *Tokenizer) ggmlAround(v *GGMLVocab) error {
	bos, eos := len(t.prefix) > 0, len(t.suffix) > 0
	if len(t.prefix) > 1 || len(t.suffix) > 1 {
		return fmt.Errorf("post_processor: GGUF has one token before a text and one after it, not %d and %d", len(t.prefix), len(t.suffix))
	}
	if bos {
		v.BOS = t.prefix[0]
	}
	if eos {
		v.EOS = t.suffix[0]
	}
	v.AddBOS, v.AddEOS = &bos, &eos
	return nil
}

// checkAdded refuses added tokens that GGUF cannot express.
func (t *Tokenizer) checkAdded() error {
	for _, a := range t.added {
		changed := []byte(a.Content)
		if a.Normalized && !a.Special {
			for _, n := range t.normalizers {
				changed = n.normalize(nil, changed)
			}
		}
		for _, f := range []struct {
			name string
			on   bool
		}{
			{"single_word", a.SingleWord},
			{"lstrip", a.LStrip},
			{"rstrip", a.RStrip},
			{"normalized", string(changed) != a.Content},
		} {
			if f.on {
				return fmt.Errorf("added_tokens: GGUF has no word for %s of %q", f.name, a.Content)
			}
		}
	}
	return nil
}

// listTokens fills the texts and their types.
func (t *Tokenizer) listTokens(v *GGMLVocab, size int) {
	v.Tokens, v.Types = make([]string, size), make([]int32, size)
	names := t.names()
	copy(v.Tokens, names)
	for id := range v.Tokens {
		v.Types[id] = GGMLNormal
		if id >= len(names) || names[id] == "" {
			v.Tokens[id], v.Types[id] = fmt.Sprintf("[PAD%d]", id), GGMLUnused
		}
	}
	for _, a := range t.added {
		v.Tokens[a.ID], v.Types[a.ID] = a.Content, GGMLUserDefined
		if a.Special {
			v.Types[a.ID] = GGMLControl
		}
	}
	if t.unk >= 0 {
		v.Types[t.unk] = GGMLUnknown
	}
}

// ggmlBytes fills what a byte-level vocabulary needs.
func (t *Tokenizer) ggmlBytes(v *GGMLVocab) error {
	if t.sharedRanks {
		return fmt.Errorf("the rank file has tokens that no order of merges makes; GGUF cannot express it")
	}
	if t.unk >= 0 {
		return fmt.Errorf("model.unk_token: GGUF has no word for it in a byte-level vocabulary")
	}
	pre, err := t.preOf(t.mergesMatter())
	if err != nil {
		return err
	}
	names := t.names()
	v.Model, v.Pre, v.Merges = GGMLBytes, pre, make([]string, len(t.merges))
	for i, g := range t.merges {
		v.Merges[i] = names[g.left] + " " + names[g.right]
	}
	return nil
}

// mergesMatter reports whether some token is not what merging makes of its own
// bytes, so that model.ignore_merges changes ids.
func (t *Tokenizer) mergesMatter() bool {
	var m merger
	var symbols []int32
	for text, id := range t.ids {
		if t.isSpecial[id] {
			continue
		}
		symbols = t.appendSymbols(symbols[:0], []byte(text))
		if got := m.apply(&t.pairs, symbols); !slices.Equal(got, []int32{id}) {
			return true
		}
	}
	return false
}
