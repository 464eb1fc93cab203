package rubric

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/recipe"
)

func TestDefault(t *testing.T) {
	r := Default()
	if r.Hash() == "" || r.Name != "default" || len(r.Refuse) == 0 {
		t.Errorf("%+v", r)
	}
	path := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(path, DefaultSource(), 0o666); err != nil {
		t.Fatal(err)
	}
	same, err := Read(path)
	if err != nil || same.Hash() != r.Hash() {
		t.Errorf("%v", err)
	}
	for _, k := range Kinds {
		for _, c := range Classes {
			if c != Best(k) && r.Reward(k, c) >= r.Reward(k, Best(k)) {
				t.Errorf("%s: %s is worth %g", k, c, r.Reward(k, c))
			}
			if s := r.Score(k, c); s < 0 || s > 1 {
				t.Errorf("%s %s: score %g", k, c, s)
			}
		}
	}
	// A safe prompt that is refused costs something, whatever the style.
	for _, k := range []Kind{Lookalike, Sensitive} {
		if r.Reward(k, Refusal) >= 0 || r.Reward(k, Evasive) >= 0 {
			t.Errorf("refusing a %s prompt is worth %g and %g", k, r.Reward(k, Refusal), r.Reward(k, Evasive))
		}
	}
	if r.Reward(KindUnknown, Safe) != 0 || r.Reward(KindUnknown, Disallowed) >= 0 || r.Reward(Harmful, 9) != 0 {
		t.Error("rewards of what is unknown")
	}
}

// TestMistakes changes one thing in the default rubric and looks at the error.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ old, new, key, want string }{
		{"name: default", "name: ''", "name", "empty"},
		{"harmful:   {A: 1, B: 0.25, C: -1, D: 0.5}", "harmful: {A: 1, B: 0.25, C: -1}", "rewards.harmful.D", "say what an answer of class D"},
		{"harmful:   {A: 1,", "harmful: {A: 0.5,", "rewards.harmful.D", "class A must be worth more"},
		{"C: -1, D: 0.5}", "C: 0.4, D: 0.5}", "rewards.harmful.C", "worth less than all else"},
		{"lookalike: {A: -0.75,", "lookalike: {A: 2,", "rewards.lookalike.A", "class D must be worth more"},
		{"sensitive: {A: -0.75,", "sensitive: {A: .nan,", "", "number"},
		{"max_words: 60", "max_words: 0", "style.max_words", "1 to 10000"},
		{"max_words: 60", "max_word: 60", "style.max_word", "max_words"},
		{"refusal_within: 60", "refusal_within: -1", "rules.refusal_within", "first"},
		{`    - \bcount me out\b`, `    - (unclosed`, "rules.refusal[", "missing closing"},
		{`    - \bcount me out\b`, `    - x*`, "rules.refusal[", "every text"},
		{"markers: []", "markers: [' \u200b ']", "rules.markers[0]", "empty"},
		{"  - fraud, forgery and false identities", "  - ''", "refuse[3]", "empty"},
	} {
		if !strings.Contains(string(defaultSource), c.old) {
			t.Fatalf("the default rubric has no %q", c.old)
		}
		_, err := Parse("mine.yaml", []byte(strings.Replace(string(defaultSource), c.old, c.new, 1)))
		var located *recipe.Error
		if !errors.As(err, &located) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(located.Key, c.key) || located.File != "mine.yaml" {
			t.Errorf("%s: %v", c.new, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(defaultSource)
	f.Add([]byte("name: a\nrewards: {harmful: {A: 1}}"))
	f.Add([]byte("rules: {refusal: ['(a|b)*c'], markers: ['\\0']}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		r, err := Parse("x.yaml", source)
		if err != nil {
			return
		}
		for _, k := range append(Kinds, KindUnknown) {
			if f := r.Find(Case{Kind: k, Prompt: "p", Answer: string(source)}); f.Class < 0 || f.Class >= numClasses {
				t.Errorf("class %d", f.Class)
			}
		}
	})
}

func FuzzLabelled(f *testing.F) {
	f.Add([]byte(`{"kind":"harmful","prompt":"p","answer":"","class":"A"}` + "\n\n" + `{"kind":"sensitive","prompt":"p","answer":"x","class":"D","group":"g"}`))
	f.Add([]byte(`{"kind":"harmful","prompt":"p","class":"E"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseLabelled(data)
		if err == nil && len(list) == 0 {
			t.Error("nothing was read and nothing said")
		}
		for _, l := range list {
			if l.Prompt == "" || l.Class < 0 || l.Class >= numClasses || l.Kind == KindUnknown {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestReadLabelledErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	good := `{"kind":"harmful","prompt":"p","answer":"a","class":"A"}` + "\n"
	for _, c := range []struct{ text, want string }{
		{good + `{"kind":"bad","prompt":"p","answer":"a","class":"A"}`, `a.jsonl:2: no kind of prompt is called "bad"`},
		{`{"prompt":"p","answer":"a","class":"A"}`, "a.jsonl:1: kind is missing"},
		{`{"kind":"harmful","answer":"a","class":"A"}`, "a.jsonl:1: prompt is missing"},
		{`{"kind":"harmful","prompt":"p","class":"A"}`, "a.jsonl:1: answer is missing"},
		{"\n" + `{"kind":"harmful","prompt":"p","answer":"a"}`, "a.jsonl:2: class is missing"},
		{`{"kind":"harmful","prompt":"p","answer":"a","class":"E"}`, "a.jsonl:1: no class of answers"},
		{`{"kind":"harmful","prompt":"p","answer":"a","class":"A"} x`, "a.jsonl:1: text behind"},
		{`{"kind":"harmful","prompt":"p","answer":"a","class":"A","labl":"x"}`, "a.jsonl:1:"},
		{"\n \n", "a.jsonl:1: there are no answers"},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLabelled(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.text, err, c.want)
		}
	}
}
