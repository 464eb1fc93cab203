package quickstart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

// More time makes a model wider, and every shape is one that trains.
func TestShapesGrowWithTime(t *testing.T) {
	last := Shape{}
	for _, flops := range []float64{1e9, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e18} {
		s := shapeFor(flops)
		if s.Width < last.Width || s.Layers < last.Layers || s.Vocab < last.Vocab {
			t.Errorf("%.0e operations: %+v after %+v", flops, s, last)
		}
		if s.LR <= 0 || s.LR > last.LR && last.LR > 0 {
			t.Errorf("%.0e operations: learning rate %v after %v", flops, s.LR, last.LR)
		}
		r := s.recipe(recipeOptions{tokenizer: "t", shards: "s", heldOut: 0.1, steps: 100, evalEvery: 10, evalRows: 4})
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
		last = s
	}
}

// What the planner counts is what the model has.
func TestShapeCounts(t *testing.T) {
	for _, flops := range []float64{1e12, 1e14, 1e16} {
		s := shapeFor(flops)
		cfg, err := model.Default(model.Qwen3MoE)
		if err != nil {
			t.Fatal(err)
		}
		cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = s.Vocab, s.Width, s.Layers
		cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = s.Width/headDim, s.Width/headDim, headDim
		cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = experts, expertsUsed, s.ExpertWidth
		cfg.TieEmbeddings = true
		_, active := cfg.Params()
		if ratio := float64(s.active()) / float64(active); math.Abs(ratio-1) > 0.01 {
			t.Errorf("%+v: %d active parameters, the model has %d", s, s.active(), active)
		}
		if ratio := s.flopsPerToken() / (3 * cfg.FLOPs(s.Sequence)); math.Abs(ratio-1) > 0.01 {
			t.Errorf("%+v: %.3e operations a token, the model says %.3e", s, s.flopsPerToken(), 3*cfg.FLOPs(s.Sequence))
		}
	}
}

func testSession(t *testing.T, minutes float64) *session {
	t.Helper()
	s := &session{
		Options: Options{
			Dir: t.TempDir(), Minutes: minutes, Out: new(strings.Builder),
			Screen: progress.NewScreen(new(strings.Builder)), Log: slog.New(slog.DiscardHandler),
		},
		start: time.Now(),
	}
	s.state = state{Version: stateVersion, Minutes: minutes, Machine: &Machine{Peak: 1e11}}
	return s
}

// A run that is too slow for the time gets fewer steps, one that is too fast
// more, and one that is on time goes on.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		name     string
		step     time.Duration // that each takes
		steps    int           // planned
		min, max int           // wanted; 0: unchanged
	}{
		{"on time", 100 * time.Millisecond, 5800, 0, 0},
		{"slow", 200 * time.Millisecond, 5800, 2700, 3000},
		{"fast", 50 * time.Millisecond, 5800, 10900, 11900},
		{"slow, but the rate falls already", 200 * time.Millisecond, 1990, 0, 0},
		{"so slow that the rate would have fallen", 500 * time.Millisecond, 5800, 2002, 2002},
	} {
		s := testSession(t, 10)
		stopped := 0
		w := &pace{session: s, after: 20, decay: decayShare, steps: c.steps, stop: func() { stopped++ }}
		const taken = 1000
		s.start = time.Now().Add(-taken * c.step) // so much is gone
		for i := range taken {
			w.ends = append(w.ends, s.start.Add(time.Duration(i+1)*c.step))
		}
		w.adjust(taken)
		if changed := w.steps != c.steps; changed != (c.max > 0) || changed != (stopped == 1) {
			t.Errorf("%s: %d steps, stopped %d times", c.name, w.steps, stopped)
		}
		if c.max > 0 && (w.steps < c.min || w.steps > c.max) {
			t.Errorf("%s: %d steps, want %d to %d", c.name, w.steps, c.min, c.max)
		}
	}
}

