package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
	"github.com/polymath-lm/polymath/task/suite"
	"github.com/polymath-lm/polymath/tokenizer"
)

// onlooker is a Subject that knows the answer to a question about a picture that it is
// shown, and says what is most often right where it is shown none.
type onlooker struct {
	known map[string]string // by picture and question
	blunt bool              // it shows no interest in pictures
}

func newOnlooker(sheets []Sheet) *onlooker {
	o := &onlooker{known: map[string]string{}}
	for i := range sheets {
		for k := range sheets[i].Items {
			item := &sheets[i].Items[k]
			o.known[item.Images[0]+item.Prompt] = item.Row["answer"].(string)
		}
	}
	return o
}

func (o *onlooker) Info() SubjectInfo {
	return SubjectInfo{Name: "onlooker", Chat: true, Deterministic: true, Parallel: 4}
}

func (o *onlooker) Score(context.Context, string, string) (Score, error) {
	return Score{}, ErrUnsupported
}

func (o *onlooker) Generate(_ context.Context, r Request) (Answer, error) {
	last := r.Conversation.Messages[len(r.Conversation.Messages)-1]
	picture, question := "", ""
	for _, p := range last.Content {
		question += p.Text
		if p.Image != nil {
			picture += p.Image.URL
		}
	}
	if answer, ok := o.known[picture+question]; ok && !o.blunt {
		return Answer{Text: answer}, nil
	}
	if picture != "" && !o.blunt {
		return Answer{}, fmt.Errorf("%q is asked about another picture", question)
	}
	if strings.HasPrefix(question, "How many") {
		return Answer{Text: "2"}, nil
	}
	return Answer{Text: "yes"}, nil
}

// sights are the sheets of the suite drawn, with few items.
func sights(t *testing.T) []Sheet {
	t.Helper()
	tasks, err := suite.Find("drawn")
	if err != nil {
		t.Fatal(err)
	}
	var sheets []Sheet
	for _, k := range tasks {
		k.Data.Number = 24
		items, err := k.Load(task.LoadOptions{Generators: suite.Generators, Shots: -1})
		if err != nil {
			t.Fatal(err)
		}
		sheets = append(sheets, Sheet{Task: k, Items: items, Hash: k.Hash(items)})
	}
	return sheets
}

func sightGrader(t *task.Task) (task.Grader, error) { return grade.New(t, grade.Options{}) }

