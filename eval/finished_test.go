package eval

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// TestSaveFails makes the disk fail at each operation of two saves of a finished run, one
// after the other: it stays a run, with the records that it had or the new ones.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	if _, err := Run(t.Context(), &fake{}, exam(1)[:1], Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	saves := 0
	save := func(fail int) error {
		f, err := OpenRun(dir)
		if err != nil {
			t.Fatalf("save %d: %v", saves, err)
		}
		before := f.Records[0].Answer
		saves++
		f.Records[0].Answer = fmt.Sprint("save ", saves)
		disk.FailOp(fail, syscall.ENOSPC)
		failed := f.Save()
		disk.Reset()
		saved, err := OpenRun(dir)
		if err != nil {
			t.Fatalf("save %d, operation %d failed: %v", saves, fail, err)
		}
		if now := saved.Records[0].Answer; now != f.Records[0].Answer && (failed == nil || now != before) {
			t.Errorf("save %d, operation %d: %q after %q, %v", saves, fail, now, before, failed)
		}
		return failed
	}
	for one := 0; ; one++ {
		for two := 0; ; two++ {
			first, second := save(one), save(two)
			for _, err := range []error{first, second} {
				if err != nil && !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
			}
			if first == nil && two == 0 {
				if one < 15 {
					t.Errorf("a save of %d operations", one)
				}
				return
			}
			if second == nil {
				break
			}
		}
	}
}
