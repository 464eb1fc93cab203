package energy

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// machine writes counters as Linux shows them: zone to name and microjoules.
func machine(t *testing.T, zones map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for zone, name := range zones {
		at := filepath.Join(dir, zone)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(at, "name"), name+"\n")
		write(t, filepath.Join(at, "max_energy_range_uj"), "999999999\n")
		set(t, dir, zone, 0)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func set(t *testing.T, dir, zone string, microjoules int) {
	t.Helper()
	write(t, filepath.Join(dir, zone, "energy_uj"), strconv.Itoa(microjoules)+"\n")
}

var twoSockets = map[string]string{
	"intel-rapl:0": "package-0", "intel-rapl:0:0": "core", "intel-rapl:0:1": "dram",
	"intel-rapl:1": "package-1", "intel-rapl:2": "psys", "intel-rapl-mmio:0": "package-0",
}

func joules(t *testing.T, m *Meter, want float64) {
	t.Helper()
	if got, ok := m.Joules(); !ok || got != want {
		t.Errorf("%v J %v, want %v; %s", got, ok, want, m.Unavailable())
	}
}

// TestMeter: sockets and memory add up, what is a part of them does not, and a counter
// that begins anew loses nothing.
func TestMeter(t *testing.T) {
	dir := machine(t, twoSockets)
	set(t, dir, "intel-rapl:0", 5_000_000)
	m := OpenDir(dir)
	joules(t, m, 0)
	for zone := range twoSockets {
		set(t, dir, zone, 7_000_000)
	}
	joules(t, m, 2+7+7)
	set(t, dir, "intel-rapl:0", 999_000_000)
	joules(t, m, 16+992)
	set(t, dir, "intel-rapl:0", 1_000_000) // a range of 1000 J: 1 J to its end, and 1 J
	joules(t, m, 1008+2)
	joules(t, m, 1010)
}

// TestWatch: a counter that begins anew again and again loses nothing while it is
// watched.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := machine(t, map[string]string{"intel-rapl:0": "package-0"})
		m := OpenDir(dir)
		stop := m.Watch()
		for i := 1; i <= 10; i++ {
			set(t, dir, "intel-rapl:0", i*300_000_000%1_000_000_000)
			time.Sleep(often)
			synctest.Wait()
		}
		stop()
		stop()
		joules(t, m, 3000)
	})
}

// TestUnavailable: what cannot be known is not known, and the reason is said.
func TestUnavailable(t *testing.T) {
	unavailable := func(m *Meter, want string) {
		t.Helper()
		if j, ok := m.Joules(); ok || j != 0 || !strings.Contains(m.Unavailable(), want) {
			t.Errorf("%v J %v: %q does not say %q", j, ok, m.Unavailable(), want)
		}
	}
	unavailable(OpenDir(filepath.Join(t.TempDir(), "none")), "shows no energy counters")
	unavailable(OpenDir(machine(t, map[string]string{"intel-rapl:0": "psys"})), "of a processor")
	dir := machine(t, twoSockets)
	write(t, filepath.Join(dir, "intel-rapl:1", "energy_uj"), "many")
	unavailable(OpenDir(dir), "no number")

	dir = machine(t, twoSockets)
	m := OpenDir(dir)
	joules(t, m, 0)
	if err := os.Remove(filepath.Join(dir, "intel-rapl:1", "energy_uj")); err != nil {
		t.Fatal(err)
	}
	unavailable(m, "energy_uj")
	set(t, dir, "intel-rapl:1", 1)
	unavailable(m, "energy_uj") // what was spent in between is lost

	dir = machine(t, twoSockets)
	set(t, dir, "intel-rapl:0", 2_000_000_000) // beyond its range
	m = OpenDir(dir)
	set(t, dir, "intel-rapl:0", 1)
	unavailable(m, "beyond")

	if os.Geteuid() != 0 {
		dir = machine(t, twoSockets)
		if err := os.Chmod(filepath.Join(dir, "intel-rapl:0", "energy_uj"), 0); err != nil {
			t.Fatal(err)
		}
		unavailable(OpenDir(dir), "root")
	}
}

// TestSpent: what is known adds up, what is not stays so, and carbon follows from what
// somebody said of the electricity.
func TestSpent(t *testing.T) {
	hour := Spent{Joules: 7.2e6, Intensity: 300}
	if got := hour.Grams(); got != 600 {
		t.Errorf("2 kWh at 300 g are %v g", got)
	}
	both := Spent{Joules: 800}.Plus(hour)
	if both.Joules != 7.2008e6 || both.Intensity != 300 {
		t.Errorf("%+v", both)
	}
	for _, s := range []Spent{hour.Plus(Spent{Unavailable: "x"}), Spent{Unavailable: "x"}.Plus(hour)} {
		if s.Known() || s.Joules != 0 || s.Grams() != 0 || s.String() != "unavailable: x" {
			t.Errorf("%+v", s)
		}
	}
	for s, want := range map[Spent]string{
		hour: "7.2 MJ, 600 g of carbon dioxide at 300 g/kWh", {Joules: 0.00325}: "3.25 mJ", {}: "0 J", {Joules: 45}: "45 J",
	} {
		if got := s.String(); got != want {
			t.Errorf("%+v is %q, want %q", s, got, want)
		}
	}
	m := OpenDir(machine(t, twoSockets))
	if s := m.Spent(10); !s.Known() || s.Joules != 0 || s.Intensity != 10 {
		t.Errorf("%+v", s)
	}
}

func FuzzCounter(f *testing.F) {
	f.Add("12\n", "13\n")
	f.Add("", "-1")
	f.Fuzz(func(t *testing.T, before, after string) {
		dir := machine(t, map[string]string{"intel-rapl:0": "package-0"})
		path := filepath.Join(dir, "intel-rapl:0", "energy_uj")
		write(t, path, before)
		m := OpenDir(dir)
		write(t, path, after)
		if j, ok := m.Joules(); ok && (j < 0 || j > 1000) {
			t.Errorf("%q, %q: %v J", before, after, j)
		}
	})
}
