package tokenizer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Expressions that cut text, besides the Pattern constants.
const (
	patternDigit  = `\p{N}`
	patternTekken = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternO200K  = `[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	patternSeed   = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// ggmlPre is what a name in tokenizer.ggml.pre stands for: expressions that
// cut the text one after the other, and what else the name implies.
type ggmlPre struct {
	split        []string
	nfc          bool // the models normalize text, which llama.cpp does not do
	ignoreMerges bool
	addBOS       bool // where the file does not say
}

// pres are the names that models of our architectures have. Where several mean
// the same, the first of preOrder is written.
//
// Source: llama.cpp, src/llama-vocab.cpp, and the models' tokenizer.json.
var pres = map[string]ggmlPre{
	"gpt-2":            {split: []string{PatternGPT2}},
	"llama-bpe":        {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"qwen2":            {split: []string{PatternQwen}, nfc: true},
	"olmo":             {split: []string{PatternGPT2}, nfc: true},
	"dbrx":             {split: []string{PatternGPT4}},
	"stablelm2":        {split: []string{PatternQwen}},
	"smollm":           {split: []string{patternDigit, PatternGPT2}},
	"tekken":           {split: []string{patternTekken}, ignoreMerges: true, addBOS: true},
	"gpt-4o":           {split: []string{patternO200K}},
	"seed-coder":       {split: []string{patternSeed}},
	"minicpm5":         {split: []string{`\p{N}{1,3}`, `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}, ignoreMerges: true},
	"deepseek-coder":   {split: []string{`[\r\n]`, `\s?\p{L}+`, `\s?\p{P}+`, `[一-龥ࠀ-一가-퟿]+`, patternDigit}},
	"deepseek-v3":      {split: []string{`\p{N}{1,3}`, `[一-龥぀-ゟ゠-ヿ]+`, `[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_` + "`" + `{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`}},
	"falcon":           {split: []string{`[\p{P}\$\+<=>\^~\|` + "`" + `]+`, PatternGPT2, `[0-9][0-9][0-9]`}},
	"default":          {split: []string{`[\p{P}\$\+<=>\^~\|]+`, PatternGPT2, `\p{N}+`, `[0-9][0-9][0-9]`}},
	"mpt":              {split: []string{PatternGPT2}, nfc: true},
	"llama3":           {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"llama-v3":         {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"falcon3":          {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"pixtral":          {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"lfm2":             {split: []string{PatternGPT4}, ignoreMerges: true, addBOS: true},
	"smaug-bpe":        {split: []string{PatternGPT4}},
	"glm4":             {split: []string{PatternGPT4}},
	"chatglm-bpe":      {split: []string{PatternGPT4}},
	"deepseek-r1-qwen": {split: []string{PatternQwen}, nfc: true},
	"kormo":            {split: []string{PatternQwen}},
	"megrez":           {split: []string{PatternQwen}, nfc: true},
	"hunyuan":          {split: []string{PatternQwen}},
	"solar-open":       {split: []string{PatternQwen}},
	"grok-2":           {split: []string{PatternQwen}},
	"starcoder":        {split: []string{patternDigit, PatternGPT2}},
	"refact":           {split: []string{patternDigit, PatternGPT2}},
	"command-r":        {split: []string{patternDigit, PatternGPT2}},
	"codeshell":        {split: []string{patternDigit, PatternGPT2}},
	"exaone":           {split: []string{patternDigit, PatternGPT2}},
	"minerva-7b":       {split: []string{patternDigit, PatternGPT2}},
	"mellum2":          {split: []string{patternDigit, PatternGPT2}},
	"exaone4":          {split: []string{PatternGPT2}},
	"phi-2":            {split: []string{PatternGPT2}},
	"gigachat":         {split: []string{PatternGPT2}},
	"a.x-4.0":          {split: []string{PatternGPT2}},
	"mellum":           {split: []string{PatternGPT2}},
	"jais":             {split: []string{PatternGPT2}},
	"trillion":         {split: []string{PatternGPT2}},
	"llama4":           {split: []string{patternO200K}},
	"kanana2":          {split: []string{patternO200K}},
}

// preOrder is the order in which a name is looked for when writing.
var preOrder = []string{
	"gpt-2", "llama-bpe", "dbrx", "qwen2", "stablelm2", "olmo", "smollm", "tekken", "gpt-4o",
	"seed-coder", "minicpm5", "deepseek-coder", "deepseek-v3", "falcon", "default",
}

// findPre returns what a name stands for. No name at all is "default".
func findPre(name string) (ggmlPre, error) {
	if name == "" {
		name = "default"
	}
	pre, ok := pres[name]
	if !ok {
		return pre, fmt.Errorf("tokenizer.ggml.pre: how %q splits text is not known here", name)
	}
	return pre, nil
}

// parts returns the pre_tokenizer and the normalizer that do what p says.
func (p *ggmlPre) parts() (pre, normalizer json.RawMessage) {
	if p.nfc {
		normalizer = json.RawMessage(`{"type":"NFC"}`)
	}
	const level = `{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":%t}`
	split, last := p.split, len(p.split)-1
	gpt2 := split[last] == PatternGPT2
	if gpt2 {
		split = split[:last]
	}
	if len(split) == 0 {
		return fmt.Appendf(nil, level, gpt2), normalizer
	}
	pre = append(pre, `{"type":"Sequence","pretokenizers":[`...)
	for _, expression := range split {
		pre = appendQuoted(append(pre, `{"type":"Split","pattern":{"Regex":`...), expression)
		pre = append(pre, `},"behavior":"Isolated","invert":false},`...)
	}
	return append(fmt.Appendf(pre, level, gpt2), "]}"...), normalizer
}

// splitsOf lists the expressions of a pre_tokenizer that ends in ByteLevel. A
// component that is no such expression is an error that names it.
func splitsOf(data json.RawMessage, field string) ([]string, error) {
	var c struct {
		Type           string            `json:"type"`
		List           []json.RawMessage `json:"pretokenizers"`
		AddPrefixSpace bool              `json:"add_prefix_space"`
		UseRegex       *bool             `json:"use_regex"`
		Pattern        patternJSON       `json:"pattern"`
		Behavior       behavior          `json:"behavior"`
		Invert         bool              `json:"invert"`
		Individual     bool              `json:"individual_digits"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	switch {
	case c.Type == "Sequence":
		var all []string
		for i, d := range c.List {
			list, err := splitsOf(d, fmt.Sprintf("%s.pretokenizers[%d]", field, i))
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	case c.Type == "ByteLevel" && c.AddPrefixSpace:
		return nil, fmt.Errorf("%s.add_prefix_space: GGUF has no word for it", field)
	case c.Type == "ByteLevel" && (c.UseRegex == nil || *c.UseRegex):
		return []string{PatternGPT2}, nil
	case c.Type == "ByteLevel":
		return nil, nil
	case c.Type == "Digits" && c.Individual:
		return []string{patternDigit}, nil
	case c.Type == "Split" && c.Pattern.Regex != nil && (c.Behavior == isolated && !c.Invert || c.Behavior == removed && c.Invert):
		return []string{*c.Pattern.Regex}, nil
	}
	return nil, fmt.Errorf("%s: GGUF has no word for this %s", field, c.Type)
}

// preOf returns the name for what t does before merging. merges tells whether
// t.ignoreMerges matters for this vocabulary.
func (t *Tokenizer) preOf(merges bool) (string, error) {
	nfc := false
	if !isNull(t.parts.normalizer) {
		if nfc = len(t.normalizers) == 1 && t.normalizers[0] == normalizer(formNormalizer{forms["NFC"]}); !nfc {
			return "", fmt.Errorf("normalizer: GGUF has no word for it")
		}
	}
	splits, err := splitsOf(t.parts.preTokenizer, "pre_tokenizer")
	if err != nil {
		return "", err
	}
	for _, name := range preOrder {
		p := pres[name]
		if p.nfc == nfc && (!merges || p.ignoreMerges == t.ignoreMerges) && slices.EqualFunc(p.split, splits, sameSplit) {
			return name, nil
		}
	}
	return "", t.noPre(splits, nfc)
}

// noPre says which part of a tokenizer has no name.
func (t *Tokenizer) noPre(splits []string, nfc bool) error {
	for _, name := range preOrder {
		if p := pres[name]; slices.EqualFunc(p.split, splits, sameSplit) {
			if p.nfc != nfc {
				return fmt.Errorf("normalizer: GGUF has this split of text as %q, but not with this normalizer", name)
			}
			return fmt.Errorf("model.ignore_merges: %t is not what GGUF's %q implies", t.ignoreMerges, name)
		}
	}
	return fmt.Errorf("pre_tokenizer: GGUF has no name for the split by %s", strings.Join(splits, " and then "))
}

// sameSplit reports whether two expressions cut text alike. Whether U+017F
// counts as the s of a contraction does not matter: llama.cpp does not know it,
// and uses one name for both.
func sameSplit(a, b string) bool {
	if a == b {
		return true
	}
	s, ok := scanners[a]
	r, ok2 := scanners[b]
	if g, gpt4 := s.(gpt4Scanner); gpt4 {
		g.ascii = false
		s = g
	}
	if g, gpt4 := r.(gpt4Scanner); gpt4 {
		g.ascii = false
		r = g
	}
	return ok && ok2 && s == r
}
