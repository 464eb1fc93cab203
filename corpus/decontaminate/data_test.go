package decontaminate

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/polymath-lm/polymath/corpus/document"
)

// inData returns the files of the data archives that match, whether they are
// unpacked side by side or each into a directory.
func inData(t testing.TB, pattern string) []string {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	for _, p := range []string{filepath.Join(dir, pattern), filepath.Join(dir, "*", pattern)} {
		if files, _ := filepath.Glob(p); len(files) > 0 {
			return files
		}
	}
	t.Skipf("the data holds no %s", pattern)
	return nil
}

// dataSets are evaluation sets of all formats in the data archives.
func dataSets(t testing.TB) (sets []Loaded) {
	for _, s := range []Set{
		{Name: "bbh", Files: []string{"eval_bbh/bbh/*.json"}, Items: "examples", Fields: []string{"input"}},
		{Name: "mmlu", Files: []string{"hist_llamafactory/mmlu_dev_val.zip"}, Members: "data/val/*.csv", NoHeader: true, Fields: []string{"1", "2", "3", "4", "5"}},
		{Name: "humaneval", Files: []string{"eval_humaneval/data/HumanEval.jsonl.gz"}, Fields: []string{"prompt", "canonical_solution"}},
		{Name: "truthfulqa", Files: []string{"eval_truthfulqa/*.jsonl"}, Fields: []string{"en.question", "en.best_answer"}},
		{Name: "logiqa", Files: []string{"eval_agieval/data/v1/logiqa-*.jsonl"}, Fields: []string{"passage", "question", "options"}},
		{Name: "gaokao", Files: []string{"eval_agieval/data/v1/gaokao-*.jsonl"}, Fields: []string{"passage", "question", "options"}},
		{Name: "lambada", Files: []string{"eval_foundry/language_understanding/lambada_openai.jsonl"}, Fields: []string{"context", "continuation"}},
		{Name: "arc", Files: []string{"eval_foundry/world_knowledge/arc_*.jsonl"}, Template: "{query} {choices}"},
		{Name: "boolq", Files: []string{"eval_foundry/reading_comprehension/boolq.jsonl"}, Fields: []string{"query"}},
		{Name: "copa", Files: []string{"eval_foundry/commonsense_reasoning/copa.jsonl"}, Fields: []string{"query", "choices"}},
		{Name: "piqa", Files: []string{"eval_foundry/commonsense_reasoning/piqa.jsonl"}, Fields: []string{"query", "choices"}},
		{Name: "blimp", Files: []string{"eval_blimp/data/*.jsonl"}, Fields: []string{"sentence_good"}},
		{Name: "triviaqa", Files: []string{"eval_foundry/world_knowledge/triviaqa_sm_sub.jsonl"}, Fields: []string{"context"}},
	} {
		s.Files = inData(t, s.Files[0])
		l, err := LoadSet(s)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, l)
	}
	return sets
}

// disturb changes the spaces and symbols between words.
func disturb(text string) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case unicode.IsSpace(r) && i%3 == 0:
			b.WriteString("\n\n ")
		case unicode.IsSpace(r) && i%5 == 0:
			b.WriteString(" — ")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestPlanted plants every item of the sets in a novel, as it is, with other
