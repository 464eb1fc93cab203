// Package energy reads what the processors have spent from their own counters (RAPL),
// as Linux shows them in /sys/class/powercap. Where they cannot be read it says why, and
// never guesses.
//
// A counter is of a whole socket, or of its memory: what other programs did in the
// meantime is in it too, and disks, fans and the power supply are not.
package energy

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// root is where Linux shows the counters.
const root = "/sys/class/powercap"

// JoulesPerKWh is what a kilowatt-hour is.
const JoulesPerKWh = 3.6e6

// Meter adds up the counters of all sockets and of their memory. Goroutines may share
// it. A counter begins anew after some minutes of full load: read the meter more often
// than once a minute, or an interval of it is lost.
type Meter struct {
	mu       sync.Mutex
	counters []counter
	total    float64 // joules since Open
	reason   string  // why nothing can be read; "" where it can
}

// counter is one file that counts microjoules to a limit, and begins anew.
type counter struct {
	path string
	last uint64
	span uint64 // that it begins anew after: one more than the largest value
}

// Open returns the machine's meter, at 0. It is never nil: of one that cannot be read
// Unavailable says why.
func Open() *Meter {
	if runtime.GOOS != "linux" {
		return &Meter{reason: "energy counters are read on Linux only"}
	}
	return OpenDir(root)
}

// OpenDir is Open of counters in a directory of that form.
func OpenDir(dir string) *Meter {
	m := &Meter{}
	if err := m.find(dir); err != nil {
		return &Meter{reason: err.Error()}
	}
	return m
}

// find opens the counters of packages, and of memory beside them. What is a part of a
// package (core, uncore), the platform, which packages are a part of, and a second way
// to the same counter (mmio) would be counted twice.
func (m *Meter) find(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("this machine shows no energy counters (there is no %s)", dir)
	}
	if err != nil {
		return err
	}
	packages := 0
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "intel-rapl:") { // AMD's too
			continue
		}
		zone := filepath.Join(dir, e.Name())
		name, err := readText(filepath.Join(zone, "name"))
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(name, "package-"):
			packages++
		case name != "dram":
			continue
		}
		c, err := openCounter(zone)
		if err != nil {
			return err
		}
		m.counters = append(m.counters, c)
	}
	if packages == 0 {
		return fmt.Errorf("this machine shows no energy counters of a processor in %s", dir)
	}
	return nil
}

func openCounter(zone string) (counter, error) {
	c := counter{path: filepath.Join(zone, "energy_uj")}
	largest, err := readNumber(filepath.Join(zone, "max_energy_range_uj"))
	if err != nil {
		return c, err
	}
	c.span = largest + 1
	c.last, err = readNumber(c.path)
	if errors.Is(err, fs.ErrPermission) {
		return c, fmt.Errorf("%s may be read by root only: run as root, or let your user read it", c.path)
	}
	return c, err
}

// Joules is what was spent since Open; ok is false where that is not known.
func (m *Meter) Joules() (joules float64, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.reason != "" {
		return 0, false
	}
	for i := range m.counters {
		spent, err := m.counters[i].advance()
		if err != nil {
			m.reason = err.Error() // what is missing from now on cannot be known
			return 0, false
		}
		m.total += float64(spent) / 1e6
	}
	return m.total, true
}

// advance reads the counter and returns the microjoules since the last time.
func (c *counter) advance() (uint64, error) {
	now, err := readNumber(c.path)
	if err != nil {
		return 0, err
	}
	spent := now - c.last
	if now < c.last { // it began anew
		if c.span <= c.last {
			return 0, fmt.Errorf("%s went down from %d to %d, beyond its limit of %d", c.path, c.last, now, c.span-1)
		}
		spent = c.span - c.last + now
	}
	c.last = now
	return spent, nil
}

// often is how long a counter may be left alone: at a kilowatt one of 262 kJ, the usual
// size, begins anew after 4 minutes.
const often = 30 * time.Second

// Watch reads the meter often enough until stop is called.
func (m *Meter) Watch() (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(often)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				m.Joules()
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

// Unavailable says why nothing can be read, "" where it can.
func (m *Meter) Unavailable() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reason
}

// maxText bounds the files that are read: a number or a name.
const maxText = 128

func readText(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxText))
	return strings.TrimSpace(string(text)), errors.Join(err, f.Close())
}

func readNumber(path string) (uint64, error) {
	text, err := readText(path)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("%s holds %q and no number", path, text)
	}
	return n, nil
}
