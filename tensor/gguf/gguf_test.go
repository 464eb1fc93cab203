package gguf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
)

// dump is what testdata/golden.py prints of a file: metadata as text, and type,
// shape and hash of the tensors.
type dump struct {
	Metadata map[string]string    `json:"metadata"`
	Tensors  map[string][3]string `json:"tensors"`
}

// compare checks f against what the reference reads. It flattens nested arrays.
func compare(t *testing.T, f *File, want dump) {
	t.Helper()
	if len(f.Names()) != len(want.Tensors) || len(f.Metadata().Pairs()) != len(want.Metadata) {
		t.Errorf("%d tensors and %d keys, want %d and %d", len(f.Names()), len(f.Metadata().Pairs()), len(want.Tensors), len(want.Metadata))
	}
	for key, text := range want.Metadata {
		got := fmt.Sprint(f.Metadata().Value(key))
		if _, nested := f.Metadata().Value(key).([]any); nested {
			got = "[" + strings.NewReplacer("[", "", "]", "").Replace(got) + "]"
		}
		if got != text {
			t.Errorf("%s = %s, want %s", key, got, text)
		}
	}
	for name, w := range want.Tensors {
		s := f.tensors[name]
		sum := sha256.Sum256(s.tensor.Data)
		got := [3]string{s.format.name, fmt.Sprint(s.tensor.Shape), hex.EncodeToString(sum[:])}
		if got != w {
			t.Errorf("%s is %v, want %v", name, got, w)
		}
	}
}

func TestGolden(t *testing.T) {
	var want dump
	if err := json.Unmarshal(mustRead(t, "testdata/golden.json"), &want); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, "testdata/golden.gguf")
	compare(t, f, want)
	if got := fmt.Sprint(f.Metadata().Value("t.nested")); got != "[[1 2] [3]]" {
		t.Errorf("t.nested = %s", got)
	}
	file := mustRead(t, "testdata/golden.gguf")
	for _, name := range f.Names() {
		x, err := f.Tensor(name)
		if name == "q2_k" || name == "iq4_xs" {
			kind := strings.ToUpper(name)
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("tensor %q is in the format %s", name, kind)) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		at, err := f.Locate(name)
		if err != nil || at.Path != "testdata/golden.gguf" || !bytes.HasPrefix(file[at.Offset:], x.Data) {
			t.Errorf("%s is not at %v, %v", name, at, err)
		}
	}
	for _, bad := range []func() error{
		func() error { _, err := f.Tensor("missing"); return err },
		func() error { _, err := f.Locate("missing"); return err },
	} {
		if err := bad(); err == nil || !strings.Contains(err.Error(), `golden.gguf: no tensor "missing"`) {
			t.Errorf("a missing tensor: %v", err)
		}
	}
}

// TestPython lets the reference read what Write wrote.
func TestPython(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("POLYMATH_PYTHON is not set")
	}
	f := mustOpen(t, "testdata/golden.gguf")
	path := filepath.Join(t.TempDir(), "again.gguf")
	if _, err := Write(path, f.Metadata().Pairs(), sources(t, f)); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), python, "testdata/golden.py", "read", path)
	out, err := command.Output()
	if err != nil {
		if check := exec.CommandContext(t.Context(), python, "-c", "import gguf"); check.Run() != nil {
			t.Skip("POLYMATH_PYTHON has no package gguf")
		}
		t.Fatal(err)
	}
	var want dump
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	compare(t, mustOpen(t, path), want)
}

// TestSameBytes: what the reference wrote is written again to the byte.
func TestSameBytes(t *testing.T) {
	one := newFile("part")
	data := mustRead(t, "testdata/split-00001-of-00003.gguf")
	h, err := one.enter("part", data)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "part.gguf")
	sum, err := Write(path, h.pairs, sources(t, one))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(mustRead(t, path), data) {
		t.Error("written again, the file differs")
	}
	if hashed, err := atomicfile.Hash(path); err != nil || hashed != sum {
		t.Errorf("sum %s, file has %s, %v", sum, hashed, err)
	}
}

// sources returns what can be written of f.
func sources(t testing.TB, f *File) (list []tensor.Source) {
	t.Helper()
	for _, name := range f.Names() {
		if f.tensors[name].format.dtype == "" {
			continue
		}
		x, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, x.Source())
	}
	return list
}

