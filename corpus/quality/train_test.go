package quality

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// text is a document of a test.
type text struct {
	name, text string
	good       bool
}

func examples(texts []text) iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		var l words.List
		for _, t := range texts {
			l.Split([]byte(t.text))
			if !yield(Example{document.NewID([]byte(t.name)), t.good, &l}, nil) {
				return
			}
		}
	}
}

// made makes documents of words from two overlapping vocabularies.
func made(n int) (texts []text) {
	random := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		good := i%3 == 0 // one kind is rarer
		var b strings.Builder
		for range 20 + random.IntN(200) {
			at := random.IntN(60)
			if good {
				at += 20
			}
			fmt.Fprintf(&b, "w%c%c ", 'a'+at/10, 'a'+at%10)
		}
		texts = append(texts, text{fmt.Sprint("document ", i), b.String(), good})
	}
	return texts
}

func small() TrainOptions {
	var o TrainOptions
	o.SetDefaults()
	o.Bits, o.Piece, o.Pieces = 12, 50, 3
	return o
}

func train(t *testing.T, o TrainOptions, texts []text) (*Model, *Report) {
	t.Helper()
	m, r, err := Train(o, examples(texts))
	if err != nil {
		t.Fatal(err)
	}
	return m, r
}

func score(m *Model, text string) float32 {
	var l words.List
	l.Split([]byte(text))
	return m.Score(&l)
}

func TestTrain(t *testing.T) {
	texts := made(900)
	m, r := train(t, small(), texts)
	t.Log(r)
	if r.AUC < 0.99 || r.LogLoss > 0.15 || r.Error > 0.05 {
		t.Errorf("AUC %v, log loss %v, calibration error %v", r.AUC, r.LogLoss, r.Error)
	}
	if r.Good+r.HeldGood > 300 || r.HeldGood < 15 || r.HeldPoor < 35 || r.Good < 200 {
		t.Errorf("counts: %+v", r)
	}
	if s := score(m, texts[0].text); s < 0.9 {
		t.Errorf("a good document: %v", s)
	}
	if s := score(m, texts[1].text); s > 0.1 {
		t.Errorf("a poor document: %v", s)
	}
	if s := score(m, " -- ! "); s != 0 {
		t.Errorf("no words: %v", s)
	}
}

// TestNoSignal shows that a report does not praise what cannot be told apart.
func TestNoSignal(t *testing.T) {
	texts := made(1200)
	for i := range texts {
		texts[i].good = i%2 == 0 // the vocabularies go by i%3
	}
	_, r := train(t, small(), texts)
	if r.AUC < 0.35 || r.AUC > 0.65 || math.Abs(r.LogLoss-math.Ln2) > 0.1 {
		t.Errorf("AUC %v and log loss %v without a difference", r.AUC, r.LogLoss)
	}
}

// TestOrder shows that the order of the examples, and examples that come twice,
// change nothing, even where there are too many words.
func TestOrder(t *testing.T) {
	for _, most := range []int{1 << 20, 9000} {
		o := small()
		o.MaxWords = most
		texts := made(400)
		first, _ := train(t, o, texts)
		rand.New(rand.NewPCG(5, 6)).Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		second, _ := train(t, o, append(texts, texts[:50]...))
		if !slices.Equal(first.weights, second.weights) || first.shift != second.shift || first.scale != second.scale {
			t.Errorf("with %d words the order changes the model", most)
		}
		o.Seed++
		third, _ := train(t, o, texts)
		if slices.Equal(first.weights, third.weights) {
			t.Errorf("the seed changes nothing")
		}
	}
}

// TestContradiction shows that a document of both kinds teaches nothing.
func TestContradiction(t *testing.T) {
	texts := made(400)
	want, _ := train(t, small(), texts)
	both := text{"both", strings.Repeat("waa wab wac ", 30), true}
	other := both
	other.good = false
	got, _ := train(t, small(), append([]text{both}, append(texts, other)...))
	if !slices.Equal(want.weights, got.weights) {
		t.Error("a document that is good and poor changes the model")
	}
}

