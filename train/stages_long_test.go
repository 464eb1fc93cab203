package train

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
)

// longRun grows its rows from 32 to 64 and 128 tokens, on data of its own.
func longRun(t *testing.T) *Recipe {
	t.Helper()
	r := tinyRun(t)
	r.Steps, r.EMA, r.Sample.Prompts = 0, 0, nil
	r.Eval, r.Spike.Window = EvalSpec{Every: 2, Rows: 4}, 4
	all := []string{GroupAll}
	r.Stages = []StageSpec{
		{Steps: 4, Train: all},
		{
			Tokens: 500, Train: all, Batch: BatchSpec{Sequence: 64}, RopeTheta: 50000, LRScale: 0.5,
			Data: []SourceSpec{{Shards: r.Data.Shards, Share: 0.75, Whole: true}, {Shards: r.Data.Shards, Share: 0.25}},
		},
		{
			Steps: 3, Train: all, Batch: BatchSpec{Sequence: 128, Rows: 1, Tokens: 256}, Context: 256,
			RopeScaling: &model.RopeScaling{Type: model.RopeYaRN, Factor: 4},
		},
	}
	return r
}

// TestLongStages: a run whose rows grow gives the same bits whether it was
// interrupted or not, in the middle of a stage and between two.
func TestLongStages(t *testing.T) {
	r := longRun(t)
	whole := t.TempDir()
	trainer, err := New(r, Options{RunDir: whole})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	p := trainer.Plan()
	if got := stageLengths(p.Stages); !slices.Equal(got, []int{4, 4, 3}) || p.Steps != 11 || p.Tokens != 4*128+4*128+3*256 {
		t.Fatalf("stages of %v steps, %d in all, %d tokens", got, p.Steps, p.Tokens)
	}
	want, err := trainer.Run(t.Context())
	if err != nil || !want.Finished {
		t.Fatal(want, err)
	}
	cfg, err := model.ReadConfig(want.ModelDir)
	if err != nil {
		t.Fatal(err)
	}
	scaling := &model.RopeScaling{Type: model.RopeYaRN, Factor: 4, OriginalPositions: 64}
	if cfg.RopeTheta != 50000 || cfg.MaxPositions != 256 || !cmp.Equal(cfg.RopeScaling, scaling) {
		t.Errorf("the model has theta %v, %d positions and %+v", cfg.RopeTheta, cfg.MaxPositions, cfg.RopeScaling)
	}
	records, err := ReadMetrics(whole)
	if err != nil {
		t.Fatal(err)
	}
	measured := 0
	for _, rec := range records {
		if rec.Kind == KindEval {
			stage := map[int]int{2: 0, 4: 0, 6: 2, 8: 2, 10: 3, 11: 3}[rec.Step]
			if (rec.Eval.Stage == nil) != (stage == 0) || stage > 0 && (rec.Eval.Stage.Stage != stage || rec.Eval.Stage.Tokens == 0) || rec.Eval.Tokens == 0 {
				t.Errorf("step %d: %+v", rec.Step, rec.Eval)
			}
			measured++
		}
	}
	if measured != 6 {
		t.Errorf("%d measurements", measured)
	}
	for _, every := range []int{1, 2, 4, 8} {
		steps := 0
		last := -1
		dir, got, times := interrupted(t, r, func(trainer *Trainer, try int) bool {
			if trainer.step != last {
				last, steps = trainer.step, steps+1
			}
			return trainer.step > 0 && trainer.step%every == 0 && trainer.step/every == try
		})
		if times == 0 {
			t.Error("the run was never interrupted")
		}
		if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, dir)); diff != "" {
			t.Errorf("interrupted every %d steps: %s", every, diff)
		}
		sameModel(t, want.ModelDir, got.ModelDir)
		if diff := cmp.Diff(watcherOf(t, want), watcherOf(t, got)); diff != "" {
			t.Errorf("interrupted every %d steps, what spikes are held against: %s", every, diff)
		}
	}
}

// watcherOf is what the last checkpoint of a run remembers of losses.
func watcherOf(t *testing.T, r Result) watcher {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(r.Checkpoint, trainingDir, stateFile))
	if err != nil {
		t.Fatal(err)
	}
	var s trainState
	if err := json.Unmarshal(source, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Watcher.Losses) != 3 { // of the last stage, which has data of its own
		t.Errorf("losses %v", s.Watcher.Losses)
	}
	return s.Watcher
}

