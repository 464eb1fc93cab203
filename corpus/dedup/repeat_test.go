package dedup

import (
	"errors"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// TestRepeatsEqualOracle compares Later and Shared with what they say.
func TestRepeatsEqualOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		items := itemsOf(r, make([]string, 1+r.IntN(40)))
		hashes := make([][]uint64, len(items))
		for i := range hashes {
			for range r.IntN(10) {
				hashes[i] = append(hashes[i], r.Uint64N(60))
			}
		}
		order := orderOf(t, t.TempDir(), items)
		for _, shared := range []bool{false, true} {
			repeats, err := NewRepeats(t.TempDir(), 200)
			if err != nil {
				t.Fatal(err)
			}
			for i, h := range hashes {
				half := len(h) / 2
				if err := errors.Join(repeats.Add(uint32(i), h[half:]), repeats.Add(uint32(i), h[:half])); err != nil {
					t.Fatal(err)
				}
			}
			got := make([][]uint64, len(items))
			var marks *Marks
			if shared {
				marks, err = repeats.Shared(t.Context())
			} else {
				marks, err = repeats.Later(t.Context(), order)
			}
			forMarks(t, marks, err, func(doc uint32, h []uint64) { got[doc] = slices.Clone(h) })
			for i := range items {
				var want []uint64
				for _, h := range hashes[i] {
					for j := range items {
						if j != i && slices.Contains(hashes[j], h) && (shared || items[j].better(&items[i])) {
							want = append(want, h)
						}
					}
				}
				slices.Sort(want)
				if want = slices.Compact(want); !slices.Equal(got[i], want) {
					t.Fatalf("document %d, shared %v: %d, want %d", i, shared, got[i], want)
				}
			}
			if err := repeats.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestRepeatsFailingDisk fails each operation on the disk in turn.
func TestRepeatsFailingDisk(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	run := func(dir string) error {
		repeats, err := NewRepeats(dir, 400)
		if err != nil {
			return err
		}
		defer repeats.Close()
		for i := range uint32(100) {
			if err := repeats.Add(i, []uint64{uint64(i) / 2}); err != nil {
				return err
			}
		}
		marks, err := repeats.Shared(t.Context())
		if err != nil {
			return err
		}
		defer marks.Close()
		for range 100 {
			if _, _, err := marks.Next(); err != nil {
				return err
			}
		}
		return nil
	}
	if err := run(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		dir := t.TempDir()
		disk.FailOp(op, syscall.EIO)
		if err := run(dir); (err == nil) != (name == "close") || err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d, %s: %v", op, name, err)
		}
		expectEmpty(t, dir)
	}
}
