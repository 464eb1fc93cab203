package train

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train/conversation"
)

var paints = []struct {
	name  string
	color color.NRGBA
}{
	{"red", color.NRGBA{230, 20, 20, 255}},
	{"green", color.NRGBA{20, 200, 40, 255}},
	{"blue", color.NRGBA{20, 40, 220, 255}},
	{"yellow", color.NRGBA{240, 220, 20, 255}},
}

// twoColors is a picture whose halves have colors of their own.
func twoColors(left, right color.NRGBA, random *rand.Rand) string {
	m := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for y := range 16 {
		for x := range 16 {
			c := left
			if x >= 8 {
				c = right
			}
			c.R += uint8(random.IntN(10))
			m.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}

// makeSeeing writes conversations about pictures, in two files, and a tokenizer.
var makeSeeing = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(scratch, "seeing")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	random := rand.New(rand.NewPCG(3, 4))
	var texts [][]byte
	for file := range 2 {
		var b bytes.Buffer
		for range 150 {
			l, r := paints[random.IntN(len(paints))], paints[random.IntN(len(paints))]
			say := func(role string, content any) map[string]any { return map[string]any{"role": role, "content": content} }
			line, err := json.Marshal(map[string]any{"messages": []any{
				say("user", []any{
					map[string]any{"type": "image_url", "image_url": map[string]string{"url": twoColors(l.color, r.color, random)}},
					map[string]any{"type": "text", "text": "left?"},
				}),
				say("assistant", l.name), say("user", "right?"), say("assistant", r.name),
			}})
			if err != nil {
				return "", err
			}
			b.Write(append(line, '\n'))
			texts = append(texts, []byte("left? right? "+l.name+" "+r.name))
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("talk-%d.jsonl", file)), b.Bytes(), 0o666); err != nil {
			return "", err
		}
	}
	for _, c := range []struct {
		name    string
		special []string
	}{{"tokenizer.json", chat.Specials()}, {"blind.json", chat.Specials()[:3]}} {
		text, err := tokenizer.Train(slices.Values(texts), tokenizer.TrainOptions{VocabSize: 280, Special: c.special})
		if err != nil {
			return "", err
		}
		if err := text.Save(filepath.Join(dir, c.name)); err != nil {
			return "", err
		}
	}
	return dir, nil
})

// seeingRun is a recipe of seconds that trains a small model on the pictures.
func seeingRun(t testing.TB) *Recipe {
	t.Helper()
	dir, err := makeSeeing()
	if err != nil {
		t.Fatal(err)
	}
	r := DefaultRecipe()
	r.Name, r.Seed, r.Steps = "seeing", 5, 12
	r.Tokenizer = filepath.Join(dir, "tokenizer.json")
	r.Data = DataSpec{Conversations: Files{filepath.Join(dir, "talk-*.jsonl")}, TooLong: conversation.Cut, HeldOut: 0.1}
	m := &r.Model
	m.VocabSize, m.HiddenSize, m.Layers, m.Heads, m.HeadDim = 288, 32, 2, 2, 16
	m.Experts, m.ExpertsPerToken, m.ExpertSize, m.TieEmbeddings, m.BiasRate = 4, 2, 32, true, 0.001
	m.Vision = VisionSpec{ImageSize: 16, PatchSize: 8, HiddenSize: 32, IntermediateSize: 64, Layers: 2, Heads: 2}
	r.Batch = BatchSpec{Tokens: 512, Rows: 2, Sequence: 128}
	r.Optimizer.LR = 5e-3
	r.Schedule = ScheduleSpec{Kind: WSD, Warmup: 3, Decay: 0.3}
	r.Eval = EvalSpec{Every: 4, Rows: 4}
	r.Checkpoint = CheckpointSpec{Every: 0, Keep: 2}
	return r
}

// TestSeeing: a small model learns what pictures show: the held-out loss falls, and
// is worse by far with other pictures.
func TestSeeing(t *testing.T) {
	r := seeingRun(t)
	r.Steps, r.Eval = 80, EvalSpec{Every: 20}
	dir := t.TempDir()
	result := mustRun(t, r, Options{RunDir: dir})
	losses := evals(t, dir)
	first, last := losses[0], losses[len(losses)-1]
	t.Logf("held-out losses %v, with other pictures %v", losses, result.Eval.SwappedLoss)
	if last > 0.5*first || last > 0.25 {
		t.Errorf("the held-out loss went from %v to %v only", first, last)
	}
	if result.Eval.SwappedLoss < last+0.3 {
		t.Errorf("held-out loss %v, and %v with other pictures: they are not looked at", last, result.Eval.SwappedLoss)
	}
	cfg, err := model.ReadConfig(result.ModelDir)
	if err != nil || cfg.Vision == nil || cfg.Vision.Patches() != 4 {
		t.Errorf("%+v, %v", cfg, err)
	}
}

// staged divides the recipe into stages.
func staged(r *Recipe, stages ...StageSpec) *Recipe {
	r.Stages = stages
	return r
}