// TestLongStagesRead: the steps that are said to read a document read it.
func TestLongStagesRead(t *testing.T) {
	r := longRun(t)
	dir := t.TempDir()
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[shard.ID][]int{}
	var row shard.Row
	for i := range trainer.legs {
		l := &trainer.legs[i]
		loading, stop := context.WithCancel(t.Context())
		rows := newLoader(loading, l.feed, l.batch, l.row)
		for step := l.first + 1; step <= l.end(); step++ {
			data := rows.next(t.Context())
			for at := data.rows[0]; at < data.rows[1]; at++ {
				l.feed.row(at, &row)
				for _, doc := range row.Docs {
					if list := want[doc.ID]; doc.Doc >= 0 && (len(list) == 0 || list[len(list)-1] != step) {
						want[doc.ID] = append(list, step)
					}
				}
			}
			rows.done(data)
		}
		stop()
		<-rows.ended
	}
	checked := 0
	for doc := range trainer.data.set.NumDocs() {
		if doc%7 != 0 {
			continue
		}
		id := trainer.data.set.ID(doc)
		got, err := StepsOf(dir, id)
		if err != nil || !slices.Equal(got.Steps, want[id]) {
			t.Errorf("document %d: %v, want %v, %v", doc, got, want[id], err)
		}
		checked += len(want[id])
	}
	if checked == 0 {
		t.Error("no document was read")
	}
}

// TestOrderOf: no two sources of a run have one order.
func TestOrderOf(t *testing.T) {
	for stages := 1; stages < 6; stages++ {
		seen := map[uint64]bool{0: true} // that of the recipe's data
		for i := range stages {
			for k := range 9 {
				n := orderOf(i, k, stages)
				if seen[n] {
					t.Errorf("source %d of stage %d of %d has the order %d, as another has", k, i, stages, n)
				}
				seen[n] = true
			}
		}
	}
}

// TestFeed: every run of rows has its shares, and the numbers of rows go to and fro.
func TestFeed(t *testing.T) {
	sources := []*dataset{{}, {}, {}}
	f := newFeed(sources, []float64{0.7, 0.29, 0.01})
	next := make([]int64, 3)
	for i := range int64(3000) {
		s, at := f.at(i)
		if at != next[s] || f.number(s, at) != i || f.count(s, i) != at {
			t.Fatalf("row %d is %d of source %d; %d is next", i, at, s, next[s])
		}
		next[s]++
		for k, share := range []float64{0.7, 0.29, 0.01} {
			if off := float64(next[k]) - share*float64(i+1); off < -1 || off > 1 {
				t.Fatalf("source %d has %d of %d rows", k, next[k], i+1)
			}
		}
	}
}

