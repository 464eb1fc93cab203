package scalar

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// theirs is what testdata/scalar.py says of some models by name.
type theirs struct {
	Transformers, Torch string
	Cases               map[string]struct {
		Sequences [][]int32
		Values    []float32 // of transformers in fp32
		BF16      float64   // how far its values in bf16 are
	}
}

// check compares the values of models with those of transformers. Our error and
// that of transformers in bf16 are two draws of one distribution, of so many
// numbers.
func (th *theirs) check(t *testing.T, load func(name string) *Model, least int) {
	t.Helper()
	for name, c := range th.Cases {
		if len(c.Sequences) < least || len(c.Sequences) != len(c.Values) {
			t.Errorf("%s: %d sequences, %d values", name, len(c.Sequences), len(c.Values))
			continue
		}
		err, norm := 0.0, 0.0
		for i, v := range mustScore(t, load(name), c.Sequences) {
			d := float64(v) - float64(c.Values[i])
			err += d * d
			norm += float64(c.Values[i]) * float64(c.Values[i])
		}
		err, norm = math.Sqrt(err), math.Sqrt(norm)
		line := fmt.Sprintf("%s: error %.3g of %.3g, transformers in bf16 %.3g", name, err, norm, c.BF16)
		t.Log(line)
		if !(err <= c.BF16*(2+4/math.Sqrt(float64(len(c.Values))))) || !(c.BF16 < 0.1*norm) {
			t.Error(line)
		}
	}
}

func readTheirs(t *testing.T, path string) *theirs {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return parseTheirs(t, data)
}

func parseTheirs(t *testing.T, data []byte) *theirs {
	t.Helper()
	var th theirs
	if err := json.Unmarshal(data, &th); err != nil || len(th.Cases) == 0 {
		t.Fatalf("%v\n%s", err, data)
	}
	return &th
}

// TestTheirs: reward models that transformers saved have its values here.
func TestTheirs(t *testing.T) {
	const dir = "testdata/theirs"
	for _, trainable := range []bool{false, true} {
		readTheirs(t, filepath.Join(dir, "values.json")).check(t, func(name string) *Model {
			s, err := Load(filepath.Join(dir, name), trainable)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}, 6)
	}
}

// python runs testdata/scalar.py with the Python of POLYMATH_PYTHON.
func python(t *testing.T, args ...string) []byte {
	t.Helper()
	path := os.Getenv("POLYMATH_PYTHON")
	if path == "" {
		t.Skip("POLYMATH_PYTHON names no Python with transformers")
	}
	if out, err := exec.CommandContext(t.Context(), path, "-c", "import transformers, torch").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers: %s", out)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"testdata/scalar.py"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

// TestTheirsAtRandom is TestTheirs for models that transformers makes now;
// POLYMATH_SEED says which.
func TestTheirsAtRandom(t *testing.T) {
	seed := os.Getenv("POLYMATH_SEED")
	if seed == "" {
		seed = "2"
	}
	dir := t.TempDir()
	python(t, "make", dir, "--seed", seed, "--types", "llama,qwen3,qwen3_moe,mistral,mixtral,qwen2")
	readTheirs(t, filepath.Join(dir, "values.json")).check(t, func(name string) *Model {
		s, err := Load(filepath.Join(dir, name), false)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}, 4)
}

// TestTransformersReads: AutoModelForSequenceClassification opens what Save wrote,
// uses every tensor, and has our values, with and without padding.
func TestTransformersReads(t *testing.T) {
	root := t.TempDir()
	args, models := []string{"read"}, map[string]*Model{}
	for i, kind := range []string{model.Llama, model.Qwen3, model.Qwen3MoE, model.Mistral, model.Mixtral, model.Qwen2} {
		c := small(t, kind)
		c.TieEmbeddings = i%2 == 1
		if kind == model.Mixtral {
			c.IntermediateSize = c.MoEIntermediateSize
		}
		s := newScalar(t, c)
		dir := filepath.Join(root, kind)
		if err := s.Save(dir, model.Provenance{Version: "1"}, nil); err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(endedSequences(c.VocabSize))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "sequences.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		args, models[kind] = append(args, dir), s
	}
	th := parseTheirs(t, python(t, args...))
	if len(th.Cases) != len(models) {
		t.Fatalf("%d of %d models", len(th.Cases), len(models))
	}
	th.check(t, func(name string) *Model { return models[name] }, 4)
}

// endedSequences are short texts that end with token 2, which is no padding.
func endedSequences(vocab int) (all [][]int32) {
	for i := range 64 {
		var sequence []int32
		for k := range 1 + i%14 {
			sequence = append(sequence, int32(3+(k*k*31+k*17+i*13+i*i*7)%(vocab-3)))
		}
		all = append(all, append(sequence, 2))
	}
	return all
}