// spaces and symbols, and in capital letters: all that can be checked are found,
// but for words that capital letters divide in another way, and but that the
// substring rule tells capital letters from small ones.
func TestPlanted(t *testing.T) {
	sets := dataSets(t)
	T, err := NewItems(sets, defaults())
	if err != nil {
		t.Fatal(err)
	}
	novel, err := os.ReadFile(inData(t, "pt_novels/*.txt")[0])
	if err != nil {
		t.Fatal(err)
	}
	around := string(novel[2000:2100])
	w := T.NewWorker()
	for name, change := range map[string]func(string) string{"verbatim": strings.Clone, "disturbed": disturb, "capitals": strings.ToUpper} {
		tally := T.NewTally()
		for _, s := range sets {
			for _, item := range s.Items {
				var d document.Document
				d.Reset([]byte(around + "\n\n" + change(item) + "\n\n" + around))
				if err := tally.Add(w.Find(nil, &d)); err != nil {
					t.Fatal(err)
				}
			}
		}
		reports, err := tally.Reports()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range reports {
			t.Logf("%-9s %-10s %6d items %6d checkable %6d touched %v", name, r.Set, r.Items, r.Checkable, r.Touched, r.Rules)
			s, n := r.Rules["substring50"], r.Rules["ngram13"]
			if name != "capitals" && s.Touched != s.Checkable {
				t.Errorf("%s %s: %d of %d by substrings", name, r.Set, s.Touched, s.Checkable)
			}
			if name == "verbatim" && n.Touched != n.Checkable {
				t.Errorf("%s %s: %d of %d by n-grams", name, r.Set, n.Touched, n.Checkable)
			}
			// DON'T is one word where don't is two, and these two sets are full of such.
			if n.Touched < n.Checkable*97/100 && r.Set != "blimp" && r.Set != "truthfulqa" {
				t.Errorf("%s %s: only %d of %d by n-grams", name, r.Set, n.Touched, n.Checkable)
			}
		}
	}
	t.Logf("%d MB of tables", T.Memory()>>20)
}

// TestNovels says which items novels hold: six of LAMBADA's passages are of The
// Hound of the Baskervilles, which is among the novels. There are no others.
func TestNovels(t *testing.T) {
	sets := dataSets(t)
	T, err := NewItems(sets, defaults())
	if err != nil {
		t.Fatal(err)
	}
	w, tally := T.NewWorker(), T.NewTally()
	for _, name := range inData(t, "pt_novels/*.txt") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var d document.Document
		d.Reset(text)
		hits := w.Find(nil, &d)
		for _, h := range hits {
			i := slices.IndexFunc(sets, func(l Loaded) bool { return l.Name == h.Set })
			t.Logf("%s: %s %d %s %q", filepath.Base(name), h.Set, h.Item, h.Rule, cut(sets[i].Items[h.Item], 200))
		}
		if err := tally.Add(hits); err != nil {
			t.Fatal(err)
		}
	}
	reports, err := tally.Reports()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		if r.Set != "lambada" && r.Documents > 0 || r.Documents > 1 {
			t.Errorf("%d novels hold items of %s", r.Documents, r.Set)
		}
	}
}

func cut(text string, n int) string { return text[:min(n, len(text))] }

func BenchmarkFind(b *testing.B) {
	sets := dataSets(b)
	novel, err := os.ReadFile(inData(b, "pt_novels/*.txt")[0])
	if err != nil {
		b.Fatal(err)
	}
	chinese, err := os.ReadFile(inData(b, "eval_agieval/data/v1/jec-qa-kd.jsonl")[0])
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		rules []string
		text  []byte
	}{
		{"substring50", []string{"substring50"}, novel},
		{"ngram13", []string{"ngram13"}, novel},
		{"both", []string{"substring50", "ngram13"}, novel},
		{"docs", []string{"substring50", "ngram13"}, documentation(b)},
		{"chinese", []string{"substring50", "ngram13"}, chinese},
	} {
		T, err := NewItems(sets, defaults(func(o *Options) { o.Rules = c.rules }))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			w := T.NewWorker()
			var d document.Document
			d.Reset(c.text)
			d.Words() // paid by whoever asks first
			b.SetBytes(int64(len(c.text)))
			for b.Loop() {
				w.Find(nil, &d)
			}
		})
	}
}

func documentation(t testing.TB) (text []byte) {
	f, err := os.Open(inData(t, "pt_debian_docs/debian-*.jsonl")[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() && len(text) < 4<<20 {
		var d struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		text = append(text, d.Text...)
	}
	return text
}