// TestSight: who sees has all points, who is shown nothing has few, and the comparison
// says what seeing adds.
func TestSight(t *testing.T) {
	sheets := sights(t)
	subject := newOnlooker(sheets)
	seeing, err := Run(t.Context(), subject, sheets, Options{Grader: sightGrader, Dir: filepath.Join(t.TempDir(), "seeing")})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "blind")
	blind, err := Run(t.Context(), subject, sheets, Options{Grader: sightGrader, Settings: Settings{Blind: true}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range seeing.Result.Tasks {
		k := &seeing.Result.Tasks[i]
		if k.NumErrors > 0 || k.Headline.Estimate.Value < 1 && k.Task != "vis_descriptions" {
			t.Errorf("%s: %d errors, %v", k.Task, k.NumErrors, k.Headline)
		}
		if k.TaskHash != blind.Result.Tasks[i].TaskHash {
			t.Errorf("%s: other hashes of the same questions", k.Task)
		}
	}
	for i := range seeing.Records {
		if a, b := seeing.Records[i].Prompt, blind.Records[i].Prompt; !strings.Contains(a, "(image)") || strings.Contains(b, "(image)") {
			t.Errorf("prompts %q and %q", a, b)
		}
	}
	c, err := Compare(blind, seeing)
	if err != nil {
		t.Fatal(err)
	}
	if c.A != "onlooker, images withheld" || c.B != "onlooker" {
		t.Errorf("%q and %q", c.A, c.B)
	}
	for _, k := range c.Tasks {
		if k.Skipped != "" || k.N != 24 || k.Difference.Value < 0.3 || k.Difference.Low <= 0 {
			t.Errorf("%s: %+v", k.Task, k)
		}
	}
	if _, err := Run(t.Context(), subject, sheets, Options{Grader: sightGrader, Dir: dir}); err == nil || !strings.Contains(err.Error(), "images was withheld and is shown") {
		t.Errorf("a run with images goes on with one without: %v", err)
	}
	subject.blunt = true
	blunt, err := Run(t.Context(), subject, sheets, Options{Grader: sightGrader})
	if err != nil {
		t.Fatal(err)
	}
	if c, err = Compare(blind, blunt); err != nil {
		t.Fatal(err)
	}
	for _, k := range c.Tasks {
		if k.Difference.Value != 0 {
			t.Errorf("%s: seeing adds %v to who does not look", k.Task, k.Difference)
		}
	}
}

// TestSightShares: the shares that graders count are sums over the items.
func TestSightShares(t *testing.T) {
	sheets := sights(t)
	f, err := Run(t.Context(), newOnlooker(sheets), sheets, Options{Grader: sightGrader})
	if err != nil {
		t.Fatal(err)
	}
	parts, wholes := map[string]int{}, map[string]int{}
	for _, r := range f.Records {
		for _, s := range r.Verdict.Shares {
			parts[s.Name] += s.Part
			wholes[s.Name] += s.Whole
		}
	}
	seen := 0
	for i := range f.Result.Tasks {
		for _, m := range f.Result.Tasks[i].Metrics {
			if !m.Share {
				continue
			}
			seen++
			want := float64(parts[m.Name]) / float64(wholes[m.Name])
			if m.Estimate.Value != want || m.Estimate.Low > want || m.Estimate.High < want || m.Lower != (m.Name == grade.CharacterErrors) {
				t.Errorf("%+v, want %v", m, want)
			}
		}
	}
	if seen != 3 || parts[grade.FactsTrue] != wholes[grade.FactsTrue] || parts[grade.CharacterErrors] != 0 {
		t.Errorf("%d shares: %v of %v", seen, parts, wholes)
	}
}

// TestSightSameBits: records of items with pictures are the same in whatever order and
// company they come.
func TestSightSameBits(t *testing.T) {
	sheets := sights(t)
	want := ""
	for seed := range uint64(3) {
		f, err := Run(t.Context(), newOnlooker(sheets), sheets, Options{Grader: sightGrader, Parallel: 1 + 5*int(seed), arrange: func(units []unit) {
			rand.New(rand.NewPCG(seed, 1)).Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := encode(t, f); want == "" {
			want = got
		} else if got != want {
			t.Errorf("order %d: other records", seed)
		}
	}
}

// openSeeing opens a model that sees and knows nothing.
func openSeeing(t *testing.T, options ...polymath.Option) *polymath.Model {
	t.Helper()
	text := []byte(proverbs)
	tok, err := tokenizer.Train(slices.Values([][]byte{text, text}), tokenizer.TrainOptions{
		VocabSize: 300, Special: []string{tokenizer.EndOfText, "<|im_start|>", "<|im_end|>", chat.ImageToken},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = tok.VocabSize(), 32, 2, 64
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions, cfg.InitStd = 2, 2, 16, 512, 0.2
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.Box, v.Short = 32, 8, 64, 64
	v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads, v.InitStd = 16, 32, 2, 2, 0.3
	id, _ := tok.Special(chat.ImageToken)
	v.ImageTokenID = int(id)
	cfg.Vision = &v
	weights, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, err := polymath.New(weights, tok, chat.Default(), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestSightOfModel: what a model makes of pictures does not hang on the batch, the order
// or what it saw before; and it does hang on the pictures.
func TestSightOfModel(t *testing.T) {
	sheets := sights(t)
	for i := range sheets {
		sheets[i].Items = sheets[i].Items[:3]
		sheets[i].Task.Generate.MaxTokens = 8
	}
	want := ""
	for _, parallel := range []int{1, 30} {
		m := openSeeing(t, polymath.WithMaxBatch(parallel))
		subject := Local(m, LocalOptions{Name: "seeing", Chat: true})
		for round := range 2 { // the second time from what is kept of the pictures
			f, err := Run(t.Context(), subject, sheets, Options{Grader: sightGrader, Parallel: parallel})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range f.Records {
				if r.Error != "" {
					t.Fatal(r.Error)
				}
			}
			if got := encode(t, f); want == "" {
				want = got
			} else if got != want {
				t.Errorf("%d at a time, round %d: other records", parallel, round)
			}
		}
	}
	f, err := Run(t.Context(), Local(openSeeing(t), LocalOptions{Name: "seeing", Chat: true}), sheets, Options{Grader: sightGrader, Settings: Settings{Blind: true}})
	if err != nil {
		t.Fatal(err)
	}
	if encode(t, f) == want {
		t.Error("without pictures the records are the same")
	}
	blind := Local(openRandom(t), LocalOptions{Name: "blind", Chat: true})
	if f, err = Run(t.Context(), blind, sheets[:1], Options{Grader: sightGrader}); err != nil || !strings.Contains(f.Result.Tasks[0].Skipped, "it sees no images") {
		t.Errorf("a model that cannot see sits it: %v, %+v", err, f)
	}
}
