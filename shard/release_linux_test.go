package shard

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// resident is the memory of the process that lies in mapped files below dir,
// in KiB.
func resident(t *testing.T, dir string) (kib int) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("this system does not tell what is in memory:", err)
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, n := lines.Text(), 0
		if head, _, _ := strings.Cut(line, " "); strings.Contains(head, "-") {
			inside = strings.Contains(line, dir)
		} else if _, err := fmt.Sscanf(line, "Rss: %d", &n); inside && err == nil {
			kib += n
		}
	}
	return kib
}

// TestRelease holds that an open set counts as the program's memory only where
// it was read, until that is released.
func TestRelease(t *testing.T) {
	const length = 3 << 20
	dir := filepath.Join(t.TempDir(), "shards")
	tokens := make([]int32, length)
	writeSet(t, dir, testHeader(300), []document{{newID("a"), tokens}, {newID("b"), tokens}})
	set, err := OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if kib := resident(t, dir); kib > 256 {
		t.Errorf("%d KiB are in memory after verifying", kib)
	}
	tokens = set.Doc(tokens[:0], 0)
	if kib := resident(t, dir); kib < length*2>>10 {
		t.Errorf("%d KiB are in memory after reading a document of %d", kib, length*2>>10)
	}
	set.Release()
	if kib := resident(t, dir); kib > 256 {
		t.Errorf("%d KiB are in memory after releasing", kib)
	}
	if again := set.Doc(nil, 1); len(again) != length || again[length-1] != tokens[length-1] {
		t.Error("reading after releasing gives something else")
	}
}
