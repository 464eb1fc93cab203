package tokenizer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Save writes a tokenizer.json that Load and Hugging Face tokenizers read. The
// file is complete or not there: it is written under another name, read back
// and renamed. Saving what was loaded keeps its hash and its ids.
func (t *Tokenizer) Save(path string) error {
	text, err := t.JSON()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = atomicfile.WriteBytes(path, text)
	return err
}

// JSON returns the content of the file that Save writes.
func (t *Tokenizer) JSON() ([]byte, error) {
	if t.sharedRanks {
		return nil, errors.New("this rank file has tokens that no order of merges makes; tokenizer.json cannot express it")
	}
	return t.appendJSON(nil), nil
}

// digest is Hash, computed once.
func (t *Tokenizer) digest() string {
	h := sha256.New()
	if t.sharedRanks {
		h.Write([]byte("shared ranks\n"))
	}
	h.Write(t.appendJSON(nil))
	return hex.EncodeToString(h.Sum(nil))
}

// names returns what tokenizer.json calls each token of the model; "" for ids
// that are none.
func (t *Tokenizer) names() []string {
	names := make([]string, len(t.tokens))
	for name, id := range t.ids {
		if t.byteLevel {
			name = toAlphabet([]byte(name))
		}
		names[id] = name
	}
	for id, name := range t.odd {
		names[id] = name
	}
	return names
}

// appendJSON writes the file in the one form that Hash is defined by: fixed
// order, tokens by id, one to a line.
func (t *Tokenizer) appendJSON(b []byte) []byte {
	b = append(b, "{\"version\":\"1.0\",\n\"truncation\":null,\n\"padding\":null,\n\"added_tokens\":["...)
	for i, a := range slices.SortedStableFunc(slices.Values(t.added), func(a, b addedToken) int { return int(a.ID - b.ID) }) {
		b = appendBreak(b, i)
		b = strconv.AppendInt(append(b, `{"id":`...), int64(a.ID), 10)
		b = appendQuoted(append(b, `,"content":`...), a.Content)
		b = strconv.AppendBool(append(b, `,"single_word":`...), a.SingleWord)
		b = strconv.AppendBool(append(b, `,"lstrip":`...), a.LStrip)
		b = strconv.AppendBool(append(b, `,"rstrip":`...), a.RStrip)
		b = strconv.AppendBool(append(b, `,"normalized":`...), a.Normalized)
		b = strconv.AppendBool(append(b, `,"special":`...), a.Special)
		b = append(b, '}')
	}
	b = appendRaw(append(b, "],\n\"normalizer\":"...), t.parts.normalizer)
	b = appendRaw(append(b, ",\n\"pre_tokenizer\":"...), t.parts.preTokenizer)
	b = appendRaw(append(b, ",\n\"post_processor\":"...), t.parts.postProcessor)
	b = appendRaw(append(b, ",\n\"decoder\":"...), t.parts.decoder)
	b = append(b, ",\n\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":"...)
	if t.parts.unkToken != nil {
		b = appendQuoted(b, *t.parts.unkToken)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"continuing_subword_prefix":null,"end_of_word_suffix":null`...)
	b = strconv.AppendBool(append(b, `,"fuse_unk":`...), t.fuseUnk)
	b = strconv.AppendBool(append(b, `,"byte_fallback":`...), t.byteFallback)
	b = strconv.AppendBool(append(b, `,"ignore_merges":`...), t.ignoreMerges)
	return t.appendVocab(b)
}

func (t *Tokenizer) appendVocab(b []byte) []byte {
	names, n := t.names(), 0
	b = append(b, ",\n\"vocab\":{"...)
	for id, name := range names {
		if name == "" && !t.emptyToken(int32(id)) {
			continue
		}
		b = appendQuoted(appendBreak(b, n), name)
		b = strconv.AppendInt(append(b, ':'), int64(id), 10)
		n++
	}
	b = append(b, "},\n\"merges\":["...)
	for i, g := range t.merges {
		b = appendQuoted(append(appendBreak(b, i), '['), names[g.left])
		b = append(appendQuoted(append(b, ','), names[g.right]), ']')
	}
	return append(b, "]}}\n"...)
}

// emptyToken reports whether id is a token of the model called "".
func (t *Tokenizer) emptyToken(id int32) bool {
	if own, ok := t.ids[""]; ok && own == id {
		return true
	}
	name, ok := t.odd[id]
	return ok && name == ""
}

func appendBreak(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return append(b, '\n')
}

// appendRaw appends JSON with sorted keys and no spaces.
func appendRaw(b []byte, raw json.RawMessage) []byte {
	if isNull(raw) {
		return append(b, "null"...)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		panic("tokenizer: a part of a file that was read is not JSON")
	}
	return appendValue(b, v)
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(append(appendQuoted(b, k), ':'), v[k])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, e)
		}
		return append(b, ']')
	case string:
		return appendQuoted(b, v)
	case json.Number:
		return append(b, v...)
	case bool:
		return strconv.AppendBool(b, v)
	}
	return append(b, "null"...)
}

// appendQuoted appends s as a JSON string with as few escapes as there may be.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
