package corpus

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestRemote: what comes from a server gives the shards that the same files on
// disk give, also where the build is stopped within a file, and a file that
// changed meanwhile is named.
func TestRemote(t *testing.T) {
	dir := t.TempDir()
	f := newFixture(t, filepath.Join(dir, "in"))
	var version atomic.Int32
	files := http.FileServer(http.Dir(f.dir))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"`+r.URL.Path+string(rune('a'+version.Load()))+`"`)
		files.ServeHTTP(w, r)
	}))
	defer server.Close()
	text := func(root, out string) string {
		return `
segment: 64 KiB
out: ` + filepath.ToSlash(filepath.Join(dir, out)) + `
sources: [{name: lines, paths: ["` + root + `/lines/a.jsonl", "` + root + `/lines/b.jsonl.gz"], pipeline: p}]
pipelines: {p: [length: {min_words: 5}]}
tokenizer: {train: {vocab_size: 260}}
`
	}
	local := mustBuild(t, parse(t, text(filepath.ToSlash(f.dir), "local")))
	remote := parse(t, text(server.URL, "remote"))
	stopAt(t, remote, 1)
	if m := mustBuild(t, remote); m.Shards != local.Shards {
		t.Errorf("%d documents, and %d from disk", m.ShardDocs, local.ShardDocs)
	}
	list, err := os.ReadFile(filepath.Join(remote.Out, FilesName))
	if err != nil || !strings.Contains(string(list), `"tag":"`) {
		t.Errorf("the list of files has no tags: %s %v", list, err)
	}
	changed := parse(t, text(server.URL, "changed"))
	stopAt(t, changed, 1)
	version.Add(1)
	if _, err := Build(t.Context(), changed, Options{}); err == nil || !strings.Contains(err.Error(), "a.jsonl was changed since") {
		t.Errorf("a changed file: %v", err)
	}
}
