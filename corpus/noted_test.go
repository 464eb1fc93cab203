package corpus

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestManyFiles: where many files hold little or nothing, a segment ends before its
// summary is too long to be read, and the build gives the same shards.
func TestManyFiles(t *testing.T) {
	f := &fixture{dir: t.TempDir()}
	for i := range batchItems { // an even number of batches
		f.write(t, fmt.Sprintf("failed/%04d.parquet", i), "no table")
	}
	for i := range 300 {
		f.write(t, fmt.Sprintf("empty/%03d.txt", i), "")
		f.write(t, fmt.Sprintf("text/%03d.txt", i), prose(uint64(i), 30))
	}
	text := fmt.Sprintf(`out: OUT
sources:
  - {name: failed, path: %[1]s/failed, max_bad: 1}
  - {name: empty, path: %[1]s/empty}
  - {name: text, path: %[1]s/text, pipeline: plain}
pipelines: {plain: [unicode]}
tokenizer: {train: {vocab_size: 260}}
`, filepath.ToSlash(f.dir))
	build := func(most int64) map[string]string {
		defer func(n int64) { mostNoted = n }(mostNoted)
		mostNoted = most
		r := parse(t, strings.Replace(text, "OUT", filepath.ToSlash(t.TempDir()), 1))
		if most < maxMark/2 {
			stopAt(t, r, 12)
		}
		m := mustBuild(t, r)
		for i, n := range []int64{batchItems, 300, 300} {
			if m.Sources[i].Files != n {
				t.Errorf("source %d has %d files, want %d", i, m.Sources[i].Files, n)
			}
		}
		ingest := filepath.Join(r.Out, workDir, ingestStage)
		if segments := len(eachOf(t, ingest)); most < maxMark/2 && segments < 20 {
			t.Errorf("%d segments", segments)
		}
		return hashes(t, filepath.Join(r.Out, ShardsDir))
	}
	if diff := cmp.Diff(build(mostNoted), build(32<<10)); diff != "" {
		t.Error(diff)
	}
}

// eachOf lists the summaries of a directory.
func eachOf(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "[0-9]*.json"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestLongSummary: what could not be read again is not written.
func TestLongSummary(t *testing.T) {
	s := &Summary{Number: 3, Read: []InputFile{{Failed: strings.Repeat("x", maxMark)}}}
	dir := t.TempDir()
	if err := s.write(dir); err == nil || !strings.Contains(err.Error(), "make segment in the recipe smaller") || len(eachOf(t, dir)) > 0 {
		t.Errorf("%v", err)
	}
}
