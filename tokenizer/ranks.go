package tokenizer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Scheme is what a tiktoken rank file does not say: how text is split, and the
// special tokens.
type Scheme struct {
	Name    string
	Pattern string // one of the Pattern constants, or a regular expression
	Special map[string]int32
}

// CL100K returns GPT-4's scheme, cl100k_base.
func CL100K() Scheme {
	return Scheme{"cl100k_base", PatternTiktoken, map[string]int32{
		EndOfText:         100257,
		"<|fim_prefix|>":  100258,
		"<|fim_middle|>":  100259,
		"<|fim_suffix|>":  100260,
		"<|endofprompt|>": 100276,
	}}
}

// R50K returns GPT-3's scheme, r50k_base, whose ids are GPT-2's.
func R50K() Scheme {
	return Scheme{"r50k_base", PatternGPT2, map[string]int32{EndOfText: 50256}}
}

// P50K returns Codex's scheme, p50k_base.
func P50K() Scheme {
	return Scheme{"p50k_base", PatternGPT2, map[string]int32{EndOfText: 50256}}
}

// LoadTiktoken reads a tiktoken rank file: a token in base64 and its rank,
// which is its id, on each line.
func LoadTiktoken(path string, s Scheme) (*Tokenizer, error) {
	data, err := atomicfile.ReadSmall(path, maxFile)
	if err != nil {
		return nil, err
	}
	t, err := ParseTiktoken(data, s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// ParseTiktoken is LoadTiktoken for data in memory.
func ParseTiktoken(data []byte, s Scheme) (*Tokenizer, error) {
	byID := make(map[int32][]byte)
	line := 0
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimRight(text, "\r\n")
		if len(text) == 0 {
			continue
		}
		code, rank, ok := bytes.Cut(text, []byte(" "))
		tok, err := base64.StdEncoding.DecodeString(string(code))
		id, err2 := strconv.ParseInt(string(rank), 10, 32)
		if !ok || err != nil || err2 != nil || len(tok) == 0 || id < 0 || id >= maxID {
			return nil, fmt.Errorf("line %d: not a token in base64, a space and a rank", line)
		}
		if byID[int32(id)] != nil {
			return nil, fmt.Errorf("line %d: rank %d occurs twice", line, id)
		}
		byID[int32(id)] = tok
	}
	ids := make([]int32, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	tokens := make([][]byte, len(ids))
	for i, id := range ids {
		tokens[i] = byID[id]
	}
	t, err := fromTokens(tokens, ids, s)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// fromTokens makes a byte-level tokenizer of tokens in the order of their
// ranks, ids ascending.
func fromTokens(tokens [][]byte, ids []int32, s Scheme) (*Tokenizer, error) {
	t := &Tokenizer{model: model{byteLevel: true, ignoreMerges: true, unk: -1}}
	t.ids = make(map[string]int32, len(tokens))
	for i, tok := range tokens {
		if _, twice := t.ids[string(tok)]; twice {
			return nil, fmt.Errorf("the token %q occurs twice", tok)
		}
		t.ids[string(tok)] = ids[i]
	}
	for b := range 256 {
		if _, ok := t.ids[string([]byte{byte(b)})]; !ok {
			return nil, fmt.Errorf("no token for the byte 0x%02x", b)
		}
	}
	var exact bool
	t.merges, exact = derive(tokens, ids)
	t.sharedRanks = !exact
	return t, t.complete(s)
}

// complete adds what a scheme says to a byte-level model.
func (t *Tokenizer) complete(s Scheme) error {
	t.parts.preTokenizer, t.parts.decoder = byteLevelParts(s.Pattern)
	pre := preTokenizer{}
	if err := pre.parse(t.parts.preTokenizer, "pattern"); err != nil {
		return err
	}
	t.steps = pre.steps
	for name, id := range s.Special {
		if id < 0 || id >= maxID {
			return fmt.Errorf("special token %q: id %d is out of range", name, id)
		}
		t.added = append(t.added, addedToken{ID: id, Content: name, Special: true})
	}
	slices.SortFunc(t.added, func(a, b addedToken) int { return int(a.ID - b.ID) })
	return t.finish((&decoderRule{byteLevel: true}).render)
}

// byteLevelParts returns the pre_tokenizer and decoder of a byte-level
// tokenizer.json that splits by pattern.
func byteLevelParts(pattern string) (pre, dec json.RawMessage) {
	const level = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":%t}`
	dec = json.RawMessage(fmt.Sprintf(level, true))
	if pattern == PatternGPT2 {
		return dec, dec
	}
	pre = append(pre, `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":`...)
	pre = appendQuoted(pre, pattern)
	pre = append(pre, `},"behavior":"Isolated","invert":false},`...)
	return append(fmt.Appendf(pre, level, false), "]}"...), dec
}

// SaveTiktoken writes the ordinary tokens as a tiktoken rank file, atomically.
// It is an error where ranks would give other ids than the merges do.
func (t *Tokenizer) SaveTiktoken(path string) error {
	if !t.byteLevel || t.unk >= 0 || len(t.normalizers) > 0 || len(t.odd) > 0 {
		return fmt.Errorf("%s: only a byte-level vocabulary without normalizer can be a rank file", path)
	}
	ids := make([]int32, 0, len(t.ids))
	byID := make(map[int32][]byte, len(t.ids))
	for tok, id := range t.ids {
		ids, byID[id] = append(ids, id), []byte(tok)
	}
	slices.Sort(ids)
	tokens := make([][]byte, len(ids))
	var out []byte
	for i, id := range ids {
		tokens[i] = byID[id]
		out = base64.StdEncoding.AppendEncode(out, tokens[i])
		out = append(strconv.AppendInt(append(out, ' '), int64(id), 10), '\n')
	}
	if merges, exact := derive(tokens, ids); exact == t.sharedRanks || !slices.Equal(merges, t.merges) {
		return fmt.Errorf("%s: the ids of this vocabulary do not tell the order of its merges; it cannot be a rank file", path)
	}
	_, err := atomicfile.WriteBytes(path, out)
	return err
}
