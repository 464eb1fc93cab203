package rubric

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/corpus/quality"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

func made(t testing.TB, split Split, n int, seed uint64) []Labelled {
	t.Helper()
	list, err := Labels(split, n, seed)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// small trains in a moment.
func small() quality.TrainOptions {
	o := ClassifierOptions()
	o.Bits, o.Epochs = 10, 3
	return o
}

func trained(t testing.TB, o quality.TrainOptions, answers []Labelled) *Classifier {
	t.Helper()
	c, err := TrainClassifier(o, answers)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClassifierAccuracy trains on answers made for train and those of labelled_dev,
// and measures on answers made for test, whose wordings are others, and on those of
// labelled_test. Bounds are a little below what was measured.
func TestClassifierAccuracy(t *testing.T) {
	c := trained(t, ClassifierOptions(), append(made(t, Train, 1500, 1), labelled(t, "dev")...))
	if a := measure(t, c, made(t, Test, 300, 2)); a.All.Value < 0.85 || a.Found[Disallowed].Value < 0.95 {
		t.Error("the classifier has become worse on made answers")
	}
	// Of disallowed content it has seen markers only, and hardly finds any other.
	if a := measure(t, c, labelled(t, "test")); a.Refuses.Value < 0.85 {
		t.Error("the classifier has become worse on answers by hand")
	}
}

// TestClassifierIsAFunction: the order of the answers does not matter.
func TestClassifierIsAFunction(t *testing.T) {
	answers := made(t, Train, 150, 1)
	a := trained(t, small(), answers)
	slices.Reverse(answers)
	b := trained(t, small(), answers)
	var one, other bytes.Buffer
	if a.encode(&one) != nil || b.encode(&other) != nil || !bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("the classifier depends on the order of the answers")
	}
	if _, err := TrainClassifier(small(), answers[:4]); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("four answers: %v", err)
	}
	if _, err := TrainClassifier(small(), []Labelled{{Class: 9}}); err == nil {
		t.Error("a class that does not exist is taken")
	}
	if _, err := (&Classifier{}).Grade(t.Context(), Case{}); err == nil {
		t.Error("an empty classifier grades")
	}
}

func TestClassifierFile(t *testing.T) {
	c := trained(t, small(), made(t, Train, 150, 1))
	path := filepath.Join(t.TempDir(), "c")
	if err := c.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := OpenClassifier(path)
	if err != nil || got.Hash() != c.Hash() || c.Hash() == "" {
		t.Fatalf("%v, hashes %s and %s", err, got.Hash(), c.Hash())
	}
	for _, l := range made(t, Test, 20, 3) {
		a, errA := c.Grade(t.Context(), l.Case)
		b, errB := got.Grade(t.Context(), l.Case)
		if errA != nil || errB != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%v and %v: %v %v", a, b, errA, errB)
		}
		sum := 0.0
		for _, p := range a.Probabilities {
			sum += p
		}
		if sum < 0.999999 || sum > 1.000001 {
			t.Errorf("probabilities %v", a.Probabilities)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 37 {
		bad := slices.Clone(data)
		bad[at] ^= 1
		if _, err := decodeClassifier(bad); err == nil {
			t.Fatalf("byte %d is not guarded", at)
		}
		if _, err := decodeClassifier(data[:at]); err == nil {
			t.Fatalf("a file cut at %d is taken", at)
		}
	}
}

// TestClassifierWriteFails lets every operation of a write fail: the old file stays.
func TestClassifierWriteFails(t *testing.T) {
	c := trained(t, small(), made(t, Train, 150, 1))
	path := filepath.Join(t.TempDir(), "c")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if err := c.Write(filepath.Join(t.TempDir(), "probe")); err != nil {
		t.Fatal(err)
	}
	ops := disk.Log()
	for op, what := range ops {
		if op > slices.Index(ops, "rename") && strings.Contains(what, "sync") {
			continue // the new file is in place already
		}
		disk.FailOp(op, syscall.ENOSPC)
		err := c.Write(path)
		if after, _ := os.ReadFile(path); err != nil && string(after) != "old" {
			t.Errorf("operation %d, %s: the old file is gone: %v", op, what, err)
		}
	}
}

func FuzzClassifier(f *testing.F) {
	var b bytes.Buffer
	if err := trained(f, small(), made(f, Train, 150, 1)).encode(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(mark))
	f.Fuzz(func(t *testing.T, file []byte) {
		if n := len(file) - sha256.Size; n > 0 { // so that the hash does not guard everything
			sum := sha256.Sum256(file[:n])
			file = append(slices.Clone(file[:n]), sum[:]...)
		}
		c, err := decodeClassifier(file)
		if err != nil {
			return
		}
		if _, err := c.Grade(t.Context(), Case{Prompt: "p", Answer: "a"}); err != nil {
			t.Error(err)
		}
	})
}