// Where memory is too little, the model is narrower; the smallest one's error
// says what to do.
func TestNarrowUntilItFits(t *testing.T) {
	for _, fits := range []int{1000, 192, 0} {
		s := testSession(t, 10)
		p := &Plan{Shape: shapeFor(1e15)}
		p.Shape.Vocab = 4096 - 64
		first, tried := p.Shape.Width, 0
		_, narrowed, err := s.fitShape(t.Context(), p, func(_ context.Context, p *Plan) (trial, error) {
			tried++
			if p.Shape.Width <= fits {
				return trial{}, nil
			}
			return trial{}, fmt.Errorf("trial: %w", &train.MemoryError{Need: train.Memory{Total: 2 << 30}, Available: 1 << 30})
		})
		switch {
		case fits == 0 && (err == nil || !strings.Contains(err.Error(), "2.0 GiB of memory, and 1.0 GiB")):
			t.Errorf("%d tried: %v", tried, err)
		case fits > 0 && (err != nil || p.Shape.Width > fits || narrowed != (first > fits) || p.Shape.Vocab != 4096-64):
			t.Errorf("up to width %d: %+v after %d, narrowed %v, %v", fits, p.Shape, tried, narrowed, err)
		}
	}
}

// A restart must pay: nothing changes within the first steps and seconds.
func TestPaceIsPatient(t *testing.T) {
	s := testSession(t, 10)
	w := &pace{session: s, work: &s.state.Work, after: 20, steps: 10, stop: func() { t.Error("stopped at once") }}
	for n := 1; n <= 100; n++ {
		w.observe(train.Record{Kind: train.KindStep, Step: n, Timing: &train.Timing{Seconds: 0.5, MFU: 0.3}})
	}
	if work := s.state.Work; work.Steps != 100 || work.Seconds != 50 || math.Abs(work.FLOPs-1.5e12) > 1 {
		t.Errorf("%+v", work)
	}
}

func TestStateSurvives(t *testing.T) {
	s := testSession(t, 10)
	s.state.Seconds = 100
	s.state.Tokens = &Tokens{Root: "r", Tokens: 5}
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.path(stateName))
	if err != nil {
		t.Fatal(err)
	}
	again, err := parseState(data)
	if err != nil {
		t.Fatal(err)
	}
	if again.Seconds < 100 || again.Seconds > 200 || again.Tokens.Tokens != 5 {
		t.Errorf("%+v", again)
	}
	var option *OptionError
	other := testSession(t, 20)
	if err := other.resume(data); !errors.As(err, &option) || !strings.Contains(err.Error(), "--fresh") {
		t.Errorf("other minutes: %v", err)
	}
}

func FuzzState(f *testing.F) {
	good, err := json.Marshal(state{Version: stateVersion, Minutes: 10, Plan: &Plan{}, Exam: &Exam{}, Answers: &Answers{Scores: []Score{{}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"version":1,"seconds":-5}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"unknown":0}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseState(data)
		if err == nil && (s.Version != stateVersion || s.Seconds < 0) {
			t.Fatalf("took %+v", s)
		}
	})
}

