package train

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/energy"
)

// fakeCounter is a machine whose counter moves as the test says, in microjoules.
func fakeCounter(t *testing.T) (dir string, set func(microjoules int)) {
	t.Helper()
	dir = t.TempDir()
	zone := filepath.Join(dir, "intel-rapl:0")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(zone, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(zone, 0o700); err != nil {
		t.Fatal(err)
	}
	write("name", "package-0\n")
	write("max_energy_range_uj", "99999999\n")
	set = func(microjoules int) { write("energy_uj", strconv.Itoa(microjoules)+"\n") }
	set(0)
	return dir, set
}

// TestEnergy: the energy of a run is that of its parts, whatever interrupted it, and of
// a run that was measured in part it is not known.
func TestEnergy(t *testing.T) {
	counters, set := fakeCounter(t)
	spent := 0
	add := func(joules int) {
		spent += joules
		set(spent * 1e6 % 100_000_000) // it begins anew after 100 J
	}
	part := func(dir string, meter *energy.Meter, stopAt int) Result {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		r := tinyRun(t)
		r.Eval.Every = 4
		trainer, err := New(r, Options{RunDir: dir, Resume: true, Meter: meter, Carbon: 500, Observer: Observe(func(rec Record) {
			switch rec.Kind {
			case KindStep:
				add(10) // counted with the next step, or after the last
				if rec.Step == stopAt {
					stop()
				}
			case KindEval:
				add(3)
			}
		})})
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
	dir := t.TempDir()
	first := part(dir, energy.OpenDir(counters), 5)
	if first.Finished || first.Energy == nil || first.Energy.Joules != 5*10+3 {
		t.Fatalf("%+v %+v", first, first.Energy)
	}
	second := part(dir, energy.OpenDir(counters), -1)
	if want := float64(12*10 + 3*3); !second.Finished || second.Energy.Joules != want {
		t.Fatalf("%+v, want %v J", second.Energy, want)
	}
	f, err := ReadFinished(dir)
	if err != nil || f.Energy == nil || *f.Energy != *second.Energy || f.Energy.Intensity != 500 {
		t.Errorf("%+v is not %+v: %v", f.Energy, second.Energy, err)
	}
	page, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err != nil || !strings.Contains(string(page), "129 J") || !strings.Contains(string(page), "CO₂") {
		t.Errorf("the page does not show it: %v", err)
	}

	dir = t.TempDir()
	part(dir, nil, 5)
	if r := part(dir, energy.OpenDir(counters), -1); r.Energy.Known() || !strings.Contains(r.Energy.Unavailable, "5 of 5 steps before") {
		t.Errorf("%+v", r.Energy)
	}
	dir = t.TempDir()
	if r := part(dir, energy.OpenDir(t.TempDir()), -1); r.Energy.Known() || r.Energy.Joules != 0 {
		t.Errorf("%+v", r.Energy)
	}
	if r := part(t.TempDir(), nil, -1); r.Energy != nil {
		t.Errorf("nobody measured: %+v", r.Energy)
	}
}
