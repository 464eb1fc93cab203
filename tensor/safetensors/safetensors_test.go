package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"pgregory.net/rapid"
)

// element returns element i of t as Python prints it.
func element(t *tensor.Tensor, i int) string {
	le := binary.LittleEndian
	number := func(x float64) string {
		s := strconv.FormatFloat(x, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	}
	switch t.DType {
	case tensor.DTypeBool:
		return map[byte]string{0: "False", 1: "True"}[t.Data[i]]
	case tensor.DTypeU8:
		return strconv.Itoa(int(t.Data[i]))
	case tensor.DTypeI16:
		return strconv.Itoa(int(int16(le.Uint16(t.Data[2*i:]))))
	case tensor.DTypeI32:
		return strconv.Itoa(int(int32(le.Uint32(t.Data[4*i:]))))
	case tensor.DTypeI64:
		return strconv.FormatInt(int64(le.Uint64(t.Data[8*i:])), 10)
	case tensor.DTypeU64:
		return strconv.FormatUint(le.Uint64(t.Data[8*i:]), 10)
	case tensor.DTypeF16:
		return number(float64(t.F16()[i].Float32()))
	case tensor.DTypeF32:
		return number(float64(t.F32()[i]))
	case tensor.DTypeF64:
		return number(math.Float64frombits(le.Uint64(t.Data[8*i:])))
	}
	return "?"
}

// TestGolden reads a file of the reference implementation, value by value, and
// writes the same bytes from what it read.
func TestGolden(t *testing.T) {
	var golden struct {
		Values map[string][]string
	}
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, "testdata/golden.safetensors")
	if len(f.Names()) != len(golden.Values) || f.Metadata()["format"] != "np" {
		t.Fatalf("names %q, metadata %q", f.Names(), f.Metadata())
	}
	var all []*tensor.Tensor
	for name, want := range golden.Values {
		x := mustTensor(t, f, name)
		if x.Len() != len(want) {
			t.Fatalf("%s has %d elements, want %d", name, x.Len(), len(want))
		}
		for i := range want {
			if got := element(x, i); got != want[i] {
				t.Errorf("%s[%d] = %s, want %s", name, i, got, want[i])
			}
		}
		all = append(all, x)
	}
	path := filepath.Join(t.TempDir(), "out.safetensors")
	sum, err := Write(path, all, f.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	wantFile, gotFile := mustRead(t, "testdata/golden.safetensors"), mustRead(t, path)
	if !bytes.Equal(gotFile, wantFile) {
		t.Errorf("written file differs from the reference's:\n%q\n%q", gotFile[:400], wantFile[:400])
	}
	if hashed, err := atomicfile.Hash(path); err != nil || hashed != sum {
		t.Errorf("sum %s, file has %s, %v", sum, hashed, err)
	}
}

// file returns a safetensors file with this header and data.
func file(header, data string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+data...)
}

