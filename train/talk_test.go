package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
)

// talkStages has stages with conversations of their own: one file that the recipe's data
// has not, then both files and one of text.
func talkStages(t *testing.T) *Recipe {
	t.Helper()
	r := seeingRun(t)
	dir, err := makeSeeing()
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text.jsonl")
	var b bytes.Buffer
	for i := range 60 {
		line, err := json.Marshal(map[string]string{"text": fmt.Sprintf("left? red right? blue %d", i)})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(text, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	first, second := Files{filepath.Join(dir, "talk-0.jsonl")}, Files{filepath.Join(dir, "talk-1.jsonl")}
	all := []string{GroupAll}
	r.Data.Conversations, r.Steps = first, 0
	r.Stages = []StageSpec{
		{Steps: 4, Train: all, Data: []SourceSpec{{Conversations: second}}},
		{Steps: 5, Train: all, Data: []SourceSpec{{Conversations: first, Share: 0.5}, {Conversations: second, Share: 0.25}, {Conversations: Files{text}, Share: 0.25}}},
	}
	return r
}

// TestTalkStages: stages read conversations of their own, which become shards once;
// the run gives the same bits however it is interrupted, and is told as it is.
func TestTalkStages(t *testing.T) {
	r := talkStages(t)
	whole, parts := t.TempDir(), t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	sets, err := filepath.Glob(filepath.Join(whole, "data*"))
	if err != nil || len(sets) != 3 {
		t.Errorf("%v, %v", sets, err)
	}
	for _, stop := range []int{2, 4, 6} {
		if got := runUntil(t, r, Options{RunDir: parts, Resume: true}, stop); got.Step != stop || got.Finished {
			t.Fatalf("%+v", got)
		}
	}
	got := mustRun(t, r, Options{RunDir: parts, Resume: true})
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, parts)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
	if e := got.Eval.Stage; e == nil || e.Stage != 2 || e.SwappedLoss <= 0 {
		t.Errorf("%+v", e)
	}
	from, err := SourcesOf(whole)
	second, text := filepath.Join(whole, "data-2"), filepath.Join(whole, "data-3")
	own := filepath.Join(whole, "data")
	if err != nil || from.Shards != own || !slices.Equal(from.Stages, []string{second, own, second, text}) {
		t.Errorf("%+v, %v", from, err)
	}
	set, err := shard.OpenSet(text)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	read := 0
	for doc := range set.NumDocs() {
		when, err := StepsOf(whole, set.ID(doc))
		if err != nil {
			t.Fatal(err)
		}
		if read += len(when.Steps); slices.ContainsFunc(when.Steps, func(step int) bool { return step <= 4 }) {
			t.Errorf("a text is read in the steps %v", when.Steps)
		}
	}
	if read == 0 {
		t.Error("no text was read")
	}
}

// TestTalkStagesPlan: a dry run tells of each source what it holds, and leaves nothing.
func TestTalkStagesPlan(t *testing.T) {
	r := talkStages(t)
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	run := filepath.Join(t.TempDir(), "run")
	told := 0.0
	trainer, err := New(r, Options{RunDir: run, DryRun: true, Preparing: func(share float64) error {
		if share < told || share > 1 {
			t.Errorf("%v after %v", share, told)
		}
		told = share
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := trainer.Plan()
	var got []string
	for _, s := range p.Stages {
		for _, from := range s.Sources {
			got = append(got, fmt.Sprintf("%s: %d objects, %d pictures", filepath.Base(from.Conversations.String()), from.Data.Objects, from.Data.Pictures))
			if all := int64(from.Data.Pictures); from.Pictures > all || (from.Pictures == 0) != (all == 0) || from.Pictures < all*8/10 {
				t.Errorf("%d of %d pictures are trained on", from.Pictures, all)
			}
		}
	}
	want := []string{
		"talk-1.jsonl: 150 objects, 150 pictures", "talk-0.jsonl: 150 objects, 150 pictures",
		"talk-1.jsonl: 150 objects, 150 pictures", "text.jsonl: 60 objects, 0 pictures",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if told < 0.9 {
		t.Errorf("the progress ended at %v", told)
	}
	// The second stage has a quarter of texts without pictures, so less to see.
	perToken := func(i int) float64 { return p.Stages[i].FLOPs / float64(p.Stages[i].Tokens) }
	if perToken(1) >= perToken(0) {
		t.Errorf("%v operations a token with pictures, %v with texts among them", perToken(0), perToken(1))
	}
	if err := trainer.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if _, err := os.Stat(run); !os.IsNotExist(err) {
		t.Errorf("the run's directory: %v", err)
	}
}

// TestTalkStageRows: a stage with longer rows reads the recipe's conversations as long as
// these let them be, and not as they were cut for its own.
func TestTalkStageRows(t *testing.T) {
	r := talkStages(t)
	talk := filepath.Join(t.TempDir(), "talk.jsonl")
	line := `{"messages": [{"role": "user", "content": "left?"}, {"role": "assistant", "content": "` + strings.Repeat("red blue ", 8) + `"}]}` + "\n"
	mustWrite(t, talk, []byte(strings.Repeat(line, 60)))
	r.Data.Conversations, r.Data.HeldOut, r.Eval = Files{talk}, 0, EvalSpec{}
	r.Batch = BatchSpec{Tokens: 64, Rows: 2, Sequence: 32}
	all := []string{GroupAll}
	r.Stages = []StageSpec{{Steps: 3, Train: all}, {Steps: 3, Train: all, Batch: BatchSpec{Sequence: 128}}}
	run := t.TempDir()
	trainer, err := New(r, Options{RunDir: run})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	p := trainer.Plan()
	if own, longer := p.Stages[0].Sources[0], p.Stages[1].Sources[0]; own.Shards != filepath.Join(run, "data") ||
		longer.Shards != filepath.Join(run, "data-2") || longer.Data == nil || longer.Data.CutShort != 0 || longer.Tokens <= own.Tokens {
		t.Errorf("%+v, then %+v", own, longer)
	}
	trained := t.TempDir()
	mustRun(t, r, Options{RunDir: trained})
	from, err := SourcesOf(trained)
	if err != nil || len(from.Stages) != 1 || filepath.Base(from.Stages[0]) != "data-2" {
		t.Errorf("%+v, %v", from, err)
	}
}

// TestTalkNoRun: without a run's directory nothing is looked for where the program runs.
func TestTalkNoRun(t *testing.T) {
	r := talkStages(t)
	t.Chdir(t.TempDir())
	if err := os.Mkdir("data", 0o777); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join("data", shard.ManifestName), []byte("{}"))
	trainer, err := New(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTalkStageErrors: what is no source is refused, with its place in the recipe.
func TestTalkStageErrors(t *testing.T) {
	for _, c := range []struct {
		change func(s *SourceSpec)
		want   string
	}{
		{func(s *SourceSpec) { s.Conversations = nil }, "stages[0].data[0].shards: name the directory of the token shards, or files"},
		{func(s *SourceSpec) { s.Shards = "shards" }, "stages[0].data[0].conversations: a source is conversations or shards"},
		{func(s *SourceSpec) { s.Conversations = Files{""} }, "stages[0].data[0].conversations: a file without a name"},
		{func(s *SourceSpec) { s.Whole = true }, "stages[0].data[0].whole: conversations are always whole"},
		{func(s *SourceSpec) { s.Conversations = Files{"none-*.jsonl"} }, "stages[0].data[0].conversations: none-*.jsonl: there is no such file"},
	} {
		r := talkStages(t)
		c.change(&r.Stages[0].Data[0])
		trainer, err := New(r, Options{})
		if err == nil {
			trainer.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	r := talkStages(t)
	made := t.TempDir()
	mustRun(t, r, Options{RunDir: made})
	shards := filepath.Join(made, dataDir)
	r.Model.Vision, r.Data.Conversations = VisionSpec{}, r.Stages[1].Data[2].Conversations
	r.Stages = []StageSpec{{Steps: 2, Train: []string{GroupAll}, Data: []SourceSpec{{Shards: shards}}}}
	trainer, err := New(r, Options{})
	if err == nil {
		trainer.Close()
	}
	if want := "stages[0].data[0]: the documents in " + shards; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestEyesMixed: rows of several sets see the pictures of their own set.
func TestEyesMixed(t *testing.T) {
	first := eyesData(t, eyesShards(t, nil))
	random := rand.New(rand.NewPCG(7, 7))
	second := eyesData(t, eyesShards(t, func(_ int, data []byte) []byte {
		cfg, err := png.DecodeConfig(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return eyesPNG(random, cfg.Width, cfg.Height)
	}))
	f := newFeed([]*dataset{first, second}, []float64{0.6, 0.4})
	f.eyes = first.eyes
	d := (&loader{batch: eyesBatch}).newStep()
	var row shard.Row
	differ := false
	for at := int64(0); at < 10*eyesBatch.rowsPerStep(); at += eyesBatch.rowsPerStep() {
		if err := d.fill(t.Context(), f, eyesBatch, at, &row); err != nil {
			t.Fatal(err)
		}
		for i := range d.micro {
			var want, other []tensor.BF16
			for k := range int64(eyesBatch.Rows) {
				source, n := f.at(at + int64(i*eyesBatch.Rows) + k)
				want = append(want, wantPatches(t, f.sources[source], n, n+1)...)
				other = append(other, wantPatches(t, f.sources[1-source], n, n+1)...)
			}
			if !slices.Equal(d.micro[i].batch.Patches, want) {
				t.Fatalf("the microbatch at row %d differs", at)
			}
			differ = differ || !slices.Equal(want, other)
		}
	}
	if !differ {
		t.Error("both sets show the same")
	}
}
