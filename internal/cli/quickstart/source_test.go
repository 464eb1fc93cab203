package quickstart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/shard"
)

func TestGoSourceLeavesOutTestData(t *testing.T) {
	dir := t.TempDir()
	want := map[string]bool{
		"src/fmt/print.go": true, "doc/go_spec.html": true, "README.md": true, "src/cmd/vet/testdata/a.go": false,
		"src/fmt/x.s": false, "test/fixedbugs/a.go": false, "lib/time/zoneinfo.zip": false, "misc/README.md": false,
	}
	for name := range want {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("<p>This is the text of "+name+", which says what it is.</p>"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]bool{}
	_, err := goSource(dir).Each(t.Context(), func(d *document.Document) error {
		found[d.Meta["path"]] = true
		return nil
	})
	for name := range want {
		if err != nil || found[name] != want[name] {
			t.Errorf("%s: %v, %v", name, found[name], err)
		}
	}
}

func TestFindGoSaysWhatToDo(t *testing.T) {
	t.Setenv("GOROOT", t.TempDir())
	t.Setenv("PATH", "")
	root, err := findGo(t.Context())
	if err != nil && (!errors.Is(err, goroot.ErrNoSources) || !strings.Contains(err.Error(), "--text")) {
		t.Errorf("%v", err)
	}
	if err == nil && root == os.Getenv("GOROOT") {
		t.Error("an empty directory passes for Go's root")
	}
}

// The share held out leaves something on both sides, however few the documents.
func TestHeldOutOfFewDocuments(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 200} {
		var h heldOut
		var ids []document.ID
		for i := range n {
			ids = append(ids, document.NewID(fmt.Appendf(nil, "text %d", i)))
			h.add(ids[i])
		}
		share, err := h.choose()
		if (err != nil) != (n == 1) {
			t.Errorf("%d documents: %v", n, err)
		}
		held := 0
		for _, id := range ids {
			if shard.HeldOut(id, share) {
				held++
			}
		}
		if n > 1 && (held == 0 || held == n) || n == 200 && share != heldOutShare {
			t.Errorf("%d of %d documents are held out, a share of %v", held, n, share)
		}
	}
}
