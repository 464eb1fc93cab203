package question

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/task"
)

// TestWriteTasks loads what was written, as an examination does.
func TestWriteTasks(t *testing.T) {
	s := library(t)
	dir := filepath.Join(t.TempDir(), "exam")
	o := DefaultOptions()
	o.Split, o.Number, o.HeldOut = Test, 600, 0.3
	paths, r, err := WriteTasks(dir, "lib", s, o)
	if err != nil {
		t.Fatal(err)
	}
	items := 0
	for _, path := range paths {
		k, err := task.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		list, err := k.Load(task.LoadOptions{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		items += len(list)
	}
	if items != r.Total() || len(paths) != 7 {
		t.Errorf("%d items in %d tasks, %d were made", items, len(paths), r.Total())
	}
	if _, _, err := WriteTasks(dir, "lib", s, o); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("written over others: %v", err)
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := WriteTasks(dir, "lib", s, o); err == nil || !strings.Contains(err.Error(), ".jsonl exists") {
		t.Errorf("data written over others: %v", err)
	}
	if _, _, err := WriteTasks(dir, "Lib-2", s, o); err == nil {
		t.Error("a name that no task can have")
	}
}

// TestWriteTasksFails ends the writing at every step: no task is there without its data.
func TestWriteTasksFails(t *testing.T) {
	s := library(t)
	o := DefaultOptions()
	o.Number, o.Shares = 40, map[Way]float64{Memory: 1}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if _, _, err := WriteTasks(t.TempDir(), "lib", s, o); err != nil {
		t.Fatal(err)
	}
	for op := range disk.Ops() {
		disk.FailOp(op, syscall.ENOSPC)
		dir := t.TempDir()
		if _, _, err := WriteTasks(dir, "lib", s, o); err == nil {
			t.Errorf("operation %d failed, and nobody says so", op)
		}
		for _, name := range glob(t, filepath.Join(dir, "*.yaml")) {
			k, err := task.ReadFile(name)
			if err == nil {
				_, err = k.Load(task.LoadOptions{})
			}
			if err != nil {
				t.Errorf("operation %d: %v", op, err)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestForms: there are forms of both sides for whatever is asked, and none of train is
// one of test.
func TestForms(t *testing.T) {
	f := ready()
	if len(f.Ask) != len(Asks) {
		t.Errorf("%d questions have forms, there are %d", len(f.Ask), len(Asks))
	}
	for _, ask := range Asks {
		both := f.Ask[ask]
		checkForms(t, string(ask), &both, "{subject}")
	}
	checkForms(t, "given", &f.Given, "{text}", "{question}")
	for _, e := range []Entry{{Kind: Symbol}, {Kind: Symbol, Ask: AskWhere}, {Kind: Term}, {Kind: Row}, {Kind: Heading}} {
		if text := notThere(&e); !strings.HasPrefix(text, "There is no ") {
			t.Errorf("%+v is said not to be there as %q", e, text)
		}
	}
	if notSaid() == "" || f.Missing["column"] == "" {
		t.Error("nothing is said of what is missing")
	}
}

func checkForms(t *testing.T, name string, s *sides, holds ...string) {
	t.Helper()
	if len(s.Train) < 3 || len(s.Test) < 2 {
		t.Errorf("%s: %d forms to train and %d to test", name, len(s.Train), len(s.Test))
	}
	for _, form := range slices.Concat(s.Train, s.Test) {
		for _, part := range holds {
			if strings.Count(form, part) != 1 {
				t.Errorf("%s: %q has no %s, or several", name, form, part)
			}
		}
		if slices.Contains(s.Train, form) && slices.Contains(s.Test, form) {
			t.Errorf("%s: %q is on both sides", name, form)
		}
	}
}
