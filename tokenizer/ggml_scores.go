package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// maxPiece bounds a token's length in bytes in a vocabulary with scores: every
// way to cut it in two is tried. SentencePiece's own limit is 16 characters,
// and runs of blanks are the longest in use.
const maxPiece = 512

// maxMergeBytes bounds the memory that all such ways take together, with their
// texts. A vocabulary of 256k tokens has 580k, which take 23 MB; one of long runs
// of few letters has a hundred times more of them than tokens.
const maxMergeBytes = 128 << 20

// mergeBytes is what one takes beside its text.
const mergeBytes = 32

// scores makes a tokenizer over characters.
func (v *GGMLVocab) scores() (*Tokenizer, error) {
	t := &Tokenizer{model: model{byteFallback: true, fuseUnk: true, unk: v.Unknown}}
	prefix := v.AddSpacePrefix == nil || *v.AddSpacePrefix
	t.parts.normalizer, t.parts.decoder = metaspaceParts(prefix)
	if err := t.parseParts(); err != nil {
		return nil, err
	}
	dec := decoderRule{}
	err := dec.parse(t.parts.decoder, "decoder")
	if err != nil {
		return nil, err
	}
	t.strip = dec.strip
	if t.added, err = v.addedTokens(); err != nil {
		return nil, err
	}
	t.ids = make(map[string]int32, len(v.Tokens))
	for id, text := range v.Tokens {
		if v.kind(id) == GGMLUnused || text == "" {
			continue
		}
		if first, twice := t.ids[text]; twice {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: %q is there twice, as %d and as %d", text, first, id)
		}
		t.ids[text] = int32(id)
	}
	if t.unk >= 0 {
		name := v.Tokens[t.unk]
		if id, ok := t.ids[name]; !ok || id != t.unk {
			return nil, fmt.Errorf("tokenizer.ggml.unknown_token_id: %d is an unused token", t.unk)
		}
		t.parts.unkToken = &name
	}
	if t.merges, err = v.mergesByScore(); err != nil {
		return nil, err
	}
	if err := t.around(v, true); err != nil {
		return nil, err
	}
	return t, t.finish(dec.render)
}

// metaspaceParts returns the normalizer and decoder of Llama 2's
// tokenizer.json, with or without the space before a text.
func metaspaceParts(prefix bool) (normalizer, decoder json.RawMessage) {
	prepend, strip := "", ""
	if prefix {
		prepend = `{"type":"Prepend","prepend":"` + metaspace + `"},`
		strip = `,{"type":"Strip","content":" ","start":1,"stop":0}`
	}
	normalizer = json.RawMessage(`{"type":"Sequence","normalizers":[` + prepend +
		`{"type":"Replace","pattern":{"String":" "},"content":"` + metaspace + `"}]}`)
	decoder = json.RawMessage(`{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"` + metaspace +
		`"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}` + strip + `]}`)
	return normalizer, decoder
}

// scoredMerge is a merge with what orders it.
type scoredMerge struct {
	merge
	score       float32
	left, right int // lengths in characters
}

// merging reports whether a token takes part in merges. A control token does
// not, so that no text makes one.
func (v *GGMLVocab) merging(id int) bool {
	kind := v.kind(id)
	return v.Tokens[id] != "" && (kind == GGMLNormal || kind == GGMLUserDefined)
}

