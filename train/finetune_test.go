package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/conversation"
)

// makeTalk writes a small model, trained on stories, and 200 conversations about
// something else, once for all tests.
var makeTalk = sync.OnceValues(func() (dir string, err error) {
	dir = filepath.Join(scratch, "talk")
	f, err := makeFixture()
	if err != nil {
		return "", err
	}
	r := tinyRecipeFor(f)
	r.Steps, r.EMA, r.Model.BiasRate, r.Model.Context = 60, 0, 0, 512
	r.Model.HiddenSize, r.Model.ExpertSize = 48, 48
	r.Sample.Prompts = nil
	t, err := New(r, Options{RunDir: filepath.Join(dir, "run")})
	if err != nil {
		return "", err
	}
	defer t.Close()
	if _, err := t.Run(context.Background()); err != nil {
		return "", err
	}
	var b strings.Builder
	random := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		who, what := words[0][random.IntN(5)], words[2][random.IntN(5)]
		line, err := json.Marshal(map[string]any{"messages": []map[string]string{
			{"role": "user", "content": "who sees " + what + "?"},
			{"role": "assistant", "content": who + " sees " + what},
			{"role": "user", "content": fmt.Sprint("and who eats it? ", random.IntN(1000))},
			{"role": "assistant", "content": "nobody eats " + what},
		}})
		if err != nil {
			return "", err
		}
		b.Write(append(line, '\n'))
	}
	return dir, os.WriteFile(filepath.Join(dir, "talk.jsonl"), []byte(b.String()), 0o666)
})

// talkRun is a recipe for fine-tuning on the conversations.
func talkRun(t testing.TB, lora bool) *Recipe {
	t.Helper()
	dir, err := makeTalk()
	if err != nil {
		t.Fatal(err)
	}
	return talkRecipe(dir, lora)
}

func talkRecipe(dir string, lora bool) *Recipe {
	r := FinetuneRecipe(lora)
	r.Name, r.Seed, r.Epochs = "talk", 3, 1
	r.Model = DefaultRecipe().Model
	r.Model.From = filepath.Join(dir, "run", modelDir)
	r.Data = DataSpec{Conversations: Files{filepath.Join(dir, "talk.jsonl")}, TooLong: conversation.Cut, HeldOut: 0.1}
	r.Batch = BatchSpec{Tokens: 1024, Rows: 2, Sequence: 256}
	r.Optimizer.LR = 3e-3
	r.Eval, r.Checkpoint = EvalSpec{Every: 10}, CheckpointSpec{Every: 5, Keep: 2}
	if lora {
		r.Lora.Rank = 4
		r.Optimizer.LR = 1e-2
	}
	return r
}

// evals are the held-out losses of a run.
func evals(t *testing.T, dir string) []float64 {
	t.Helper()
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for _, r := range records {
		if r.Kind == KindEval {
			losses = append(losses, r.Eval.Loss)
		}
	}
	return losses
}

