package modelfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// carried are the files that go with a model's weights from directory to
// directory, licenses apart.
var carried = []string{
	tokenizerName, tokenizerConfigName, "special_tokens_map.json", "added_tokens.json",
	jinjaName, "chat_template.json", generationName, readmeName,
}

// Files returns the files that belong beside the weights of the model at path in
// a directory, by name: tokenizer, chat template, generation settings, model card
// and license. Those of a directory are its own; those of a GGUF file are made of
// what it says. What a model does not have is left out.
func Files(path string) (map[string][]byte, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return dirFiles(dir)
	}
	f, err := gguf.Open(file)
	if err != nil {
		return nil, err
	}
	files, err := ggufFiles(f.Metadata())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return files, nil
}

func dirFiles(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !isLicense(e.Name()) && !slices.Contains(carried, e.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, e.Name())) // of what a link points to
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if files[e.Name()], err = atomicfile.ReadSmall(filepath.Join(dir, e.Name()), maxText); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// ggufFiles makes the files of a directory from a file's metadata.
func ggufFiles(meta *gguf.Metadata) (map[string][]byte, error) {
	files := map[string][]byte{}
	license := ggufLicense(meta)
	if card := license.card(); card != nil {
		files[readmeName] = card
	}
	if !meta.Has(keyModel) {
		return files, nil
	}
	v, err := vocabulary(meta)
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.FromGGML(v)
	if err != nil {
		return nil, err
	}
	if files[tokenizerName], err = t.JSON(); err != nil {
		return nil, err
	}
	files[tokenizerConfigName], err = tokenizerConfig(&v, meta)
	return files, err
}

// tokenizerFields begin every tokenizer_config.json. Without the class transformers
// makes the tokenizer that is usual for the model's type, which takes the vocabulary
// from tokenizer.json and splits text by rules of its own.
func tokenizerFields() map[string]any {
	return map[string]any{"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false}
}

// NewTokenizerConfig makes the tokenizer_config.json of a new model, in which one
// special token begins and ends texts.
func NewTokenizerConfig(endOfText string) ([]byte, error) {
	fields := tokenizerFields()
	fields["bos_token"], fields["eos_token"] = endOfText, endOfText
	return indented(fields)
}

// tokenizerConfig makes a tokenizer_config.json.
func tokenizerConfig(v *tokenizer.GGMLVocab, meta *gguf.Metadata) ([]byte, error) {
	fields := tokenizerFields()
	for _, token := range []struct {
		name string
		id   int32
	}{{"bos_token", v.BOS}, {"eos_token", v.EOS}, {"unk_token", v.Unknown}, {"pad_token", v.Padding}} {
		if token.id >= 0 {
			fields[token.name] = v.Tokens[token.id]
		}
	}
	template, err := meta.String(keyTemplate)
	if err != nil && !errors.Is(err, gguf.ErrMissing) {
		return nil, err
	}
	tools, err := meta.String(keyTemplate + ".tool_use")
	if err != nil && !errors.Is(err, gguf.ErrMissing) {
		return nil, err
	}
	type named struct {
		Name     string `json:"name"`
		Template string `json:"template"`
	}
	switch {
	case tools != "":
		fields["chat_template"] = []named{{"default", template}, {"tool_use", tools}}
	case template != "":
		fields["chat_template"] = template
	}
	return indented(fields)
}

// indented writes JSON for people, its keys in order.
func indented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// Metadata returns the keys of a GGUF file that the model at path brings beside
// its shape: name, license, vocabulary and chat template. The vocabulary gets as
// many tokens as cfg.VocabSize. A tokenizer that GGUF cannot express is an error
// that names the field, and so is a model without one.
func Metadata(path string, cfg *model.Config) ([]gguf.Pair, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return dirMetadata(dir, cfg)
	}
	f, err := gguf.Open(file)
	if err != nil {
		return nil, err
	}
	pairs, err := ggufMetadata(f.Metadata())
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return pairs, nil
}

// notExist reports whether a file is simply not there.
func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
