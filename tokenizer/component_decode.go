package tokenizer

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// decoderRule is what a decoder does to each token, and to the beginning of
// the text.
type decoderRule struct {
	byteLevel bool
	replaces  [][2]string
	fallback  bool // <0x41> is the byte 0x41
	fused     bool
	strip     int
	some      bool
}

func (d *decoderRule) parse(data json.RawMessage, field string) error {
	if isNull(data) {
		return fmt.Errorf("%s: missing; text could not be put together again", field)
	}
	var sequence struct {
		typeOnly
		List []json.RawMessage `json:"decoders"`
	}
	var byteLevel struct {
		typeOnly
		AddPrefixSpace bool `json:"add_prefix_space"` // this and the next: of no consequence here
		TrimOffsets    bool `json:"trim_offsets"`
		UseRegex       bool `json:"use_regex"`
	}
	var replace struct {
		typeOnly
		Pattern patternJSON `json:"pattern"`
		Content string      `json:"content"`
	}
	var strip struct {
		typeOnly
		Content string `json:"content"`
		Start   int    `json:"start"`
		Stop    int    `json:"stop"`
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
		case "Replace":
			return &replace
		case "Strip":
			return &strip
		case "Metaspace":
			return &meta
		case "ByteFallback", "Fuse":
			return &typeOnly{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d.byteLevel || kind == "ByteLevel" && d.some {
		return fmt.Errorf("%s: ByteLevel together with other decoders is not supported", field)
	}
	d.some = d.some || kind != "Sequence"
	switch kind {
	case "Sequence":
		for i, p := range sequence.List {
			if err := d.parse(p, fmt.Sprintf("%s.decoders[%d]", field, i)); err != nil {
				return err
			}
		}
	case "ByteLevel":
		d.byteLevel = true
	case "Replace":
		if replace.Pattern.String == nil || *replace.Pattern.String == "" || d.fused {
			return fmt.Errorf("%s.pattern: only a String, before Fuse, is supported", field)
		}
		d.replaces = append(d.replaces, [2]string{*replace.Pattern.String, replace.Content})
	case "ByteFallback":
		d.fallback = true
	case "Fuse":
		d.fused = true
	case "Strip":
		if strip.Content != " " || strip.Start < 0 || strip.Stop != 0 || !d.fused {
			return fmt.Errorf("%s: only spaces at the start, after Fuse, can be stripped", field)
		}
		d.strip += strip.Start
	case "Metaspace":
		scheme, err := meta.scheme(field)
		if err != nil || meta.Replacement == "" || d.fused {
			return fmt.Errorf("%s: not a Metaspace that can be undone", field)
		}
		d.replaces = append(d.replaces, [2]string{meta.Replacement, " "})
		if scheme != "never" {
			d.strip++
		}
	}
	return nil
}

// render returns what the token called name decodes to. Byte-level names are
// bytes already.
func (d *decoderRule) render(name string) []byte {
	if d.byteLevel {
		return []byte(name)
	}
	if d.fallback && len(name) == 6 && strings.HasPrefix(name, "<0x") && name[5] == '>' {
		if b, err := strconv.ParseUint(name[3:5], 16, 8); err == nil {
			return []byte{byte(b)}
		}
	}
	for _, r := range d.replaces {
		name = strings.ReplaceAll(name, r[0], r[1])
	}
	return []byte(name)
}

// parsePostProcessor returns the tokens put before and after one text.
func parsePostProcessor(data json.RawMessage, field string) (prefix, suffix []int32, err error) {
	if isNull(data) {
		return nil, nil, nil
	}
	var sequence struct {
		typeOnly
		List []json.RawMessage `json:"processors"`
	}
	var byteLevel struct {
		typeOnly
		AddPrefixSpace bool `json:"add_prefix_space"` // these are about offsets, not ids
		TrimOffsets    bool `json:"trim_offsets"`
		UseRegex       bool `json:"use_regex"`
	}
	var template templateJSON
	var kind string
	err = component(data, field, func(k string) any {
		kind = k
		switch k {
		case "Sequence":
			return &sequence
		case "ByteLevel":
			return &byteLevel
		case "TemplateProcessing":
			return &template
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	switch kind {
	case "Sequence":
		for i, p := range sequence.List {
			before, after, err := parsePostProcessor(p, fmt.Sprintf("%s.processors[%d]", field, i))
			if err != nil {
				return nil, nil, err
			}
			prefix, suffix = append(before, prefix...), append(suffix, after...)
		}
	case "TemplateProcessing":
		return template.around(field)
	}
	return prefix, suffix, nil
}

type templateJSON struct {
	typeOnly
	Single []struct {
		SpecialToken *struct {
			ID     string `json:"id"`
			TypeID int    `json:"type_id"`
		} `json:"SpecialToken"`
		Sequence *struct {
			ID     string `json:"id"`
			TypeID int    `json:"type_id"`
		} `json:"Sequence"`
	} `json:"single"`
	Pair          json.RawMessage `json:"pair"` // for two texts in one: never used
	SpecialTokens map[string]struct {
		ID     string   `json:"id"`
		IDs    []int32  `json:"ids"`
		Tokens []string `json:"tokens"`
	} `json:"special_tokens"`
}

func (t *templateJSON) around(field string) (prefix, suffix []int32, err error) {
	seen := false
	for i, piece := range t.Single {
		switch {
		case piece.Sequence != nil && !seen:
			seen = true
		case piece.SpecialToken != nil:
			tok, ok := t.SpecialTokens[piece.SpecialToken.ID]
			if !ok {
				return nil, nil, fmt.Errorf("%s.single[%d]: %q is not in special_tokens", field, i, piece.SpecialToken.ID)
			}
			if seen {
				suffix = append(suffix, tok.IDs...)
			} else {
				prefix = append(prefix, tok.IDs...)
			}
		default:
			return nil, nil, fmt.Errorf("%s.single[%d]: neither a special token nor the one text", field, i)
		}
	}
	return prefix, suffix, nil
}
