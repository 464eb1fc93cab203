package decontaminate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func defaults(change ...func(*Options)) Options {
	var o Options
	o.SetDefaults()
	for _, c := range change {
		c(&o)
	}
	return o
}

// plainSqueeze says what squeeze does, one character at a time.
func plainSqueeze(text string, fold bool) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\ufffd' || !unicode.IsLetter(r) && !unicode.IsNumber(r) && !(r > 127 && unicode.IsMark(r)) {
			continue
		}
		if l := unicode.ToLower(unicode.ToUpper(r)); fold && len(string(l)) <= len(string(r)) {
			r = l
		}
		b.WriteRune(r)
	}
	return b.String()
}

// plainWords are the folded words of a text between marks.
func plainWords(text string) (string, int) {
	var l words.List
	l.Split([]byte(text))
	var b strings.Builder
	n := 0
	b.WriteByte('|')
	for i := range l.Words {
		if l.Words[i].Hash == 0 {
			continue
		}
		b.WriteString(strings.Map(lower, plainSqueeze(string(l.Words[i].Text([]byte(text))), false)) + "|")
		n++
	}
	return b.String(), n
}

// naive looks for every string of every item in the text.
func naive(sets []Loaded, o Options, text string) (hits []document.Hit) {
	length, gram, _ := o.lengths()
	text = norm.NFC.String(text)
	b := builder{T: &T{options: o}}
	squeezed := plainSqueeze(text, o.FoldCase)
	row, _ := plainWords(text)
	for _, s := range sets {
		for k, item := range s.Items {
			if q := []rune(plainSqueeze(item, o.FoldCase)); length > 0 && len(q) >= o.MinLength {
				parts := []string{string(q)}
				if len(q) > length {
					parts = nil
					for _, at := range b.draw([]byte(string(q)), len(q)-length+1) {
						parts = append(parts, string(q[at:at+length]))
					}
				}
				if slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(squeezed, p) }) {
					hits = append(hits, document.Hit{Set: s.Name, Item: k, Rule: fmt.Sprintf("substring%d", length)})
				}
			}
			if q, n := plainWords(item); gram > 0 && n >= o.MinWords {
				w := strings.Split(strings.Trim(q, "|"), "|")
				size := min(gram, n)
				for i := 0; i+size <= n; i++ {
					if strings.Contains(row, "|"+strings.Join(w[i:i+size], "|")+"|") {
						hits = append(hits, document.Hit{Set: s.Name, Item: k, Rule: fmt.Sprintf("ngram%d", gram)})
						break
					}
				}
			}
		}
	}
	return hits
}

// TestNaive compares Find with a search of every string in every text, for items
// and texts of few different words, so that all sorts of overlap occur.
func TestNaive(t *testing.T) {
	vocabulary := []string{"the", "The", "cat", "sat", "on", "mat", "7", "42", "naïve", "Ärger", "don't", "well-known", "x", "U.S.", "東京", "के", ",", ".", "—", "\n"}
	phrase := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 40).Draw(t, "words"), " ")
	})
	hits := 0
	rapid.Check(t, func(t *rapid.T) {
		o := defaults(func(o *Options) {
			o.FoldCase = rapid.Bool().Draw(t, "fold")
			o.Seed = int64(rapid.IntRange(0, 3).Draw(t, "seed"))
			o.MinWords = rapid.IntRange(4, 8).Draw(t, "min words")
			o.Rules = rapid.SampledFrom([][]string{{"substring50"}, {"ngram13"}, {"ngram8", "substring30"}, {"substring50", "ngram13"}}).Draw(t, "rules")
		})
		sets := []Loaded{
			{"one", rapid.SliceOfN(phrase, 1, 6).Draw(t, "one")},
			{"two", append(rapid.SliceOfN(phrase, 0, 6).Draw(t, "two"), strings.Repeat("a long item that is here so that the set can be checked ", 2))},
		}
		sets[0].Items = append(sets[0].Items, sets[1].Items[len(sets[1].Items)-1])
		T, err := NewItems(sets, o)
		if err != nil {
			t.Fatal(err)
		}
		w := T.NewWorker()
		for range 4 {
			text := phrase.Draw(t, "text")
			for _, s := range sets {
				if rapid.Bool().Draw(t, "plant") {
					item := []rune(s.Items[rapid.IntRange(0, len(s.Items)-1).Draw(t, "item")])
					from, to := 0, len(item)
					if rapid.Bool().Draw(t, "part") {
						from = rapid.IntRange(0, len(item)).Draw(t, "from")
						to = rapid.IntRange(from, len(item)).Draw(t, "to")
					}
					text += " " + string(item[from:to]) + phrase.Draw(t, "behind")
				}
			}
			var d document.Document
			d.Reset([]byte(text))
			got, want := w.Find(nil, &d), naive(sets, o, text)
			if !slices.Equal(got, want) {
				t.Fatalf("%q\n got %v\nwant %v", text, got, want)
			}
			hits += len(got)
		}
	})
	if hits < 100 {
		t.Errorf("only %d hits: the test shows little", hits)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("It was the best of times, it was the worst of times, it was the age of wisdom", "It was THE best of times; it was the worst of times.", true)
	f.Add("東京は日本の首都であり、世界最大の都市圏を形成している。人口は約千四百万人である。", "東京は日本の首都であり 世界最大の都市圏を形成している", false)
	f.Add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xffb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true)
	f.Fuzz(func(t *testing.T, item, text string, fold bool) {
		o := defaults(func(o *Options) { o.FoldCase = fold })
		sets := []Loaded{{"s", []string{item, "a text that is long enough to be looked for by both of the rules"}}}
		T, err := NewItems(sets, o)
		if err != nil {
			t.Fatal(err)
		}
		var d document.Document
		d.Reset([]byte(text + " " + item))
		got, want := T.NewWorker().Find(nil, &d), naive(sets, o, text+" "+item)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// TestForms finds items that a text has decomposed, or in capital letters.
func TestForms(t *testing.T) {
	const capital, marked = "ο οδυσσευς και ο τηλεμαχος ειδαν τους ανθρωπους της πολεως", "près là où été très élevé côté forêt déjà gâté même fenêtre prêt"
	for _, ngram := range []bool{false, true} {
		o := defaults(func(o *Options) {
			o.FoldCase = true
			o.Rules = []string{"substring50"}
			if ngram {
				o.Rules = []string{"ngram8"}
			}
		})
		T, err := NewItems([]Loaded{{Name: "a", Items: []string{capital, marked}}}, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{capital, marked, strings.ToUpper(capital), norm.NFD.String(marked)} {
			if d := apply(T, text); len(d.Hits) != 1 {
				t.Errorf("%v: %q is not found", o.Rules, text)
			}
		}
	}
}
