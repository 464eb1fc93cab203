package constrain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemas are those of testdata/schemas.txt: one a line.
func schemas(t testing.TB) []string {
	text, err := os.ReadFile("testdata/schemas.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// ramble draws tokens that the mask allows until the text ends; at each step it
// calls look. After budget tokens it takes what
// seems to lead to an end.
func ramble(t testing.TB, g *Grammar, rng *rand.Rand, budget int, look func(m *Mask, allowed []int32)) string {
	t.Helper()
	v := g.vocabulary
	m := g.NewMask()
	var text []byte
	dist := distances(g.program)
	for step := range 100 * budget {
		allowed := allowedIDs(m, len(v.tokens))
		if len(allowed) == 0 {
			t.Fatalf("no token is allowed after %q", text)
		}
		if look != nil {
			look(m, allowed)
		}
		id := allowed[rng.IntN(len(allowed))]
		if step > budget {
			id = closest(m, allowed, dist)
		}
		if v.ends.has(id) {
			if !m.Complete() {
				t.Fatalf("an end is allowed after %q, which is not complete", text)
			}
			m.Accept(id)
			if !m.Complete() {
				t.Fatalf("after its end %q is not complete", text)
			}
			return string(text)
		}
		text = append(text, v.tokens[id]...)
		m.Accept(id)
	}
	t.Fatalf("no end after %.300q", text)
	return ""
}

// far is the distance of what cannot end.
const far = 1 << 30

// distances finds, for each state, the fewest bytes to the end of its rule.
func distances(p *program) []int {
	out := make([]int, len(p.rule))
	for s := range out {
		out[s] = far
	}
	for changed := true; changed; {
		changed = false
		for s := int32(len(out) - 1); s >= numReserved; s-- {
			best := out[s]
			if p.ends[s] {
				best = 0
			}
			for b := range 256 {
				if to := p.next(s, byte(b)); to != none {
					best = min(best, 1+out[to])
				}
			}
			calls, base := p.calls(s)
			for _, c := range calls {
				best = min(best, out[p.base[c.rule]]+out[base+c.to])
			}
			if best < out[s] {
				out[s], changed = best, true
			}
		}
	}
	return out
}

// closest is the token of one byte, or the end, from which the fewest bytes
// lead to the end.
func closest(m *Mask, allowed []int32, dist []int) int32 {
	v := m.grammar.vocabulary
	var below func(f *frame) int
	below = func(f *frame) int {
		best := far
		for _, t := range f.returns {
			if t.state == stateEnd {
				return 0
			}
			best = min(best, dist[t.state]+below(t.frame))
		}
		return best
	}
	best, found := far, allowed[0]
	for _, id := range allowed {
		if v.ends.has(id) {
			return id
		}
		if len(v.tokens[id]) != 1 {
			continue
		}
		try := m.grammar.NewMask()
		try.items = m.items
		try.acceptBytes(v.tokens[id])
		for _, it := range try.items {
			length := 0
			if it.state != stateEnd {
				length = 1 + dist[it.state] + below(it.frame)
			}
			if length < best {
				best, found = length, id
			}
		}
	}
	return found
}

// TestRandomWalk draws random texts of schemas and validates them with another
// library, and compares the mask with what single tokens lead to.
func TestRandomWalk(t *testing.T) {
	v := testVocabulary()
	for i, text := range schemas(t) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			walkSchema(t, v, text, 40, 8)
		})
	}
}

// TestRandomWalkSuite does the same with the schemas of the JSON Schema test
// suite.
func TestRandomWalkSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataDir(t), "io_jsonschema", "tests", "draft2020-12", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	v := testVocabulary()
	num := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []suiteCase
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if bytes.Contains(c.Schema, []byte("localhost:1234")) {
				continue // another metaschema
			}
			if _, err := v.Schema(t.Context(), c.Schema); err == nil {
				num++
				walkSchema(t, v, string(c.Schema), 10, 20)
			}
		}
	}
	t.Logf("%d schemas", num)
}

// walkSchema draws texts of one schema; every so often the mask is compared.
func walkSchema(t *testing.T, v *Vocabulary, text string, walks, compareEvery int) {
	t.Helper()
	g := must(v.Schema(t.Context(), []byte(text)))(t)
	validator := compileSchema(t, text)
	rng := rand.New(rand.NewPCG(1, 2))
	for range walks {
		step := 0
		out := ramble(t, g, rng, 60, func(m *Mask, allowed []int32) {
			if step++; step%compareEvery == 0 {
				compareMask(t, m, allowed)
			}
		})
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
		if err != nil {
			t.Fatalf("%s\n%q is no JSON: %v", text, out, err)
		}
		var plain any
		if err := json.Unmarshal([]byte(out), &plain); err != nil {
			t.Fatalf("%s\n%q: %v", text, out, err)
		}
		if !utf8.ValidString(out) {
			t.Fatalf("%q is not UTF-8", out)
		}
		if err := validator.Validate(instance); err != nil {
			t.Fatalf("%s\n%s\n%v", text, out, err)
		}
	}
}

func compileSchema(t testing.TB, text string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("mem:///schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s
}

// compareMask compares the mask with what each token by itself leads to.
func compareMask(t testing.TB, m *Mask, allowed []int32) {
	t.Helper()
	v := m.grammar.vocabulary
	var want []int32
	for id, text := range v.tokens {
		if v.ends.has(int32(id)) {
			if m.Complete() {
				want = append(want, int32(id))
			}
			continue
		}
		if len(text) == 0 || !v.usable.has(int32(id)) {
			continue
		}
		try := m.grammar.NewMask()
		try.items = m.items
		try.acceptBytes(text)
		if len(try.items) > 0 {
			want = append(want, int32(id))
		}
	}
	if !slices.Equal(allowed, want) {
		for id, text := range v.tokens {
			a, b := slices.Contains(allowed, int32(id)), slices.Contains(want, int32(id))
			if a != b {
				t.Errorf("token %q: mask %v, alone %v", text, a, b)
			}
		}
		t.FailNow()
	}
}

// TestRandomWalkJSON draws JSON objects.
func TestRandomWalkJSON(t *testing.T) {
	g := must(testVocabulary().JSON(t.Context()))(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		step := 0
		out := ramble(t, g, rng, 100, func(m *Mask, allowed []int32) {
			if step++; step%16 == 0 {
				compareMask(t, m, allowed)
			}
		})
		var v map[string]any
		if d := json.NewDecoder(bytes.NewReader([]byte(out))); d.Decode(&v) != nil || d.More() || !utf8.ValidString(out) {
			t.Fatalf("%q is no JSON object", out)
		}
	}
}

// TestRealVocabulary compares masks over GPT-4's vocabulary along an answer.
func TestRealVocabulary(t *testing.T) {
	v := tiktokenVocabulary(t, "cl100k_base", 1<<20)
	text := "Well, <tool>\n" + benchText + "</tool>"
	g := must(v.Tags(t.Context(), []Tag{{Begin: "<tool>", Schema: []byte(benchSchema), End: "</tool>"}}, TagOptions{}))(t)
	m := g.NewMask()
	for i, id := range encode(v, text) {
		if i%16 == 2 {
			compareMask(t, m, allowedIDs(m, len(v.tokens)))
		}
		m.Accept(id)
	}
	if !m.Complete() {
		t.Error("the answer is not accepted")
	}
}
