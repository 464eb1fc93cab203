package corpus

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCopiesAreNotNear: equal documents, of which all but one went, are not nearly the
// same a second time; and in a cluster of near ones only those count that are left.
func TestCopiesAreNotNear(t *testing.T) {
	for _, c := range []struct {
		name        string
		near        int // documents that end in a word of their own
		exact, left []int64
		gone        map[string]int64
	}{
		{"copies only", 0, []int64{0, 0, 0, 9}, nil, map[string]int64{goneExact: 9}},
		{"and one near them", 1, []int64{0, 0, 0, 9}, []int64{0, 1}, map[string]int64{goneExact: 9, goneNear: 1}},
		{"and three", 3, []int64{0, 0, 0, 9}, []int64{0, 0, 3}, map[string]int64{goneExact: 9, goneNear: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			f := &fixture{dir: filepath.Join(dir, "in")}
			text := prose(1, 400)
			for i := range 10 {
				f.write(t, fmt.Sprintf("%02d.txt", i), text)
			}
			for i := range c.near {
				f.write(t, fmt.Sprintf("near%d.txt", i), text+fmt.Sprintf("and ending%d\n", i))
			}
			f.write(t, "other.txt", prose(2, 400))
			m := mustBuild(t, parse(t, fmt.Sprintf(`name: copies
out: %s
sources: [{name: text, path: %s}]
pipelines: {text: [length: {min_words: 5}]}
dedup: {exact: true, minhash: {bands: 8, rows: 4}}
tokenizer: {train: {vocab_size: 300, sample: 64 KiB}}
`, filepath.ToSlash(filepath.Join(dir, "out")), filepath.ToSlash(f.dir))))
			if diff := cmp.Diff(Clusters{Exact: c.exact, Near: c.left}, m.Clusters); diff != "" {
				t.Error(diff)
			}
			gone := map[string]int64{}
			for reason, n := range m.Sources[0].After.Gone {
				gone[reason] = n.Docs
			}
			if diff := cmp.Diff(c.gone, gone); diff != "" {
				t.Error(diff)
			}
		})
	}
}
