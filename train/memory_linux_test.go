package train

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// memoryEnv makes the test binary train memoryRun in the directory that it
// names and print the predicted and the measured peak in bytes.
const memoryEnv = "POLYMATH_TRAIN_MEMORY"

func init() {
	if dir := os.Getenv(memoryEnv); dir != "" {
		os.Exit(memoryChild(dir))
	}
}

// memoryRun is 9 million parameters: large beside the program itself.
func memoryRun(f fixture) *Recipe {
	r := tinyRecipeFor(f)
	r.Steps = 3
	m := &r.Model
	m.HiddenSize, m.Layers, m.Heads, m.KVHeads = 192, 4, 4, 4
	m.Experts, m.ExpertSize, m.VocabSize = 8, 384, 4096
	r.Batch = BatchSpec{Tokens: 2048, Rows: 8, Sequence: 128}
	r.Optimizer.Experts.Rule = Muon
	r.Sample.Every = 1
	return r
}

// longMemoryRun goes on in rows that are ten times as long as memoryRun's, and
// computes activations again there.
func longMemoryRun(r *Recipe) *Recipe {
	r.Steps = 0
	b := BatchSpec{Sequence: 4096, Rows: 1, Recompute: true}
	source := SourceSpec{Shards: r.Data.Shards, Whole: true}
	r.Stages = []StageSpec{{Steps: 1, Train: []string{GroupAll}}, {Steps: 2, Train: []string{GroupAll}, Batch: b, Data: []SourceSpec{source}}}
	return r
}

// adapterMemoryRun trains an adapter on the model that r left in from. It learns
// every token, as shards without a mask have it: all memory is used then.
func adapterMemoryRun(r *Recipe, from string) *Recipe {
	a := FinetuneRecipe(true)
	a.Model = DefaultRecipe().Model
	a.Model.From = filepath.Join(from, modelDir)
	a.Data, a.Batch, a.Steps = r.Data, r.Batch, r.Steps
	return a
}

func memoryChild(dir string) int {
	data := filepath.Join(filepath.Dir(dir), "data")
	r := memoryRun(fixture{filepath.Join(data, "tokenizer.json"), filepath.Join(data, "shards")})
	if from, ok := strings.CutSuffix(dir, "-adapter"); ok {
		r = adapterMemoryRun(r, from)
	}
	if strings.HasSuffix(dir, "-long") {
		r = longMemoryRun(r)
	}
	trainer, err := New(r, Options{RunDir: dir})
	if err == nil {
		_, err = trainer.Run(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(trainer.Plan().Memory.Total, peakMemory(), trainer.Plan().Parameters)
	return 0
}

// peakMemory is the most memory that the process has had, in bytes.
func peakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}

// TestMemory trains in a process of its own and compares the peak that the
// plan predicts with the one that the system has seen.
func TestMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector's own memory is several times that of the program")
	}
	tinyRun(t) // makes the data
	dir := filepath.Join(scratch, "memory")
	for _, dir := range []string{dir, dir + "-adapter", dir + "-long"} {
		checkMemory(t, dir)
	}
}

func checkMemory(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), memoryEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var predicted, measured, parameters int64
	if _, err := fmt.Sscan(string(out), &predicted, &measured, &parameters); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	share := float64(measured) / float64(predicted)
	t.Logf("%s: predicted %s, measured %s: %.3f of it, %.1f bytes a parameter", filepath.Base(dir), size(predicted), size(measured), share, float64(measured)/float64(parameters))
	if share > 1 || share < 0.9 {
		t.Errorf("%s: predicted %s, measured %s", filepath.Base(dir), size(predicted), size(measured))
	}
}
