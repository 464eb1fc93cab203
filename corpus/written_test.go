package corpus

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOutWithinSource: a source may hold the directory that the build writes. It
// does not read what is made there, and the build can go on and be done again.
func TestOutWithinSource(t *testing.T) {
	for _, c := range []struct{ name, path, more, out string }{
		{"tree", ".", ", format: tree", "corpus"},
		{"tree that ignores it", ".", ", format: tree", "ignored"},
		{"tree that keeps what is ignored", ".", ", format: tree, tree: {keep_ignored: true}", "ignored"},
		{"pattern", "**/*.*", "", "corpus"},
		{"pattern of a directory", "code/**", "", "code/corpus"},
		{"exclude", ".", `, exclude: ["*.bak"]`, "corpus"},
		{"beside the build", "*.txt", "", "."},
		{"tree that is the directory of the build", ".", ", format: tree", "."},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fixture{dir: t.TempDir()}
			t.Chdir(f.dir)
			f.write(t, ".gitignore", "/ignored/\n")
			for i, name := range []string{"code/a.go", "code/x.py", "z.txt"} {
				f.write(t, name, prose(uint64(i), 20_000))
			}
			text := strings.Replace(sampled(`"`+c.path+`"`, c.out, c.more), "mixed: true, ", "", 1)
			r := parse(t, text)
			stopAt(t, r, 0)
			first := mustBuild(t, r)
			if again := mustBuild(t, parse(t, text)); again.Shards != first.Shards {
				t.Error("another corpus")
			}
			for _, s := range first.Sources {
				if s.Funnel.Bad.Docs != 0 || s.Funnel.Read.Docs > 4 {
					t.Errorf("%d records were read, %d bad", s.Funnel.Read.Docs, s.Funnel.Bad.Docs)
				}
			}
			fresh, err := Build(t.Context(), parse(t, text), Options{Fresh: true})
			if err != nil || fresh.Shards != first.Shards {
				t.Errorf("from the beginning: %v", err)
			}
		})
	}
}

// TestWritten: what a build leaves out is its directory, and where the source lies
// in it, what it makes there.
func TestWritten(t *testing.T) {
	dir := realPath(t.TempDir())
	t.Chdir(dir)
	for _, c := range []struct {
		path, out string
		whole     bool
	}{
		{".", "corpus", true}, {"a/*/b", "a/corpus", true}, {"a", "corpus", false}, {"*.txt", ".", false}, {"corpus/in", "corpus", false},
	} {
		s := Source{Path: c.path}
		paths := s.written(c.out)
		if got := paths[len(paths)-1] == filepath.Join(dir, c.out); got != c.whole || paths[0] != filepath.Join(dir, c.out, workDir) {
			t.Errorf("%s into %s: %q", c.path, c.out, paths)
		}
	}
}
