package terminal

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/infer"
)

// setting is one that /set changes: a float32, an int or a uint64.
type setting struct {
	name    string
	pointer func(o *polymath.GenerateOptions) any
}

// settings are all of them, in the order in which they are listed.
var settings = []setting{
	{"temperature", func(o *polymath.GenerateOptions) any { return &o.Temperature }},
	{"top-p", func(o *polymath.GenerateOptions) any { return &o.TopP }},
	{"top-k", func(o *polymath.GenerateOptions) any { return &o.TopK }},
	{"min-p", func(o *polymath.GenerateOptions) any { return &o.MinP }},
	{"repetition-penalty", func(o *polymath.GenerateOptions) any { return &o.RepetitionPenalty }},
	{"presence-penalty", func(o *polymath.GenerateOptions) any { return &o.PresencePenalty }},
	{"frequency-penalty", func(o *polymath.GenerateOptions) any { return &o.FrequencyPenalty }},
	{"seed", func(o *polymath.GenerateOptions) any { return &o.Seed }},
	{"max-tokens", func(o *polymath.GenerateOptions) any { return &o.MaxTokens }},
}

func findSetting(name string) *setting {
	for i := range settings {
		if settings[i].name == name {
			return &settings[i]
		}
	}
	return nil
}

// get returns the value as a decimal number.
func (s *setting) get(o *polymath.GenerateOptions) string {
	switch p := s.pointer(o).(type) {
	case *float32:
		return strconv.FormatFloat(float64(*p), 'f', -1, 32)
	case *int:
		return strconv.Itoa(*p)
	case *uint64:
		return strconv.FormatUint(*p, 10)
	}
	return ""
}

// set changes o, or says what is wrong with the value and leaves o as it is.
func (s *setting) set(o *polymath.GenerateOptions, value string) error {
	changed := *o
	switch p := s.pointer(&changed).(type) {
	case *float32:
		v, err := strconv.ParseFloat(value, 32)
		if err != nil {
			return fmt.Errorf("%s: %q is no number", s.name, value)
		}
		*p = float32(v)
	case *int:
		v, err := strconv.ParseUint(value, 10, 31)
		if err != nil {
			return fmt.Errorf("%s: %q is no whole number from 0", s.name, value)
		}
		*p = int(v)
	case *uint64:
		v, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is no whole number from 0", s.name, value)
		}
		*p = v
	}
	check := infer.Sampling{
		Temperature: changed.Temperature, TopK: changed.TopK, TopP: changed.TopP, MinP: changed.MinP,
		RepetitionPenalty: changed.RepetitionPenalty, PresencePenalty: changed.PresencePenalty,
		FrequencyPenalty: changed.FrequencyPenalty,
	}
	if err := check.Validate(); err != nil {
		return err
	}
	*o = changed
	return nil
}

// assign carries out NAME=VALUE.
func assign(o *polymath.GenerateOptions, text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		name, value, ok = strings.Cut(text, " ")
	}
	if !ok {
		return fmt.Errorf("/set wants NAME=VALUE, such as temperature=0.7")
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	s := findSetting(strings.ReplaceAll(name, "_", "-"))
	if s == nil {
		return fmt.Errorf("no setting is called %q; /set lists them", name)
	}
	return s.set(o, value)
}

// describeSettings lists the settings.
func describeSettings(o *polymath.GenerateOptions) string {
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "%-20s %s\n", s.name, s.get(o))
	}
	return strings.TrimSuffix(b.String(), "\n")
}