// Fresh removes what a quick start made and nothing else.
func TestFreshRemovesItsOwn(t *testing.T) {
	s := testSession(t, 10)
	for _, name := range []string{stateName, cardName, "mine.txt"} {
		if err := os.WriteFile(s.path(name), []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(s.path(runDir, "model"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := s.remove(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(s.path("*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != "mine.txt" {
		t.Errorf("left: %v, %v", left, err)
	}
}

// The examination counts every token and the end of every document once, and
// agrees with the loss of whole documents where they fit its window.
func TestExaminer(t *testing.T) {
	cfg, err := model.Default(model.Qwen3MoE)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers = 50, 32, 1
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 2, 2, 16
	cfg.NumExperts, cfg.NumExpertsPerTok, cfg.MoEIntermediateSize = 4, 2, 32
	cfg.MaxPositions, cfg.InitStd = 64, 0.2
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := &examiner{model: m, workspace: model.NewWorkspace(m, 64, false), window: 16, end: 49}
	want, short := 0, 0.0
	for n := range 70 {
		ids := []int32{49}
		for i := range n {
			ids = append(ids, int32((i*i+n)%49))
		}
		if n <= 15 {
			targets := append(append([]int32{}, ids[1:]...), 49)
			stats, err := m.Loss(e.workspace, &model.Batch{Tokens: ids, Spans: []model.Span{{Len: len(ids)}}}, targets)
			if err != nil {
				t.Fatal(err)
			}
			short += stats.Loss
		}
		if err := e.add(ids, 49); err != nil {
			t.Fatal(err)
		}
		if n == 15 {
			if err := e.flush(); err != nil {
				t.Fatal(err)
			}
			if math.Abs(e.loss-short) > 1e-9*short {
				t.Errorf("short documents: %v, want %v", e.loss, short)
			}
		}
		want += n + 1
	}
	if err := e.flush(); err != nil {
		t.Fatal(err)
	}
	if e.tokens != int64(want) {
		t.Errorf("%d tokens were counted, want %d", e.tokens, want)
	}
}

func TestCompress(t *testing.T) {
	text := []byte(strings.Repeat("All work and no play makes Jack a dull boy.\n", 500))
	all, err := Compress(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"gzip", "xz", "zstd"} {
		b := all[i]
		if b.Name != name || b.Setting == "" || b.Bytes <= 0 || b.Bytes > 1000 || math.Abs(b.Bits-8*float64(b.Bytes)/float64(len(text))) > 1e-12 {
			t.Errorf("%+v", b)
		}
	}
	// The libraries stand in where the tools are not installed.
	for _, c := range compressors {
		c.tool = []string{"no-such-tool"}
		b, err := c.measure(t.Context(), text)
		if err != nil || b.Bytes <= 0 || b.Setting != c.library {
			t.Errorf("%s: %+v, %v", c.name, b, err)
		}
	}
}

// texts makes files of different words.
func texts(t *testing.T, files, words int) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, uint64(files)))
	for i := range files {
		var b strings.Builder
		for w := range words {
			fmt.Fprintf(&b, "%s%d ", []string{"stone", "river", "cloud", "tower"}[random.IntN(4)], random.IntN(300))
			if w%12 == 11 {
				b.WriteString("\n")
			}
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.txt", i)), []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func madeTokens(t *testing.T, text string) *session {
	t.Helper()
	s := testSession(t, 10)
	s.Text, s.state.Text = text, text
	if err := s.makeTokens(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Whole files are held out where there are many, parts of them where there are
// few; the tokenizer learns from neither, and both together are the shards.
func TestMakeTokens(t *testing.T) {
	for _, files := range []int{1, 3, 40} {
		s := madeTokens(t, texts(t, files, 20000/files+1000))
		tokens := s.state.Tokens
		if tokens.WholeFiles != (files >= wholeFiles) || tokens.Documents < wholeFiles || len(tokens.Prompts) != 2 {
			t.Errorf("%d files: %+v", files, tokens)
		}
		set, err := shard.OpenSet(s.shardsPath())
		if err != nil {
			t.Fatal(err)
		}
		learned, held := set.Split(tokens.HeldOut)
		if learned.Tokens() == 0 || held.Tokens() == 0 || learned.Tokens()+held.Tokens() != tokens.Tokens {
			t.Errorf("%d files: %d tokens learned, %d held out of %d", files, learned.Tokens(), held.Tokens(), tokens.Tokens)
		}
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}
		// the recipe is that of the corpus: building by it again changes nothing
		r, err := corpus.ReadRecipe(s.path(corpusDir, recipeName))
		if err != nil {
			t.Fatal(err)
		}
		m, err := corpus.Build(t.Context(), r, corpus.Options{Notice: func(text string) { t.Error(text) }})
		if err != nil || m.Shards != tokens.ShardsHash || m.Tokenizer != tokens.TokenizerHash {
			t.Errorf("%d files: by the recipe: %+v, %v", files, m, err)
		}
	}
}

// The tokenizer learns from the same text whatever the held-out documents say.
func TestTokenizerIsBlindToHeldOutText(t *testing.T) {
	dir := texts(t, 40, 1500)
	s := madeTokens(t, dir)
	first := s.state.Tokens
	c, err := corpus.Open(s.path(corpusDir))
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	err = c.Each(t.Context(), false, func(f *corpus.Found) error {
		id, err := document.ParseID(f.Record.Text)
		if err != nil || !shard.HeldOut(id, first.HeldOut) {
			return err
		}
		for salt := 0; ; salt++ { // one that is held out too
			text := []byte(strings.Repeat(fmt.Sprintf("xyzzy%d plugh\n", salt), int(f.Record.TextBytes))[:f.Record.TextBytes-1] + ".")
			if shard.HeldOut(document.NewID(text), first.HeldOut) {
				changed++
				return os.WriteFile(f.Record.Origin.File, text, 0o666)
			}
		}
	})
	if err != nil || changed == 0 || c.Close() != nil {
		t.Fatalf("%d changed, %v", changed, err)
	}
	second := madeTokens(t, dir).state.Tokens
	if first.TokenizerHash != second.TokenizerHash || first.ShardsHash == second.ShardsHash {
		t.Error("held-out text changes the tokenizer, or nothing was changed")
	}
}

// A quick start that was stopped while it read goes on with what it decided, also
// on a machine of another speed.
func TestReadingGoesOn(t *testing.T) {
	dir := texts(t, 40, 2000)
	s := testSession(t, 10)
	s.Text, s.state.Text = dir, dir
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := s.makeTokens(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := s.save(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.path(stateName))
	if err != nil {
		t.Fatal(err)
	}
	again := &session{Options: s.Options, start: time.Now(), state: state{Version: stateVersion, Text: dir, Minutes: 10}}
	if err := again.resume(data); err != nil || again.state.Draft == nil || *again.state.Draft != *s.state.Draft {
		t.Fatalf("%+v, %v", again.state.Draft, err)
	}
	again.state.Machine = &Machine{Peak: 1e13}
	if err := again.makeTokens(t.Context()); err != nil || again.state.Tokens.Shape.Width != s.state.Draft.Shape.Width {
		t.Errorf("%+v, %v", again.state.Tokens, err)
	}
}

func TestLeftOut(t *testing.T) {
	r := corpus.SourceReport{Unread: 7}
	r.Funnel.Skipped = map[string]int64{"no known format": 2, "empty file": 1}
	r.Funnel.Dropped = map[string]map[string]corpus.Count{"extract": {"binary": {Docs: 1}, "empty": {Docs: 1}}, "code": {"table": {Docs: 4}}}
	r.After.Gone = map[string]corpus.Count{"exact": {Docs: 5}}
	if got := leftOut(&r); got != "3 binary, 5 duplicate, 2 empty, 4 tables of numbers, 7 files more than needed" {
		t.Error(got)
	}
	if got := leftOut(&corpus.SourceReport{}); got != "none" {
		t.Error(got)
	}
}

// What cannot be learned from is said in words that name the path and not a
// recipe.
func TestTextThatTeachesNothing(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"binary/picture.png": "\x89PNG\x00\x01", "small/a.txt": "Too little.\n", "blank/a.txt": " \n\t\n"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "none"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"binary": "no text found in .*binary: it has 1 files .left out: 1 binary", "small": "small has too little text", "blank": "no text found in .*blank",
		"none": "reading text: .*none: no file is there", "missing": "reading text: .*missing: no such file or directory",
	} {
		for _, dry := range []bool{true, false} {
			s := testSession(t, 10)
			s.Text, s.state.Text, s.DryRun = filepath.Join(dir, name), filepath.Join(dir, name), dry
			err := s.run(t.Context())
			if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) || strings.Contains(err.Error(), recipeName) {
				t.Errorf("%s, dry %v: %v", name, dry, err)
			}
		}
	}
}

// The examination is spread over the documents.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		lengths     []int
		tokens      int64
		doc, minDoc int
		total       int64
	}{
		{[]int{100, 200, 5000}, 1 << 20, 0, 5000, 5303},
		{[]int{100, 4000, 8000, 50000}, 9104, 3000, 3000, 9104},
		{[]int{5000, 5000, 5000}, 2000, minDocTokens, minDocTokens, 2000},
		{[]int{5000}, 1, minDocTokens, minDocTokens, minDocTokens},
	} {
		doc, total := spread(c.lengths, c.tokens)
		if doc < c.minDoc || c.doc > 0 && doc != c.doc || total != c.total {
			t.Errorf("%v in %d tokens: %d of each, %d in all", c.lengths, c.tokens, doc, total)
		}
	}
}
