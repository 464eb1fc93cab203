package extsort

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// randomRecords draws records of few different bytes, so that many are equal, or
// of all.
func randomRecords(r *rand.Rand, n, width, bytes int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = make([]byte, width)
		for j := range all[i] {
			all[i][j] = byte(r.IntN(bytes))
		}
	}
	return all
}

// collect reads an Iterator to its end.
func collect(it *Iterator) ([][]byte, error) {
	var all [][]byte
	for {
		record, err := it.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, bytes.Clone(record))
	}
}

// sortAll puts records through a Sorter, several at a time.
func sortAll(dir string, records [][]byte, width int, memory int64, r *rand.Rand) (sorted [][]byte, err error) {
	s, err := New(dir, width, memory)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for rest := records; len(rest) > 0; {
		n := 1 + r.IntN(min(5, len(rest)))
		if err := s.Add(bytes.Join(rest[:n], nil)); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	if s.Len() != int64(len(records)) {
		return nil, fmt.Errorf("Len is %d of %d", s.Len(), len(records))
	}
	it, err := s.Sort(context.Background())
	if err != nil {
		return nil, err
	}
	return collect(it)
}

func TestSortEqualsSlicesSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	for range 300 {
		width := 1 + r.IntN(20)
		n := r.IntN(2000)
		memory := int64(3*width + r.IntN(40*width))
		if r.IntN(4) == 0 {
			memory = 1 << 20
		}
		records := randomRecords(r, n, width, []int{1, 2, 3, 256}[r.IntN(4)])
		sorted, err := sortAll(dir, records, width, memory, r)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(records, bytes.Compare)
		if !slices.EqualFunc(sorted, records, bytes.Equal) {
			t.Fatalf("%d records of %d bytes in %d bytes of memory are not sorted", n, width, memory)
		}
	}
	expectEmpty(t, dir)
}

// TestSortManyGoroutines: the parallel part of sorting in memory.
func TestSortManyGoroutines(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, bytesUsed := range []int{1, 2, 256} {
		records := randomRecords(r, 3*parallelFrom, 9, bytesUsed)
		joined := bytes.Join(records, nil)
		sortRecords(joined, 9)
		slices.SortFunc(records, bytes.Compare)
		if !bytes.Equal(joined, bytes.Join(records, nil)) {
			t.Errorf("records of %d different bytes are not sorted", bytesUsed)
		}
	}
}

func expectEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left behind", e.Name())
	}
}

// TestManyRuns merges in several levels with a bounded number of runs at a time.
func TestManyRuns(t *testing.T) {
	dir := t.TempDir()
	s, err := New(dir, 4, 12)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 1000 {
		if err := s.Add([]byte{0, 0, byte(^i >> 8), byte(^i)}); err != nil {
			t.Fatal(err)
		}
	}
	it, err := s.Sort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(s.runs.list); n > 2 {
		t.Errorf("%d runs are merged at a time with memory for 2", n)
	}
	all, err := collect(it)
	if err != nil || len(all) != 1000 || !slices.IsSortedFunc(all, bytes.Compare) {
		t.Errorf("%d records, %v", len(all), err)
	}
}

// TestFailingDisk fails each operation on the disk in turn: the error comes out
// and nothing is left behind.
func TestFailingDisk(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	r := rand.New(rand.NewPCG(5, 6))
	records := randomRecords(r, 200, 12, 256)
	run := func(dir string) error {
		_, err := sortAll(dir, records, 12, 200, r)
		return err
	}
	if err := run(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	log := disk.Log()
	for op, name := range log {
		dir := t.TempDir()
		disk.FailOp(op, syscall.EIO)
		err := run(dir)
		if (err == nil) != (name == "close") || err != nil && !errors.Is(err, syscall.EIO) {
			t.Errorf("operation %d of %d, %s: %v", op, len(log), name, err)
		}
		expectEmpty(t, dir)
	}
}

// TestFullDisk: the error says so and names the place.
func TestFullDisk(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	r := rand.New(rand.NewPCG(7, 8))
	records := randomRecords(r, 500, 12, 256)
	for room := int64(0); room < 500*12; room += 777 {
		dir := t.TempDir()
		disk.FailAtByte(room, syscall.ENOSPC)
		_, err := sortAll(dir, records, 12, 1000, r)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), dir) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
		expectEmpty(t, dir)
	}
}

// TestChangedByte: a disk that gives other bytes back is an error.
func TestChangedByte(t *testing.T) {
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	r := rand.New(rand.NewPCG(9, 10))
	records := randomRecords(r, 100, 12, 256)
	disk.FlipByte(5)
	if _, err := sortAll(t.TempDir(), records, 12, 400, r); err == nil || !strings.Contains(err.Error(), "faulty") {
		t.Error(err)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, memory := range []int64{12, 1 << 20} {
		s, err := New(t.TempDir(), 4, memory)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.Add(make([]byte, 4000)); err != nil {
			t.Fatal(err)
		}
		it, err := s.Sort(ctx)
		if err == nil {
			_, err = it.Next()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("with %d bytes of memory: %v", memory, err)
		}
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		width  int
		memory int64
	}{{0, 100}, {-1, 100}, {8, 23}, {8, -1}} {
		if _, err := New(t.TempDir(), c.width, c.memory); err == nil {
			t.Errorf("records of %d bytes in %d bytes of memory", c.width, c.memory)
		}
	}
	s, err := New(t.TempDir(), 8, 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add(make([]byte, 9)); err == nil {
		t.Error("a part of a record is taken")
	}
	if _, err := s.Sort(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Add(make([]byte, 8)); err == nil {
		t.Error("a record is taken after Sort")
	}
	if _, err := s.Sort(t.Context()); err == nil {
		t.Error("sorted twice")
	}
	it, err := func() (*Iterator, error) {
		s, err := New(t.TempDir(), 8, 100)
		if err != nil {
			return nil, err
		}
		return s.Sort(t.Context())
	}()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close(), it.sorter.Close()); err != nil {
		t.Error(err)
	}
	if _, err := it.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("Next after Close: %v", err)
	}
}

func BenchmarkSort(b *testing.B) {
	const n, width = 4 << 20, 12
	r := rand.New(rand.NewPCG(1, 2))
	block := make([]byte, n*width)
	for i := range block {
		block[i] = byte(r.Uint32())
	}
	for _, memory := range []int64{n * width, n * width / 8} {
		b.Run(fmt.Sprintf("MiB=%d", memory>>20), func(b *testing.B) {
			b.SetBytes(n * width)
			for b.Loop() {
				s, err := New(b.TempDir(), width, memory)
				if err != nil {
					b.Fatal(err)
				}
				if err := s.Add(block); err != nil {
					b.Fatal(err)
				}
				it, err := s.Sort(b.Context())
				for err == nil {
					_, err = it.Next()
				}
				if !errors.Is(err, io.EOF) {
					b.Fatal(err)
				}
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
		})
	}
}