// TestFinetune: LoRA and full fine-tuning lower the held-out loss of what the
// assistant says; under LoRA the base stays what it was to the bit, and what is
// written is an adapter that gives the loss that was measured.
func TestFinetune(t *testing.T) {
	for _, lora := range []bool{true, false} {
		r := talkRun(t, lora)
		before, err := model.Verify(r.Model.From)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		trainer, err := New(r, Options{RunDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		p := trainer.Plan()
		if p.Data == nil || p.Data.Examples != 200 || p.Data.Learned == 0 || p.Data.Learned > p.Data.Tokens/2 {
			t.Errorf("report %+v", p.Data)
		}
		if want := int(math.Ceil(float64(trainer.data.train.Rows()) / 4)); p.Steps != want || p.Steps < 10 {
			t.Errorf("%d steps for an epoch, want %d", p.Steps, want)
		}
		start := lossBefore(t, trainer)
		result, err := trainer.Run(t.Context())
		trainer.Close()
		if err != nil || !result.Finished {
			t.Fatal(result, err)
		}
		losses := evals(t, dir)
		last := losses[len(losses)-1]
		t.Logf("lora %v: %d of %d parameters, %d steps, held-out loss %.3f -> %.3f", lora, p.Trained, p.Parameters, p.Steps, start, last)
		if !(last < start-0.5) {
			t.Errorf("lora %v: held-out loss %v -> %v", lora, start, losses)
		}
		after, err := model.Verify(r.Model.From)
		if err != nil || fmt.Sprint(after.Files) != fmt.Sprint(before.Files) {
			t.Errorf("the base model was changed: %v", err)
		}
		if model.IsAdapter(result.ModelDir) != lora || lora != strings.HasSuffix(result.ModelDir, adapterDir) {
			t.Errorf("lora %v: finished in %s", lora, result.ModelDir)
		}
		if lora {
			if p.Trained*4 > p.Parameters {
				t.Errorf("an adapter of %d parameters for a model of %d", p.Trained, p.Parameters)
			}
			checkAdapterLoss(t, r, dir, result.ModelDir, last)
		}
	}
}

// lossBefore is the held-out loss of the model that a run begins with.
func lossBefore(t *testing.T, trainer *Trainer) float64 {
	t.Helper()
	m, err := model.Load(trainer.recipe.Model.From, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	return heldLoss(t, trainer, m)
}

func heldLoss(t *testing.T, trainer *Trainer, m *model.Model) float64 {
	t.Helper()
	b := trainer.recipe.Batch
	ws := model.NewWorkspace(m, b.Rows*b.Sequence, false)
	var mb microbatch
	total, tokens := 0.0, 0
	rows := trainer.data.held.Rows()
	for first := int64(0); first < rows; first += int64(b.Rows) {
		if err := mb.fill(trainer.data.readHeld, nil, first, min(first+int64(b.Rows), rows), &shard.Row{}); err != nil {
			t.Fatal(err)
		}
		stats, err := m.Loss(ws, &mb.batch, mb.targets)
		if err != nil {
			t.Fatal(err)
		}
		total, tokens = total+stats.Loss, tokens+stats.Tokens
	}
	return total / float64(tokens)
}

// checkAdapterLoss loads base and adapter and measures again.
func checkAdapterLoss(t *testing.T, r *Recipe, dir, adapter string, want float64) {
	t.Helper()
	trainer, err := New(r, Options{RunDir: dir, Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	m, err := model.Load(r.Model.From, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.LoadAdapter(adapter, false); err != nil {
		t.Fatal(err)
	}
	if got := heldLoss(t, trainer, m); got != want {
		t.Errorf("the adapter's held-out loss is %v, and %v was measured", got, want)
	}
	man, err := model.ReadManifest(adapter)
	if err != nil || man.Parent != trainer.hashes.Parent || man.Parent == "" || man.Corpus != trainer.hashes.Corpus {
		t.Errorf("manifest %+v, %v", man, err)
	}
}

// TestFinetuneResume: interrupted after any step and resumed, a run gives the
// bits of one that was not; checkpoints hold the adapter and not the base.
func TestFinetuneResume(t *testing.T) {
	for _, lora := range []bool{true, false} {
		r := talkRun(t, lora)
		r.Epochs, r.Steps = 0, 8
		r.EMA = 0.5
		whole := t.TempDir()
		mustRun(t, r, Options{RunDir: whole})
		want := mustCurve(t, whole)
		for _, stop := range []int{1, 5} {
			dir := t.TempDir()
			result := runUntil(t, r, Options{RunDir: dir}, stop)
			if result.Finished {
				t.Fatal("not interrupted")
			}
			size, err := checkpoint.Size(result.Checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			if base, _ := checkpoint.Size(r.Model.From); lora && size > 4*base {
				t.Errorf("a checkpoint of %d bytes for a base of %d", size, base)
			}
			if _, err := os.Stat(filepath.Join(result.Checkpoint, "model.safetensors")); lora != errors.Is(err, os.ErrNotExist) {
				t.Errorf("lora %v: model.safetensors in a checkpoint: %v", lora, err)
			}
			if err := VerifyCheckpoint(result.Checkpoint); err != nil {
				t.Error(err)
			}
			mustRun(t, r, Options{RunDir: dir, Resume: true})
			if got := mustCurve(t, dir); got != want {
				t.Errorf("lora %v, stopped at %d: another curve:\n%s\nwant\n%s", lora, stop, got, want)
			}
			name := filepath.Join(adapterDir, "adapter_model.safetensors")
			if !lora {
				name = filepath.Join(modelDir, "model.safetensors")
			}
			if a, b := mustRead(t, filepath.Join(whole, name)), mustRead(t, filepath.Join(dir, name)); !slices.Equal(a, b) {
				t.Errorf("lora %v, stopped at %d: another %s", lora, stop, name)
			}
		}
	}
}

// TestFinetuneChanged: a run is not resumed on another base, file or adapter.
func TestFinetuneChanged(t *testing.T) {
	r := talkRun(t, true)
	r.Epochs, r.Steps = 0, 4
	base := filepath.Join(t.TempDir(), "base")
	if err := os.CopyFS(base, os.DirFS(r.Model.From)); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(base, model.ManifestName)) // as others save models
	file := filepath.Join(t.TempDir(), "talk.jsonl")
	text := mustRead(t, r.Data.Conversations[0])
	os.WriteFile(file, text, 0o666)
	r.Model.From, r.Data.Conversations = base, Files{file}
	dir := t.TempDir()
	runUntil(t, r, Options{RunDir: dir}, 2)
	resume := func() error {
		_, err := runOnce(t, r, Options{RunDir: dir, Resume: true})
		return err
	}
	os.WriteFile(file, append(text, text[:len(text)/2]...), 0o666)
	if err := resume(); err == nil || !strings.Contains(err.Error(), "file_sha256") {
		t.Errorf("another file: %v", err)
	}
	os.WriteFile(file, text, 0o666)
	r.Lora.Rank = 5
	if err := resume(); err == nil || !strings.Contains(err.Error(), "lora.rank is 5 now and was 4") {
		t.Errorf("another rank: %v", err)
	}
	r.Lora.Rank = 4
	weights := filepath.Join(base, "model.safetensors")
	data := mustRead(t, weights)
	data[len(data)-5] ^= 1
	os.WriteFile(weights, data, 0o666)
	if err := resume(); err == nil || !strings.Contains(err.Error(), "began from a model with hash") {
		t.Errorf("another base: %v", err)
	}
	data[len(data)-5] ^= 1
	os.WriteFile(weights, data, 0o666)
	if err := resume(); err != nil {
		t.Error(err)
	}
}

// TestFinetuneDryRun: a plan writes nothing into the run's directory.
func TestFinetuneDryRun(t *testing.T) {
	r := talkRun(t, true)
	dir := filepath.Join(t.TempDir(), "run")
	trainer, err := New(r, Options{RunDir: dir, DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	temporary := trainer.temporary
	if err := trainer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, temporary} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
}

// TestFinetuneTrace: the steps that read a conversation are found by its line:
// one an epoch, and one where the last step goes on into the next epoch.
func TestFinetuneTrace(t *testing.T) {
	r := talkRun(t, true)
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	data, err := openData(filepath.Join(dir, dataDir), r, mustHash(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer data.set.Close()
	for doc := range data.set.NumDocs() {
		read, err := StepsOf(dir, data.set.ID(doc))
		if err != nil || read.HeldOut == (len(read.Steps) > 0) || len(read.Steps) > 2 {
			t.Fatalf("conversation %d: %+v, %v", doc, read, err)
		}
	}
}

// TestFinetuneRecipe: what a file leaves out of a recipe for fine-tuning.
func TestFinetuneRecipe(t *testing.T) {
	parse := func(text string) *Recipe {
		t.Helper()
		r, err := ParseRecipe("r.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := parse("model: {from: m}\ndata: {conversations: c.jsonl}\n")
	if r.Epochs != 3 || r.Lora.Rank != 0 || r.Optimizer.LR != 2e-5 || r.Data.TooLong != conversation.Cut || r.Optimizer.Attention.Rule != AdamW {
		t.Errorf("%+v", r)
	}
	r = parse("model: {from: m}\ndata: {conversations: c.jsonl, too_long: drop, skip_bad: true}\nlora: {alpha: 8}\nsteps: 5\nschedule: {warmup: 2}\n")
	if c := r.Lora.Adapter(); r.Epochs != 0 || c.Rank != 16 || c.Alpha != 8 || len(c.Targets) != 7 || r.Optimizer.LR != 2e-4 || r.Data.TooLong != conversation.Drop || r.Schedule.warmup(100) != 2 {
		t.Errorf("%+v", r)
	}
	r = parse("model: {from: m}\ndata: {shards: s}\nlora: {rank: 4, targets: [q_proj]}\n")
	if c := r.Lora.Adapter(); c.Rank != 4 || c.Alpha != 8 || !slices.Equal(c.Targets, []string{"q_proj"}) || r.Data.TooLong != "" {
		t.Errorf("%+v", r)
	}
	staged := parse("model: {from: m}\ndata: {conversations: c.jsonl}\nstages: [{steps: 4}, {tokens: 900}]\n")
	if staged.Epochs != 0 || len(staged.Stages) != 2 {
		t.Errorf("%+v", staged)
	}
	for _, r := range []*Recipe{talkRun(t, true), talkRun(t, false), r, staged} {
		text, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if again := parse(string(text)); again.Hash() != r.Hash() {
			t.Errorf("%s\nis another recipe than %+v", text, r)
		}
	}
	for text, want := range map[string]string{
		"model: {from: m}\ndata: {conversations: c, shards: s}\n":                                                "r.yaml:2:",
		"model: {from: m}\ndata: {conversations: c, too_long: cu}\n":                                             `no rule "cu"`,
		"model: {from: m}\ndata: {shards: s, skip_bad: true}\nsteps: 1\ntokenizer: t\n":                          "data.conversations",
		"model: {from: m}\ndata: {conversations: c}\nlora: {rank: 0}\n":                                          "lora.rank",
		"model: {from: m}\ndata: {conversations: c}\nlora: {rank: -1}\n":                                         "r.yaml:3:14: lora.rank of -1",
		"model: {from: m}\ndata: {conversations: c}\nlora: {targets: [q_prj]}\n":                                 "q_prj",
		"model: {from: m}\ndata: {conversations: c}\nlora: {ranks: 3}\n":                                         `did you mean "rank"`,
		"model: {from: m}\ndata: {conversations: c}\nepochs: 2\nsteps: 3\n":                                      "epochs: set the length",
		"model: {from: m}\ndata: {conversations: c}\nlora: {}\noptimizer: {attention: {rule: muon, scale: 1}}\n": "optimizer.attention.rule",
	} {
		if _, err := ParseRecipe("r.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// runUntil trains to the end of step stop, where it is interrupted.
func runUntil(t *testing.T, r *Recipe, o Options, stop int) Result {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o.Observer = Observe(func(r Record) {
		if r.Kind == KindStep && r.Step == stop {
			cancel()
		}
	})
	trainer, err := New(r, o)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	result, err := trainer.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
