package constrain

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// randomSchema draws a schema of the keywords that are supported.
func randomSchema(rng *rand.Rand, depth int) any {
	if rng.IntN(20) == 0 {
		return rng.IntN(4) > 0
	}
	s := map[string]any{}
	if rng.IntN(5) > 0 {
		s["type"] = pick[any](rng, "string", "integer", "number", "object", "object", "object", "array", "array", "boolean", []any{"string", "null"}, []any{"object", "integer"})
	}
	for range 1 + rng.IntN(4) {
		randomKeyword(rng, s, depth)
	}
	return s
}

func pick[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

func randomKeyword(rng *rand.Rand, s map[string]any, depth int) {
	sub := func() any { return randomSchema(rng, depth-1) }
	names := []string{"a", "b", "ab", "c"}
	literal := func() any {
		return pick[any](rng, 1, 2.5, "a", "ab", nil, true, []any{1, "a"}, map[string]any{"a": 1}, map[string]any{"b": "x", "a": []any{}}, -3, 10)
	}
	n := rng.IntN(26)
	if depth <= 0 {
		n %= 12
	}
	switch n {
	case 0, 1:
		s["minLength"], s["maxLength"] = rng.IntN(3), 2+rng.IntN(4)
	case 2:
		s["pattern"] = pick(rng, "^a", "b$", "[ab]{2}", "a|c", "^x?y*$", `\d`)
	case 3, 4:
		s[pick(rng, "minimum", "exclusiveMinimum")] = pick[any](rng, -20, 0, 1.5, 9, 99.25)
	case 5, 6:
		s[pick(rng, "maximum", "exclusiveMaximum")] = pick[any](rng, 100, 9.75, 1000, 1e3, 12)
	case 7:
		s["multipleOf"] = 1 + rng.IntN(12)
	case 8:
		s["enum"] = []any{literal(), literal(), literal()}
	case 9:
		s["const"] = literal()
	case 10:
		s["required"] = []string{pick(rng, names...)}
	case 11:
		s["maxItems"], s["minItems"] = 1+rng.IntN(3), rng.IntN(2)
	case 12, 13, 14:
		props := map[string]any{}
		for range 1 + rng.IntN(3) {
			props[pick(rng, names...)] = sub()
		}
		s["properties"] = props
	case 15:
		s["additionalProperties"] = sub()
	case 16:
		s["patternProperties"] = map[string]any{pick(rng, "^a", "b", "c$"): sub()}
	case 17:
		s["propertyNames"] = map[string]any{pick(rng, "maxLength", "minLength"): 2}
	case 18:
		s["unevaluatedProperties"] = pick[any](rng, false, sub())
	case 19:
		s["items"] = sub()
	case 20:
		s["prefixItems"] = []any{sub(), sub()}
	case 21:
		s["unevaluatedItems"] = pick[any](rng, false, sub())
	case 22, 23:
		s[pick(rng, "anyOf", "anyOf", "oneOf")] = []any{sub(), sub()}
	case 24:
		s["allOf"] = []any{sub(), sub()}
	case 25:
		s["$ref"] = "#/$defs/d"
	}
}

// TestRandomSchemas draws schemas and texts of them, and validates those with
// another library. Nothing that is generated may be invalid.
func TestRandomSchemas(t *testing.T) {
	v := testVocabulary()
	rng := rand.New(rand.NewPCG(11, 12))
	count := map[string]int{}
	for i := range 3000 {
		doc, ok := randomSchema(rng, 3).(map[string]any)
		if !ok {
			continue
		}
		doc["$defs"] = map[string]any{"d": randomSchema(rng, 1)}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Schema(t.Context(), text)
		switch {
		case errors.Is(err, errNothing):
			count["unsatisfiable"]++
			continue
		case err != nil:
			if !errors.Is(err, ErrSchema) {
				t.Fatal(err)
			}
			count["refused at "+reason(err)]++
			continue
		}
		count["compiled"]++
		t.Run(fmt.Sprint(i), func(t *testing.T) { walkSchema(t, v, string(text), 4, 30) })
	}
	t.Log(count)
	if count["compiled"] < 1000 {
		t.Errorf("only %d compiled", count["compiled"])
	}
}