// mergesByScore returns every pair of tokens that makes a token: SentencePiece
// merges any two neighbors whose text together is a token, the highest score
// first. Where a token can be made in several ways, the longest left part goes
// first, which is the order of the ecosystem's own converter; SentencePiece
// takes the leftmost.
func (v *GGMLVocab) mergesByScore() ([]merge, error) {
	ids := make(map[string]int32, len(v.Tokens))
	for id, text := range v.Tokens {
		if v.merging(id) {
			ids[text] = int32(id)
		}
	}
	var all []scoredMerge
	size := 0
	for id, text := range v.Tokens {
		if !v.merging(id) {
			continue
		}
		if len(text) > maxPiece {
			return nil, fmt.Errorf("tokenizer.ggml.tokens[%d] has %d bytes; at most %d are supported", id, len(text), maxPiece)
		}
		total := utf8.RuneCountInString(text)
		chars := 0
		if size > maxMergeBytes {
			return nil, fmt.Errorf("tokenizer.ggml.tokens: the first %d tokens can be made of others in %d ways, more than any vocabulary", id, len(all))
		}
		for cut := range text {
			if cut > 0 {
				left, ok := ids[text[:cut]]
				right, ok2 := ids[text[cut:]]
				if ok && ok2 {
					all = append(all, scoredMerge{merge{left, right, int32(id)}, v.Scores[id], chars, total - chars})
					size += len(text) + mergeBytes
				}
			}
			chars++
		}
	}
	slices.SortStableFunc(all, func(a, b scoredMerge) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.left, a.left), cmp.Compare(b.right, a.right))
	})
	merges := make([]merge, len(all))
	for i, m := range all {
		merges[i] = m.merge
	}
	return merges, nil
}

// ggmlScores fills what a vocabulary over characters needs.
func (t *Tokenizer) ggmlScores(v *GGMLVocab) error {
	if !t.byteFallback || t.ignoreMerges {
		return fmt.Errorf("model: GGUF has vocabularies over characters only with byte_fallback and without ignore_merges")
	}
	prefix, err := t.spacePrefix()
	if err != nil {
		return err
	}
	v.Model, v.Pre, v.AddSpacePrefix = GGMLScores, "default", &prefix
	for b := range 256 {
		id, ok := t.ids[fallbackName(byte(b))]
		if !ok {
			return fmt.Errorf("model.vocab: there is no %s, without which GGUF has no such vocabulary", fallbackName(byte(b)))
		}
		v.Types[id] = GGMLByte
	}
	return t.giveScores(v)
}

// spacePrefix reports whether a text gets a space at its beginning, and that
// nothing else happens to it before merging.
func (t *Tokenizer) spacePrefix() (bool, error) {
	want, _ := metaspaceParts(true)
	bare, _ := metaspaceParts(false)
	spaces := json.RawMessage(`{"type":"Replace","pattern":{"String":" "},"content":"` + metaspace + `"}`)
	same := func(a, b json.RawMessage) bool { return string(appendRaw(nil, a)) == string(appendRaw(nil, b)) }
	if isNull(t.parts.preTokenizer) {
		switch n := t.parts.normalizer; {
		case same(n, want):
			return true, nil
		case same(n, bare), same(n, spaces):
			return false, nil
		}
		return false, fmt.Errorf("normalizer: GGUF has no word for it")
	}
	var meta metaspaceJSON
	if err := strict(t.parts.preTokenizer, &meta); err != nil || meta.Type != "Metaspace" || meta.Replacement != metaspace {
		return false, fmt.Errorf("pre_tokenizer: GGUF has only Metaspace for a vocabulary over characters")
	}
	if !isNull(t.parts.normalizer) {
		return false, fmt.Errorf("normalizer: GGUF has no word for it together with Metaspace")
	}
	if (meta.Split == nil || *meta.Split) && !t.cutsBefore(metaspace) {
		return false, fmt.Errorf("pre_tokenizer.split: GGUF has no word for it")
	}
	scheme, err := meta.scheme("pre_tokenizer")
	return scheme != "never", err
}

// GGMLNote says which texts get other ids from the vocabulary that GGML returns, "" if
// none does: a GGUF file can only say that every text gets a space before it.
func (t *Tokenizer) GGMLNote() string {
	var meta metaspaceJSON
	if isNull(t.parts.preTokenizer) || strict(t.parts.preTokenizer, &meta) != nil || meta.Type != "Metaspace" {
		return ""
	}
	switch scheme, err := meta.scheme("pre_tokenizer"); {
	case err != nil || scheme == "never":
		return ""
	case scheme == "first":
		return "tokenizer: texts that begin with a space or follow a special token get one more space than by prepend_scheme first"
	}
	return "tokenizer: texts that begin with a space get one more"
}
