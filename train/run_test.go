package train

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

var update = flag.Bool("update", false, "write testdata/tiny.curve anew")

// scratch is removed after all tests.
var scratch string

// childEnv makes the test binary train a run in the directory that it names
// and exit: the run that TestKill kills.
const childEnv = "POLYMATH_TRAIN_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		os.Exit(child(dir))
	}
	var err error
	if scratch, err = os.MkdirTemp("", "train"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// killSteps makes a run that lives long enough to be killed several times.
const killSteps = 30

// killedAdapter names the directory of the run that trains an adapter.
const killedAdapter = "killed-adapter"

// child trains the tiny run in dir, or an adapter, with data made by the parent.
func child(dir string) int {
	data := filepath.Join(filepath.Dir(dir), "data")
	r := tinyRecipeFor(fixture{filepath.Join(data, "tokenizer.json"), filepath.Join(data, "shards")})
	r.Steps = killSteps
	if filepath.Base(dir) == killedAdapter {
		r = talkRecipe(filepath.Join(filepath.Dir(dir), "talk"), true)
	}
	trainer, err := New(r, Options{RunDir: dir, Resume: true})
	if err == nil {
		_, err = trainer.Run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestCurve compares the tiny run with the committed one, to the bit, on every
// kernel path of the machine.
func TestCurve(t *testing.T) {
	const golden = "testdata/tiny.curve"
	r := tinyRun(t)
	path := kernel.CPU()
	defer func() {
		if err := kernel.SetPath(path); err != nil {
			t.Fatal(err)
		}
	}()
	for _, path := range kernel.Paths() {
		if err := kernel.SetPath(path); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		result := mustRun(t, r, Options{RunDir: dir})
		got := mustCurve(t, dir)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
			*update = false
		}
		if diff := cmp.Diff(string(mustRead(t, golden)), got); diff != "" {
			t.Fatalf("%s: %s", path, diff)
		}
		if !result.Finished || result.Step != r.Steps || result.Loss > 5 || result.Eval.BitsPerByte <= 0 {
			t.Errorf("%s: result %+v", path, result)
		}
	}
}

// TestFinished looks at what a run leaves.
func TestFinished(t *testing.T) {
	r := tinyRun(t)
	dir := t.TempDir()
	var seen []Record
	result := mustRun(t, r, Options{RunDir: dir, PeakFLOPS: 1e12, Observer: Observe(func(r Record) { seen = append(seen, r) })})
	if _, err := model.Verify(result.ModelDir); err != nil {
		t.Error(err)
	}
	if _, err := model.Load(result.ModelDir, false); err != nil {
		t.Error(err)
	}
	dirs, err := checkpoint.List(dir)
	if err != nil || len(dirs) != 2 || dirs[1].Step != 12 {
		t.Errorf("checkpoints %v, %v", dirs, err)
	}
	for _, name := range []string{infoFile, pageFile, metricsFile, "model/tokenizer.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	kinds := map[string]int{}
	for _, r := range seen {
		kinds[r.Kind]++
		if r.Kind == KindStep && !(r.Timing.MFU > 0 && r.Timing.TokensPerSecond > 0) {
			t.Errorf("step %d was not timed: %+v", r.Step, r.Timing)
		}
	}
	if diff := cmp.Diff(map[string]int{KindStep: 12, KindEval: 3, KindSample: 2, KindCheckpoint: 5}, kinds); diff != "" {
		t.Error(diff)
	}
	if _, err := runOnce(t, r, Options{RunDir: dir}); err == nil || !strings.Contains(err.Error(), "holds a run already") {
		t.Errorf("a second run in the directory: %v", err)
	}
}

// TestThreads trains with other numbers of threads.
func TestThreads(t *testing.T) {
	defer par.SetThreads(par.Threads())
	r := tinyRun(t)
	var want string
	for _, threads := range []int{1, 2, 3} {
		par.SetThreads(threads)
		dir := t.TempDir()
		mustRun(t, r, Options{RunDir: dir})
		got := mustCurve(t, dir)
		if want == "" {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d threads: %s", threads, diff)
		}
	}
}

// TestInterrupt cancels a run after random steps, each time resuming it with
// another number of threads, and compares with one that was left alone. The
// watcher skips steps on the way, in a row too, so that all it remembers counts.
func TestInterrupt(t *testing.T) {
	defer par.SetThreads(par.Threads())
	r := tinyRun(t)
	r.Spike = SpikeSpec{Window: 4, Sigma: 1, Norm: 1.1, MaxSkips: 20} // skips five early steps
	r.Steps = 20
	whole := t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	dir := t.TempDir()
	var got Result
	inARow := 0 // interruptions after several skips
	for try := 1; !got.Finished; try++ {
		par.SetThreads(1 + try%3)
		trainer, err := New(r, Options{RunDir: dir, Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		steps := 0
		trainer.options.Observer = Observe(func(r Record) {
			if r.Kind == KindStep || r.Kind == KindSkip {
				if steps++; steps == try {
					cancel()
				}
			}
		})
		got, err = trainer.Run(ctx)
		if trainer.watcher.InARow > 1 && !got.Finished {
			inARow++
		}
		cancel()
		if err := errors.Join(err, trainer.Close()); err != nil {
			t.Fatal(err)
		}
		if try > r.Steps {
			t.Fatal("the run makes no progress")
		}
	}
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, dir)); diff != "" {
		t.Error(diff)
	}
	sameModel(t, want.ModelDir, got.ModelDir)
	if want.Skipped == 0 || inARow == 0 {
		t.Errorf("%d steps skipped, %d interruptions after several", want.Skipped, inARow)
	}
	if got.Loss != want.Loss || got.Skipped != want.Skipped || got.Eval != want.Eval {
		t.Errorf("in parts %+v, in one %+v", got, want)
	}
}

func sameModel(t *testing.T, a, b string) {
	t.Helper()
	const weights = "model.safetensors"
	if !bytes.Equal(mustRead(t, filepath.Join(a, weights)), mustRead(t, filepath.Join(b, weights))) {
		t.Error("the finished models differ")
	}
}

// TestKill kills a training process with SIGKILL at random moments until it
// gets through, and compares with a run that was left alone.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	r := tinyRun(t)
	r.Steps = killSteps
	t.Run("model", func(t *testing.T) { killRun(t, r, "killed", modelDir+"/model.safetensors") })
	t.Run("adapter", func(t *testing.T) {
		killRun(t, talkRun(t, true), killedAdapter, adapterDir+"/adapter_model.safetensors")
	})
}

// killRun kills the child that trains r in a directory of that name, and
// compares the file that it ends with.
func killRun(t *testing.T, r *Recipe, name, file string) {
	whole := t.TempDir()
	began := time.Now()
	mustRun(t, r, Options{RunDir: whole})
	took := time.Since(began)
	dir := filepath.Join(scratch, name)
	random := rand.New(rand.NewPCG(uint64(began.UnixNano()), 0))
	kills := 0
	for try := 0; ; try++ {
		var complaint bytes.Buffer
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+dir, "GOMAXPROCS="+strconv.Itoa(1+try%3))
		cmd.Stderr = &complaint
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if try < 12 {
			// Anywhere in a run: in a step, a checkpoint, the journal.
			limit := took / 3
			if try == 0 {
				limit = took / 20 // one kill at least, even if the machine has become idle
			}
			timer := time.AfterFunc(time.Duration(random.Int64N(int64(limit))), func() { _ = cmd.Process.Kill() })
			defer timer.Stop()
		}
		err := cmd.Wait()
		if err == nil {
			break
		}
		if complaint.Len() > 0 {
			t.Fatalf("after %d kills: %s", kills, complaint.String())
		}
		kills++
	}
	t.Logf("%d kills", kills)
	if kills == 0 {
		t.Error("the run was never killed")
	}
	if diff := cmp.Diff(mustCurve(t, whole), mustCurve(t, dir)); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(mustRead(t, filepath.Join(whole, file)), mustRead(t, filepath.Join(dir, file))) {
		t.Errorf("another %s", file)
	}
}

// TestLonger resumes a finished run with more steps.
func TestLonger(t *testing.T) {
	r := tinyRun(t)
	r.Schedule = ScheduleSpec{Kind: Constant, Warmup: 2}
	r.Steps = 6
	dir := t.TempDir()
	mustRun(t, r, Options{RunDir: dir})
	r.Steps = 12
	result := mustRun(t, r, Options{RunDir: dir, Resume: true})
	whole := t.TempDir()
	want := mustRun(t, r, Options{RunDir: whole})
	if result.Step != 12 || result.Loss != want.Loss {
		t.Errorf("in two parts %+v, in one %+v", result, want)
	}
	sameModel(t, want.ModelDir, result.ModelDir)

	// The model names both recipes; that of a run in one part names its own.
	manifest, err := model.ReadManifest(result.ModelDir)
	if err != nil {
		t.Fatal(err)
	}
	hash := r.Hash()
	r.Steps = 6
	held := r.Data.HeldOut
	if diff := cmp.Diff([]model.RecipeFrom{{Step: 1, Recipe: r.Hash(), HeldOut: held}, {Step: 7, Recipe: hash, HeldOut: held}}, manifest.Recipes); diff != "" || manifest.Recipe != hash {
		t.Errorf("recipe %s, %s", manifest.Recipe, diff)
	}
	if manifest, err = model.ReadManifest(want.ModelDir); err != nil || manifest.Recipes != nil || manifest.HeldOut != held || held == 0 {
		t.Errorf("%+v, %v", manifest, err)
	}
}

// What a run held out from its first step to its last is the least share of all its
// recipes; one of an older checkpoint counts as none.
func TestHeldOutThroughout(t *testing.T) {
	for _, c := range []struct {
		shares []float64
		want   float64
	}{{[]float64{0.1}, 0.1}, {[]float64{0.1, 0.05, 0.2}, 0.05}, {[]float64{0, 0.1}, 0}} {
		trainer := &Trainer{}
		for i, share := range c.shares {
			trainer.recipes = append(trainer.recipes, model.RecipeFrom{Step: i + 1, HeldOut: share})
		}
		if got := trainer.provenance().HeldOut; got != c.want {
			t.Errorf("shares %v: %v were held out throughout, want %v", c.shares, got, c.want)
		}
	}
}

// TestFromModel goes on from a finished model with a new recipe.
func TestFromModel(t *testing.T) {
	r := tinyRun(t)
	r.Steps = 4
	first := mustRun(t, r, Options{RunDir: t.TempDir()})
	r.Model = DefaultRecipe().Model
	r.Model.From, r.Tokenizer = first.ModelDir, ""
	dir := t.TempDir()
	result := mustRun(t, r, Options{RunDir: dir})
	manifest, err := model.ReadManifest(result.ModelDir)
	if err != nil || manifest.Parent == "" {
		t.Errorf("manifest %+v, %v", manifest, err)
	}
	checkBiasMoves(t, r, result.ModelDir)
	if records, err := ReadMetrics(dir); err != nil || records[0].Train.Loss > first.Eval.Loss+0.5 {
		t.Errorf("the second run began anew: %v, %v", records[0].Train, err)
	}
	broken, err := model.Load(first.ModelDir, true)
	if err != nil {
		t.Fatal(err)
	}
	broken.Params()[1].Master[3] = float32(math.NaN())
	r.Model.From = filepath.Join(t.TempDir(), "broken")
	if err := broken.Save(r.Model.From, model.Provenance{}, map[string][]byte{"tokenizer.json": mustRead(t, tinyRun(t).Tokenizer)}); err != nil {
		t.Fatal(err)
	}
	if _, err := runOnce(t, r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), broken.Params()[1].Name+" holds NaN") {
		t.Errorf("a model that is not finite: %v", err)
	}
}