func one(dtype, shape, offsets string) string {
	return fmt.Sprintf(`{"w":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
}

// badFiles are refused, each with a message that holds the text.
var badFiles = []struct {
	name string
	data []byte
	want string
}{
	{"empty", nil, "truncated"},
	{"short", []byte{1, 2, 3}, "truncated"},
	{"longer than the file", binary.LittleEndian.AppendUint64(nil, 9), "truncated: header of 9 bytes"},
	{"over the limit", binary.LittleEndian.AppendUint64(nil, 1<<63), "longer than the allowed"},
	{"no brace", file(` {}`, ""), "does not begin with '{'"},
	{"no header", file(``, ""), "does not begin with '{'"},
	{"not UTF-8", file("{\"\xff\":1}", ""), "UTF-8"},
	{"cut JSON", file(`{"w":{"dtype"`, ""), "unexpected EOF"},
	{"trailing comma", file(`{"w":{},}`, ""), `"w"`},
	{"text after", file(`{}x`, ""), "after the closing brace"},
	{"second object", file(`{}{}`, ""), "after the closing brace"},
	{"NUL padding", file("{}\x00", ""), "after the closing brace"},
	{"array", file(`{"w":[1]}`, ""), `tensor "w"`},
	{"unknown dtype", file(one(`"F33"`, `[1]`, `[0,4]`), "1234"), `tensor "w": unknown dtype "F33"`},
	{"dtype no string", file(one(`4`, `[1]`, `[0,4]`), "1234"), "dtype: 4 is not a string"},
	{"dtype in capitals", file(`{"w":{"DType":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"), `unknown key "DType"`},
	{"no dtype", file(`{"w":{"shape":[1],"data_offsets":[0,4]}}`, "1234"), "dtype is missing"},
	{"no shape", file(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, "1234"), "shape is missing"},
	{"no offsets", file(`{"w":{"dtype":"F32","shape":[1]}}`, "1234"), "data_offsets"},
	{"one offset", file(one(`"F32"`, `[1]`, `[4]`), "1234"), "data_offsets"},
	{"three offsets", file(one(`"F32"`, `[1]`, `[0,4,4]`), "1234"), "data_offsets"},
	{"negative shape", file(one(`"F32"`, `[-1]`, `[0,4]`), "1234"), "-1 is not a whole number"},
	{"fraction", file(one(`"F32"`, `[1.0]`, `[0,4]`), "1234"), "1.0 is not a whole number"},
	{"null shape", file(one(`"F32"`, `null`, `[0,4]`), "1234"), "shape"},
	{"huge number", file(one(`"F32"`, `[99999999999999999999]`, `[0,4]`), "1234"), "not a whole number"},
	{"overflowing shape", file(one(`"F32"`, `[4611686018427387904,4]`, `[0,0]`), ""), "too large"},
	{"too few bytes", file(one(`"F32"`, `[2]`, `[0,4]`), "1234"), "takes 8"},
	{"half a byte", file(one(`"F4"`, `[3]`, `[0,2]`), "12"), "whole number of bytes"},
	{"end before begin", file(one(`"F32"`, `[1]`, `[4,0]`), "1234"), "before its begin"},
	{"cut data", file(one(`"F32"`, `[1]`, `[0,4]`), "123"), "truncated"},
	{"hole before", file(one(`"U8"`, `[1]`, `[1,2]`), "12"), "1 unused bytes before"},
	{"unused end", file(one(`"U8"`, `[1]`, `[0,1]`), "12"), "1 unused bytes at the end"},
	{"overlap", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, "123"), `tensor "b": overlaps`},
	{"same data", file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "12"), "overlaps"},
	{"name twice", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, ""), `"a" occurs twice`},
	{"name twice by escapes", file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, ""), `"a" occurs twice`},
	{"key twice", file(`{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, ""), `"dtype" occurs twice`},
	{"many dimensions", file(one(`"F32"`, "["+strings.Repeat("1,", 64)+"1]", `[0,4]`), "1234"), "more than 64 numbers"},
	{"format of blocks", file(one(`"Q8_0"`, `[32]`, `[0,34]`), strings.Repeat("1", 34)), `tensor "w": safetensors has no format Q8_0`},
	{"zip of a pickle", []byte("PK\x03\x04\x00\x00\x08\x08\x00\x00\x00\x00"), "this is a PyTorch pickle; convert it to safetensors"},
	{"pickle", []byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), "this is a PyTorch pickle"},
	{"Git LFS pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"), "this is a Git LFS pointer, the file itself was not downloaded"},
	{"GGUF", []byte("GGUF\x03\x00\x00\x00\x00\x00\x00\x00"), "this is a GGUF file"},
	{"web page", []byte("<!DOCTYPE html>\n<html>"), "this is a web page"},
	{"metadata no text", file(`{"__metadata__":{"a":1}}`, ""), "1 is not a string"},
}

func TestBadFiles(t *testing.T) {
	for _, c := range badFiles {
		path := filepath.Join(t.TempDir(), "bad.safetensors")
		mustWriteFile(t, path, c.data)
		f, err := Open(path)
		if err == nil || f != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// TestHeaderLikePickle: the length of a header may begin as a pickle does.
func TestHeaderLikePickle(t *testing.T) {
	data := file("{}"+strings.Repeat(" ", 0x280-2), "")
	if !bytes.HasPrefix(data, []byte("\x80\x02")) {
		t.Fatal("another length")
	}
	if _, err := parseHeader(data); err != nil {
		t.Error(err)
	}
}

// TestOtherWeights: a directory without safetensors says what it has.
func TestOtherWeights(t *testing.T) {
	for name, c := range map[string][2]string{
		"pytorch_model.bin": {"PK\x03\x04\x00\x00\x08\x08\x00", "this is a PyTorch pickle"},
		"model-q8_0.gguf":   {"GGUF\x03\x00", "this is a GGUF file"},
	} {
		dir := t.TempDir()
		mustWriteFile(t, filepath.Join(dir, name), []byte(c[0]))
		wantError(t, dir, name+": "+c[1], filepath.Join(dir, ModelName))
	}
	dir := t.TempDir()
	mustWriteFile(t, filepath.Join(dir, "a.bin"), []byte("something else"))
	if _, err := OpenDir(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no weights: %v", err)
	}
}

func TestUnalignedDataIsCopied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	header := one(`"F32"`, `[1]`, `[0,4]`)
	for len(header)%4 != 3 {
		header += " "
	}
	mustWriteFile(t, path, file(header, string(tensor.Bytes([]float32{-7}))))
	if got := mustTensor(t, mustOpen(t, path), "w").F32()[0]; got != -7 {
		t.Errorf("got %g", got)
	}
}

// anyTensors draws a random model.
func anyTensors(t *rapid.T) []*tensor.Tensor {
	names := rapid.SliceOfNDistinct(rapid.String(), 0, 6, rapid.ID[string]).Draw(t, "names")
	var list []*tensor.Tensor
	for _, name := range names {
		d := rapid.SampledFrom(rank).Draw(t, "dtype")
		shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 3).Draw(t, "shape")
		size, err := tensor.SizeBytes(d, shape)
		if err != nil || name == metadataKey {
			continue
		}
		data := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "data")
		list = append(list, &tensor.Tensor{Name: name, DType: d, Shape: shape, Data: data})
	}
	return list
}

// TestRoundTrip: what is written is read again, in one file and in several.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		list := anyTensors(rt)
		metadata := rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(rt, "metadata")
		dir := t.TempDir()
		limit := rapid.Int64Range(0, 40).Draw(rt, "limit")
		sums, err := WriteDir(dir, sources(list), metadata, limit)
		if err != nil {
			rt.Fatal(err)
		}
		for name, sum := range sums {
			if got, err := atomicfile.Hash(filepath.Join(dir, name)); err != nil || got != sum {
				rt.Fatalf("%s: sum %s, file has %s, %v", name, sum, got, err)
			}
		}
		f, err := OpenDir(dir)
		if err != nil {
			rt.Fatal(err)
		}
		defer f.Close()
		if len(f.Names()) != len(list) || fmt.Sprint(f.Metadata()) != fmt.Sprint(metadata) {
			rt.Fatalf("read %q, %q", f.Names(), f.Metadata())
		}
		for _, want := range list {
			got, err := f.Tensor(want.Name)
			if err != nil || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || !bytes.Equal(got.Data, want.Data) {
				rt.Fatalf("%q: got %v, want %v, %v", want.Name, got, want, err)
			}
		}
	})
}

func TestShards(t *testing.T) {
	dir := t.TempDir()
	var list []Source
	for i := range 5 {
		list = append(list, FromTensor(tensor.FromF32(fmt.Sprintf("w%d", i), make([]float32, 10), 10)))
	}
	sums, err := WriteDir(dir, list, nil, 80)
	if err != nil || len(sums) != 4 {
		t.Fatalf("wrote %v, %v", sums, err)
	}
	var index struct {
		Metadata struct {
			Total int `json:"total_size"`
		}
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(mustRead(t, filepath.Join(dir, IndexName)), &index); err != nil {
		t.Fatal(err)
	}
	if index.Metadata.Total != 200 || index.Weights["w4"] != "model-00003-of-00003.safetensors" {
		t.Errorf("index %+v", index)
	}
	if _, err := WriteDir(dir, list, nil, 0); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("second WriteDir: %v", err)
	}
	last := filepath.Join(dir, "model-00003-of-00003.safetensors")
	good := mustRead(t, last)
	mustWriteFile(t, last, good[:len(good)-1])
	wantError(t, dir, last, "truncated")
	mustWriteFile(t, last, mustRead(t, filepath.Join(dir, "model-00001-of-00003.safetensors")))
	wantError(t, dir, last, "in another file too")
	if err := os.Remove(last); err != nil {
		t.Fatal(err)
	}
	wantError(t, dir, last)
}

func TestBadIndex(t *testing.T) {
	for _, c := range []struct{ index, want string }{
		{`{}`, "weight_map is missing"},
		{`{"weight_map":{"w":"a"}} x`, "after the closing brace"},
		{`{"weight_map":{"w":"../model.safetensors"}}`, `tensor "w"`},
		{`{"weight_map":{"w":"/etc/passwd"}}`, `tensor "w"`},
		{`{"weight_map":{"w":".."}}`, `tensor "w"`},
		{`{"weight_map":{"w":""}}`, `tensor "w"`},
		{`{"weight_map":{"w":"a","w":"b"}}`, "occurs twice"},
		{`{"weight_map":{"w":"a.safetensors","v":"a.safetensors"}}`, `tensor "v" is not in`},
		{`{"weight_map":{}}`, ""},
		{`{"weight_map":{"v":"a.safetensors"}}`, `tensor "w" is in`},
		{`[]`, "expected"},
		{``, "EOF"},
	} {
		dir := t.TempDir()
		if _, err := Write(filepath.Join(dir, "a.safetensors"), []*tensor.Tensor{tensor.FromF32("w", []float32{1})}, nil); err != nil {
			t.Fatal(err)
		}
		mustWriteFile(t, filepath.Join(dir, IndexName), []byte(c.index))
		if c.want == "" {
			f, err := OpenDir(dir)
			if err != nil || len(f.Names()) != 0 {
				t.Errorf("%s: %v", c.index, err)
			}
			continue
		}
		wantError(t, dir, dir, c.want)
	}
}

// TestStaleIndex: an index that a model in several files left beside
// model.safetensors says nothing, whether those files are there or not.
func TestStaleIndex(t *testing.T) {
	dir := t.TempDir()
	list := []Source{tensor.FromF32("w", []float32{1, 2}, 2).Source(), tensor.FromF32("v", []float32{3}, 1).Source()}
	if _, err := WriteDir(dir, list, nil, 8); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(filepath.Join(dir, ModelName), []*tensor.Tensor{tensor.FromF32("w", []float32{5, 6}, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		f, err := OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if w := mustTensor(t, f, "w"); f.Has("v") || element(w, 0) != "5.0" {
			t.Errorf("read the tensors %v of the shards", f.Names())
		}
	}
	check()
	for i := range 2 {
		if err := os.Remove(filepath.Join(dir, fmt.Sprintf("model-%05d-of-00002.safetensors", i+1))); err != nil {
			t.Fatal(err)
		}
	}
	check()
}

func TestWriteRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	source := func(name string, shape []int, bytes int) Source {
		return Source{Name: name, DType: tensor.DTypeF32, Shape: shape, Fill: func(w io.Writer) error {
			_, err := w.Write(make([]byte, bytes))
			return err
		}}
	}
	for _, c := range []struct {
		list     []Source
		metadata map[string]string
		want     string
	}{
		{[]Source{source("w", []int{2}, 4)}, nil, `tensor "w": 4 of its 8 bytes`},
		{[]Source{source("w", []int{2}, 9)}, nil, `tensor "w": more data`},
		{[]Source{source("w", []int{-2}, 8)}, nil, "negative"},
		{[]Source{{Name: "w", DType: tensor.DTypeQ4_0, Shape: []int{32}}}, nil, "safetensors has no format Q4_0"},
		{[]Source{source("w", nil, 4), source("w", nil, 4)}, nil, "given twice"},
		{[]Source{source(metadataKey, nil, 4)}, nil, "not a possible name"},
		{[]Source{source("\xff", nil, 4)}, nil, "not a possible name"},
		{nil, map[string]string{"a": "\xff"}, "metadata"},
	} {
		_, err := WriteSources(path, c.list, c.metadata)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("after %q there is a file", c.want)
		}
	}
}

// TestDiskFull: a model that does not fit leaves the old one as it was.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	list := []*tensor.Tensor{tensor.FromF32("w", make([]float32, 100_000), 100_000)}
	if _, err := Write(path, list, map[string]string{"step": "1"}); err != nil {
		t.Fatal(err)
	}
	before := mustRead(t, path)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	for _, room := range []int64{0, 50, 300_000} {
		disk.FailAtByte(room, syscall.ENOSPC)
		if _, err := Write(path, list, map[string]string{"step": "2"}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("room for %d bytes: error %v", room, err)
		}
		if !bytes.Equal(mustRead(t, path), before) {
			t.Errorf("room for %d bytes: the old file changed", room)
		}
	}
}

// FuzzOpen: a file is refused, or every tensor can be read and the file
// written again reads the same.
func FuzzOpen(f *testing.F) {
	for _, c := range badFiles {
		f.Add(c.data)
	}
	f.Add(file(`{}`, ""))
	f.Add(file(`{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, "1234"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHeader(data)
		if err != nil {
			return
		}
		var list []Source
		for _, e := range h.entries {
			x := &tensor.Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: data[h.start+e.begin : h.start+e.end]}
			list = append(list, FromTensor(x))
		}
		head, err := encodeHeader(ordered(list), h.metadata)
		if err != nil {
			t.Fatalf("read but cannot be written: %v", err)
		}
		again, err := parseHeader(append(head, make([]byte, len(data)-h.start)...))
		if err != nil || len(again.entries) != len(h.entries) || fmt.Sprint(again.metadata) != fmt.Sprint(h.metadata) {
			t.Fatalf("written again: %v, %+v", err, again)
		}
	})
}

// FuzzIndex: an index is refused or names only files beside it.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":4},"weight_map":{"w":"model-00001-of-00001.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"w":"../w"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		weights, err := parseIndex(data)
		if err != nil {
			return
		}
		for _, name := range weights {
			if filepath.Dir(filepath.Join("model", name)) != "model" {
				t.Fatalf("%q leaves the directory", name)
			}
		}
	})
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

func mustTensor(t *testing.T, f *File, name string) *tensor.Tensor {
	t.Helper()
	x, err := f.Tensor(name)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustWriteFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantError opens dir and wants an error that holds all the texts.
func wantError(t *testing.T, dir string, texts ...string) {
	t.Helper()
	f, err := OpenDir(dir)
	if err == nil {
		f.Close()
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %v does not say %q", err, text)
		}
	}
}
