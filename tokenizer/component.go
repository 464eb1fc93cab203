package tokenizer

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/dlclark/regexp2/v2"
	"golang.org/x/text/unicode/norm"
)

// The components of a tokenizer.json. Every function takes the name of the
// field it reads, for its errors.

// component decodes the type of a component first and then all its fields;
// pick returns where they go, nil for a type that is not supported.
func component(data json.RawMessage, field string, pick func(kind string) any) error {
	var c struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	into := pick(c.Type)
	if into == nil {
		return fmt.Errorf("%s.type: %q is not supported", field, c.Type)
	}
	if err := strict(data, into); err != nil {
		return fmt.Errorf("%s (%s): %w", field, c.Type, err)
	}
	return nil
}

type typeOnly struct {
	Type string `json:"type"`
}

// patternJSON is {"String": ...} or {"Regex": ...}.
type patternJSON struct {
	String *string `json:"String"`
	Regex  *string `json:"Regex"`
}

// foreign finds what Oniguruma, the engine of Hugging Face tokenizers, reads in
// another way than ours: POSIX classes, set operations in classes, and
// possessive intervals.
var foreign = regexp.MustCompile(`\[:|&&|-\[|\{[0-9,]*\}\+`)

func (p patternJSON) matcher(field string) (matcher, error) {
	switch {
	case p.String != nil && *p.String != "":
		return stringMatcher{[]byte(*p.String)}, nil
	case p.Regex == nil:
		return nil, fmt.Errorf("%s: neither a String nor a Regex", field)
	}
	if found := foreign.FindString(*p.Regex); found != "" {
		return nil, fmt.Errorf("%s.Regex: %q is not supported", field, found)
	}
	// No limit: a word too long for one would be split wrongly.
	re, err := regexp2.Compile(*p.Regex, regexp2.Multiline, regexp2.OptionMaxBacktrackingStackSize(-1))
	if err != nil {
		return nil, fmt.Errorf("%s.Regex: %w", field, err)
	}
	return regexMatcher{re}, nil
}

var forms = map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}

// parseNormalizers makes the list that a normalizer is.
func parseNormalizers(data json.RawMessage) ([]normalizer, error) {
	const field = "normalizer"
	list, err := parseNormalizer(nil, data, field)
	if err != nil {
		return nil, err
	}
	return list, checkGrowth(list, field)
}

