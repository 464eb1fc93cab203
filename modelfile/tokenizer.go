package modelfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Tokenizer loads the tokenizer of the model at path: of a directory its
// tokenizer.json, of a GGUF file its vocabulary. A path to a tokenizer.json is
// that tokenizer. Errors name the file and the field.
func Tokenizer(path string) (*tokenizer.Tokenizer, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return loadTokenizer(filepath.Join(dir, tokenizerName))
	}
	if isGGUF, err := beginsAsGGUF(file); err != nil {
		return nil, err
	} else if !isGGUF && !model.IsGGUF(file) {
		return loadTokenizer(file)
	}
	f, err := gguf.Open(file)
	if err != nil {
		return nil, err
	}
	t, err := ggufTokenizer(f.Metadata())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// loadTokenizer is tokenizer.Load, which says what the file is instead where that
// is known.
func loadTokenizer(file string) (*tokenizer.Tokenizer, error) {
	t, err := tokenizer.Load(file)
	if err == nil {
		return t, nil
	}
	if notExist(err) {
		return nil, fmt.Errorf("the model has no tokenizer: %w", err)
	}
	if what := foreign(file); what != "" {
		return nil, fmt.Errorf("%s: %s", file, what)
	}
	return nil, err
}

// foreign is tensor.Foreign of a file's beginning; "" for one that cannot be read,
// and for a device or a pipe, which might not end.
func foreign(file string) string {
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	begin := make([]byte, 64)
	n, _ := io.ReadFull(f, begin) // a short file is less
	return tensor.Foreign(begin[:n])
}

// TokenizerJSON returns the tokenizer of the model at path as a tokenizer.json:
// the file as it is where there is one, else one made of the vocabulary.
func TokenizerJSON(path string) ([]byte, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		file = filepath.Join(dir, tokenizerName)
	}
	if isGGUF, err := beginsAsGGUF(file); err != nil || !isGGUF {
		if err != nil {
			return nil, err
		}
		return atomicfile.ReadSmall(file, maxText)
	}
	t, err := Tokenizer(file)
	if err != nil {
		return nil, err
	}
	text, err := t.JSON()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return text, nil
}

// ggufTokenizer makes the tokenizer of a file's vocabulary.
func ggufTokenizer(meta *gguf.Metadata) (*tokenizer.Tokenizer, error) {
	v, err := vocabulary(meta)
	if err != nil {
		return nil, err
	}
	return tokenizer.FromGGML(v)
}

// The keys of a vocabulary.
const (
	keyModel       = "tokenizer.ggml.model"
	keyPre         = "tokenizer.ggml.pre"
	keyTokens      = "tokenizer.ggml.tokens"
	keyScores      = "tokenizer.ggml.scores"
	keyTypes       = "tokenizer.ggml.token_type"
	keyMerges      = "tokenizer.ggml.merges"
	keyBOS         = "tokenizer.ggml.bos_token_id"
	keyEOS         = "tokenizer.ggml.eos_token_id"
	keyEOT         = "tokenizer.ggml.eot_token_id"
	keyEOM         = "tokenizer.ggml.eom_token_id"
	keyUnknown     = "tokenizer.ggml.unknown_token_id"
	keyPadding     = "tokenizer.ggml.padding_token_id"
	keyAddBOS      = "tokenizer.ggml.add_bos_token"
	keyAddEOS      = "tokenizer.ggml.add_eos_token"
	keySpacePrefix = "tokenizer.ggml.add_space_prefix"
	keyTemplate    = "tokenizer.chat_template"
)

// reader reads optional keys and keeps the first error.
type reader struct {
	meta *gguf.Metadata
	err  error
}

func read[T any](r *reader, key string, get func(string) (T, error)) T {
	v, err := get(key)
	if err != nil && r.err == nil && !errors.Is(err, gguf.ErrMissing) {
		r.err = err
	}
	return v
}

// id returns a token's id, or what stands for a missing key.
func (r *reader) id(key string, missing int32) int32 {
	if !r.meta.Has(key) {
		return missing
	}
	n := read(r, key, r.meta.Int)
	if n < -1 || n > 1<<30 {
		// Some writers say "none" with the largest number.
		return -1
	}
	return int32(n)
}

func (r *reader) bool(key string) *bool {
	if !r.meta.Has(key) {
		return nil
	}
	b := read(r, key, r.meta.Bool)
	return &b
}

// vocabulary reads the keys tokenizer.ggml.*.
func vocabulary(meta *gguf.Metadata) (tokenizer.GGMLVocab, error) {
	r := &reader{meta: meta}
	v := tokenizer.GGMLVocab{
		Model: read(r, keyModel, meta.String), Pre: read(r, keyPre, meta.String),
		Tokens: read(r, keyTokens, meta.Strings), Scores: read(r, keyScores, meta.Floats),
		Merges: read(r, keyMerges, meta.Strings),
		AddBOS: r.bool(keyAddBOS), AddEOS: r.bool(keyAddEOS), AddSpacePrefix: r.bool(keySpacePrefix),
	}
	if v.Model == "" && r.err == nil {
		return v, fmt.Errorf("%s is missing: the file has no tokenizer", keyModel)
	}
	for _, kind := range read(r, keyTypes, meta.Ints) {
		v.Types = append(v.Types, int32(kind))
	}
	bos, eos, unknown := int32(-1), int32(-1), int32(-1)
	if v.Model == tokenizer.GGMLScores { // what a missing key means there
		bos, eos, unknown = 1, 2, 0
	}
	v.BOS, v.EOS, v.Unknown = r.id(keyBOS, bos), r.id(keyEOS, eos), r.id(keyUnknown, unknown)
	v.EOT, v.Padding = r.id(keyEOT, -1), r.id(keyPadding, -1)
	return v, r.err
}
