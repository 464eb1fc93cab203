package recipe_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/recipe"
)

type file struct {
	Name    string            `yaml:"name"`
	Limit   recipe.Bytes      `yaml:"limit"`
	Share   *float64          `yaml:"share"`
	Inputs  []input           `yaml:"inputs"`
	Chains  map[string][]step `yaml:"chains"`
	Headers map[string]string `yaml:"headers"`
	Small   int8              `yaml:"small"`
	Hidden  int
}

type input struct {
	Path   string `yaml:"path"`
	Weight int    `yaml:"weight"`
}

func (i *input) SetDefaults() { i.Weight = 1 }

type step struct {
	Length *length `yaml:"length"`
	Case   *letter `yaml:"case"`
}

type length struct {
	Min int `yaml:"min_words"`
	Max int `yaml:"max_words"`
}

func (l *length) SetDefaults() { l.Min, l.Max = 5, 50 }

type letter struct {
	Upper bool `yaml:"upper"`
}

const example = `name: all
limit: 64 MiB
share: 0.5
small: -128
inputs:
  - path: a
    weight: 3
  - {path: b}
chains:
  web:
    - length: {min_words: 7}
    - case
    - length:
  text: []
headers:
  Some-Header: "1"
`

func TestDecode(t *testing.T) {
	var got file
	places, err := recipe.Decode("r.yaml", []byte(example), &got)
	if err != nil {
		t.Fatal(err)
	}
	share := 0.5
	want := file{
		Name: "all", Limit: 64 << 20, Share: &share, Small: -128,
		Inputs: []input{{"a", 3}, {"b", 1}},
		Chains: map[string][]step{
			"web":  {{Length: &length{7, 50}}, {Case: &letter{}}, {Length: &length{5, 50}}},
			"text": {},
		},
		Headers: map[string]string{"Some-Header": "1"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !places.Has("chains.web[0].length.min_words") || places.Has("chains.web[1].length") {
		t.Error("the places are not those of the keys")
	}
	err = places.Locate(recipe.Below("chains.web[2]", recipe.Below("length", recipe.Bad("min_words", "is too small"))))
	const located = "r.yaml:13:7: chains.web[2].length.min_words: is too small\n   13 |     - length:\n      |       ^"
	if err.Error() != located {
		t.Errorf("got  %v\nwant %s", err, located)
	}
	if other := errors.New("x"); places.Locate(other) != other || places.Locate(nil) != nil {
		t.Error("an error without a key is changed")
	}
}

// TestExponent: numbers without a point are numbers.
func TestExponent(t *testing.T) {
	for text, want := range map[string]float64{"2e-05": 2e-5, "-1E3": -1000, "+4e+0": 4, "1.5e2": 150, "7": 7} {
		var got file
		if _, err := recipe.Decode("r.yaml", []byte("share: "+text+"\n"), &got); err != nil || *got.Share != want {
			t.Errorf("%s: %v, %v", text, got.Share, err)
		}
	}
}

// TestBlock: a text over several lines is what it says, and not the sign before it.
func TestBlock(t *testing.T) {
	for _, sign := range []string{">-", "|", ">"} {
		var got file
		if _, err := recipe.Decode("r.yaml", []byte("limit: "+sign+"\n  64 MiB\nname: a\n"), &got); err != nil || got.Limit != 64<<20 {
			t.Errorf("%s: %v, %v", sign, got.Limit, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"weight: 3", "wieght: 3", `r.yaml:7:5: inputs[0] has no key "wieght"; did you mean "weight"?`},
		{"weight: 3", "min_words: 3", `inputs[0] has no key "min_words"; did you mean chains.length.min_words?`},
		{"- case", "- cases", `r.yaml:12:7: chains.web[1] has no key "cases"; did you mean "case"?` + "\n   12 |     - cases\n      |       ^"},
		{"- case", "- 7", "chains.web[1] must be a section with keys of its own, and this is 7"},
		{"64 MiB", "64 MeB", `r.yaml:2:8: limit: give a number of bytes, such as 512MiB or 8GiB, and not "64 MeB"`},
		{"share: 0.5", "share: |\n  1e3", "share must be a number, and this is the text \"1e3\""},
		{"64 MiB", "[1]", "limit must be a whole number, and this is a list"},
		{"  Some-Header: \"1\"", "  Some-Header: 1", "headers.Some-Header must be a text, and this is 1"},
		{"headers:\n  Some-Header: \"1\"\n", "headers: none", "headers must be a section of names that you choose, and this is the text \"none\""},
		{"  - {path: b}", "  - {path: {http: b}}", "inputs[1].path must be a text, in quotes where it holds a colon, and this is a section"},
		{"-128", "-129", "small must be a whole number: -129 is out of range"},
		{"  text: []", "  text: {}", "chains.text must be a list, and this is a section"},
		{"share: 0.5", "Hidden: 1", `has no key "Hidden"; it has chains, headers`},
		{"share: 0.5", "share:", "share must be a number, and this is empty"},
		{"share: 0.5", "share: 1e999", "share must be a number: 1e999 is out of range"},
		{"share: 0.5", "share: '1e3'", "share must be a number, and this is the text \"1e3\""},
		{"share: 0.5", "share: 0x1e3p1", "share must be a number, and this is the text \"0x1e3p1\""},
		{"-128", "1e2", "small must be a whole number, and this is the text \"1e2\""},
	} {
		source := strings.Replace(example, c.old, c.new, 1)
		if source == example {
			t.Fatalf("%q changes nothing", c.old)
		}
		_, err := recipe.Decode("r.yaml", []byte(source), &file{})
		var located *recipe.Error
		if !errors.As(err, &located) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

func TestTooLong(t *testing.T) {
	if _, err := recipe.Decode("r.yaml", []byte("name: "+strings.Repeat("x", 1<<22)), &file{}); err == nil {
		t.Error("a file without end was read")
	}
}

// TestHostile: what takes a parser long is refused before it, and messages are such
// that terminals can show.
func TestHostile(t *testing.T) {
	for name, source := range map[string]string{
		"nested":   strings.Repeat("[", 1<<20),
		"sections": strings.Repeat("{a: ", 1<<18),
		"lists":    strings.Repeat("- ", 1<<20),
		"keys":     strings.Repeat("a: b\n", 1<<18),
	} {
		start := time.Now()
		_, err := recipe.Decode("r.yaml", []byte(source), &file{})
		if err == nil || time.Since(start) > 10*time.Second || len(err.Error()) > 1000 {
			t.Errorf("%s: %.100v after %v", name, err, time.Since(start))
		}
	}
	_, err := recipe.Decode("r.yaml", []byte("\x1b[31mred\x07: "+strings.Repeat("y", 1000)), &file{})
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\x07") || len(err.Error()) > 1000 {
		t.Errorf("%q", err)
	}
}

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]recipe.Bytes{
		"0": 0, "17": 17, "1k": 1024, "1.5 KiB": 1536, "2MB": 2 << 20, "3 GiB": 3 << 30, " 1 tib ": 1 << 40, "5b": 5,
	} {
		if got, err := recipe.ParseBytes(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "nan", "1e300", "MiB", "1 x"} {
		if got, err := recipe.ParseBytes(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(example))
	for _, s := range []string{"", "- a", "a: &x [*x]", "chains: {a: [{length: {<<: {}}}]}", "a: b\n---\n", "? a\n: b", "limit: !!int x", "\t"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		var out file
		places, err := recipe.Decode("r.yaml", source, &out)
		if err != nil {
			_ = err.Error()
			return
		}
		_ = places.Locate(recipe.Bad("inputs[0].weight", "x"))
	})
}