func TestTrainErrors(t *testing.T) {
	if _, _, err := Train(small(), examples(made(12))); !errors.Is(err, ErrTooFew) {
		t.Errorf("12 documents: %v", err)
	}
	broken := errors.New("broken")
	if _, _, err := Train(small(), func(yield func(Example, error) bool) { yield(Example{}, broken) }); !errors.Is(err, broken) {
		t.Errorf("an error of the examples: %v", err)
	}
	for key, change := range map[string]func(*TrainOptions){
		"bits":   func(o *TrainOptions) { o.Bits = 40 },
		"ngram":  func(o *TrainOptions) { o.NGram = 0 },
		"epochs": func(o *TrainOptions) { o.Epochs = 0 },
		"rate":   func(o *TrainOptions) { o.Rate = float32(math.NaN()) },
		"held":   func(o *TrainOptions) { o.Held = 0.5 },
	} {
		o := small()
		change(&o)
		_, _, err := Train(o, examples(made(12)))
		if bad := (*recipe.ValueError)(nil); !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestAUC compares the count of pairs with all pairs.
func TestAUC(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		var list []scored
		good, poor, want := 0, 0, 0.0
		for range 2 + random.IntN(40) {
			list = append(list, scored{score: float64(random.IntN(10)), good: random.IntN(2) == 0})
		}
		list = append(list, scored{score: 3, good: true}, scored{score: 3})
		for _, a := range list {
			if !a.good {
				poor++
				continue
			}
			good++
			for _, b := range list {
				switch {
				case b.good:
				case a.score > b.score:
					want++
				case a.score == b.score:
					want += 0.5
				}
			}
		}
		slices.SortFunc(list, func(a, b scored) int { return int(a.score - b.score) })
		if got := auc(list, good, poor); math.Abs(got-want/float64(good*poor)) > 1e-12 {
			t.Errorf("%v, want %v", got, want/float64(good*poor))
		}
	}
}

// TestPieces shows that the pieces of a long document come from all of it.
func TestPieces(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "w%c%c%c ", 'a'+i/100, 'a'+i/10%10, 'a'+i%10)
	}
	var l words.List
	l.Split([]byte(b.String()))
	o := small()
	o.Piece, o.Pieces = 100, 3
	var s sample
	s.take(&o, &l)
	if len(s.pieces) != 3 || s.words != 300 {
		t.Fatalf("%d pieces of %d words", len(s.pieces), s.words)
	}
	for i, at := range []int{0, 400, 800} {
		if s.pieces[i][0] != l.Words[at].Hash || s.pieces[i][99] != l.Words[at+99].Hash {
			t.Errorf("piece %d does not begin with word %d", i, at)
		}
	}
}

func TestStep(t *testing.T) {
	texts := made(600)
	m, _ := train(t, small(), texts)
	path := filepath.Join(t.TempDir(), "model")
	if err := m.Write(path); err != nil {
		t.Fatal(err)
	}
	f, err := New(Options{Model: path, MinScore: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if f.Model().Hash() == "" || f.Model().Hash() != m.Hash() {
		t.Errorf("hash %q, written as %q", f.Model().Hash(), m.Hash())
	}
	step := f.Worker()
	for _, c := range texts[:4] {
		var d document.Document
		d.Reset([]byte(c.text))
		step.Apply(&d)
		if d.Quality != score(m, c.text) || (d.Drop == nil) != c.good {
			t.Errorf("good %v: %v, dropped: %+v", c.good, d.Quality, d.Drop)
		}
		if d.Drop != nil && (*d.Drop != document.Drop{Filter: "quality", Rule: "min_score", Value: float64(d.Quality), Limit: 0.5}) {
			t.Errorf("dropped: %+v", d.Drop)
		}
	}
	for key, o := range map[string]Options{"model": {}, "min_score": {Model: path, MinScore: -1}} {
		if err := o.Check(); !isValue(err, key) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := New(Options{Model: path + "x"}); !isValue(err, "model") || !strings.Contains(err.Error(), path+"x") {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Model: path}); !isValue(err, "model") {
		t.Errorf("no model: %v", err)
	}
}

func isValue(err error, key string) bool {
	var bad *recipe.ValueError
	return errors.As(err, &bad) && bad.Key == key
}
