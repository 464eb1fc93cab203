package serve

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/energy"
)

// TestEnergyMetric: /metrics counts what the counters say, and has no number where they
// cannot be read.
func TestEnergyMetric(t *testing.T) {
	dir := t.TempDir()
	zone := filepath.Join(dir, "intel-rapl:0")
	if err := os.Mkdir(zone, 0o700); err != nil {
		t.Fatal(err)
	}
	set := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(zone, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set("name", "package-0\n")
	set("max_energy_range_uj", "99999999\n")
	set("energy_uj", "1000000\n")
	page := func(meter *energy.Meter) func() string {
		m := newMetrics(nil)
		m.meter(meter)
		return func() string {
			w := httptest.NewRecorder()
			m.handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			return w.Body.String()
		}
	}
	read := page(energy.OpenDir(dir))
	set("energy_uj", "8000000\n")
	if text := read(); !strings.Contains(text, "polymath:energy_joules_total 7\n") || !strings.Contains(text, "polymath:energy_available 1\n") {
		t.Error(text)
	}
	if text := page(energy.OpenDir(t.TempDir()))(); strings.Contains(text, "joules") || !strings.Contains(text, "polymath:energy_available 0\n") {
		t.Error(text)
	}
	if text := page(nil)(); strings.Contains(text, "energy") {
		t.Error(text)
	}
}