// TestMeasured: what is measured is of all stages of a corpus.
func TestMeasured(t *testing.T) {
	dir := t.TempDir()
	w, err := shard.NewWriter(dir, shard.Header{TokenizerHash: strings.Repeat("0", 64), VocabSize: 10, EndOfText: 9})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for stage, docs := range []int{900, 300} {
		w.BeginStage(fmt.Sprint(stage))
		for i := range docs {
			if err := w.Add(shard.ID{byte(stage), byte(i >> 8), byte(i)}, []int32{int32(stage), int32(i % 9)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := shard.OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	d := &dataset{set: set, held: shard.NewOrder(set, 3, 0)}
	rows, read := d.measured(8)
	list := newFeed([]*dataset{d}, nil).heldOut(8)
	var row shard.Row
	var got, fed [2]int
	for i := range rows {
		read(i, &row)
		got[row.Docs[0].ID[0]]++
		list[i].read(&row)
		fed[row.Docs[0].ID[0]]++
	}
	if want := [2]int{6, 2}; got != want || fed != want || len(list) != 8 {
		t.Errorf("rows of the stages: %v, and as a source %v; want %v", got, fed, want)
	}
}

func TestLongStageErrors(t *testing.T) {
	for _, c := range []struct {
		change func(r *Recipe)
		want   string
	}{
		{func(r *Recipe) { r.Steps = 20 }, "stages[2].steps: the last stage has the steps that are left"},
		{func(r *Recipe) { r.Stages[2].Steps = 0 }, "steps: set the length of the run"},
		{func(r *Recipe) { r.Stages[1].Steps = 3 }, "stages[1].tokens: set the length of the stage in steps or in tokens"},
		{func(r *Recipe) { r.Stages[1].Data[0].Share = 0.5 }, "stages[1].data: the shares of the rows add up to 0.75"},
		{func(r *Recipe) { r.Stages[1].Data[0].Share = 0 }, "stages[1].data[0].share"},
		{func(r *Recipe) { r.Stages[1].Data[1].Shards = "" }, "stages[1].data[1].shards: name the directory"},
		{func(r *Recipe) { r.Stages[2].Batch.Tokens = 200 }, "stages[2].batch.tokens: 200 tokens are no whole number of microbatches"},
		{func(r *Recipe) { r.Stages[2].Context = 100 }, "stages[2].max_position_embeddings: rows of 128 tokens are longer than the 100 positions"},
		{func(r *Recipe) { r.Stages[2].RopeScaling.Type = "dynamic" }, `rope_scaling.rope_type "dynamic" is not one of`},
		{func(r *Recipe) { r.Stages[1].Data[0].Shards = t.TempDir() }, "stages[1].data[0]: "},
		{func(r *Recipe) { r.Stages[2].Steps, r.Epochs = 0, 1 }, "epochs: give the length"},
		{func(r *Recipe) {
			r.Stages[1].Data, r.Stages[2].Batch = []SourceSpec{{Shards: r.Data.Shards}}, BatchSpec{}
			r.Stages[1].Batch, r.Stages[2].Steps, r.Epochs = BatchSpec{}, 0, 1
		}, "epochs: give the length"},
		{func(r *Recipe) {
			r.Stages[1].RopeScaling, r.Stages[1].Context = &model.RopeScaling{Type: model.RopeYaRN, Factor: 4}, 128
		}, "stages[2].rope_scaling: a factor of 4, of the 32 positions before all stretching, does not reach the 256 of the model: give 8"},
		{func(r *Recipe) { r.Stages[2].Batch, r.Stages[2].Context = BatchSpec{Sequence: 16}, 16 }, "stages[2].max_position_embeddings: rows of 32 tokens are longer than the 16 positions"},
	} {
		r := longRun(t)
		c.change(r)
		trainer, err := New(r, Options{})
		if err == nil {
			trainer.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestLongStageRecipe: recipes whose stages have rows or data of their own are written
// and read again.
func TestLongStageRecipe(t *testing.T) {
	for _, r := range []*Recipe{longRun(t), talkStages(t)} {
		text, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseRecipe(filepath.Join(t.TempDir(), "r.yaml"), text)
		if err != nil || again.Hash() != r.Hash() {
			t.Errorf("%v\n%s", err, text)
		}
	}
}

// TestRecomputeRun: a run that computes activations again gives the same bits, and its
// plan says what that saves.
func TestRecomputeRun(t *testing.T) {
	r := longRun(t)
	kept, again := t.TempDir(), t.TempDir()
	want := mustRun(t, r, Options{RunDir: kept})
	trainer, err := New(r, Options{RunDir: again, Memory: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	all := trainer.Plan()
	if _, err := trainer.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "With batch.recompute: true it would need ") ||
		!strings.Contains(err.Error(), "still too much") {
		t.Error(err)
	}
	r.Stages[1].Batch.Recompute, r.Stages[2].Batch.Recompute = true, true
	lean, err := New(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lean.Close()
	if got, p := lean.Plan(), all; got.Stages[0].Memory != p.Stages[0].Memory || got.Stages[1].Memory >= p.Stages[1].Memory || got.Stages[2].Memory >= p.Stages[2].Memory {
		t.Errorf("recomputing takes %v in place of %v", got.Stages, p.Stages)
	}
	got := mustRun(t, r, Options{RunDir: again})
	if diff := cmp.Diff(mustCurve(t, kept), mustCurve(t, again)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
}

// TestStretchModel: a stage gives a model that is there the positions that rows of the
// recipe need; without one they are refused with what to write.
func TestStretchModel(t *testing.T) {
	first := mustRun(t, tinyRun(t), Options{RunDir: t.TempDir()})
	r := tinyRun(t)
	shape := DefaultRecipe().Model
	shape.From = first.ModelDir
	r.Model, r.Tokenizer, r.Steps, r.Sample.Prompts = shape, "", 4, nil
	r.Batch.Rows, r.Batch.Sequence = 1, 64
	want := "batch.sequence: rows of 64 tokens are longer than the 32 positions of the model: shorten them, or stretch the model: stages: [{max_position_embeddings: 64}]"
	if trainer, err := New(r, Options{}); err == nil || !strings.HasSuffix(err.Error(), want) {
		if err == nil {
			trainer.Close()
		}
		t.Errorf("got  %v\nwant %s", err, want)
	}
	r.Stages = []StageSpec{{Train: []string{GroupAll}, Context: 64}}
	got := mustRun(t, r, Options{RunDir: t.TempDir()})
	if cfg, err := model.ReadConfig(got.ModelDir); err != nil || cfg.MaxPositions != 64 {
		t.Errorf("the model has %v, %v", cfg, err)
	}
}
