package constrain

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// recognizer is an oracle for GBNF: it follows the parsed rules directly, by
// sets of positions, and knows nothing of automata.
type recognizer struct {
	rules map[string]*expr
	text  string
	memo  map[string][]int
}

// ends are the positions at which e may end if it begins at from.
func (r *recognizer) ends(e *expr, from int) []int {
	key := fmt.Sprintf("%p %d", e, from)
	if out, ok := r.memo[key]; ok {
		return out
	}
	var out []int
	switch e.op {
	case opRunes:
		c, size := utf8.DecodeRuneInString(r.text[from:])
		for _, ra := range e.runes {
			if size > 0 && ra.lo <= c && c <= ra.hi {
				out = []int{from + size}
			}
		}
	case opChoice:
		for _, sub := range e.subs {
			out = append(out, r.ends(sub, from)...)
		}
	case opRule:
		out = r.ends(r.rules[e.name], from)
	case opSequence:
		out = []int{from}
		for _, sub := range e.subs {
			out = r.after(sub, out)
		}
	case opRepeat:
		at := []int{from}
		for i := 0; i <= len(r.text)+e.least && (e.most < 0 || i <= e.most); i++ {
			if i >= e.least {
				out = append(out, at...)
			}
			at = r.after(e.subs[0], at)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	r.memo[key] = out
	return out
}

func (r *recognizer) after(e *expr, from []int) (out []int) {
	for _, at := range from {
		out = append(out, r.ends(e, at)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func recognizes(rules map[string]*expr, text string) bool {
	r := &recognizer{rules, text, map[string][]int{}}
	return slices.Contains(r.ends(rules["root"], 0), len(text))
}

var gbnfSeeds = []string{
	`root ::= "a" root "b" | "a" root "c" | ""`,
	"root ::= x+\nx ::= [ab] y?\ny ::= \"c\" root? \"d\"",
	"root ::= (\"a\" | \"b\"\n \"c\"){2,3} # comment\n",
	"root ::= a b c\na ::= | \"a\"\nb ::= \"b\" | \"\"\nc ::= [^abc]* ",
	"root ::= list\nlist ::= \"a\" list | \"a\"",
	`root ::= "\x41\u00e9\U0001F600\n\t\"\\" [\]\-^a-c] .`,
	"root ::= e\ne ::= t (\"+\" t)*\nt ::= \"a\" | \"(\" e \")\"",
}

// TestGBNF compares grammars, given ones and random ones, with the oracle.
func TestGBNF(t *testing.T) {
	v := testVocabulary()
	rng := rand.New(rand.NewPCG(7, 8))
	grammars := slices.Clone(gbnfSeeds)
	for range 400 {
		grammars = append(grammars, randomGrammar(rng))
	}
	refused := 0
	for _, text := range grammars {
		g, err := v.GBNF(t.Context(), text)
		if err != nil {
			refused++
			if !strings.Contains(err.Error(), "begins with itself") && !errors.Is(err, errNothing) {
				t.Fatalf("%s: %v", text, err)
			}
			continue
		}
		p := &gbnfParser{text: text, rules: map[string]*expr{}}
		if err := p.parse(); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			var b strings.Builder
			for range rng.IntN(9) {
				b.WriteByte("aaabbcd+()"[rng.IntN(10)])
			}
			if got, want := accepts(g, b.String()), recognizes(p.rules, b.String()); got != want {
				t.Fatalf("%s\n%q: %v, want %v", text, b.String(), got, want)
			}
		}
		for range 5 {
			step := 0
			out := ramble(t, g, rng, 12, func(m *Mask, allowed []int32) {
				if step++; step%5 == 0 {
					compareMask(t, m, allowed)
				}
			})
			if len(out) < 100 && !recognizes(p.rules, out) {
				t.Fatalf("%s\n%q was drawn", text, out)
			}
		}
	}
	if refused > len(grammars)/2 {
		t.Errorf("%d of %d grammars are refused", refused, len(grammars))
	}
}

// randomGrammar has up to 5 rules that call each other.
func randomGrammar(rng *rand.Rand) string {
	names := []string{"root", "x", "y", "z", "w"}[:1+rng.IntN(5)]
	var build func(depth int) string
	build = func(depth int) string {
		switch n := rng.IntN(10); {
		case n < 3 || depth == 0:
			return fmt.Sprintf("%q", string("abcd"[rng.IntN(4)]))
		case n < 4:
			return "[" + []string{"ab", "^b", "a-c", "^\\n"}[rng.IntN(4)] + "]"
		case n < 6:
			return names[rng.IntN(len(names))]
		case n < 7:
			return "(" + build(depth-1) + " | " + build(depth-1) + ")"
		case n < 8:
			return build(0) + []string{"*", "+", "?", "{2}", "{0,2}", "{1,}"}[rng.IntN(6)]
		default:
			return build(depth-1) + " " + build(depth-1)
		}
	}
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "%s ::= %s | %s %s\n", name, build(2), build(0), build(2))
	}
	return b.String()
}

// TestGBNFFiles compiles llama.cpp's grammars.
func TestGBNFFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dataDir(t), "io_llamacpp", "grammars", "*.gbnf"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	v := testVocabulary()
	samples := map[string][2]string{ // accepted, rejected
		"arithmetic.gbnf": {"(a +12)*b=c_1 \n", "a+=1\n"},
		"c.gbnf":          {"int f(int x){return  x*( 2+g(x) );}", "int f(int x){return  x*;}"},
		"chess.gbnf":      {"1. e4 e5\n2. Nf3 Nc6\n", "1. e4 e9\n"},
		"english.gbnf":    {"Hello, world! 1+1=2", "é"},
		"japanese.gbnf":   {"こんにちは 世界", "hello"},
		"json.gbnf":       {`{"a": [1, -2.5e3, "x\u00e9", null] }`, `{"a" 1}`},
		"json_arr.gbnf":   {"[\n1,\n2]", "[1]"},
		"list.gbnf":       {"- one\n- two\n", "one\n"},
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g := must(v.GBNF(t.Context(), string(text)))(t)
		sample, ok := samples[filepath.Base(file)]
		if !ok {
			t.Errorf("no sample for %s", file)
		}
		if !accepts(g, sample[0]) || accepts(g, sample[1]) {
			t.Errorf("%s: %q %v, %q %v", file, sample[0], accepts(g, sample[0]), sample[1], accepts(g, sample[1]))
		}
		rng := rand.New(rand.NewPCG(1, 1))
		for range 5 {
			step := 0
			ramble(t, g, rng, 40, func(m *Mask, allowed []int32) {
				if step++; step%8 == 0 {
					compareMask(t, m, allowed)
				}
			})
		}
	}
}

func TestGBNFRefused(t *testing.T) {
	v := byteVocabulary()
	for text, want := range map[string]string{
		``:                            "root",
		`root ::= x`:                  `no rule "x"`,
		"root ::= \"a":                "ends inside",
		"root ::= [a":                 "ends inside",
		"root ::= root \"a\" | \"b\"": "left recursion",
		"root ::= x\nx ::= y? x \"a\"\ny ::= \"b\"": "left recursion",
		"root ::= \"a\" root":                       "nothing satisfies",
		"root ::= ((a":                              "line 1, column",
		"root ::= \"a\"\nroot ::= \"b\"":            "twice",
		"root ::= <[100]>":                          "tokens of the vocabulary",
		`root ::= "\q"`:                             "unknown escape",
		`root ::= "a"{3,2}`:                         "ends before",
		`root ::= "a"{99999}`:                       "a number up to",
		`root ::= ("a"{8000}){8000}`:                "states",
		"root ::= " + strings.Repeat("(", 200) + `"a"` + strings.Repeat(")", 200): "nested deeper",
		`root ::= "a"` + strings.Repeat("?", 200):                                 "repetitions of one another",
		"root = \"a\"": "::=",
	} {
		_, err := v.GBNF(t.Context(), text)
		if !errors.Is(err, ErrGrammar) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want an ErrGrammar with %q", text, err, want)
		}
	}
}

func FuzzGBNF(f *testing.F) {
	for _, text := range gbnfSeeds {
		f.Add(text)
	}
	f.Add("root ::= (((\"a\"*)*)*)*{3}")
	f.Add("root ::= [^\\x00-\\U0010FFFF]")
	v := testVocabulary()
	f.Fuzz(func(t *testing.T, text string) {
		defer soon(t, time.Now())
		g, err := v.GBNF(t.Context(), text)
		if err == nil {
			stroll(t, g)
		} else if !errors.Is(err, ErrGrammar) {
			t.Fatal(err)
		}
	})
}
