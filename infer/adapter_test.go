package infer

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
)

// TestAdapterInvariance: with an adapter beside the weights the answers are
// others, and as invariant as TestBatchInvariance has it.
func TestAdapterInvariance(t *testing.T) {
	base := testModel(t)
	dir := filepath.Join(t.TempDir(), "base")
	if err := base.Save(dir, model.Provenance{}, nil); err != nil {
		t.Fatal(err)
	}
	m, err := model.Load(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.AddAdapter(model.AdapterConfig{Rank: 3, Alpha: 6, Targets: model.AdapterTargets()}, 1); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(17, 8))
	for _, p := range m.AdapterParams() {
		for i := range p.Master {
			p.Master[i] += 0.1 * float32(r.NormFloat64())
		}
	}
	m.Sync()
	requests := make([]Request, 12)
	alone, without := map[bool][]answer{}, []answer(nil)
	for i := range requests {
		requests[i] = randomRequest(r, testWindow)
		for _, int8s := range []bool{false, true} {
			alone[int8s] = append(alone[int8s], askAlone(t, m, requests[i], int8s))
		}
		without = append(without, askAlone(t, base, requests[i], false))
	}
	if slices.EqualFunc(alone[false], without, answer.equal) {
		t.Error("the adapter changes nothing")
	}
	defer par.SetThreads(par.Threads())
	defer setPath(t, kernel.CPU())
	window := model.CacheBytes(m.Config(), model.CacheBF16, testWindow)
	for i, o := range []Options{
		{},
		{Chunk: 5, MaxBatch: 32},
		{Chunk: 33, MaxBatch: 7, CacheBytes: 2 * window, Lookup: true},
		{Draft: base, MaxBatch: 4},
		{Int8: true, Chunk: 21, MaxBatch: 9, CacheBytes: window},
	} {
		paths := kernel.Paths()
		path := paths[i%len(paths)]
		setPath(t, path)
		par.SetThreads(1 + i%3)
		t.Run(fmt.Sprintf("%d %s", i, path), func(t *testing.T) { testInvariance(t, NewEngine(m, o), o, r, requests, alone[o.Int8]) })
	}
}

func askAlone(t *testing.T, m *model.Model, request Request, int8s bool) answer {
	t.Helper()
	e := NewEngine(m, Options{MaxBatch: 1, Chunk: testWindow, Int8: int8s})
	defer e.Close()
	a, _, err := ask(t.Context(), e, request)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
