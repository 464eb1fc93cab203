package constrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// suiteCase is one schema of the JSON Schema test suite.
type suiteCase struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

// narrower lists the valid instances of the suite that cannot be generated, and
// the files whose valid instances are not looked at, with the reason why.
const narrower = "testdata/narrower.txt"

// refusedKeywords are those at which schemas of the suite are refused.
const refusedKeywords = "$id $ref contains dependencies dependentRequired dependentSchemas else format if maxContains minContains " +
	"multipleOf not oneOf then uniqueItems"

// TestSuite runs the JSON Schema test suite: no instance that is invalid must
// be accepted, in any order of its members; valid ones must, in some order, but
// for those listed in testdata/narrower.txt. Schemas that are refused are
// counted by keyword.
func TestSuite(t *testing.T) {
	dir := filepath.Join(dataDir(t), "io_jsonschema", "tests")
	files, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	formats, err := filepath.Glob(filepath.Join(dir, "*", "optional", "format", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	known := readNarrower(t)
	s := &suite{v: byteVocabulary(), known: known, refused: map[string]int{}}
	for _, file := range slices.Concat(files, formats) {
		name, _ := filepath.Rel(dir, file)
		s.file(t, file, strings.TrimSuffix(name, ".json"))
	}
	for _, line := range slices.Sorted(maps.Keys(known)) {
		if !known[line] {
			t.Errorf("%s lists %q, which is accepted", narrower, line)
		}
	}
	t.Logf("%d schemas compiled, %d refused; valid instances: %d accepted, not generated %d of another type than the keywords speak of and %d listed; invalid ones: %d rejected",
		s.compiled, s.skipped, s.accepted, s.untyped, s.narrower, s.rejected)
	keywords := slices.Sorted(maps.Keys(s.refused))
	if got := strings.Join(keywords, " "); got != refusedKeywords {
		t.Errorf("refused keywords: %s\nwant: %s", got, refusedKeywords)
	}
	for _, keyword := range keywords {
		t.Logf("refused %4d: %s", s.refused[keyword], keyword)
	}
}

func readNarrower(t *testing.T) map[string]bool {
	text, err := os.ReadFile(narrower)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			known[line] = false
		}
	}
	return known
}

type suite struct {
	v                                     *Vocabulary
	known                                 map[string]bool // whether it was met
	refused                               map[string]int
	compiled, skipped                     int // schemas
	accepted, untyped, narrower, rejected int // instances
}

func (s *suite) file(t *testing.T, path, name string) {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []suiteCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(path, err)
	}
	for _, c := range cases {
		g, err := s.v.Schema(t.Context(), c.Schema)
		if errors.Is(err, errNothing) {
			for _, test := range c.Tests {
				if test.Valid && !s.listed(name+": "+c.Description) {
					t.Errorf("%s: %s: nothing satisfies it, but %s", name, c.Description, test.Data)
				}
			}
			continue
		}
		if err != nil {
			if !errors.Is(err, ErrSchema) {
				t.Errorf("%s: %s: %v", name, c.Description, err)
			}
			s.skipped++
			s.refused[reason(err)]++
			continue
		}
		s.compiled++
		for _, test := range c.Tests {
			s.instance(t, g, c.Schema, fmt.Sprintf("%s: %s: %s", name, c.Description, test.Description), test.Data, test.Valid)
		}
	}
}

// reason is the keyword at which a schema was refused.
func reason(err error) string {
	var at *keywordError
	if errors.As(err, &at) {
		return at.keyword
	}
	return err.Error()
}

// listed reports whether name, or the file or schema it belongs to, is listed.
func (s *suite) listed(name string) bool {
	name = strings.TrimSpace(name)
	for prefix := range s.known {
		if name == prefix || strings.HasPrefix(name, prefix+": ") {
			s.known[prefix] = true
			return true
		}
	}
	return false
}

func (s *suite) instance(t *testing.T, g *Grammar, schema []byte, name string, data []byte, valid bool) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	accepted := accepts(g, string(data))
	for _, text := range spellings(v) {
		accepted = accepted || accepts(g, text)
	}
	switch {
	case accepted && !valid:
		t.Errorf("%s: the invalid %s is accepted", name, data)
	case accepted:
		s.accepted++
	case valid && otherType(schema, v):
		s.untyped++
	case valid && s.listed(name):
		s.narrower++
	case valid:
		t.Errorf("%s: the valid %s is rejected", strings.TrimSpace(name), strings.Join(strings.Fields(string(data)), " "))
	default:
		s.rejected++
	}
}

// speaks says which type of instance a keyword is about.
var speaks = map[string]string{
	"properties": "object", "required": "object", "additionalProperties": "object", "minProperties": "object", "maxProperties": "object",
	"unevaluatedProperties": "object", "items": "array", "prefixItems": "array", "minItems": "array", "maxItems": "array",
	"unevaluatedItems": "array", "patternProperties": "object", "propertyNames": "object", "multipleOf": "number", "additionalItems": "array", "minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
	"minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
}

// otherType reports whether a schema says no type, and its keywords speak of
// other types than that of v.
func otherType(schema []byte, v any) bool {
	var keywords map[string]json.RawMessage
	if json.Unmarshal(schema, &keywords) != nil || keywords["type"] != nil {
		return false
	}
	own := map[string]string{"map[string]interface {}": "object", "[]interface {}": "array", "string": "string", "json.Number": "number"}[fmt.Sprintf("%T", v)]
	spoken := map[string]bool{}
	for keyword := range keywords {
		if speaks[keyword] != "" {
			spoken[speaks[keyword]] = true
		}
		var branches []json.RawMessage
		if strings.HasSuffix(keyword, "Of") && json.Unmarshal(keywords[keyword], &branches) == nil {
			for _, b := range branches {
				if otherType(b, v) {
					return true
				}
			}
		}
	}
	return len(spoken) > 0 && !spoken[own]
}

// spellings writes a value in all orders of its members (of up to 5).
func spellings(v any) []string {
	switch v := v.(type) {
	case map[string]any:
		var out []string
		for _, keys := range permutations(slices.Sorted(maps.Keys(v))) {
			texts := []string{"{"}
			for i, k := range keys {
				if i > 0 {
					texts = appendAll(texts, []string{","})
				}
				texts = appendAll(appendAll(texts, []string{quoted(k) + ":"}), spellings(v[k]))
			}
			out = append(out, appendAll(texts, []string{"}"})...)
		}
		return out
	case []any:
		texts := []string{"["}
		for i, item := range v {
			if i > 0 {
				texts = appendAll(texts, []string{","})
			}
			texts = appendAll(texts, spellings(item))
		}
		return appendAll(texts, []string{"]"})
	case string:
		return []string{quoted(v)}
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok && r.IsInt() && len(r.Num().String()) < 30 {
			return []string{r.Num().String()}
		}
		return []string{v.String()}
	}
	text, _ := json.Marshal(v)
	return []string{string(text)}
}

// appendAll is every text of a before every one of b, up to a limit.
func appendAll(a, b []string) (out []string) {
	for _, x := range a {
		for _, y := range b {
			if len(out) < 200 {
				out = append(out, x+y)
			}
		}
	}
	return out
}

func permutations(list []string) [][]string {
	if len(list) == 0 || len(list) > 5 {
		return [][]string{list}
	}
	var out [][]string
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		for _, p := range permutations(rest) {
			out = append(out, append([]string{list[i]}, p...))
		}
	}
	return out
}
