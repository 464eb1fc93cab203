package code

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var background = context.Background()

func TestTreeSaysWhatItLeavesOut(t *testing.T) {
	root := t.TempDir()
	write(t, root, ".git/HEAD", "ref: refs/heads/main\n")
	write(t, root, ".git/config", "[core]\n")
	write(t, root, ".gitignore", "build/\n*.log\n")
	write(t, root, "LICENSE", mit)
	write(t, root, "a.go", "package a\n")
	write(t, root, "a/b.go", "package b\n")
	write(t, root, "a-b.go", "package ab\n")
	write(t, root, "build/x.c", "int x;\n")
	write(t, root, "x.log", "x\n")
	write(t, root, "vendor/v/v.go", "package v\n")
	write(t, root, "sub/.git", "gitdir: ../.git/modules/sub\n")
	write(t, root, "sub/s.go", "package s\n")
	write(t, root, "empty.txt", " \n\t\n")
	write(t, root, "nul.bin", "a\x00b")
	write(t, root, "controls.bin", strings.Repeat("\x01\x02ab", 10))
	write(t, root, "large.txt", strings.Repeat("x", len(mit)+1))
	write(t, root, "latin.c", "/* "+strings.Repeat("many words ", 5)+"Fran\xe7ois caf\xe9 */\n")
	write(t, root, "kanji.c", "/* \x93\xfa\x96\x7b\x8c\xea \x93\xfa\x96\x7b */"+strings.Repeat(" ", 90)+"\n")
	write(t, root, "wide.txt", "\xff\xfeh\x00i\x00\n\x00")
	write(t, root, "mark.txt", "\xef\xbb\xbfhi\n")
	if err := os.Symlink("a.go", filepath.Join(root, "link.go")); err != nil {
		t.Fatal(err)
	}
	options := TreeOptions{MaxFile: int64(len(mit))}
	names, results := all(t, root, options, 0)
	want := []string{".gitignore", "LICENSE", "a/b.go", "a-b.go", "a.go", "build", "controls.bin", "empty.txt", "kanji.c", "large.txt", "latin.c", "link.go", "mark.txt", "nul.bin", "sub", "vendor", "wide.txt", "x.log"}
	if !slices.Equal(names, want) {
		t.Errorf("order %q\nwant  %q", names, want)
	}
	for name, reason := range map[string]Reason{
		"build": IsIgnored, "x.log": IsIgnored, "vendor": IsVendored, "sub": IsSubmodule, "link.go": IsLink, "empty.txt": IsEmpty,
		"nul.bin": IsBinary, "controls.bin": IsBinary, "large.txt": IsTooLarge, "kanji.c": IsCharset,
	} {
		if got := results[name].reason; got != reason {
			t.Errorf("%s is left out for %q, not %q", name, got, reason)
		}
	}
	for name, content := range map[string]string{"a/b.go": "package b\n", "wide.txt": "hi\n", "mark.txt": "hi\n", "latin.c": "/* " + strings.Repeat("many words ", 5) + "François café */\n"} {
		f := results[name].file
		if f == nil || string(f.Content) != content || f.License != "MIT" {
			t.Errorf("%s is %+v", name, f)
		}
	}
	_, results = all(t, root, TreeOptions{KeepVendored: true, KeepIgnored: true}, 0)
	for _, name := range []string{"build/x.c", "x.log", "vendor/v/v.go"} {
		if results[name].file == nil {
			t.Errorf("%s is not kept", name)
		}
	}
	for from := range int64(len(want)) + 1 {
		if rest, _ := all(t, root, options, from); !slices.Equal(rest, want[from:]) {
			t.Errorf("from %d on: %q", from, rest)
		}
	}
}

func TestTreeCannotRead(t *testing.T) {
	if os.Getuid() == 0 {
		t.Log("root can read everything: only what is missing is tried")
	}
	if _, err := OpenTree(filepath.Join(t.TempDir(), "gone"), TreeOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	root := t.TempDir()
	write(t, root, "a.txt", "a")
	if _, err := OpenTree(filepath.Join(root, "a.txt"), TreeOptions{}); err == nil {
		t.Error("a file is no tree")
	}
	write(t, root, "d/b.txt", "b")
	write(t, root, "e.txt", "e")
	tree, err := OpenTree(root, TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.txt", "d"} { // between the listing and the reading
		if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	var bad *FileError
	for _, name := range []string{"a.txt", "d"} {
		if _, err := tree.Next(background); !errors.As(err, &bad) || bad.Path != name || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if f, err := tree.Next(background); err != nil || f.Path != "e.txt" || f.Index != 2 {
		t.Errorf("%+v, error %v", f, err)
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	tree, err = OpenTree(root, TreeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Next(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestLicenseOfTheNearestDirectory(t *testing.T) {
	root := t.TempDir()
	write(t, root, "a.c", "x")
	write(t, root, "lib/LICENSE-MIT", mit)
	write(t, root, "lib/LICENSE-ZLIB", zlib)
	write(t, root, "lib/deep/a.c", "x")
	write(t, root, "other/COPYING", mit)
	write(t, root, "other/LICENSE.txt", zlib)
	write(t, root, "other/a.c", "x")
	write(t, root, "unknown/LICENSE", "Ask me.")
	write(t, root, "unknown/a.c", "x")
	write(t, root, "tag/LICENSE", "SPDX-License-Identifier: EUPL-1.2\n")
	write(t, root, "tag/a.c", "x")
	_, results := all(t, root, TreeOptions{}, 0)
	for name, want := range map[string]string{"a.c": "", "lib/deep/a.c": "MIT OR Zlib", "other/a.c": "MIT AND Zlib", "unknown/a.c": "", "tag/a.c": "EUPL-1.2"} {
		if f := results[name].file; f == nil || f.License != want {
			t.Errorf("%s: %+v, want %q", name, f, want)
		}
	}
}

func TestCommit(t *testing.T) {
	needGit(t)
	root := filepath.Join(t.TempDir(), "repository")
	write(t, root, "sub/a.txt", "a\n")
	git(t, root, "init", "-q")
	commit := func(dir string) string {
		t.Helper()
		tree, err := OpenTree(dir, TreeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return tree.Commit()
	}
	if got := commit(root); got != "" {
		t.Errorf("commit %q before the first", got)
	}
	git(t, root, "add", ".")
	git(t, root, "commit", "-q", "-m", "one")
	head := strings.TrimSpace(git(t, root, "rev-parse", "HEAD"))
	check := func(what, dir string) {
		t.Helper()
		if got := commit(dir); got != head {
			t.Errorf("%s: commit %q, want %q", what, got, head)
		}
	}
	check("a branch", root)
	check("a directory below", filepath.Join(root, "sub"))
	git(t, root, "pack-refs", "--all")
	check("a packed branch", root)
	git(t, root, "worktree", "add", "-q", "-b", "other", filepath.Join(root, "../tree"))
	check("another work tree", filepath.Join(root, "../tree"))
	git(t, root, "checkout", "-q", "--detach")
	check("no branch", root)
	super := filepath.Join(root, "../super")
	write(t, super, "b.txt", "b\n")
	git(t, super, "init", "-q")
	git(t, super, "submodule", "add", "-q", root, "module")
	check("a submodule", filepath.Join(super, "module"))
	if _, results := all(t, super, TreeOptions{}, 0); results["module"].reason != IsSubmodule {
		t.Errorf("the submodule is %+v", results["module"])
	}
	if got := commit(t.TempDir()); got != "" {
		t.Errorf("commit %q outside of a work tree", got)
	}
}