// checkBiasMoves: the bias on the choice of experts stays as it was, or moves at a rate.
func checkBiasMoves(t *testing.T, r *Recipe, still string) {
	t.Helper()
	moving := *r
	moving.Model.BiasRate = 0.01
	moved := mustRun(t, &moving, Options{RunDir: t.TempDir()}).ModelDir
	bias := func(dir string) []float32 {
		m, err := model.Load(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		return slices.Clone(m.RouterBiases()[0])
	}
	if before := bias(r.Model.From); !slices.Equal(bias(still), before) || slices.Equal(bias(moved), before) {
		t.Errorf("the bias was %v, is %v without a rate and %v with one", before, bias(still), bias(moved))
	}
	moving.Lora = FinetuneRecipe(true).Lora
	moving.Optimizer.Attention.Rule = AdamW
	if err := moving.Validate(); err == nil || !strings.Contains(err.Error(), "router_bias_rate") {
		t.Errorf("a rate beside an adapter: %v", err)
	}
}

// TestSkip trains with a watcher that skips many steps: each leaves everything
// as it was.
func TestSkip(t *testing.T) {
	r := tinyRun(t)
	r.Spike = SpikeSpec{Window: 4, Sigma: 1, Norm: 1.0001, MaxSkips: 3}
	r.Steps = 20
	dir := t.TempDir()
	trainer, err := New(r, Options{RunDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	var before [][]float32
	snapshot := func() [][]float32 {
		var out [][]float32
		for _, s := range append(append(masters(trainer.model), trainer.optimizer.State()...), trainer.average.State()...) {
			out = append(out, append([]float32(nil), s.Data...))
		}
		return out
	}
	skipped := 0
	trainer.options.Observer = Observe(func(r Record) {
		now := snapshot()
		if r.Kind == KindSkip {
			skipped++
			if diff := cmp.Diff(before, now); diff != "" {
				t.Errorf("step %d was skipped and changed the state", r.Step)
			}
		}
		if r.Kind == KindStep || r.Kind == KindSkip {
			before = now
		}
	})
	result, err := trainer.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if skipped == 0 || result.Skipped != skipped {
		t.Errorf("%d skips seen, result %+v", skipped, result)
	}
}

// TestNaN stops a run whose weights are not finite, with advice.
func TestNaN(t *testing.T) {
	r := tinyRun(t)
	r.Optimizer.LR, r.Schedule.Warmup, r.Clip = 10, 0, 0
	r.Optimizer.Eps, r.Optimizer.Beta2 = 1e-30, 0
	r.Optimizer.Norms.Scale = 1000
	r.Spike.MaxSkips, r.Steps, r.Eval.Every, r.Sample.Every = 2, 60, 0, 0
	_, err := runOnce(t, r, Options{RunDir: t.TempDir()})
	var stopped *SpikeError
	if !errors.As(err, &stopped) {
		t.Fatalf("the run survived: %v", err)
	}
	if !strings.Contains(err.Error(), "a lower optimizer.lr") {
		t.Error(err)
	}
}

func TestRefused(t *testing.T) {
	check := func(name string, r *Recipe, o Options, want string) {
		t.Helper()
		o.RunDir = filepath.Join(t.TempDir(), "run")
		_, err := runOnce(t, r, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if _, err := os.Stat(o.RunDir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: left a directory", name)
		}
	}
	r := tinyRun(t)
	check("little memory", r, Options{Memory: 30 << 20}, "available:")
	r = tinyRun(t)
	r.Model.VocabSize = 200
	check("small vocabulary", r, Options{}, "set it to 300 or more")
	r = tinyRun(t)
	r.Data.HeldOut = 1e-9
	check("nothing held out", r, Options{}, "holds none")
	r = tinyRun(t)
	r.Optimizer.Vision = &GroupSpec{Rule: AdamW, Scale: 1}
	check("a tower that is not there", r, Options{}, "the model does not see")
	r = tinyRun(t)
	r.Data.Shards = t.TempDir()
	check("no shards", r, Options{}, "no token shards")
	r = tinyRun(t)
	r.Tokenizer = filepath.Join(t.TempDir(), "tokenizer.json")
	mustWrite(t, r.Tokenizer, bytes.Replace(mustRead(t, tinyRun(t).Tokenizer), []byte("endoftext"), []byte("endoftexx"), -1))
	check("another tokenizer", r, Options{}, "the shards were made with tokenizer")
	r = tinyRun(t)
	r.Tokenizer = "missing.json"
	check("no tokenizer", r, Options{}, "missing.json")
}
