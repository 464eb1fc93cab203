package epub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

// TestPeer reads the books below POLYMATH_EPUB whose text as another reader has
// it lies beside them (testdata/peer.py writes it), and compares the words, in
// order.
func TestPeer(t *testing.T) {
	root := os.Getenv("POLYMATH_EPUB")
	if root == "" {
		t.Skip("POLYMATH_EPUB names no directory of books")
	}
	names, err := filepath.Glob(filepath.Join(root, "*.epub"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no books in %s (%v)", root, err)
	}
	size := 0
	var took time.Duration
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		text, meta, err := Text(content)
		took += time.Since(begin)
		size += len(text)
		want, peerErr := os.ReadFile(name + ".txt")
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		if peerErr != nil {
			t.Logf("%s: the peer cannot read it", filepath.Base(name))
			continue
		}
		ours, peers := letters(string(text)), letters(string(want))
		same := 0
		for same < min(len(ours), len(peers)) && ours[same] == peers[same] {
			same++
		}
		if ours != peers {
			t.Errorf("%s: of %d letters %d are the same, then %.80q where the peer has %.80q", filepath.Base(name), len(peers), same, ours[same:], peers[same:])
		}
		t.Logf("%s: %d letters, %v", filepath.Base(name), len(ours), meta)
	}
	t.Logf("%d books, %.1f MB of text/s", len(names), float64(size)/took.Seconds()/1e6)
}

// letters leaves out space, and the marks and numbers that we put before items
// and between cells.
func letters(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) || strings.ContainsRune("-|.0123456789", c) {
			return -1
		}
		return c
	}, text)
}
