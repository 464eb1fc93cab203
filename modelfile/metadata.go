package modelfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor/gguf"
	"github.com/polymath-lm/polymath/tokenizer"
)

// ggufMetadata are the pairs that one file has and another keeps.
func ggufMetadata(meta *gguf.Metadata) ([]gguf.Pair, error) {
	if !meta.Has(keyModel) {
		return nil, fmt.Errorf("%s is missing: the file has no tokenizer", keyModel)
	}
	var pairs []gguf.Pair
	for _, p := range meta.Pairs() {
		switch p.Key {
		case "general.architecture", "general.type", "general.file_type", "general.quantization_version", "general.alignment":
			continue // said of the new file
		}
		if strings.HasPrefix(p.Key, "general.") || strings.HasPrefix(p.Key, "tokenizer.") {
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// dirMetadata makes the pairs of a directory.
func dirMetadata(dir string, cfg *model.Config) ([]gguf.Pair, error) {
	path := filepath.Join(dir, tokenizerName)
	t, err := tokenizer.Load(path)
	if notExist(err) {
		return nil, fmt.Errorf("%s holds no tokenizer.json, and a GGUF file needs a tokenizer", dir)
	}
	if err != nil {
		return nil, err
	}
	v, err := t.GGML(cfg.VocabSize)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written as GGUF: %w", path, err)
	}
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	pairs := []gguf.Pair{{Key: keyName, Value: strings.ToValidUTF8(filepath.Base(whole), "?")}}
	license, err := dirLicense(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct{ key, value string }{{keyLicense, license.ID}, {keyLicenseName, license.Name}, {keyLicenseLink, license.Link}} {
		if f.value != "" {
			pairs = append(pairs, gguf.Pair{Key: f.key, Value: f.value})
		}
	}
	special, err := readSpecial(dir)
	if err != nil {
		return nil, err
	}
	pairs = append(pairs, vocabularyPairs(&v, special, cfg)...)
	template, tools, err := chat.Source(dir)
	if err != nil {
		return nil, err
	}
	if template != "" {
		pairs = append(pairs, gguf.Pair{Key: keyTemplate, Value: template})
	}
	if tools != "" {
		pairs = append(pairs, gguf.Pair{Key: keyTemplate + ".tool_use", Value: tools})
	}
	return pairs, nil
}

// vocabularyPairs are the keys tokenizer.ggml.*.
func vocabularyPairs(v *tokenizer.GGMLVocab, special *specialTokens, cfg *model.Config) []gguf.Pair {
	pairs := []gguf.Pair{{Key: keyModel, Value: v.Model}, {Key: keyPre, Value: v.Pre}, {Key: keyTokens, Value: v.Tokens}}
	add := func(key string, value any) { pairs = append(pairs, gguf.Pair{Key: key, Value: value}) }
	if v.Model == tokenizer.GGMLScores {
		add(keyScores, v.Scores)
	}
	add(keyTypes, v.Types)
	if v.Model == tokenizer.GGMLBytes {
		add(keyMerges, v.Merges)
	}
	pairs = append(pairs, special.pairs(v, cfg)...)
	add(keyAddBOS, *v.AddBOS)
	add(keyAddEOS, *v.AddEOS)
	if v.AddSpacePrefix != nil {
		add(keySpacePrefix, *v.AddSpacePrefix)
	}
	return pairs
}
