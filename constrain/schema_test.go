package constrain

import (
	"errors"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestIntegerBounds tries all integers near the bounds.
func TestIntegerBounds(t *testing.T) {
	v := byteVocabulary()
	bounds := []int{-1000, -101, -100, -99, -10, -1, 0, 1, 9, 10, 11, 99, 100, 123, 1000}
	for _, low := range bounds {
		for _, high := range bounds {
			for _, schema := range []string{
				fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d}`, low, high),
				fmt.Sprintf(`{"type":"integer","exclusiveMinimum":%d.5,"exclusiveMaximum":%d}`, low-1, high+1),
			} {
				g, err := v.Schema(t.Context(), []byte(schema))
				if low > high && low-1 >= 0 || err != nil && low <= high {
					if !errors.Is(err, errNothing) {
						t.Fatalf("%s: %v", schema, err)
					}
					continue
				}
				if err != nil {
					continue
				}
				least := low
				if strings.Contains(schema, "exclusive") && low-1 < 0 {
					least = low - 1 // -5.5 rounds up to -5
				}
				for i := -1100; i <= 1100; i++ {
					if got, want := accepts(g, fmt.Sprint(i)), least <= i && i <= high; got != want {
						t.Fatalf("%s: %d: %v", schema, i, got)
					}
				}
			}
		}
	}
}

// TestNumberBounds compares decimals near the bounds with exact arithmetic.
func TestNumberBounds(t *testing.T) {
	v := byteVocabulary()
	rng := rand.New(rand.NewPCG(9, 10))
	decimal := func() string {
		text := fmt.Sprint(rng.IntN([]int{2, 12, 200}[rng.IntN(3)]))
		if n := rng.IntN(4); n > 0 {
			text += "." + fmt.Sprintf("%0*d", n, rng.IntN([]int{1, 10, 100, 1000}[n]))
		}
		if rng.IntN(2) == 0 {
			text = "-" + text
		}
		return text
	}
	exact := func(text string) *big.Rat {
		r, _ := new(big.Rat).SetString(text)
		return r
	}
	for range 300 {
		low, high := decimal(), decimal()
		openLow, openHigh := rng.IntN(2) == 0, rng.IntN(2) == 0
		name := map[bool]string{true: "exclusiveM", false: "m"}
		schema := fmt.Sprintf(`{"type":"number","%sinimum":%s,"%saximum":%s}`, name[openLow], low, name[openHigh], high)
		g, err := v.Schema(t.Context(), []byte(schema))
		if err != nil && !errors.Is(err, errNothing) {
			t.Fatalf("%s: %v", schema, err)
		}
		for range 300 {
			text := decimal()
			switch rng.IntN(4) {
			case 0:
				text = low
			case 1:
				text = high
			}
			if rng.IntN(3) == 0 && strings.Contains(text, ".") {
				text += []string{"0", "00", "1", "9"}[rng.IntN(4)]
			}
			x := exact(text)
			a, b := x.Cmp(exact(low)), x.Cmp(exact(high))
			want := (a > 0 || a == 0 && !openLow) && (b < 0 || b == 0 && !openHigh)
			if x.Sign() == 0 && text[0] == '-' {
				want = false // zero is written without a sign
			}
			if got := err == nil && accepts(g, text); got != want {
				t.Fatalf("%s: %s: %v, want %v", schema, text, got, want)
			}
		}
	}
}

func TestSchemaRefused(t *testing.T) {
	v := byteVocabulary()
	deep := strings.Repeat(`{"items":`, 300) + "{}" + strings.Repeat("}", 300)
	for schema, want := range map[string]string{
		``:                          "not whole",
		`{`:                         "not whole",
		`{}{}`:                      "more after",
		`[]`:                        "an object or a boolean",
		`{"a":1,"a":2}`:             "occurs twice",
		`false`:                     "nothing satisfies",
		`{"not":{}}`:                "#/not: this keyword is not supported",
		`{"foo":1}`:                 "#/foo: this keyword is not supported",
		`{"nullable":true}`:         "#/nullable",
		`{"uniqueItems":true}`:      "#/uniqueItems",
		`{"multipleOf":0.01}`:       "#/multipleOf",
		`{"type":"strin"}`:          `unknown type "strin"`,
		`{"type":3}`:                "#/type",
		`{"format":"regex"}`:        `#/format: the format "regex"`,
		`{"pattern":"(?=a)"}`:       "#/pattern",
		`{"pattern":"\\bword"}`:     "#/pattern",
		`{"maxLength":1e9}`:         "#/maxLength: 1e9 is more than",
		`{"maxLength":-1}`:          "#/maxLength",
		`{"minimum":1e99999}`:       "#/minimum",
		`{"maximum":"3"}`:           "#/maximum",
		`{"exclusiveMinimum":true}`: "#/exclusiveMinimum: it must be a number",
		`{"$ref":"#/nowhere"}`:      `there is no "#/nowhere"`,
		`{"$ref":"http://x/y"}`:     "outside the schema",
		`{"$ref":"#"}`:              "refers to itself",
		`{"allOf":[{"$ref":"#"}]}`:  "refers to itself",
		`{"properties":{"a/b~":{"items":{"contains":{}}}}}`: "#/properties/a~1b~0/items/contains: ",
		`{"items":{"$id":"x"}}`:                             "#/items/$id",
		`{"anyOf":[]}`:                                      "#/anyOf",
		`{"required":"a"}`:                                  "#/required",
		`{"properties":[]}`:                                 "#/properties",
		`{"properties":{"a":1}}`:                            "#/properties",
		`{"oneOf":[{"type":"string"},{"minLength":3}]}`:     "#/oneOf: branches 0 and 1",
		`{"oneOf":[{"type":"integer"},{"type":"number"}]}`:  "#/oneOf",
		`{"oneOf":[{"properties":{"a":{"const":1}}},{"properties":{"a":{"const":2}}}]}`: "#/oneOf",
		`{"type":"string","enum":[1]}`:                                       "nothing satisfies",
		`{"type":"integer","minimum":3,"maximum":2}`:                         "nothing satisfies",
		`{"type":"object","properties":{"a":false},"required":["a"]}`:        "nothing satisfies",
		`{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}`: "nothing satisfies",
		`{"minItems":3,"maxItems":2}`:                                        "nothing satisfies",
		`{"minProperties":2,"type":"object"}`:                                "minProperties",
		`{"type":"array","items":{"type":"array","items":{"type":"string","maxLength":8192},"maxItems":2},"minItems":8000,"maxLength":8000,"pattern":"(a|b)*a(a|b){18}"}`: "",
		`{"type":"string","pattern":"(a|b)*a(a|b){20}"}`: "states",
		deep: "nested deeper",
		`{"description":"` + strings.Repeat("x", maxSourceBytes) + `"}`: "the limit is",
		bomb(): "too much work",
		`{"anyOf":[` + strings.Repeat("{},", 20) + `{}],"allOf":[{"anyOf":[` + strings.Repeat("{},", 20) + `{}]}]}`: "alternatives",
	} {
		_, err := v.Schema(t.Context(), []byte(schema))
		if want == "" && err == nil {
			continue
		}
		if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v, want an ErrSchema with %q", schema, err, want)
		}
	}
}

// bomb is a schema whose references double at each of 40 steps.
func bomb() string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/s0","$defs":{`)
	for i := range 40 {
		fmt.Fprintf(&b, `"s%d":{"allOf":[{"$ref":"#/$defs/s%d"},{"$ref":"#/$defs/s%d"}]},`, i, i+1, i+1)
	}
	b.WriteString(`"s40":{}}}`)
	return b.String()
}

// TestShapes tries what is particular to schemas here.
func TestShapes(t *testing.T) {
	v := byteVocabulary()
	for _, c := range []struct {
		schema   string
		yes, not []string
	}{
		{
			`{"properties":{"a":{},"b":{}},"required":["b"]}`,
			[]string{`{"b":1}`, `{"a":[], "b":{}}`, "{\n  \"b\": 1\n}", "{ \"b\":1 }"},
			[]string{`{}`, `{"a":1}`, `{"b":1,"a":1}`, `{"b":1,"c":1}`, `{"b":1,"b":1}`, `{"b" :1}`},
		},
		{
			`{"properties":{"a":{}},"additionalProperties":{"type":"integer"}}`,
			[]string{`{"a":"x","b":1,"c":2}`, `{"b":1}`, `{}`, `{"aa":1}`, `{"":1}`, `{"\"":1}`},
			[]string{`{"b":1,"a":1}`, `{"b":"x"}`, `{"\u0061":1}`, `{"b":1,"\u0061":"x"}`},
		},
		{
			`{"type":"object","minProperties":2,"properties":{"a":{},"b":{},"c":{}}}`,
			[]string{`{"a":1,"c":1}`, `{"a":1,"b":1,"c":1}`},
			[]string{`{}`, `{"a":1}`},
		},
		{
			`{"type":"object","maxProperties":1,"properties":{"a":{},"b":{}}}`,
			[]string{`{}`, `{"a":1}`, `{"b":1}`},
			[]string{`{"a":1,"b":1}`},
		},
		{`{"enum":["a",1.50,{"x":[1]}]}`, []string{`"a"`, `1.50`, `{"x":[1]}`, `{"x": [ 1 ]}`}, []string{`1.5`, `"b"`, `{"x":[1}`}},
		{`{"enum":["abc","b",5],"maxLength":2,"minimum":6}`, []string{`"b"`}, []string{`"abc"`, `5`}},
		{
			`{"enum":[{"a":1},{"a":"x"},[1,2],[1]],"properties":{"a":{"type":"string"}},"maxItems":1}`,
			[]string{`{"a":"x"}`, `[1]`},
			[]string{`{"a":1}`, `[1,2]`},
		},
		{`{"type":"string","maxLength":2}`, []string{`""`, `"é😀"`, `"\"\\"`, `"\n"`}, []string{`"abc"`, `"\u0041"`}},
		{`{"type":"string","minLength":2,"pattern":"^a"}`, []string{`"ab"`}, []string{`"a"`, `"ba"`}},
		{`{"oneOf":[{"type":"string"},{"type":"integer"}]}`, []string{`"a"`, `1`}, []string{`1.5`, `null`}},
		{`{"oneOf":[{"maximum":3},{"exclusiveMinimum":3}],"type":"integer"}`, []string{`3`, `4`}, nil},
		{`{"oneOf":[{"enum":["a"]},{"pattern":"^b","type":"string"}]}`, []string{`"a"`, `"bc"`}, []string{`"c"`}},
		{
			`{"oneOf":[{"properties":{"a":{}},"required":["a"]},{"properties":{"b":{}},"required":["b"]}]}`,
			[]string{`{"a":1}`, `{"b":1}`},
			[]string{`{"a":1,"b":1}`},
		},
		{
			`{"allOf":[{"properties":{"a":{}},"additionalProperties":false},{"properties":{"b":{}}}]}`,
			[]string{`{}`, `{"a":1}`},
			[]string{`{"b":1}`},
		},
		{`{"prefixItems":[{"type":"integer"}],"items":false}`, []string{`[]`, `[1]`}, []string{`[1,2]`, `["a"]`}},
		{`{"pattern":"^\\u0041\\d$"}`, []string{`"A1"`}, []string{`"B1"`}},
		{`{"$id":"http://x/s.json","items":{"$ref":"http://x/s.json#/$defs/a"},"$defs":{"a":{"type":"null"}}}`, []string{`[null]`}, []string{`[1]`}},
		{
			`{"$defs":{"a b":{"type":"null"},"c/d~":{"type":"boolean"}},"prefixItems":[{"$ref":"#/$defs/a%20b"},{"$ref":"#/$defs/c~1d~0"}]}`,
			[]string{`[null,true]`},
			[]string{`[1]`},
		},
		{`{"type":"number"}`, []string{`-1.5e-7`, `0`, `1E+5`, `123456789012345678`}, []string{`01`, `1.`, `1e999`, `+1`, `.5`, `123456789012345678901`}},
		{`{"patternProperties":{"^a":{"type":"integer"}}}`, []string{`{}`, `{"a":1,"ab":2}`}, []string{`{"b":1}`, `{"a":"x"}`}},
		{
			`{"patternProperties":{"a":{"type":"integer"},"b":{"minimum":5}},"additionalProperties":{"type":"string"}}`,
			[]string{`{"a":1,"ab":5,"b":5.5,"c":"x"}`, `{"\"":"x"}`},
			[]string{`{"ab":5.5}`, `{"ab":4}`, `{"c":1}`, `{"b":4}`},
		},
		{`{"properties":{"x":{}},"propertyNames":{"maxLength":2},"additionalProperties":true}`, []string{`{"x":1,"ab":1}`}, []string{`{"abc":1}`, `{"ab":1,"x":1}`}},
		{`{"properties":{"xyz":{},"x":{}},"propertyNames":{"maxLength":2}}`, []string{`{"x":1}`}, []string{`{"xyz":1}`}},
		{`{"multipleOf":7}`, []string{`0`, `7`, `-14`, `700`, `123456789012345677`}, []string{`1`, `-8`, `07`, `7.0`}},
		{`{"multipleOf":4,"allOf":[{"multipleOf":6}],"minimum":13,"maximum":40}`, []string{`24`, `36`}, []string{`12`, `16`, `18`, `48`}},
		{`{"enum":[1,2,3,4],"multipleOf":2}`, []string{`2`, `4`}, []string{`1`, `3`}},
		{`{"type":"object"}`, []string{`{}`, `{"a":{"b":[]}}`}, []string{`[]`}},
		{`{"type":"object","properties":{}}`, []string{`{}`, `{"a":1}`}, nil},
		{`{"type":"object","additionalProperties":false}`, []string{`{}`}, []string{`{"a":1}`}},
		{`{"x-order":1,"type":"null"}`, []string{`null`}, nil},
	} {
		g := must(v.Schema(t.Context(), []byte(c.schema)))(t)
		for _, text := range c.yes {
			if !accepts(g, text) {
				t.Errorf("%s: %s is rejected", c.schema, text)
			}
		}
		for _, text := range c.not {
			if accepts(g, text) {
				t.Errorf("%s: %s is accepted", c.schema, text)
			}
		}
	}
}

func FuzzSchema(f *testing.F) {
	for _, s := range schemas(f) {
		f.Add([]byte(s))
	}
	f.Add([]byte(bomb()))
	v := testVocabulary()
	f.Fuzz(func(t *testing.T, schema []byte) {
		defer soon(t, time.Now())
		g, err := v.Schema(t.Context(), schema)
		if err == nil {
			stroll(t, g)
		} else if !errors.Is(err, ErrSchema) {
			t.Fatal(err)
		}
	})
}
