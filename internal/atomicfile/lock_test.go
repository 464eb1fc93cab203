package atomicfile_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

func TestLock(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows knows no flock")
	}
	dir := t.TempDir()
	for range 2 { // a lock can be had again
		unlock, err := atomicfile.Lock(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := atomicfile.Lock(dir); err == nil || !strings.Contains(err.Error(), dir+" is in use") {
			t.Errorf("a second lock: %v", err)
		}
		if err := unlock(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, atomicfile.LockName)); err != nil {
		t.Error(err)
	}
	if _, err := atomicfile.Lock(filepath.Join(dir, "missing")); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("no directory: %v", err)
	}
}
