package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// tree makes files, each holding its name. A name that ends in > TARGET is a
// link.
func tree(t testing.TB, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		name, target, link := strings.Cut(name, " > ")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if link {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(name), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func names(files []File) []string {
	var out []string
	for _, f := range files {
		out = append(out, f.Name)
	}
	return out
}

func TestListLocal(t *testing.T) {
	root := tree(t, "b.txt", "a/x.txt", "a/y.md", "a/b/z.txt", "a/.hidden/h.txt", ".git/config", "a-1.txt", "lit[1].txt", "ü/ö.txt")
	for pattern, want := range map[string][]string{
		"":              {"a-1.txt", "a/b/z.txt", "a/x.txt", "a/y.md", "b.txt", "lit[1].txt", "ü/ö.txt"},
		"a":             {"b/z.txt", "x.txt", "y.md"},
		"b.txt":         {"b.txt"},
		"*.txt":         {"a-1.txt", "b.txt", "lit[1].txt"},
		"**/*.txt":      {"a-1.txt", "a/b/z.txt", "a/x.txt", "b.txt", "lit[1].txt", "ü/ö.txt"},
		"**":            {"a-1.txt", "a/b/z.txt", "a/x.txt", "a/y.md", "b.txt", "lit[1].txt", "ü/ö.txt"},
		"a/**":          {"b/z.txt", "x.txt", "y.md"},
		"a/**/z.txt":    {"b/z.txt"},
		"?/[x-y].*":     {"a/x.txt", "a/y.md"},
		"**/**/b/**/*":  {"a/b/z.txt"},
		"a/.hidden/*":   {"h.txt"},
		"a/.h*/*":       {".hidden/h.txt"},
		"lit[1].txt":    {"lit[1].txt"},
		"./a/../*/[ö]*": {"ü/ö.txt"},
	} {
		files, err := List(context.Background(), []string{root + "/" + pattern}, Options{})
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if got := names(files); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
		for _, f := range files {
			content, err := os.ReadFile(f.Path)
			if err != nil || !strings.HasSuffix(string(content), f.Name) || f.Size != int64(len(content)) {
				t.Errorf("%s: %+v: %q, %v", pattern, f, content, err)
			}
		}
	}
}

func TestListErrors(t *testing.T) {
	root := tree(t, "a.txt", "sub/.hidden")
	for pattern, want := range map[string]string{
		"none.txt": "none.txt: no such file or directory; check the path",
		"none/*":   "none: no such file or directory",
		"*.md":     "*.md: no file is there",
		"sub":      "no file is there; check the path, and that files are not hidden",
		"[a":       "the pattern has a [ without its ]",
	} {
		_, err := List(context.Background(), []string{root + "/" + pattern}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	for pattern, want := range map[string]string{
		"ftp://host/x": "only paths and the addresses http://, https:// and s3:// are read",
		"http://":      "this is not an address", "s3://": "write s3://BUCKET/KEY",
	} {
		_, err := List(context.Background(), []string{pattern}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	if _, err := List(context.Background(), nil, Options{}); err == nil {
		t.Error("no patterns is no error")
	}
}

// TestLinks has loops and two ways to one directory: each is listed once, under
// the name without a link where there is one.
func TestLinks(t *testing.T) {
	root := tree(t, "a/one.txt", "b/two.txt", "a/loop > ..", "b/up > ../a", "c > b", "file.txt > a/one.txt", "dead > nowhere", "a/self > self")
	files, err := List(context.Background(), []string{root}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(files), []string{"a/one.txt", "b/two.txt", "file.txt"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	outside := tree(t, "far.txt")
	if err := os.Symlink(outside, filepath.Join(root, "z")); err != nil {
		t.Fatal(err)
	}
	files, err = List(context.Background(), []string{root + "/**/*.txt"}, Options{})
	if got, want := names(files), []string{"a/one.txt", "b/two.txt", "file.txt", "z/far.txt"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, want %q: %v", got, want, err)
	}
}

func TestListTogether(t *testing.T) {
	root := tree(t, "a/x.txt", "b/x.txt", "b/y.txt")
	files, err := List(context.Background(), []string{root + "/b", root + "/b/*.txt", root + "/b/y.txt"}, Options{})
	if got := names(files); err != nil || !slices.Equal(got, []string{"x.txt", "y.txt"}) {
		t.Errorf("%q, %v", got, err)
	}
	files, err = List(context.Background(), []string{root + "/b", root + "/a"}, Options{})
	if err != nil || len(files) != 3 || files[0].Name != root+"/a/x.txt" {
		t.Errorf("%q, %v", names(files), err)
	}
	files, err = List(context.Background(), []string{root + "/*"}, Options{Trees: true})
	if err != nil || len(files) != 2 || !files[0].Tree || files[1].Name != "b" {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := Open(context.Background(), files[0], 0); err == nil {
		t.Error("a directory can be opened")
	}
}

// TestMatch compares the matcher with one that tries everything.
func TestMatch(t *testing.T) {
	var try func(pattern, name []string) bool
	try = func(pattern, name []string) bool {
		switch {
		case len(pattern) == 0:
			return len(name) == 0
		case pattern[0] == "**":
			return try(pattern[1:], name) || len(name) > 0 && try(pattern, name[1:])
		}
		return len(name) > 0 && matchPart(pattern[0], name[0]) && try(pattern[1:], name[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.SliceOfN(rapid.SampledFrom([]string{"**", "a", "b", "*", "?"}), 1, 6).Draw(t, "pattern")
		name := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab"}), 1, 6).Draw(t, "name")
		if got, want := match(pattern, name, false), try(pattern, name); got != want {
			t.Fatalf("%v %v: %v", pattern, name, got)
		}
		if try(pattern, name) { // then nothing may hide its directories
			for i := 1; i < len(name); i++ {
				if !match(pattern, name[:i], true) {
					t.Fatalf("%v: %v is not entered", pattern, name[:i])
				}
			}
		}
	})
}

func TestOpenLocal(t *testing.T) {
	root := tree(t, "a.txt")
	f := list1(t, root+"/a.txt", Options{})
	for offset, want := range map[int64]string{0: "a.txt", 2: "txt", 5: ""} {
		if got := readFrom(t, f, offset); got != want {
			t.Errorf("from %d: %q", offset, got)
		}
	}
	for _, offset := range []int64{-1, 6} {
		if _, err := Open(context.Background(), f, offset); err == nil {
			t.Errorf("no error for byte %d", offset)
		}
	}
	at, size, err := OpenAt(context.Background(), f)
	buf := make([]byte, 3)
	if err != nil || size != 5 {
		t.Fatal(size, err)
	}
	if _, err := at.ReadAt(buf, 2); err != nil || string(buf) != "txt" {
		t.Errorf("%q, %v", buf, err)
	}
	at.Close()
	if err := os.Chtimes(f.Path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), f, 0); !errors.Is(err, ErrChanged) {
		t.Errorf("a changed file: %v", err)
	}
	os.Remove(f.Path)
	if _, err := Open(context.Background(), f, 0); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), f.Path) {
		t.Errorf("a file that is gone: %v", err)
	}
}

func list1(t testing.TB, pattern string, opt Options) File {
	t.Helper()
	files, err := List(context.Background(), []string{pattern}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	return files[0]
}

func readFrom(t testing.TB, f File, offset int64) string {
	t.Helper()
	r, err := Open(context.Background(), f, offset)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// noise is n bytes that do not repeat.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// checkAt compares reads in any order with the content.
func checkAt(t testing.TB, f File, content []byte) {
	t.Helper()
	r, size, err := OpenAt(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if size != int64(len(content)) {
		t.Fatalf("size %d, want %d", size, len(content))
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 60 {
		from := rng.IntN(len(content))
		buf := make([]byte, rng.IntN(min(len(content)-from, 2<<20)+1))
		if n, err := r.ReadAt(buf, int64(from)); err != nil || n != len(buf) || !bytes.Equal(buf, content[from:from+n]) {
			t.Fatalf("%d bytes from %d: %d, %v", len(buf), from, n, err)
		}
	}
	buf := make([]byte, 10)
	if n, err := r.ReadAt(buf, size-4); n != 4 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

func TestDisplay(t *testing.T) {
	for path, want := range map[string]string{
		"/a?b@c": "/a?b@c", "https://u:secret@h/p?X-Amz-Signature=1": "https://h/p?...", "s3://b/k": "s3://b/k", "http://h": "http://h",
	} {
		if got := display(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestExclude: a pattern leaves out files, and directories with all that is in
// them, wherever the files are named.
func TestExclude(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.go", "testdata/b.go", "src/c.go", "src/testdata/d.go", "src/testdata/x/e.go", "test/f.go", "src/test/g.go"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, pattern := range []string{dir, filepath.Join(dir, "**", "*.go")} {
		files, err := List(t.Context(), []string{pattern}, Options{Exclude: []string{"**/testdata", "test"}})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range files {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != "a.go src/c.go src/test/g.go" {
			t.Errorf("%s: %s", pattern, got)
		}
	}
	if _, err := List(t.Context(), []string{dir}, Options{Exclude: []string{"[a"}}); err == nil {
		t.Error("a damaged pattern passes")
	}
}

// TestClosedDirectories: what may not be read is passed over where that is asked
// for.
func TestClosedDirectories(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed")
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(closed, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir(closed); err == nil {
		t.Skip("this user may read every directory")
	}
	if _, err := List(t.Context(), []string{dir}, Options{}); err == nil {
		t.Error("no error")
	}
	var told []string
	files, err := List(t.Context(), []string{dir}, Options{Closed: func(path string) { told = append(told, path) }})
	if err != nil || len(files) != 1 || len(told) != 1 || told[0] != closed {
		t.Errorf("%v, %v, %v", files, told, err)
	}
}
