package quality

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

func tiny() *Model {
	m := &Model{bits: minBits, ngram: 3, shift: 0.5, scale: 2, weights: make([]float32, 1<<minBits)}
	for i := range m.weights {
		m.weights[i] = float32(i%7) - 3
	}
	return m
}

func encoded(t testing.TB, m *Model) []byte {
	var b bytes.Buffer
	if err := m.Encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(file []byte) (*Model, error) { return Read(bytes.NewReader(file), int64(len(file))) }

func TestFile(t *testing.T) {
	m := tiny()
	m.about = About{small(), Report{AUC: 0.75, Bins: []Bin{{0.5, 0.25, 7}}}}
	file := encoded(t, m)
	got, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.bits != m.bits || got.ngram != m.ngram || got.shift != m.shift || got.scale != m.scale || !slices.Equal(got.weights, m.weights) {
		t.Error("a model read again differs")
	}
	if got.About().Report.AUC != 0.75 || got.About().Options != m.about.Options {
		t.Errorf("about: %+v", got.About())
	}
	for i := range file {
		bad := slices.Clone(file)
		bad[i] ^= 1
		if _, err := decode(bad); err == nil {
			t.Fatalf("byte %d of %d is not guarded", i, len(file))
		}
		if _, err := decode(file[:i]); err == nil {
			t.Fatalf("a file cut at %d of %d is taken", i, len(file))
		}
	}
	if _, err := decode(append(slices.Clone(file), 0)); err == nil || !strings.Contains(err.Error(), "header says") {
		t.Errorf("a byte too many: %v", err)
	}
	huge := slices.Clone(file[:30])
	huge[7] = maxBits
	if _, err := decode(huge); err == nil {
		t.Error("a header of a model larger than its file is taken")
	}
}

// TestWriteFails lets every operation of a write fail: the old model stays.
func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	old, m := tiny(), tiny()
	m.shift = 3
	if err := old.Write(path); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	probe := filepath.Join(t.TempDir(), "probe")
	if err := m.Write(probe); err != nil {
		t.Fatal(err)
	}
	ops := disk.Log()
	for op, what := range ops {
		if strings.Contains(what, "sync") && op > slices.Index(ops, "rename") {
			continue // the new file is in place already
		}
		disk.FailOp(op, syscall.ENOSPC)
		err := m.Write(path)
		after, _ := os.ReadFile(path)
		if err != nil && !bytes.Equal(before, after) {
			t.Errorf("operation %d, %s: the old model is gone: %v", op, what, err)
		}
	}
}

// TestGrams compares the buckets with those of n-grams looked at one by one.
func TestGrams(t *testing.T) {
	row := []uint64{11, 22, 33, 11, 22, 33, 44}
	at := func(bits, most int, row []uint64) (all [][]uint32) {
		g := grams{bits: bits, most: most}
		for _, h := range row {
			all = append(all, g.next(nil, h))
		}
		return all
	}
	all := at(20, 3, row)
	for i, got := range all {
		if len(got) != min(i+1, 3) {
			t.Errorf("%d n-grams at word %d", len(got), i)
		}
		alone := at(20, 3, row[max(0, i-2):i+1])
		if !slices.Equal(got, alone[len(alone)-1]) {
			t.Errorf("word %d: its n-grams depend on more than three words", i)
		}
	}
	if all[2][2] != all[5][2] || all[2][1] == all[2][0] || slices.Equal(all[6], all[5]) {
		t.Errorf("n-grams: %v", all)
	}
	reversed := at(20, 2, []uint64{22, 11})
	if reversed[1][1] == all[1][1] {
		t.Error("the order of words does not matter")
	}
}

func FuzzModel(f *testing.F) {
	f.Add(encoded(f, tiny()), "some words")
	f.Add(encoded(f, tiny())[:100], "")
	f.Fuzz(func(t *testing.T, file []byte, text string) {
		if n := len(file) - sha256.Size; n > 0 { // so that the hash does not guard everything
			sum := sha256.Sum256(file[:n])
			file = append(slices.Clone(file[:n]), sum[:]...)
		}
		m, err := decode(file)
		if err != nil {
			return
		}
		var l words.List
		l.Split([]byte(text))
		if s := m.Score(&l); !(s >= 0 && s <= 1) {
			t.Errorf("score %v", s)
		}
	})
}

func BenchmarkScore(b *testing.B) {
	m := &Model{bits: 20, ngram: 2, scale: 1, weights: make([]float32, 1<<20)}
	text := []byte(strings.Repeat("It was a bright cold day in the valley, and nobody had thought of lighting the stove before noon. ", 50))
	if name := os.Getenv("POLYMATH_BENCH_TEXT"); name != "" {
		var err error
		if text, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	var l words.List
	l.Split(text)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		m.Score(&l)
	}
}