// TestStages: what a stage does not train stays as it is to the bit, and the rest
// moves.
func TestStages(t *testing.T) {
	r := staged(seeingRun(t),
		StageSpec{Steps: 4, Train: []string{GroupProjector}}, StageSpec{Steps: 4, Train: []string{GroupVision}}, StageSpec{Train: []string{GroupAll}})
	r.EMA = 0.9
	trainer, err := New(r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	if got := trainer.Plan(); !slices.Equal(stageLengths(got.Stages), []int{4, 4, 4}) || got.Trained != got.Parameters {
		t.Errorf("%v, %d of %d trained", got.Stages, got.Trained, got.Parameters)
	}
	before := map[string][]float32{}
	trainer.options.Observer = Observe(func(rec Record) {
		if rec.Kind != KindStep {
			return
		}
		moved := map[string]bool{}
		for _, p := range trainer.model.Trained() {
			if !slices.Equal(before[p.Name], p.Master) {
				moved[moduleOf(p)] = true
			}
			before[p.Name] = slices.Clone(p.Master)
		}
		stage, _ := r.stageOf(rec.Step)
		if rec.Step == 1 {
			return // there was nothing to compare with
		}
		for _, module := range moduleNames {
			if moved[module] != r.Stages[stage].trains(module) {
				t.Errorf("step %d: %s moved: %v", rec.Step, module, moved[module])
			}
		}
	})
	if _, err := trainer.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestStagesResume: a run that is interrupted in the middle of stages and at their
// borders gives the bits of one that was not.
func TestStagesResume(t *testing.T) {
	r := staged(seeingRun(t),
		StageSpec{Steps: 3, Train: []string{GroupProjector}}, StageSpec{Steps: 3, Train: []string{GroupProjector, GroupVision}}, StageSpec{Train: []string{GroupAll}})
	r.Steps, r.EMA, r.Optimizer.Vision = 10, 0.9, &GroupSpec{Muon, 0.5}
	r.Sample = SampleSpec{Every: 5, Prompts: []string{"left?"}, Tokens: 3, Temperature: 1}
	whole, parts := t.TempDir(), t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	for _, stop := range []int{2, 3, 4, 6, 8} {
		if got := runUntil(t, r, Options{RunDir: parts, Resume: true}, stop); got.Step != stop || got.Finished {
			t.Fatalf("%+v", got)
		}
	}
	got := mustRun(t, r, Options{RunDir: parts, Resume: true})
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, parts)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
	changed := *r
	changed.Stages = []StageSpec{{Steps: 4, Train: []string{GroupProjector}}, {Train: []string{GroupAll}}}
	if _, err := runOnce(t, &changed, Options{RunDir: parts, Resume: true}); err == nil || !strings.Contains(err.Error(), "the recipe's stages is") {
		t.Errorf("%v", err)
	}
	changed.Stages = nil
	if _, err := runOnce(t, &changed, Options{RunDir: parts, Resume: true}); err == nil || !strings.Contains(err.Error(), "the recipe's stages is not there now") {
		t.Errorf("%v", err)
	}
}

// TestAddTower: a text model gets a tower, or that of another model; what the
// first stage does not train is the text model's to the bit.
func TestAddTower(t *testing.T) {
	r := seeingRun(t)
	dir, err := makeSeeing()
	if err != nil {
		t.Fatal(err)
	}
	seeing := mustRun(t, r, Options{RunDir: t.TempDir()}).ModelDir
	text := seeingRun(t)
	text.Model.Vision = VisionSpec{}
	text.Tokenizer = filepath.Join(dir, "blind.json")
	text.Data.Conversations = Files{filepath.Join(t.TempDir(), "talk.jsonl")}
	talk := strings.Repeat(`{"messages": [{"role": "user", "content": "left?"}, {"role": "assistant", "content": "red"}]}`+"\n", 20)
	if err := os.WriteFile(text.Data.Conversations[0], []byte(talk), 0o666); err != nil {
		t.Fatal(err)
	}
	text.Data.HeldOut = 0
	base := mustRun(t, text, Options{RunDir: t.TempDir()}).ModelDir

	shape := r.Model.Vision
	for _, tower := range []VisionSpec{shape, {From: seeing}} {
		r := staged(seeingRun(t), StageSpec{Steps: 2, Train: []string{GroupProjector}}, StageSpec{Train: []string{GroupProjector}})
		r.Steps, r.Tokenizer = 5, ""
		r.Model = DefaultRecipe().Model
		r.Model.From, r.Model.Vision = base, tower
		trainer, err := New(r, Options{RunDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		plan := trainer.Plan()
		if plan.Vision == nil || plan.Trained != plan.Vision.Projector || plan.Vision.Pictures == 0 || plan.Vision.ImageTokens != 4*plan.Vision.Pictures {
			t.Errorf("%+v", plan)
		}
		result, err := trainer.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		trainer.Close()
		sameTensors(t, result.ModelDir, base, "model.layers", true)
		sameTensors(t, result.ModelDir, seeing, "vision_tower.", tower.From != "")
		sameTensors(t, result.ModelDir, seeing, "multi_modal_projector.", false)
		if tokens, err := tokenizer.Load(filepath.Join(result.ModelDir, "tokenizer.json")); err != nil {
			t.Error(err)
		} else if id, ok := tokens.Special(chat.ImageToken); !ok || id != 280 {
			t.Errorf("%s is token %d, %v", chat.ImageToken, id, ok)
		}
	}
	r = seeingRun(t)
	r.Tokenizer, r.Model.VocabSize = filepath.Join(dir, "blind.json"), 280
	if _, err := New(r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "the tokenizer has no token <image>") {
		t.Error(err)
	}
	r = seeingRun(t)
	r.Model = DefaultRecipe().Model
	r.Model.From, r.Model.Vision = seeing, shape
	if _, err := New(r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "sees already") {
		t.Error(err)
	}
	r.Model.From, r.Model.Vision = base, VisionSpec{From: seeing, Box: 1 << 40, Short: 1 << 40}
	if _, err := New(r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "tiles") {
		t.Error(err)
	}
	r.Model.From, r.Model.Vision = base, VisionSpec{}
	if _, err := New(r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "the model cannot see") {
		t.Error(err)
	}
}

// TestPictureFilesChanged: a run that has not begun sees what files of pictures have
// now; one that goes on keeps those that it began with.
func TestPictureFilesChanged(t *testing.T) {
	r := seeingRun(t)
	dir := t.TempDir()
	r.Data = DataSpec{Conversations: Files{filepath.Join(dir, "talk.jsonl")}, TooLong: conversation.Cut}
	talk := strings.Repeat(`{"messages": [{"role": "user", "content": [{"type": "image", "path": "p.png"}]}, {"role": "assistant", "content": "red"}]}`+"\n", 20)
	if err := os.WriteFile(r.Data.Conversations[0], []byte(talk), 0o666); err != nil {
		t.Fatal(err)
	}
	write := func(paint int) {
		url := twoColors(paints[paint].color, paints[paint].color, rand.New(rand.NewPCG(1, 1)))
		file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "p.png"), file, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run := filepath.Join(dir, "run")
	corpus := func(o Options) string {
		o.RunDir = run
		trainer, err := New(r, o)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		return trainer.hashes.Corpus
	}
	write(0)
	first := corpus(Options{})
	write(1)
	second := corpus(Options{})
	if second == first || corpus(Options{}) != second {
		t.Error("the pictures of a run that has not begun are not those of the files")
	}
	runUntil(t, r, Options{RunDir: run}, 2)
	write(2)
	if corpus(Options{Resume: true}) != second {
		t.Error("a run that goes on has other pictures than it began with")
	}
}

// sameTensors compares the tensors of two models whose names begin with prefix.
func sameTensors(t *testing.T, a, b, prefix string, want bool) {
	t.Helper()
	var sides [2]*model.Weights
	for i, dir := range []string{a, b} {
		w, err := model.OpenWeights(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		sides[i] = w
	}
	equal, seen := true, false
	for _, info := range sides[0].Tensors() {
		if !strings.HasPrefix(info.Name, prefix) {
			continue
		}
		seen = true
		x, errX := sides[0].Tensor(info.Name)
		y, errY := sides[1].Tensor(info.Name)
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		equal = equal && slices.Equal(floats(t, x), floats(t, y))
	}
	if !seen || equal != want {
		t.Errorf("%s of %s and %s are equal: %v (any: %v)", prefix, a, b, equal, seen)
	}
}

func floats(t *testing.T, x *tensor.Tensor) []float32 {
	t.Helper()
	dst := make([]float32, x.Len())
	if err := x.CopyF32(dst); err != nil {
		t.Fatal(err)
	}
	return dst
}

// TestSeeingPlan: the parts of the prediction add up to what the process's model
// takes, and the tower's part is what the same recipe without it lacks.
func TestSeeingPlan(t *testing.T) {
	trainer, err := New(seeingRun(t), Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	p := trainer.Plan()
	tower, projector := trainer.vision.Params(32)
	if p.Vision.Tower != tower || p.Vision.Projector != projector || p.Vision.MemoryBytes <= 0 || p.Vision.DiskBytes <= 0 {
		t.Errorf("%+v", p.Vision)
	}
	if want := p.Vision.Pictures * 4; p.Vision.ImageTokens != want || p.Vision.Views != p.Vision.Pictures {
		t.Errorf("%+v", p.Vision)
	}
	if want := trainer.data.trainSet.Docs(); p.Vision.Pictures != want { // one each
		t.Errorf("%d pictures of %d documents", p.Vision.Pictures, want)
	}
	total := int64(0)
	for _, part := range p.Memory.Parts {
		total += part.Bytes
	}
	if total != p.Memory.Total || p.Vision.MemoryBytes >= total {
		t.Errorf("%d in parts, %d together", total, p.Memory.Total)
	}
}

func stageLengths(stages []StagePlan) (steps []int) {
	for _, s := range stages {
		steps = append(steps, s.Steps)
	}
	return steps
}
