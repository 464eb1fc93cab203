package quickstart

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// madeModel is a session whose text is read and whose model knows nothing.
func madeModel(t *testing.T, text string) *session {
	t.Helper()
	s := madeTokens(t, text)
	s.state.Plan, s.state.Training = &Plan{Shape: s.state.Tokens.Shape}, &Training{}
	tok, err := tokenizer.Load(s.tokenizerPath())
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = tok.VocabSize(), 32, 1
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 2, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.MaxPositions, cfg.InitStd = 512, 0.2
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.tokenizerPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Save(s.modelDir(), model.Provenance{}, map[string][]byte{"tokenizer.json": data}); err != nil {
		t.Fatal(err)
	}
	return s
}

// Every question is made of a held-out document and of none that was learned from.
func TestQuestionsAreOfHeldOutText(t *testing.T) {
	s := madeTokens(t, texts(t, 40, 2000))
	tasks, err := s.makeQuestions(t.Context())
	if err != nil || len(tasks) != 2 {
		t.Fatal(len(tasks), err)
	}
	sheets, err := load(tasks, eval.Settings{Shots: -1})
	if err != nil {
		t.Fatal(err)
	}
	held, learned := map[string]string{}, ""
	c, err := corpus.Open(s.path(corpusDir))
	if err != nil {
		t.Fatal(err)
	}
	err = c.Each(t.Context(), true, func(f *corpus.Found) error {
		id, err := document.ParseID(f.Record.Text)
		if shard.HeldOut(id, s.state.Tokens.HeldOut) {
			held[filepath.Base(f.Record.Origin.File)] = string(f.Text)
		} else {
			learned += string(f.Text)
		}
		return err
	})
	if err != nil || c.Close() != nil || len(held) == 0 {
		t.Fatal(len(held), err)
	}
	for _, sheet := range sheets {
		if len(sheet.Items) < tooFew || len(sheet.Items) > mostQuestions {
			t.Errorf("%s: %d questions", sheet.Task.Name, len(sheet.Items))
		}
		for _, item := range sheet.Items {
			right := item.Prompt + item.Before + item.Choices[item.Gold]
			if item.Prompt == "" {
				right = item.Choices[item.Gold]
			}
			if !strings.Contains(held[item.Cluster], right) || strings.Contains(learned, right) {
				t.Errorf("%s of %s: %q", sheet.Task.Name, item.Cluster, right)
			}
		}
	}
}

// stopping ends the context after some scores, and counts them.
type stopping struct {
	eval.Subject
	scores atomic.Int64
	after  int64
	stop   func()
}

func (s *stopping) Score(ctx context.Context, prompt, continuation string) (eval.Score, error) {
	if s.scores.Add(1) == s.after {
		s.stop()
	}
	return s.Subject.Score(ctx, prompt, continuation)
}

