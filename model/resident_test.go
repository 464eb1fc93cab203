package model

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

func init() { chunkBytes = 4 << 10 } // so that small matrices are read in several pieces

// savedDir writes a model with random weights and returns its directory.
func savedDir(t testing.TB, c *Config) string {
	t.Helper()
	dir := t.TempDir()
	if err := newModel(t, c).Save(dir, Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

// within loads a model under a budget, a part of what lies between the least and
// everything.
func within(t testing.TB, dir string, part float64) *Model {
	t.Helper()
	plan, err := PlanWeights(dir, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	budget := plan.Least + int64(part*float64(plan.All-1-plan.Least))
	if plan.Least >= plan.All {
		t.Fatalf("a model too small for a budget: %+v", plan)
	}
	m, err := LoadWithin(dir, budget)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.WeightsStats(); s.Budget != budget || s.Held > budget || s.Held == 0 || m.resident == nil {
		t.Fatalf("%d bytes held under a budget of %d", s.Held, s.Budget)
	}
	return m
}

// residentConfigs are small models of every type, with enough layers and experts
// to choose from.
func residentConfigs(t testing.TB) map[string]*Config {
	configs := map[string]*Config{}
	for _, kind := range modelTypes {
		c := small(t, kind)
		setLayers(c, 5)
		configs[kind] = c
	}
	many := small(t, Qwen3MoE)
	many.NumLayers, many.NumExperts, many.NumExpertsPerTok = 4, 16, 3
	configs["many experts"] = many
	return configs
}

// TestWithinBits: under every budget, from the least on, all logits are those of
// the model in memory, for prefill, decode and batches, with 1 to 3 threads.
func TestWithinBits(t *testing.T) {
	defer par.SetThreads(0)
	for kind, c := range residentConfigs(t) {
		dir := savedDir(t, c)
		m, err := Load(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		const a, b = 70, 33
		docs := documents(c.VocabSize, a, b)
		whole := allLogits(t, m, NewWorkspace(m, a+b, false), docs)
		for i, part := range []float64{0, 0.4, 1} {
			par.SetThreads(1 + i%3)
			r := within(t, dir, part)
			what := fmt.Sprint(kind, " at ", part)
			ws := NewWorkspace(r, a+b, false)
			mustEqual(t, what, allLogits(t, r, ws, docs), whole)
			for _, pieces := range [][]int{{1}, {20, 1, 40}} {
				got := generate(t, r, ws, docs.Tokens[:a], pieces)
				mustEqual(t, fmt.Sprint(what, " by ", pieces), got, whole[:a*c.VocabSize])
			}
			testTogether(t, CacheBF16, r, docs.Tokens[:a], docs.Tokens[a:], whole)
			if s := r.WeightsStats(); s.ReadBytes == 0 || part < 1 && s.Misses == 0 {
				t.Errorf("%s: %+v", what, s)
			}
		}
		all, err := LoadWithin(dir, 1<<60)
		if err != nil {
			t.Fatal(err)
		}
		if all.resident != nil {
			t.Errorf("%s: a model that fits is not all in memory", kind)
		}
	}
}

// TestWithinGGUF: the same for GGUF files, whose formats may differ within a
// matrix and between layers, and whose rows may lie in another order.
func TestWithinGGUF(t *testing.T) {
	wide := []tensor.DType{
		tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeMXFP4, tensor.DTypeQ4K, tensor.DTypeQ5K, tensor.DTypeQ6K, tensor.DTypeF16, tensor.DTypeBF16,
	}
	for name, c := range llamas(t) {
		setLayers(c, 6)
		formats := wide[6:]
		if strings.HasSuffix(name, "wide") {
			formats = wide
		}
		src, err := newModel(t, c).Weights()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m.gguf")
		mustWriteGGUF(t, path, src, func(t TensorInfo) tensor.DType {
			i := len(t.Name) + 5*int(t.Role) + 3*(t.Layer%2)
			if t.Role == RoleExpert { // one for a stack
				i = t.Layer/3 + len(t.Name[strings.LastIndex(strings.TrimSuffix(t.Name, ".weight"), "."):])
			}
			return formats[i%len(formats)]
		})
		m := mustLoad(t, path, LoadOptions{})
		docs := documents(c.VocabSize, 30, 9)
		want := allLogits(t, m, NewWorkspace(m, 39, false), docs)
		for _, part := range []float64{0, 0.6} {
			r := within(t, path, part)
			what := fmt.Sprint(name, " at ", part)
			mustEqual(t, what, allLogits(t, r, NewWorkspace(r, 39, false), docs), want)
			got := generate(t, r, NewWorkspace(r, 30, false), docs.Tokens[:30], []int{5, 1})
			mustEqual(t, what, got, want[:30*c.VocabSize])
			if r.SizeBytes() > r.WeightsStats().Budget {
				t.Errorf("%s: %d bytes", what, r.SizeBytes())
			}
		}
	}
}

// TestWithinConcurrent: goroutines may share a model under a budget.
func TestWithinConcurrent(t *testing.T) {
	c := residentConfigs(t)["many experts"]
	dir := savedDir(t, c)
	m, err := Load(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	r := within(t, dir, 0.2)
	var group sync.WaitGroup
	for i := range 4 {
		tokens := someTokens(40, c.VocabSize, i)
		want := generate(t, m, NewWorkspace(m, 40, false), tokens, []int{40})
		group.Go(func() {
			if got := generate(t, r, NewWorkspace(r, 30, false), tokens, []int{29, 1, 1}); !slices.Equal(got, want) {
				t.Errorf("sequence %d differs from itself alone", i)
			}
			r.WeightsStats()
		})
	}
	group.Wait()
}

// faulty is a file whose reads fail once armed.
type faulty struct {
	content io.ReaderAt
	after   atomic.Int64 // reads that still work
	err     error
}

func (f *faulty) ReadAt(p []byte, at int64) (int, error) {
	if f.after.Add(-1) < 0 {
		return 0, f.err
	}
	return f.content.ReadAt(p, at)
}

// TestWithinReadFails: a read that fails in the middle of a pass is an error that
// names tensor and file, and leaves the model as good as it was.
func TestWithinReadFails(t *testing.T) {
	for kind, c := range residentConfigs(t) {
		dir := savedDir(t, c)
		r := within(t, dir, 0)
		file := &faulty{content: r.resident.files[0].content, err: errors.New("the disk is on fire")}
		file.after.Store(1 << 40)
		r.resident.mu.Lock()
		for len(r.resident.queue) > 0 { // nobody reads
			r.resident.changed.Wait()
		}
		r.resident.files[0].content = file
		r.resident.mu.Unlock()
		docs := documents(c.VocabSize, 20)
		ws := NewWorkspace(r, 20, false)
		want := allLogits(t, r, ws, docs)
		failures := 0
		for after := 0; after < 60; after += 1 + after/8 {
			file.after.Store(int64(after))
			err := r.Forward(ws, docs)
			if err == nil {
				err = r.Logits(ws, []int32{0}, make([]float32, c.VocabSize))
			}
			if err != nil {
				failures++
				if text := err.Error(); !errors.Is(err, file.err) || !strings.Contains(text, "model.") || !strings.Contains(text, dir) {
					t.Fatalf("%s: %v", kind, err)
				}
			}
			file.after.Store(1 << 40)
			mustEqual(t, fmt.Sprint(kind, " after a failure at read ", after), allLogits(t, r, ws, docs), want)
		}
		if failures < 5 {
			t.Errorf("%s: %d passes failed", kind, failures)
		}
	}
}

// TestWithinFileChanged: a file that is cut, written to or replaced under a
// running model is an error, or does nothing.
func TestWithinFileChanged(t *testing.T) {
	c := residentConfigs(t)[Qwen3MoE]
	for name, change := range map[string]func(path string) error{
		"cut":     func(path string) error { return os.Truncate(path, 3000) },
		"written": func(path string) error { return os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)) },
		"gone":    os.Remove,
	} {
		dir := savedDir(t, c)
		r := within(t, dir, 0)
		docs := documents(c.VocabSize, 20)
		ws := NewWorkspace(r, 20, false)
		want := allLogits(t, r, ws, docs)
		if err := change(filepath.Join(dir, safetensors.ModelName)); err != nil {
			t.Fatal(err)
		}
		r.resident.checked = time.Now().Add(-time.Minute)
		switch err := r.Forward(ws, docs); {
		case name == "gone" && err != nil:
			t.Errorf("gone: %v", err)
		case name == "gone":
			mustEqual(t, name, allLogits(t, r, ws, docs), want)
		case err == nil || !strings.Contains(err.Error(), dir):
			t.Errorf("%s: %v", name, err)
		}
		r.resident.checked = time.Now() // between two checks
		if err := r.Forward(ws, docs); (err != nil) != (name == "cut") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWithinReadsOnce: a settled pass of a dense model reads what the plan says
// that it streams, each matrix once; one that wants all experts reads none twice.
func TestWithinReadsOnce(t *testing.T) {
	for kind, c := range residentConfigs(t) {
		r := within(t, savedDir(t, c), 0.5)
		ws := NewWorkspace(r, 60, false)
		batch := documents(c.VocabSize, 60)
		read := func() uint64 {
			r.resident.checked = time.Now()
			if err := r.Forward(ws, batch); err != nil {
				t.Fatal(err)
			}
			if err := r.Logits(ws, []int32{0}, make([]float32, c.VocabSize)); err != nil {
				t.Fatal(err)
			}
			r.resident.mu.Lock()
			defer r.resident.mu.Unlock()
			for len(r.resident.queue) > 0 {
				r.resident.changed.Wait()
			}
			return r.resident.stats.ReadBytes
		}
		read()
		before := read()
		const passes = 5
		for range passes - 1 {
			read()
		}
		got := int64(read()-before) / passes
		most := r.resident.plan.StreamedFile
		if c.NumExperts > 0 {
			most = 0
			for _, class := range r.resident.plan.classes {
				most += class.read * int64(len(class.units))
			}
		}
		if got == 0 || got > most || c.NumExperts == 0 && got != most {
			t.Errorf("%s: a pass reads %d bytes, the plan says %d", kind, got, most)
		}
	}
}

// TestWithinRefuses: less than the least is refused with the arithmetic.
func TestWithinRefuses(t *testing.T) {
	dir := savedDir(t, small(t, Qwen3MoE))
	plan, err := PlanWeights(dir, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	_, err = LoadWithin(dir, plan.Least-1)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint(plan.Least)) || !strings.Contains(err.Error(), "experts.0") {
		t.Errorf("%v", err)
	}
}

// TestWithinSteady: once everything has been used, passes allocate nothing.
func TestWithinSteady(t *testing.T) {
	for kind, c := range residentConfigs(t) {
		r := within(t, savedDir(t, c), 0.2)
		ws := NewWorkspace(r, 20, false)
		batch := documents(c.VocabSize, 20)
		rows, dst := []int32{3}, make([]float32, c.VocabSize)
		pass := func() {
			r.resident.checked = time.Now()
			if err := r.Forward(ws, batch); err != nil {
				t.Fatal(err)
			}
			if err := r.Logits(ws, rows, dst); err != nil {
				t.Fatal(err)
			}
		}
		for range 5 {
			pass()
		}
		if n := testing.AllocsPerRun(20, pass); n > 1 {
			t.Errorf("%s: %v allocations in a pass", kind, n)
		}
	}
}
