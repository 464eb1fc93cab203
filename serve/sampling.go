package serve

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath"
)

// Bounds of sampling settings, OpenAI's where it has them.
const (
	maxTemperature = 2
	maxPenalty     = 2
	maxBias        = 100
	maxStops       = 4
	maxTopLogprobs = 20
	maxRepetition  = 10
	maxTokensField = 1 << 30
)

// readSampling reads what chat completions, completions and responses share.
func readSampling(f *fields, o *polymath.GenerateOptions) {
	o.Temperature, o.TopP, o.Seed = 1, 1, rand.Uint64()
	if v := f.get("temperature"); v.present() {
		o.Temperature = float32(v.number(0, maxTemperature))
	}
	if v := f.get("top_p"); v.present() {
		o.TopP = float32(v.number(0, 1))
	}
	switch o.TopP {
	case 0: // the most probable token alone
		o.TopK = 1
	case 1: // all, which is 0 to the engine
		o.TopP = 0
	}
}

// readExtensions reads the settings that OpenAI does not have.
func readExtensions(f *fields, o *polymath.GenerateOptions) {
	if v := f.get("top_k"); v.present() {
		if n := int(v.integer(0, math.MaxInt32)); n > 0 && (o.TopK == 0 || n < o.TopK) {
			o.TopK = n
		}
	}
	if v := f.get("min_p"); v.present() {
		o.MinP = float32(v.number(0, 1))
	}
	if v := f.get("repetition_penalty"); v.present() {
		o.RepetitionPenalty = float32(v.number(0.01, maxRepetition))
	}
}

// readPenalties reads what chat completions and completions share beyond
// readSampling.
func readPenalties(f *fields, o *polymath.GenerateOptions) {
	if v := f.get("presence_penalty"); v.present() {
		o.PresencePenalty = float32(v.number(-maxPenalty, maxPenalty))
	}
	if v := f.get("frequency_penalty"); v.present() {
		o.FrequencyPenalty = float32(v.number(-maxPenalty, maxPenalty))
	}
	if v := f.get("seed"); v.present() {
		o.Seed = uint64(v.integer(math.MinInt64, math.MaxInt64))
	}
	o.Stop = readStop(f.get("stop"))
	o.LogitBias = readBias(f.get("logit_bias"))
}

// readStop reads a string or up to four.
func readStop(v value) []string {
	one := func(v value) string {
		s := v.text()
		switch {
		case !v.isString():
		case s == "":
			v.invalid("a stop string must not be empty.")
		case len(s) > v.d.limits.StopBytes:
			v.invalid("expected a string of at most %d bytes, but got one of %d.", v.d.limits.StopBytes, len(s))
		}
		return s
	}
	switch {
	case !v.present():
		return nil
	case v.isString():
		return []string{one(v)}
	case !v.isArray():
		v.wrongType("a string or an array of strings")
		return nil
	}
	var stops []string
	for _, e := range v.array(maxStops) {
		stops = append(stops, one(e))
	}
	return stops
}

func readBias(v value) map[int]float32 {
	if !v.present() {
		return nil
	}
	f := v.object()
	if len(f.order) > v.d.limits.LogitBias {
		v.invalid("expected at most %d tokens, but got %d.", v.d.limits.LogitBias, len(f.order))
		return nil
	}
	bias := make(map[int]float32, len(f.order))
	for _, name := range f.order {
		// ParseUint refuses a sign and Itoa tells 07 from 7, which would be one token twice.
		id, err := strconv.ParseUint(name, 10, 31)
		if err != nil || strconv.FormatUint(id, 10) != name {
			f.get(name).invalid("its name must be a token's id.")
			return nil
		}
		bias[int(id)] = float32(f.get(name).number(-maxBias, maxBias))
	}
	return bias
}

// checkBias refuses ids that this model does not have.
func checkBias(bias map[int]float32, vocabulary int) *apiError {
	for id := range bias {
		if id >= vocabulary {
			return invalidValue("logit_bias", "%d is no token: this model has %d.", id, vocabulary)
		}
	}
	return nil
}

// readGuides reads guided_regex and guided_grammar.
func readGuides(f *fields, o *polymath.GenerateOptions) {
	guide := func(name string, kind polymath.FormatKind) {
		v := f.get(name)
		if !v.present() {
			return
		}
		text := v.text()
		switch {
		case o.Format.Kind != polymath.FormatText:
			v.invalid("it cannot be combined with another output format.")
		case len(text) > f.d.limits.Schema:
			v.invalid("expected at most %d bytes, but got %d.", f.d.limits.Schema, len(text))
		case strings.TrimSpace(text) == "" && v.isString():
			v.invalid("it is empty.")
		}
		o.Format = polymath.Format{Kind: kind, Text: text}
	}
	guide("guided_regex", polymath.FormatRegex)
	guide("guided_grammar", polymath.FormatGrammar)
}

// readSchema reads a JSON Schema as the client wrote it.
func readSchema(v value) string {
	f := v.object()
	if len(f.raw) > v.d.limits.Schema {
		v.invalid("expected a schema of at most %d bytes, but got %d.", v.d.limits.Schema, len(f.raw))
	}
	return string(f.raw)
}
