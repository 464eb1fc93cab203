package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What is in the working directory is not run, as the interpreter is asked.
func TestFindPythonInForeignDirectory(t *testing.T) {
	if openShared(t).noPython != nil {
		t.Skip("no Python")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "json.py"), []byte("raise SystemExit(3)"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if _, err := findPython("", &libraries{}); err != nil {
		t.Error(err)
	}
}

// An interpreter, also one that is named from the working directory, is asked with
// no libraries of the environment.
func TestFindPythonEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LD_LIBRARY_PATH", "/nowhere")
	if err := os.WriteFile("python", []byte("#!/bin/sh\necho \"in $PWD with [$LD_LIBRARY_PATH]\" >&2; exit 1"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := findPython("./python", &libraries{}); err == nil || !strings.HasSuffix(err.Error(), "in / with []\n") {
		t.Errorf("%v", err)
	}
}

// Of a library in a directory of people's own files only the file is shown.
func TestMountPython(t *testing.T) {
	t.Setenv("HOME", "/home/anna")
	parts := &pythonParts{
		Exe: "/opt/python/bin/python3", Dirs: []string{"/opt/python/lib/python3.12"},
		Maps: []string{
			"/home/anna/liba.so", "/home/libb.so.1", "/libc.so", "/opt/python/lib/libpython3.12.so.1.0",
			"/opt/python/lib/python3.12/lib-dynload/x.so", "/usr/lib/libc.so.6", "/usr/share/locale",
		},
	}
	want := []string{
		"/opt/python/bin/python3", "/opt/python/lib/python3.12", "/home/anna/liba.so", "/home/libb.so.1", "/libc.so", "/opt/python/lib",
	}
	if got := mountPython(parts, &libraries{read: []string{"/usr/lib"}}).read; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
