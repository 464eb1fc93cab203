package modelfile

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// specialTokens are those that a tokenizer_config.json names, by what they are
// called there; its chat template knows them by the same names.
type specialTokens struct {
	BOS     specialToken `json:"bos_token"`
	EOS     specialToken `json:"eos_token"`
	Unknown specialToken `json:"unk_token"`
	Padding specialToken `json:"pad_token"`
}

// specialToken is the text of a token; null is none.
type specialToken string

// UnmarshalJSON reads a text, or {"content": text}.
func (s *specialToken) UnmarshalJSON(data []byte) error {
	var token struct{ Content string }
	if json.Unmarshal(data, &token) == nil { // null as well
		*s = specialToken(token.Content)
		return nil
	}
	return json.Unmarshal(data, (*string)(s))
}

// id returns the token's id, -1 where the vocabulary has none of that text.
func (s specialToken) id(v *tokenizer.GGMLVocab) int32 {
	if s == "" {
		return -1
	}
	return int32(slices.Index(v.Tokens, string(s)))
}

// readSpecial reads the special tokens of a directory, which may name none.
func readSpecial(dir string) (*specialTokens, error) {
	path := filepath.Join(dir, tokenizerConfigName)
	data, err := atomicfile.ReadSmall(path, maxText)
	if notExist(err) {
		return &specialTokens{}, nil
	}
	if err != nil {
		return nil, err
	}
	special := &specialTokens{}
	if err := json.Unmarshal(data, special); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return special, nil
}

// pairs are the keys of special tokens, but for those that model.WriteGGUF writes
// of cfg. As in llama.cpp's converter tokenizer_config.json goes before
// config.json, and what is put around a text goes before both.
func (s *specialTokens) pairs(v *tokenizer.GGMLVocab, cfg *model.Config) []gguf.Pair {
	var pairs []gguf.Pair
	add := func(key string, id int32) {
		if id >= 0 {
			pairs = append(pairs, gguf.Pair{Key: key, Value: uint32(id)})
		}
	}
	bos, padding, unknown := s.BOS.id(v), s.Padding.id(v), v.Unknown
	switch {
	case *v.AddBOS || cfg.BOSTokenID < 0 && v.BOS >= 0:
		add(keyBOS, v.BOS)
	case bos >= 0 && int(bos) != cfg.BOSTokenID:
		add(keyBOS, bos)
	case cfg.BOSTokenID < 0: // llama.cpp takes token 11 or 1 where none is named
		add(keyBOS, v.EOS)
	}
	if ends := s.ends(v, cfg); !slices.Equal(ends, configuredEnds(cfg)) {
		for i, key := range []string{keyEOS, keyEOT, keyEOM} {
			add(key, ends[i])
		}
	}
	if unknown < 0 {
		unknown = s.Unknown.id(v)
	}
	add(keyUnknown, unknown)
	if int(padding) != cfg.PadTokenID {
		add(keyPadding, padding)
	}
	return pairs
}

// configuredEnds are the tokens that end a text as model.WriteGGUF names them
// where it is not told.
func configuredEnds(cfg *model.Config) []int32 {
	ends := []int32{-1, -1, -1}
	for i := range min(len(ends), len(cfg.EOSTokenIDs)) {
		ends[i] = int32(cfg.EOSTokenIDs[i])
	}
	return ends
}

// turnEnds are the texts by which llama.cpp finds the token that ends a turn, and
// messageEnd is that of one that ends a message to a tool.
var turnEnds = []string{"<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<end_of_utterance>"}

const messageEnd = "<|eom_id|>"

// ends returns eos, eot and eom, -1 for none. What config.json names besides eos is
// what its text says, and where that says nothing it takes what is left, if there is
// something left.
func (s *specialTokens) ends(v *tokenizer.GGMLVocab, cfg *model.Config) []int32 {
	eos := s.EOS.id(v)
	switch {
	case *v.AddEOS, eos < 0 && len(cfg.EOSTokenIDs) == 0:
		eos = v.EOS
	case eos < 0:
		eos = int32(cfg.EOSTokenIDs[0])
	}
	ends := []int32{eos, -1, -1}
	var others []int32
	for _, n := range cfg.EOSTokenIDs {
		switch id := int32(n); {
		case slices.Contains(ends, id) || slices.Contains(others, id):
		case ends[1] < 0 && slices.Contains(turnEnds, v.Tokens[id]):
			ends[1] = id
		case ends[2] < 0 && v.Tokens[id] == messageEnd:
			ends[2] = id
		default:
			others = append(others, id)
		}
	}
	for _, id := range others {
		if free := slices.Index(ends, -1); free >= 0 {
			ends[free] = id
		}
	}
	return ends
}

// endsLeftOut notes the tokens at which cfg ends texts and a file with these pairs
// does not.
func endsLeftOut(pairs []gguf.Pair, cfg *model.Config) (notes []string) {
	var named []string
	for _, p := range pairs {
		if p.Key == keyEOS || p.Key == keyEOT || p.Key == keyEOM {
			named = append(named, fmt.Sprint(p.Value))
		}
	}
	if named == nil { // all of cfg's are written
		return nil
	}
	for _, id := range cfg.EOSTokenIDs {
		if !slices.Contains(named, strconv.Itoa(id)) {
			notes = append(notes, fmt.Sprintf("eos_token_id %d is left out: GGUF names %d tokens that end a text", id, len(named)))
		}
	}
	return notes
}
