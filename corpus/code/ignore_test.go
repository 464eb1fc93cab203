package code

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// git runs Git in a directory, without the settings of whoever runs the test.
func git(t interface{ Fatalf(string, ...any) }, dir string, arguments ...string) string {
	command := exec.Command("git", append([]string{"-C", dir, "-c", "core.excludesFile=/dev/null", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"}, arguments...)...)
	command.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "HOME="+os.DevNull)
	out, err := command.Output()
	if err != nil {
		t.Fatalf("git %v: %v", arguments, err)
	}
	return string(out)
}

func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git to compare with")
	}
}

// write makes a file and the directories above it.
func write(t interface{ Fatalf(string, ...any) }, root, name, content string) {
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatalf("%v", err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatalf("%v", err)
	}
}

// result is what a tree says of one path.
type result struct {
	file   *File
	reason Reason
	err    error
}

// all reads a tree from an index on, by path and in order.
func all(t interface {
	Fatalf(string, ...any)
}, root string, o TreeOptions, from int64,
) (names []string, results map[string]result) {
	tree, err := OpenTree(root, o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	tree.Begin(from)
	results = map[string]result{}
	for index := from; ; index++ {
		f, err := tree.Next(background)
		var left *LeftOut
		var bad *FileError
		name, at := "", int64(-1)
		switch {
		case errors.Is(err, io.EOF):
			return names, results
		case errors.As(err, &left):
			name, at = left.Path, left.Index
			results[name] = result{reason: left.Reason}
		case errors.As(err, &bad):
			name, at = bad.Path, bad.Index
			results[name] = result{err: bad}
		case err != nil:
			t.Fatalf("%v", err)
		default:
			name, at = f.Path, f.Index
			results[name] = result{file: f}
		}
		if at != index {
			t.Fatalf("%s has the index %d, not %d", name, at, index)
		}
		names = append(names, name)
	}
}

// TestIgnoreIsGits makes trees and .gitignore files, and asks Git which files it
// would take.
func TestIgnoreIsGits(t *testing.T) {
	needGit(t)
	name := rapid.SampledFrom([]string{"a", "b", "ab", "abc", "a.c", ".x", "a b", "b ", "[a]", "é", "A", "a-b", "!a", "#a", "a\\b"})
	piece := rapid.SampledFrom([]string{"a", "b", "ab", "abc", "a.c", ".x", "A", "*", "**", "?", "a*", "*b", "*.c", "a**", "**b", "***", "a**b", "a?c", "*a*b*", "[ab]", "[!a]", "[^b]*", "[a-c]", "[[:alpha:]]", "[[:upper:]b]*", "[]a]", "[a", "[]-a]", "\\a", "\\[a\\]", "a b", "a\\ b", "é", "??", "[a-]", "[\\]a]", "a\\\\b", "[[:nope:]]", "*\\"})
	line := rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(piece, 1, 3).Draw(t, "parts")
		begin := rapid.SampledFrom([]string{"", "", "", "!", "/", "!/", "**/", "\\!", "\\#", "#"}).Draw(t, "begin")
		end := rapid.SampledFrom([]string{"", "", "", "/", "/**", "/*", " ", "\\ ", "  ", "\t", "\r"}).Draw(t, "end")
		return begin + strings.Join(parts, "/") + end
	})
	root := t.TempDir()
	git(t, root, "init", "-q")
	rapid.Check(t, func(t *rapid.T) {
		tree := filepath.Join(root, "tree")
		if err := os.RemoveAll(tree); err != nil {
			t.Fatalf("%v", err)
		}
		_ = os.Remove(filepath.Join(root, ".gitignore"))
		dirs := []string{""}
		for range rapid.IntRange(1, 12).Draw(t, "files") {
			path := strings.Join(rapid.SliceOfN(name, 1, 4).Draw(t, "path"), "/")
			full := filepath.Join(tree, filepath.FromSlash(path))
			if os.MkdirAll(filepath.Dir(full), 0o755) != nil { // a file is there
				continue
			}
			if err := os.WriteFile(full, []byte("x"), 0o644); err == nil {
				if dir, _, ok := strings.Cut(path, "/"); ok {
					dirs = append(dirs, dir)
				}
			}
		}
		if err := os.MkdirAll(tree, 0o755); err != nil {
			t.Fatalf("%v", err)
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "ignore files") {
			at := "tree/" + rapid.SampledFrom(dirs).Draw(t, "dir")
			if i == 2 {
				at = ""
			}
			text := strings.Join(rapid.SliceOfN(line, 1, 4).Draw(t, "lines"), "\n")
			if at == "" {
				text += "\n!/tree" // who names a directory wants it
			}
			write(t, root, strings.TrimPrefix(at+"/.gitignore", "/"), text+rapid.SampledFrom([]string{"", "\n"}).Draw(t, "last"))
		}
		want := strings.Split(git(t, tree, "ls-files", "-z", "--others", "--exclude-standard"), "\x00")
		want = slices.DeleteFunc(want, func(name string) bool { return name == "" })
		names, results := all(t, tree, TreeOptions{KeepVendored: true}, 0)
		got := slices.DeleteFunc(names, func(name string) bool { return results[name].reason == IsIgnored })
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("files %q, Git has %q", got, want)
		}
	})
}

// FuzzIgnore reads any text as a .gitignore file and asks it about any path.
func FuzzIgnore(f *testing.F) {
	f.Add("*.c\n!/a/**/b.c\n[a-z]/\\#\n", "a/x/b.c", true)
	f.Add("**\n***/a\n*a*a*a*a*a*a*a*b\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)
	f.Add("[[:alpha:]]\n[a\n\\\n/\n!\n", "[", false)
	f.Fuzz(func(t *testing.T, text, path string, isDir bool) {
		parts := strings.Split(path, "/")
		rules := []ignoreFile{{rules: parseIgnore([]byte(text))}}
		once := ignored(rules, parts, isDir)
		if again := ignored(rules, parts, isDir); once != again {
			t.Error("the second answer differs")
		}
		everything := append(rules, ignoreFile{rules: parseIgnore([]byte("*"))})
		if !ignored(everything, parts, isDir) {
			t.Errorf("* does not match %q", path)
		}
	})
}
