package long

import (
	"errors"
	"math"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// words counts as many tokens as a text has words and marks.
func words(text string) int {
	n, letter := 0, false
	for i := range len(text) {
		c := text[i] | 0x20
		isLetter := c >= 'a' && c <= 'z'
		if !isLetter && text[i] > ' ' || isLetter && !letter {
			n++
		}
		letter = isLetter
	}
	return n
}

func TestLength(t *testing.T) {
	for _, kind := range Kinds[:len(Kinds)-1] {
		for seed := range uint64(16) {
			r := random.At(7, seed)
			o := Options{Kind: kind, Split: Test, Tokens: r.Between(512, 20000), Room: r.Below(64), Depths: []float64{unit(r)}}
			if seed%2 == 0 {
				o.Count = words
			}
			d, err := Make(seed, o)
			if err != nil {
				t.Fatal(err)
			}
			if n := o.count(d.Prompt(0)); n != d.Tokens || n > o.Tokens-o.Room || float64(n) < 0.94*float64(o.Tokens-o.Room) {
				t.Errorf("%s: %d tokens (told %d), wanted up to %d less %d", kind, n, d.Tokens, o.Tokens, o.Room)
			}
			if off := math.Abs(d.Questions[0].Depth - o.Depths[0]); off > 0.05 {
				t.Errorf("%s of %d tokens: depth %v, wanted %v", kind, o.Tokens, d.Questions[0].Depth, o.Depths[0])
			}
			again, err := Make(seed, o)
			if err != nil || !reflect.DeepEqual(again, d) {
				t.Errorf("%s: the same seed gives another text: %v", kind, err)
			}
			if other, _ := Make(seed+1000, o); other.Text == d.Text {
				t.Errorf("%s: two seeds give one text", kind)
			}
		}
	}
}

// TestShared holds texts of one seed against one another: what stands before the first
// statement that differs is the same.
func TestShared(t *testing.T) {
	o := Options{Kind: Passkey, Split: Test, Tokens: 4000}
	var texts, keys []string
	for _, depth := range []float64{0.95, 0.55, 0.25} {
		o.Depths = []float64{depth}
		d, err := Make(3, o)
		if err != nil {
			t.Fatal(err)
		}
		texts, keys = append(texts, d.Text), append(keys, d.Questions[0].Answer())
	}
	for i, depth := range []float64{0.55, 0.25} {
		n := 0
		for texts[0][n] == texts[i+1][n] {
			n++
		}
		if share := float64(n) / float64(len(texts[0])); math.Abs(share-depth) > 0.03 {
			t.Errorf("at depth %v the texts part at %v", depth, share)
		}
	}
	if keys[0] == keys[1] || keys[1] == keys[2] {
		t.Errorf("keys %v", keys)
	}
}

func TestNew(t *testing.T) {
	it, err := New(1, Options{Kind: MultiNeedle, Split: Test, Tokens: 2048, Depths: []float64{0.25}})
	if err != nil {
		t.Fatal(err)
	}
	if len(it.Answers) != needlesAsked || !strings.HasSuffix(it.Prompt, "?\nAnswer:") && !strings.HasSuffix(it.Prompt, ".\nAnswer:") || math.Abs(it.Depth-0.25) > 0.03 {
		t.Errorf("%+v", it)
	}
}

// TestProse holds the filler against what is asked: it has no number and none of the
// names.
func TestProse(t *testing.T) {
	next := prose(random.New(1))
	var b strings.Builder
	for range 1500 {
		b.WriteString(next())
	}
	text := strings.ToLower(b.String())
	if at := strings.IndexAny(text, "0123456789\""); at >= 0 {
		t.Errorf("the prose has %q", text[at:at+1])
	}
	lists := [][]string{animals, goods, ordinals, qualities, {"pass key", "magic", "variable", "document", "question", "answer"}}
	for _, list := range lists {
		for _, word := range list {
			if regexp.MustCompile(`\b` + word + `\b`).MatchString(text) {
				t.Errorf("the prose has the word %q", word)
			}
		}
	}
}

func TestSplit(t *testing.T) {
	for _, kind := range []Kind{Passkey, MultiNeedle, Counting} {
		forms := map[Split]map[string]bool{Train: {}, Test: {}}
		for _, split := range Splits {
			for seed := range uint64(120) {
				d, err := Make(seed, Options{Kind: kind, Split: split, Tokens: 800, Depths: []float64{0.5}})
				if err != nil {
					t.Fatal(err)
				}
				blank := regexp.MustCompile(`\d{5}|the [a-z]+ [a-z]+(, | and )?|a [a-z]+ [a-z]+`)
				statement := regexp.MustCompile(`(?i)[^.\n]*(pass key|magic number|\bseen\b|there was a|saw a|came to the)[^.\n]*`).FindString(d.Text)
				forms[split][statementForm(statement)+"|"+blank.ReplaceAllString(d.Questions[0].Text, "_")] = true
			}
		}
		for form := range forms[Test] {
			if forms[Train][form] {
				t.Errorf("%s: training has the test's form %s", kind, form)
			}
		}
		if len(forms[Train]) < 12 || len(forms[Test]) < 4 {
			t.Errorf("%s: %d forms to train on and %d of the test", kind, len(forms[Train]), len(forms[Test]))
		}
	}
}

// statementForm is the first words of a statement that are in all like it.
func statementForm(text string) string {
	for _, start := range []string{"The pass", "Keep", "Here", "Do not", "The magic", "Remember", "For the", "was seen", "there was", "Somebody", "came to"} {
		if strings.Contains(text, start) {
			return start
		}
	}
	return "number first"
}

func TestErrors(t *testing.T) {
	ok := Options{Kind: Variables, Split: Test, Tokens: 1024, Depths: []float64{0.5}}
	for name, change := range map[string]func(*Options){
		`no kind of long text is called "x"`:  func(o *Options) { o.Kind = "x" },
		"has at most":                         func(o *Options) { o.Tokens = MostTokens + 1 },
		"0 questions":                         func(o *Options) { o.Depths = nil },
		"a depth of 1":                        func(o *Options) { o.Depths = []float64{1} },
		"a depth of NaN":                      func(o *Options) { o.Depths = []float64{math.NaN()} },
		`no split is called ""`:               func(o *Options) { o.Split = "" },
		"the text is too short: of 130":       func(o *Options) { o.Tokens, o.Room = 130, 20 },
		"the text is too short: it has room":  func(o *Options) { o.Tokens, o.Depths = 200, make([]float64, 60) },
		"2 questions of kind passkey":         func(o *Options) { o.Kind, o.Depths = Passkey, make([]float64, 2) },
		"the text is too short: what is aske": func(o *Options) { o.Kind, o.Tokens, o.Depths = KeyValue, 300, make([]float64, 60) },
	} {
		o := ok
		change(&o)
		if _, err := Make(1, o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, wanted %q", err, name)
		} else if strings.Contains(name, "too short") != errors.Is(err, ErrShort) {
			t.Errorf("%v: ErrShort is %v", err, errors.Is(err, ErrShort))
		}
	}
	for name, w := range map[string]Writing{
		"documents of 10 to 10 tokens": {Shortest: 10, Longest: 10},
		"the kind count is named":      {Shortest: 300, Longest: 300, Kinds: []Kind{Counting, Counting}},
		"a share of 2":                 {Shortest: 300, Longest: 300, Prose: 2},
		"text 0 is empty":              {Shortest: 300, Longest: 300, Texts: []string{" "}},
		"on books need texts":          {Shortest: 300, Longest: 300, Kinds: []Kind{Books}},
		"300 questions":                {Shortest: 300, Longest: 300, Questions: 300},
	} {
		if _, err := w.Document(0); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, wanted %q", err, name)
		}
	}
}

