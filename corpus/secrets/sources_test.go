package secrets

import (
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// TestGoSources bounds what is found in the sources of Go, whose only secrets are
// those of tests: keys and shared secrets in test vectors, and passwords in
// addresses and headers.
func TestGoSources(t *testing.T) {
	root := filepath.Join(build.Default.GOROOT, "src")
	if _, err := os.Stat(root); err != nil {
		t.Skip("the sources of Go are not here")
	}
	w, total, size := scanner(t).Worker(), map[string]int{}, 0
	err := filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(name) != ".go" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		size += len(text)
		var d document.Document
		d.Reset(text)
		w.Apply(&d)
		for _, c := range d.Cuts {
			total[c.Reason] += c.Count
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB: %v", size>>20, total)
	for name, n := range total {
		if n > map[string]int{"basic_auth": 40, "generic_key": 20, "private_key": 10, "url_password": 20}[name] {
			t.Errorf("%d times %s", n, name)
		}
	}
	if total["private_key"] == 0 {
		t.Error("the keys of crypto/tls are not found")
	}
}
