package corpus

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// TestDiskFaults fails each operation on files in turn, and fills the disk at
// several points. The build says so, and the next one completes it.
func TestDiskFaults(t *testing.T) {
	dir := t.TempDir()
	f := newSmallFixture(t, filepath.Join(dir, "in"))
	r := parse(t, f.recipe(filepath.Join(dir, "out")))
	r.Threads = 2
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	mustBuild(t, r)
	faults, want := kinds(disk), resultOf(t, r.Out)
	if len(faults) < 60 {
		t.Fatalf("only %d kinds of operations went through the disk", len(faults))
	}
	if testing.Short() {
		faults = faults[:len(faults)/8]
	}
	failed := 0
	for _, op := range faults {
		disk.FailOp(op, syscall.EIO)
		if tryAndRepeat(t, r, disk, want) {
			failed++
		}
	}
	if failed < len(faults)*9/10 {
		t.Errorf("only %d of %d faults were noticed", failed, len(faults))
	}
	for room := int64(0); room < 300<<10; room += 50 << 10 {
		disk.FailAtByte(room, syscall.ENOSPC)
		tryAndRepeat(t, r, disk, want)
	}
}

// kinds is an operation of each name on each kind of file.
func kinds(disk *fault.Disk) []int {
	names := regexp.MustCompile(`[0-9]+\.|\.atomic-.*`) // numbers of segments, names of temporary files
	ops := map[string]int{}
	for op, name := range disk.Log() {
		key := name + " " + names.ReplaceAllString(filepath.Base(disk.Path(op)), "")
		if _, ok := ops[key]; !ok || op%3 == 0 { // not always the first one
			ops[key] = op
		}
	}
	return slices.Sorted(maps.Values(ops))
}

// tryAndRepeat builds from nothing on a faulty disk and again on a sound one. It
// reports whether the first build failed.
func tryAndRepeat(t *testing.T, r *Recipe, disk *fault.Disk, want map[string]string) bool {
	t.Helper()
	if err := atomicfile.OS.RemoveAll(r.Out); err != nil {
		t.Fatal(err)
	}
	_, err := Build(t.Context(), r, Options{})
	if errors.Is(err, syscall.ENOSPC) && !strings.Contains(err.Error(), "the disk is full: free some space") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EIO) {
		t.Errorf("another error: %v", err)
	}
	disk.Reset()
	mustBuild(t, r)
	if diff := cmp.Diff(want, resultOf(t, r.Out)); diff != "" {
		t.Fatalf("after %v: %s", err, diff)
	}
	return err != nil
}

func TestExplain(t *testing.T) {
	for err, want := range map[error]string{
		&fs.PathError{Op: "write", Path: "a", Err: syscall.ENOSPC}: "write a: no space left on device\nthe disk is full: free some space and build again",
		&fs.PathError{Op: "open", Path: "a", Err: syscall.EACCES}:  "open a: permission denied\nname a directory with --out in which you may write",
		&fs.PathError{Op: "open", Path: "a", Err: syscall.EROFS}:   "open a: read-only file system\nname a directory with --out",
		&fs.PathError{Op: "write", Path: "a", Err: syscall.EDQUOT}: "your quota of the disk is used up",
		errors.New("other"): "other",
	} {
		if got := explain(err); !errors.Is(got, err) || !strings.Contains(got.Error(), want) {
			t.Errorf("got  %v\nwant %s", got, want)
		}
	}
	if explain(nil) != nil {
		t.Error("no error is one")
	}
}