// TestLong makes the longest texts, which must not run out of names.
func TestLong(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, kind := range Kinds[:len(Kinds)-1] {
		d, err := Make(1, Options{Kind: kind, Split: Test, Tokens: MostTokens, Depths: []float64{0.5}})
		if err != nil || len(d.Text) < MostTokens*bytesPerToken*9/10 {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// FuzzText puts statements into any text.
func FuzzText(f *testing.F) {
	for _, text := range []string{"One. Two.\n\nThree", " ", "\n\n\n", "no end at all " + strings.Repeat("x", 3000), "\xff\xfe. \xff", "世界。\n\n世界. a"} {
		f.Add(text, uint64(1))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		d, err := Make(seed, Options{Kind: Passkey, Split: Test, Tokens: 1000, Depths: []float64{0.5}, Text: text})
		if err != nil {
			if errors.Is(err, ErrShort) {
				return
			}
			t.Fatal(err)
		}
		if d.Tokens > 1000 || strings.Count(d.Text, d.Questions[0].Answer()) == 0 {
			t.Errorf("%d tokens: %q", d.Tokens, d.Text)
		}
	})
}

// TestKindsTogether: where kinds share a text, each has as much of its own to be told from
// as alone: three statements nearly alike for each that is asked for.
func TestKindsTogether(t *testing.T) {
	for seed := range uint64(20) {
		o := Options{Split: Train, Tokens: 4096}
		m := o.maker(random.At(seed, 1), 1<<20)
		for _, kind := range []Kind{MultiNeedle, Distractors, Variables} {
			before := len(m.needles)
			if err := m.make(kind, []float64{0.2, 0.7}); err != nil {
				t.Fatal(err)
			}
			n := len(m.needles) - before
			if kind == Distractors && n != 8 || kind == Variables && n < 6 {
				t.Errorf("seed %d: %d statements of kind %s", seed, n, kind)
			}
		}
	}
}