func TestSplit(t *testing.T) {
	f := mustOpen(t, "testdata/split-00001-of-00003.gguf")
	if !slices.Equal(f.Names(), []string{"w0", "w1", "w2", "w3", "w4"}) {
		t.Fatalf("names %q", f.Names())
	}
	for i, name := range f.Names() {
		x, err := f.Tensor(name)
		if err != nil || !slices.Equal(x.Shape, []int{i + 1, 2}) || x.F32()[0] != float32(i) {
			t.Errorf("%s: %v, %v", name, x, err)
		}
	}
	dir := t.TempDir()
	copyTo := func(from, to string) {
		mustWrite(t, filepath.Join(dir, to), mustRead(t, filepath.Join("testdata", from)))
	}
	first, second, third := "split-00001-of-00003.gguf", "split-00002-of-00003.gguf", "split-00003-of-00003.gguf"
	copyTo(first, first)
	wantError(t, filepath.Join(dir, first), second)
	copyTo(second, second)
	copyTo(second, third)
	wantError(t, filepath.Join(dir, first), "tensor \"w2\" is in another part too")
	copyTo(third, second)
	copyTo(third, third)
	wantError(t, filepath.Join(dir, first), second+" says it is part 3 of 3")
	wantError(t, filepath.Join(dir, third), third+" is part 3 of 3: open the first, "+first)
	copyTo(first, "model.gguf")
	wantError(t, filepath.Join(dir, "model.gguf"), "its name must end in -00001-of-00003.gguf")
	whole := []Pair{{splitCountKey, uint16(2)}, {splitNoKey, uint16(0)}, {splitTensorsKey, int32(9)}}
	part := []Pair{{splitCountKey, uint16(2)}, {splitNoKey, uint16(1)}}
	for name, pairs := range map[string][]Pair{"m-00001-of-00002.gguf": whole, "m-00002-of-00002.gguf": part} {
		if _, err := Write(filepath.Join(dir, name), pairs, nil); err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, filepath.Join(dir, "m-00001-of-00002.gguf"), "split.tensors.count is 9, but the parts hold 0 tensors")
}

// TestVocabularies opens llama.cpp's own files.
func TestVocabularies(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("needs the data archives: set POLYMATH_DATA to the directory that holds their content")
	}
	files, err := filepath.Glob(filepath.Join(dir, "io_llamacpp", "models", "*.gguf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files, %v", err)
	}
	for _, path := range files {
		f := mustOpen(t, path)
		tokens, err := f.Metadata().Strings("tokenizer.ggml.tokens")
		if err != nil || len(tokens) < 30_000 {
			t.Errorf("%s: %d tokens, %v", path, len(tokens), err)
		}
		if kinds, err := f.Metadata().Ints("tokenizer.ggml.token_type"); err != nil || len(kinds) != len(tokens) {
			t.Errorf("%s: %d types of %d tokens, %v", path, len(kinds), len(tokens), err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.gguf")
	w := tensor.FromF32("w", []float32{1, 2}, 2)
	named := func(name string) []tensor.Source {
		return []tensor.Source{tensor.FromF32(name, []float32{1}, 1).Source()}
	}
	short := w.Source()
	short.Shape = []int{3}
	for _, c := range []struct {
		want    string
		pairs   []Pair
		tensors []tensor.Source
	}{
		{`metadata "k": given twice`, []Pair{{"k", true}, {"k", true}}, nil},
		{`metadata "": a key of 0 bytes`, []Pair{{"", true}}, nil},
		{`metadata "k": GGUF has no type for int`, []Pair{{"k", 3}}, nil},
		{`metadata "k": GGUF has no type for map`, []Pair{{"k", []any{map[string]int{}}}}, nil},
		{`metadata "k": arrays nested`, []Pair{{"k", nested(maxDepth + 1)}}, nil},
		{`metadata "general.alignment": only 32`, []Pair{{alignmentKey, uint32(64)}}, nil},
		{`tensor "w": given twice`, nil, []tensor.Source{w.Source(), w.Source()}},
		{"a name of 64 bytes", nil, named(strings.Repeat("n", 64))},
		{"a name of 0 bytes", nil, named("")},
		{`tensor "s": 0 dimensions`, nil, []tensor.Source{tensor.FromF32("s", []float32{1}).Source()}},
		{`tensor "f8": GGUF has no type for F8_E4M3`, nil, []tensor.Source{{Name: "f8", DType: tensor.DTypeF8E4M3, Shape: []int{1}}}},
		{`tensor "q": shape [33] of Q8_0: the last dimension must be a multiple of 32`, nil, []tensor.Source{{Name: "q", DType: tensor.DTypeQ8_0, Shape: []int{33}}}},
		{`tensor "w": 4 of its 12 bytes were not given`, nil, []tensor.Source{short}},
	} {
		if _, err := Write(path, c.pairs, c.tensors); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", c.want, err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused file was written, %v", err)
	}
}

// nested returns an array in arrays, depth in all.
func nested(depth int) any {
	if depth == 1 {
		return []int32{1}
	}
	return []any{nested(depth - 1)}
}

func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.gguf")
	list := []tensor.Source{tensor.FromF32("w", make([]float32, 100_001), 100_001).Source()}
	if _, err := Write(path, []Pair{{"step", int32(1)}}, list); err != nil {
		t.Fatal(err)
	}
	before := mustRead(t, path)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	for _, room := range []int64{0, 50, 300_000, int64(len(before)) - 1} {
		disk.FailAtByte(room, syscall.ENOSPC)
		if _, err := Write(path, []Pair{{"step", int32(2)}}, list); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d bytes: error %v", room, err)
		}
		if !bytes.Equal(mustRead(t, path), before) {
			t.Errorf("room for %d bytes: the old file changed", room)
		}
	}
}

func mustOpen(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustWrite(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, path, text string) {
	t.Helper()
	f, err := Open(path)
	if err == nil {
		_ = f.Close()
	}
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: error %v, want %q", path, err, text)
	}
}
