package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// metaspace stands for a space in SentencePiece vocabularies.
const metaspace = "\u2581"

// parts are the fields of a tokenizer.json that are kept as they came, for
// Save; nil is null.
type parts struct {
	normalizer    json.RawMessage
	preTokenizer  json.RawMessage
	postProcessor json.RawMessage
	decoder       json.RawMessage
	unkToken      *string
}

// tokenizerJSON is the whole file.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

// modelJSON is its model.
type modelJSON struct {
	Type                    *string          `json:"type"`
	Dropout                 *float64         `json:"dropout"`
	UnkToken                *string          `json:"unk_token"`
	ContinuingSubwordPrefix *string          `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string          `json:"end_of_word_suffix"`
	FuseUnk                 bool             `json:"fuse_unk"`
	ByteFallback            bool             `json:"byte_fallback"`
	IgnoreMerges            bool             `json:"ignore_merges"`
	Vocab                   map[string]int32 `json:"vocab"`
	Merges                  json.RawMessage  `json:"merges"`
}

// maxFile bounds the files that are read; the largest in use have 35 MB.
const maxFile = 256 << 20

// Load reads a Hugging Face tokenizer.json with a BPE model. What the file
// asks for and this package does not do is an error that names the field.
func Load(path string) (*Tokenizer, error) {
	data, err := atomicfile.ReadSmall(path, maxFile)
	if err != nil {
		return nil, err
	}
	t, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse is Load for data in memory.
func Parse(data []byte) (*Tokenizer, error) {
	var f tokenizerJSON
	if err := strict(data, &f); err != nil {
		return nil, err
	}
	if !isNull(f.Truncation) {
		return nil, fmt.Errorf("truncation: not supported; set it to null")
	}
	if !isNull(f.Padding) {
		return nil, fmt.Errorf("padding: not supported; set it to null")
	}
	t := &Tokenizer{added: f.AddedTokens, parts: parts{
		normalizer: f.Normalizer, preTokenizer: f.PreTokenizer,
		postProcessor: f.PostProcessor, decoder: f.Decoder,
	}}
	for i, a := range t.added {
		if a.ID < 0 || a.ID >= maxID {
			return nil, fmt.Errorf("added_tokens[%d].id: %d is out of range", i, a.ID)
		}
	}
	var err error
	if t.normalizers, err = parseNormalizers(f.Normalizer); err != nil {
		return nil, err
	}
	pre := preTokenizer{}
	if err = pre.parse(f.PreTokenizer, "pre_tokenizer"); err != nil {
		return nil, err
	}
	t.steps, t.byteLevel = pre.steps, pre.byteLevel
	dec := decoderRule{}
	if err = dec.parse(f.Decoder, "decoder"); err != nil {
		return nil, err
	}
	if dec.byteLevel != t.byteLevel {
		return nil, fmt.Errorf("decoder: pre_tokenizer and decoder must both be of type ByteLevel, or neither")
	}
	t.strip = dec.strip
	if t.prefix, t.suffix, err = parsePostProcessor(f.PostProcessor, "post_processor"); err != nil {
		return nil, err
	}
	if err = t.parseModel(f.Model); err != nil {
		return nil, err
	}
	if err = t.finish(dec.render); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tokenizer) parseModel(data []byte) error {
	var kind struct {
		Type string `json:"type"`
	}
	if isNull(data) {
		return fmt.Errorf("model: missing")
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	if kind.Type != "BPE" && kind.Type != "" {
		return fmt.Errorf("model.type: %q is not supported, only BPE", kind.Type)
	}
	var m modelJSON
	if err := strict(data, &m); err != nil {
		return fmt.Errorf("model: %w", err)
	}
	switch {
	case m.Dropout != nil && *m.Dropout != 0:
		return fmt.Errorf("model.dropout: not supported; set it to null")
	case m.ContinuingSubwordPrefix != nil && *m.ContinuingSubwordPrefix != "":
		return fmt.Errorf("model.continuing_subword_prefix: not supported")
	case m.EndOfWordSuffix != nil && *m.EndOfWordSuffix != "":
		return fmt.Errorf("model.end_of_word_suffix: not supported")
	}
	t.fuseUnk, t.byteFallback, t.ignoreMerges = m.FuseUnk, m.ByteFallback, m.IgnoreMerges
	t.ids, t.odd = make(map[string]int32, len(m.Vocab)), make(map[int32]string)
	for name, id := range m.Vocab {
		if id < 0 || id >= maxID {
			return fmt.Errorf("model.vocab: the id %d of %q is out of range", id, name)
		}
		if !t.byteLevel {
			t.ids[name] = id
		} else if raw, ok := fromAlphabet(name); ok && name != "" {
			t.ids[string(raw)] = id
		} else {
			t.odd[id] = name
		}
	}
	if len(t.ids)+len(t.odd) != len(m.Vocab) {
		return fmt.Errorf("model.vocab: two tokens have the same id")
	}
	t.unk = -1
	if m.UnkToken != nil {
		id, ok := m.Vocab[*m.UnkToken]
		if !ok {
			return fmt.Errorf("model.unk_token: %q is not in model.vocab", *m.UnkToken)
		}
		t.unk, t.parts.unkToken = id, m.UnkToken
	}
	return t.parseMerges(m.Merges, m.Vocab)
}

// parseMerges reads ["a b", ...] and [["a", "b"], ...].
func (t *Tokenizer) parseMerges(data []byte, vocab map[string]int32) error {
	var pairs [][2]string
	if rest := bytes.TrimLeft(data, " \t\r\n["); len(rest) > 0 && rest[0] == '"' &&
		!bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(data, []byte("[")), " \t\r\n"), []byte("[")) {
		var lines []string
		if err := json.Unmarshal(data, &lines); err != nil {
			return fmt.Errorf("model.merges: %w", err)
		}
		pairs = make([][2]string, len(lines))
		for i, line := range lines {
			left, right, ok := strings.Cut(line, " ")
			if !ok || strings.Contains(right, " ") {
				return fmt.Errorf("model.merges[%d]: %q is not two tokens with a space between", i, line)
			}
			pairs[i] = [2]string{left, right}
		}
	} else if err := json.Unmarshal(data, &pairs); err != nil {
		return fmt.Errorf("model.merges: %w", err)
	}
	t.merges = make([]merge, len(pairs))
	for i, p := range pairs {
		for _, name := range []string{p[0], p[1], p[0] + p[1]} {
			if _, ok := vocab[name]; !ok {
				return fmt.Errorf("model.merges[%d]: %q is not in model.vocab", i, name)
			}
		}
		t.merges[i] = merge{vocab[p[0]], vocab[p[1]], vocab[p[0]+p[1]]}
	}
	return nil
}

// strict decodes JSON in which every field must be known.
func strict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return fmt.Errorf("something follows the end of the JSON value")
	}
	return nil
}

func isNull(data json.RawMessage) bool { return len(data) == 0 || string(data) == "null" }