func parseNormalizer(list []normalizer, data json.RawMessage, field string) ([]normalizer, error) {
	if isNull(data) {
		return list, nil
	}
	var sequence struct {
		typeOnly
		Normalizers []json.RawMessage `json:"normalizers"`
	}
	var prepend struct {
		typeOnly
		Prepend string `json:"prepend"`
	}
	var replace struct {
		typeOnly
		Pattern patternJSON `json:"pattern"`
		Content string      `json:"content"`
	}
	var strip struct {
		typeOnly
		Left  bool `json:"strip_left"`
		Right bool `json:"strip_right"`
	}
	var kind string
	err := component(data, field, func(k string) any {
		kind = k
		switch k {
		case "Sequence":
			return &sequence
		case "Prepend":
			return &prepend
		case "Replace":
			return &replace
		case "Strip":
			return &strip
		case "NFC", "NFD", "NFKC", "NFKD":
			return &typeOnly{}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch kind {
	case "Sequence":
		for i, n := range sequence.Normalizers {
			if list, err = parseNormalizer(list, n, fmt.Sprintf("%s.normalizers[%d]", field, i)); err != nil {
				return nil, err
			}
		}
		return list, nil
	case "Prepend":
		return append(list, prependNormalizer{[]byte(prepend.Prepend)}), nil
	case "Replace":
		m, err := replace.Pattern.matcher(field + ".pattern")
		return append(list, replaceNormalizer{m, []byte(replace.Content)}), err
	case "Strip":
		return append(list, stripNormalizer{strip.Left, strip.Right}), nil
	}
	return append(list, formNormalizer{forms[kind]}), nil
}

// preTokenizer gathers the steps of a pre_tokenizer.
type preTokenizer struct {
	steps     []step
	byteLevel bool
}

func (p *preTokenizer) parse(data json.RawMessage, field string) error {
	if isNull(data) {
		return nil
	}
	var sequence struct {
		typeOnly
		List []json.RawMessage `json:"pretokenizers"`
	}
	var byteLevel struct {
		typeOnly
		AddPrefixSpace bool  `json:"add_prefix_space"`
		TrimOffsets    bool  `json:"trim_offsets"` // of no consequence for ids
		UseRegex       *bool `json:"use_regex"`
	}
	var split struct {
		typeOnly
		Pattern  patternJSON `json:"pattern"`
		Behavior behavior    `json:"behavior"`
		Invert   bool        `json:"invert"`
	}
	var digits struct {
		typeOnly
		Individual bool `json:"individual_digits"`
	}
	var punctuation struct {
		typeOnly
		Behavior behavior `json:"behavior"`
	}
	var meta metaspaceJSON
	var kind string
	err := component(data, field, func(k string) any {
		kind = k
		switch k {
		case "Sequence":
			return &sequence
		case "ByteLevel":
			return &byteLevel
		case "Split":
			return &split
		case "Digits":
			return &digits
		case "Punctuation":
			return &punctuation
		case "Metaspace":
			return &meta
		}
		return nil
	})
	if err != nil {
		return err
	}
	if p.byteLevel {
		return fmt.Errorf("%s: %s after ByteLevel is not supported", field, kind)
	}
	switch kind {
	case "Sequence":
		for i, d := range sequence.List {
			if err := p.parse(d, fmt.Sprintf("%s.pretokenizers[%d]", field, i)); err != nil {
				return err
			}
		}
	case "ByteLevel":
		p.byteLevel = true
		if byteLevel.AddPrefixSpace {
			p.steps = append(p.steps, prefixStep{})
		}
		if byteLevel.UseRegex == nil || *byteLevel.UseRegex {
			p.steps = append(p.steps, scanStep{gpt2Scanner{}})
		}
	case "Split":
		return p.addSplit(split.Pattern, split.Behavior, split.Invert, field)
	case "Digits":
		b := contiguous
		if digits.Individual {
			b = isolated
		}
		p.steps = append(p.steps, patternStep{pattern: runeMatcher(isNumber), behavior: b})
	case "Punctuation":
		b := punctuation.Behavior
		if b == "" {
			b = isolated
		}
		if !b.known() {
			return fmt.Errorf("%s.behavior: %q is not known", field, b)
		}
		p.steps = append(p.steps, patternStep{pattern: runeMatcher(isPunctuation), behavior: b})
	case "Metaspace":
		s, err := meta.step(field)
		p.steps = append(p.steps, s)
		return err
	}
	return nil
}

func (p *preTokenizer) addSplit(pattern patternJSON, b behavior, invert bool, field string) error {
	if !b.known() {
		return fmt.Errorf("%s.behavior: %q is not known", field, b)
	}
	// The patterns that scanners know match all of the text.
	if pattern.Regex != nil && (b == isolated || b == removed && invert) {
		if s := scanners[*pattern.Regex]; s != nil {
			p.steps = append(p.steps, scanStep{s})
			return nil
		}
	}
	m, err := pattern.matcher(field + ".pattern")
	p.steps = append(p.steps, patternStep{m, b, invert})
	return err
}

func (b behavior) known() bool {
	switch b {
	case removed, isolated, mergedWithPrevious, mergedWithNext, contiguous:
		return true
	}
	return false
}

// metaspaceJSON is a pre_tokenizer and a decoder.
type metaspaceJSON struct {
	typeOnly
	Replacement    string `json:"replacement"`
	PrependScheme  string `json:"prepend_scheme"`
	Split          *bool  `json:"split"`
	AddPrefixSpace *bool  `json:"add_prefix_space"` // older files
}

// scheme returns always, first or never.
func (m metaspaceJSON) scheme(field string) (string, error) {
	switch m.PrependScheme {
	case "":
		if m.AddPrefixSpace != nil && !*m.AddPrefixSpace {
			return "never", nil
		}
		return "always", nil
	case "always", "first", "never":
		return m.PrependScheme, nil
	}
	return "", fmt.Errorf("%s.prepend_scheme: %q is not known", field, m.PrependScheme)
}

func (m metaspaceJSON) step(field string) (step, error) {
	scheme, err := m.scheme(field)
	if err == nil && m.Replacement == "" {
		err = fmt.Errorf("%s.replacement is empty", field)
	}
	return metaspaceStep{
		mark:   []byte(m.Replacement),
		always: scheme == "always",
		start:  scheme == "first",
		cut:    m.Split == nil || *m.Split,
	}, err
}