// An examination that was interrupted goes on where it was, with as many questions, and
// has the result of one that was not.
func TestAnswersGoOn(t *testing.T) {
	text := texts(t, 40, 2000)
	whole := madeModel(t, text)
	whole.state.Answers = &Answers{Each: 60}
	if err := whole.answer(t.Context()); err != nil || !whole.state.answered() {
		t.Fatal(whole.state.Skipped, err)
	}
	s := madeModel(t, text)
	s.state.Answers = &Answers{Each: 60}
	m, err := polymath.Open(s.modelDir())
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := s.makeQuestions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	settings := eval.Settings{Seed: questionSeed, Shots: -1, Limit: 60}
	sheets, err := load(tasks, settings)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	subject := &stopping{Subject: eval.Local(m, eval.LocalOptions{Name: s.modelDir(), Parallel: 1}), after: 100, stop: stop}
	if _, err := s.sit(ctx, subject, sheets, settings, answersDir, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	again := &stopping{Subject: subject.Subject, stop: func() {}}
	if _, err := s.sit(t.Context(), again, sheets, settings, answersDir, nil); err != nil {
		t.Fatal(err)
	}
	if first, second := subject.scores.Load(), again.scores.Load(); second > 60*4+60*2+60*4-first+20 || second == 0 {
		t.Errorf("%d scores before the interruption and %d after", first, second)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	s.state.Seconds = 1e6 // it goes on however late it is
	if err := s.answer(t.Context()); err != nil || !reflect.DeepEqual(s.state.Answers, whole.state.Answers) {
		t.Errorf("%+v, %v; uninterrupted %+v", s.state.Answers, err, whole.state.Answers)
	}
	for _, name := range []string{reportName, markdownName} {
		if _, err := os.Stat(s.path(name)); err != nil {
			t.Error(err)
		}
	}
}

// There are as many questions as there is time for, and a few where there is none.
func TestQuestionsFitTheTime(t *testing.T) {
	s := madeModel(t, texts(t, 40, 2000))
	s.state.Seconds = 60*s.Minutes + 100
	if err := s.answer(t.Context()); err != nil || s.state.Answers == nil || s.state.Answers.Each != leastQuestions || len(s.state.Answers.Scores) != 2 {
		t.Fatalf("%+v, %+v, %v", s.state.Answers, s.state.Skipped, err)
	}
	for _, c := range []struct {
		left, grace, one float64
		want             int
	}{
		{60, 5, 0.01, mostQuestions},
		{30, 5, 0.1, 300},
		{1, 5, 0.05, leastQuestions},
		{-60, 5, 0.04, leastQuestions},
		{-60, 5, 0.06, 0},
		{6, 5, 0.1, leastQuestions},
		{60, 5, 0, mostQuestions},
		{0, 5, 0, leastQuestions},
	} {
		if each := questionsIn(c.left, c.grace, c.one); each != c.want {
			t.Errorf("%+v: %d of each", c, each)
		}
	}
}

// Text without lines and words to ask about is examined by bits per byte alone.
func TestNothingToAsk(t *testing.T) {
	dir := t.TempDir()
	for i := range 40 {
		text := strings.Repeat(string(rune('a'+i%26))+strings.Repeat("本", i+1)+"語", 100)
		if err := os.WriteFile(filepath.Join(dir, string(rune('A'+i))+".txt"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s := madeModel(t, dir)
	if err := s.answer(t.Context()); err != nil || s.state.Skipped["questions"] == "" || !s.state.answered() {
		t.Errorf("%+v, %v", s.state.Skipped, err)
	}
}

// The card has no line of more than 80 columns, whatever the names.
func TestCardFits(t *testing.T) {
	s := testSession(t, 10)
	s.state.Plan, s.state.Training = &Plan{Shape: shapeFor(1e15), Parameters: 123e6, Active: 45e6}, &Training{Steps: 12345, Tokens: 1e9}
	s.state.Machine = &Machine{CPU: "avx512bf16", Threads: 128}
	s.state.Work = Work{Steps: 12345, Seconds: 1234, FLOPs: 1e15, Limit: 2e15}
	s.state.Tokens = &Tokens{Root: "/usr/local/go", Documents: 5061, Tokens: 1e7, LeftOut: strings.Repeat("21 duplicate, ", 20), Prompts: []string{"func "}}
	s.state.Skipped = map[string]string{"samples": strings.Repeat("a long reason ", 10)}
	s.state.Samples = []Sample{{Prompt: "func ", Text: strings.Repeat("long ", 60), Temperature: 0.7}}
	for _, c := range compressors {
		s.state.Exam = &Exam{
			Documents: 288, Bytes: 798665, Cut: 128, DocTokens: 1714, Bits: 1.5, Loss: 2.5, Window: 256, Model: 2001592,
			Baselines: []Baseline{{Name: c.name, Setting: c.library, Bits: 2}},
		}
		s.state.Answers = &Answers{Each: 500, Asked: 501, Seen: 20, Scores: []Score{{"Which order two words have", stat.Mean(make([]float64, 500), nil), 0.5}, {"One", stat.Mean([]float64{1}, nil), 0}}}
		for _, s.state.Tokens.WholeFiles = range []bool{true, false} {
			var b strings.Builder
			s.state.card(&b, 123, "polymath-quickstart")
			for line := range strings.Lines(b.String()) {
				if utf8.RuneCountInString(line) > cardColumns+1 {
					t.Errorf("%d columns: %s", utf8.RuneCountInString(line)-1, line)
				}
			}
			for _, want := range []string{`(?m)^The model needs`, `(?m)^right answers to 501 questions`, `0\.0%  \(0\.0 to 0\.8; guessing: 50%\)`, "too few for an interval", `20 of them stand`, `(?m)^  polymath-quickstart/report\.html$`} {
				if !regexp.MustCompile(want).MatchString(b.String()) && (c.name == "xz" || !strings.Contains(want, "needs")) {
					t.Errorf("no %s in\n%s", want, b.String())
				}
			}
		}
	}
}
