package model

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
)

// TestMain is also the process of TestWithinMemory.
func TestMain(m *testing.M) {
	if path := os.Getenv("POLYMATH_TEST_WITHIN"); path != "" {
		budget, err := strconv.ParseInt(os.Getenv("POLYMATH_TEST_BUDGET"), 10, 64)
		if err == nil {
			err = measureMemory(path, budget)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// measureMemory runs passes of the model and prints what the process's memory
// grew by at most, less what a pass takes beside the weights.
func measureMemory(path string, budget int64) error {
	before, err := residentPeak()
	if err != nil {
		return err
	}
	m, err := LoadWithin(path, budget)
	if err != nil {
		return err
	}
	const n = 40
	ws := NewWorkspace(m, n, false)
	batch := documents(m.cfg.VocabSize, n)
	logits := make([]float32, m.cfg.VocabSize)
	for range 6 {
		if err := m.Forward(ws, batch); err != nil {
			return err
		}
		if err := m.Logits(ws, []int32{n - 1}, logits); err != nil {
			return err
		}
	}
	after, err := residentPeak()
	if err != nil {
		return err
	}
	fmt.Println(after - before - WorkspaceBytes(m.cfg, n, false))
	return nil
}

// residentPeak returns the most memory that the process has had, in bytes.
func residentPeak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			n, err := strconv.ParseInt(fields[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in %s", status)
}

// bigFile writes a model of about 60 MB, in bf16 or blocks.
func bigFile(t *testing.T, kind string, d tensor.DType) string {
	c := small(t, kind)
	c.VocabSize, c.HiddenSize, c.NumLayers, c.IntermediateSize = 512, 512, 6, 2560
	c.NumHeads, c.NumKVHeads, c.HeadDim = 8, 4, 64
	if c.NumExperts > 0 {
		c.NumExperts, c.MoEIntermediateSize = 16, 352
	}
	c.SlidingWindow, c.EOSTokenIDs, c.BOSTokenID, c.PadTokenID = 0, []int{5}, 3, -1
	random := uint64(1)
	var w *Weights
	var err error
	w, err = NewWeights(c, func(string) tensor.DType { return tensor.DTypeBF16 }, func(name string) (*tensor.Tensor, error) {
		shape := w.list[w.at[name]].Shape
		n := 1
		for _, s := range shape {
			n *= s
		}
		data := make([]tensor.BF16, n)
		for i := range data {
			random = random*6364136223846793005 + 1442695040888963407
			data[i] = tensor.FromFloat32(float32(int32(random>>32)) / (1 << 36))
		}
		return tensor.FromBF16(name, data, shape...), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	mustWriteGGUF(t, path, w, always(d))
	return path
}

// TestWithinMemory: a process whose model is one and a half times its budget has
// no more memory than the budget and a little.
func TestWithinMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the peak of a process's memory is read from /proc")
	}
	if raceEnabled() {
		t.Skip("the race detector has memory of its own")
	}
	for kind, d := range map[string]tensor.DType{Qwen3: tensor.DTypeBF16, Qwen3MoE: tensor.DTypeQ8_0} {
		path := bigFile(t, kind, d)
		plan, err := PlanWeights(path, 1<<60)
		if err != nil {
			t.Fatal(err)
		}
		const overhead = 12 << 20 // Go's runtime, stacks and tables
		for _, budget := range []int64{plan.All * 2 / 3, plan.Least} {
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), "POLYMATH_TEST_WITHIN="+path, "POLYMATH_TEST_BUDGET="+fmt.Sprint(budget))
			out, err := child.CombinedOutput()
			grown, parseErr := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
			if err != nil || parseErr != nil {
				t.Fatalf("%s: %v: %s", kind, err, out)
			}
			t.Logf("%s: %d MB of weights, a budget of %d kB, %d kB taken", kind, plan.All>>20, budget>>10, grown>>10)
			if grown > budget+overhead {
				t.Errorf("%s: %d bytes were taken under a budget of %d", kind, grown, budget)
			}
		}
	}
}

// raceEnabled reports whether the test was built with the race detector.
func raceEnabled() bool {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
}
