package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// GGMLVocab is a vocabulary as the keys tokenizer.ggml.* of a GGUF file have
// it. It is plain data.
//
// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
type GGMLVocab struct {
	// Model is GGMLBytes or GGMLScores.
	Model string
	// Pre names how text is split before merging; GGMLBytes only. Empty is
	// what files have that are older than the key.
	Pre string
	// Tokens has the text of each id: in the alphabet of GPT-2 for GGMLBytes,
	// with U+2581 for a space for GGMLScores.
	Tokens []string
	// Scores, one for each token, orders the merges; GGMLScores only.
	Scores []float32
	// Types has a GGMLType constant for each token; empty means all normal.
	Types []int32
	// Merges are pairs of tokens with a space between; GGMLBytes only.
	Merges []string

	BOS, EOS, EOT, Unknown, Padding int32 // -1: none
	// AddBOS and AddEOS say whether a text gets these tokens, AddSpacePrefix
	// whether it gets a space at its beginning; nil is what llama.cpp does
	// where the key is missing.
	AddBOS, AddEOS, AddSpacePrefix *bool
}

// The values of GGMLVocab.Model that this package knows.
const (
	GGMLBytes  = "gpt2"  // byte-level BPE
	GGMLScores = "llama" // SentencePiece's BPE over characters, with byte fallback
)

// The kinds of token.
const (
	GGMLNormal      = 1
	GGMLUnknown     = 2
	GGMLControl     = 3
	GGMLUserDefined = 4
	GGMLUnused      = 5
	GGMLByte        = 6
)

// FromGGML makes a tokenizer of the vocabulary in a GGUF file. Text is split
// and normalized as the models behind v.Pre do it: those of Qwen and MPT in
// NFC, which llama.cpp leaves out. What the tokenizer would not do is an error
// that names the key. v is not kept.
func FromGGML(v GGMLVocab) (*Tokenizer, error) {
	if err := v.check(); err != nil {
		return nil, err
	}
	var t *Tokenizer
	var err error
	switch v.Model {
	case GGMLBytes:
		t, err = v.bytes()
	case GGMLScores:
		t, err = v.scores()
	default:
		err = fmt.Errorf("tokenizer.ggml.model: %q is not supported, only %q and %q", v.Model, GGMLBytes, GGMLScores)
	}
	if err != nil {
		return nil, err
	}
	if v.EOS >= 0 {
		t.eos = v.EOS
	}
	return t, nil
}

// check looks at the lists' lengths and the ids.
func (v *GGMLVocab) check() error {
	n := len(v.Tokens)
	switch {
	case n == 0:
		return fmt.Errorf("tokenizer.ggml.tokens is empty")
	case n > maxID:
		return fmt.Errorf("tokenizer.ggml.tokens has %d tokens, more than any vocabulary", n)
	case len(v.Types) != 0 && len(v.Types) != n:
		return fmt.Errorf("tokenizer.ggml.token_type has %d entries for %d tokens", len(v.Types), n)
	case v.Model == GGMLScores && len(v.Scores) != n:
		return fmt.Errorf("tokenizer.ggml.scores has %d entries for %d tokens", len(v.Scores), n)
	}
	for _, s := range []struct {
		key string
		id  int32
	}{
		{"bos", v.BOS}, {"eos", v.EOS}, {"eot", v.EOT}, {"unknown", v.Unknown}, {"padding", v.Padding},
	} {
		if s.id < -1 || int(s.id) >= n {
			return fmt.Errorf("tokenizer.ggml.%s_token_id: %d is not among the %d tokens", s.key, s.id, n)
		}
	}
	for id, s := range v.Tokens {
		if !utf8.ValidString(s) {
			return fmt.Errorf("tokenizer.ggml.tokens[%d]: %q is not UTF-8", id, s)
		}
	}
	for id, s := range v.Scores {
		if s != s {
			return fmt.Errorf("tokenizer.ggml.scores[%d] is not a number", id)
		}
	}
	return nil
}

// kind returns the type of a token.
func (v *GGMLVocab) kind(id int) int32 {
	if len(v.Types) == 0 {
		return GGMLNormal
	}
	return v.Types[id]
}

// added reports whether a token is looked for in the text before it is split,
// and whether it is special.
func (v *GGMLVocab) added(id int) (added, special bool) {
	switch v.kind(id) {
	case GGMLControl, GGMLUnknown:
		return true, true
	case GGMLUserDefined:
		i := int32(id)
		return true, i == v.BOS || i == v.EOS || i == v.EOT || i == v.Padding || slices.Contains(ends, v.Tokens[id])
	}
	return false, false
}

// ends are tokens that end a text or a turn in the models that have them. Some
// files call them user-defined, with which a user's text could end the turn;
// llama.cpp takes them for control tokens too.
var ends = []string{
	EndOfText, "</s>", "<|end_of_text|>", "<eos>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<EOT>",
}

// addedTokens lists the tokens that are looked for in the text.
func (v *GGMLVocab) addedTokens() ([]addedToken, error) {
	var list []addedToken
	seen := map[string]int{}
	for id, text := range v.Tokens {
		added, special := v.added(id)
		if !added || text == "" {
			continue
		}
		if first, twice := seen[text]; twice {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: %q is there twice, as %d and as %d", text, first, id)
		}
		seen[text] = id
		list = append(list, addedToken{ID: int32(id), Content: text, Special: special})
	}
	return list, nil
}

// around sets what is put before and after a text. bosByDefault is what a
// missing key means.
func (t *Tokenizer) around(v *GGMLVocab, bosByDefault bool) error {
	bos, eos := bosByDefault, false
	if v.AddBOS != nil {
		bos = *v.AddBOS
	}
	if v.AddEOS != nil {
		eos = *v.AddEOS
	}
	if bos && v.AddBOS == nil && v.BOS < 0 {
		bos = false
	}
	for _, need := range []struct {
		name string
		on   bool
		id   int32
	}{{"bos", bos, v.BOS}, {"eos", eos, v.EOS}} {
		if need.on && (need.id < 0 || v.Tokens[need.id] == "") {
			return fmt.Errorf("tokenizer.ggml.add_%s_token is true, and tokenizer.ggml.%s_token_id names no token", need.name, need.name)
		}
	}
	if !bos && !eos && v.AddBOS == nil {
		return nil
	}
	t.parts.postProcessor = v.template(bos, eos)
	var err error
	t.prefix, t.suffix, err = parsePostProcessor(t.parts.postProcessor, "tokenizer.ggml")
	return err
}

// template is the post_processor that puts bos before and eos after a text.
func (v *GGMLVocab) template(bos, eos bool) json.RawMessage {
	type object = map[string]any
	special := object{}
	token := func(id int32) object {
		text := v.Tokens[id]
		special[text] = object{"id": text, "ids": []int32{id}, "tokens": []string{text}}
		return object{"SpecialToken": object{"id": text, "type_id": 0}}
	}
	wrap := func(typeID int, name string) []object {
		var list []object
		if bos {
			list = append(list, token(v.BOS))
		}
		list = append(list, object{"Sequence": object{"id": name, "type_id": typeID}})
		if eos {
			list = append(list, token(v.EOS))
		}
		return list
	}
	single := wrap(0, "A")
	data, err := json.Marshal(object{
		"type": "TemplateProcessing", "single": single,
		"pair": append(append([]object{}, single...), wrap(1, "B")...), "special_tokens": special,
	})
	if err != nil {
		panic(err) // maps of text and numbers always marshal
	}
	return data
}
