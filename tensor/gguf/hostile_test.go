package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polymath-lm/polymath/tensor"
)

// raw builds the bytes of a file from numbers of the widths that Go gives them,
// strings with their length, and []byte as it is.
func raw(parts ...any) []byte {
	e := &encoder{}
	for _, p := range parts {
		switch v := p.(type) {
		case string:
			e.text(v)
		case []byte:
			e.out = append(e.out, v...)
		default:
			e.out, _ = binary.Append(e.out, binary.LittleEndian, v)
		}
	}
	return e.out
}

// start is a header's beginning.
func start(tensors, pairs uint64) []byte { return raw([]byte(magic), uint32(3), tensors, pairs) }

// info describes a tensor of one dimension.
func info(name string, n uint64, kind uint32, offset uint64) []byte {
	return raw(name, uint32(1), n, kind, offset)
}

// file puts a header and size bytes of data together.
func file(size int, parts ...any) []byte {
	head := raw(parts...)
	return append(append(head, make([]byte, aligned(len(head))-len(head))...), make([]byte, size)...)
}

func deep(n int) []byte {
	out := raw("k", typeArray)
	for range n {
		out = append(out, raw(typeArray, uint64(1))...)
	}
	return append(out, raw(typeUint8, uint64(1), uint8(1))...)
}

var huge = uint64(1) << 62

var badFiles = map[string][]byte{
	"not a GGUF file":                            []byte("hello, this is a text"),
	"not a GGUF file ":                           nil,
	"truncated: 4 bytes are needed at offset 4":  []byte(magic),
	"truncated: 8 bytes are needed at offset 16": raw([]byte(magic), uint32(3), uint64(0)),
	"version 1 of GGUF":                          raw([]byte(magic), uint32(1), uint32(0), uint32(0)),
	"version 4 of GGUF is not known":             raw([]byte(magic), uint32(4), uint64(0), uint64(0)),
	"big-endian":                                 raw([]byte(magic), []byte{0, 0, 0, 3}, uint64(0), uint64(0)),
	"PyTorch pickle":                             append([]byte("PK\x03\x04\x00\x00\x08\x08"), make([]byte, 40)...),
	"PyTorch pickle; convert it":                 append([]byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."), make([]byte, 40)...),
	"this is a Git LFS pointer, the file itself was not downloaded": []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"),
	"this is a web page":                                                    []byte("\n<!DOCTYPE html><html>"),
	"GGML file from before GGUF":                                            []byte("tjgg\x03\x00\x00\x00\x00"),
	"this is a safetensors file":                                            []byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"),
	"1000000000 tensors are more than":                                      raw(start(1e9, 0), make([]byte, 100)),
	"9223372036854775808 metadata keys are more":                            raw(start(0, 1<<63), make([]byte, 100)),
	"metadata key 0: key of 0 bytes":                                        raw(start(0, 1), "", typeUint8, make([]byte, 20)),
	"metadata key 0: key of 4611686018427387904":                            raw(start(0, 1), huge, make([]byte, 20)),
	"metadata key 0: truncated":                                             raw(start(0, 1), uint64(60), make([]byte, 20)),
	`metadata "k": truncated: 4611686018427387904 bytes`:                    raw(start(0, 1), "k", typeString, huge, make([]byte, 20)),
	`metadata "k": type number 13 is unknown`:                               raw(start(0, 1), "k", uint32(13), make([]byte, 20)),
	`metadata "k": array of type number 99`:                                 raw(start(0, 1), "k", typeArray, uint32(99), huge, make([]byte, 20)),
	`metadata "k": 4611686018427387904 elements are more`:                   raw(start(0, 1), "k", typeArray, typeUint8, huge, make([]byte, 20)),
	`metadata "k": 4611686018427387904 elements are more `:                  raw(start(0, 1), "k", typeArray, typeArray, huge, make([]byte, 20)),
	`metadata "k": 3 elements are more than the 20`:                         raw(start(0, 1), "k", typeArray, typeFloat64, uint64(3), make([]byte, 20)),
	`metadata "k": arrays nested more than 8`:                               raw(start(0, 1), deep(8), make([]byte, 20)),
	`metadata "k": arrays nested more than 8 `:                              raw(start(0, 1), deep(100_000), make([]byte, 20)),
	`metadata "k": 2 is neither true nor false`:                             raw(start(0, 1), "k", typeBool, uint8(2), make([]byte, 20)),
	`metadata "k" occurs twice`:                                             raw(start(0, 2), "k", typeUint32, uint32(1), "k", typeUint32, uint32(1)),
	`"general.alignment" must be a power of two`:                            raw(start(0, 1), alignmentKey, typeUint32, uint32(0)),
	`"general.alignment" must be a power of two `:                           raw(start(0, 1), alignmentKey, typeUint32, uint32(48)),
	`"general.alignment" must be a power of two  `:                          raw(start(0, 1), alignmentKey, typeUint32, uint32(1<<31)),
	`"general.alignment" must be a power of two   `:                         raw(start(0, 1), alignmentKey, typeString, "32"),
	"tensor 0: name of 0 bytes":                                             raw(start(1, 0), "", make([]byte, 40)),
	`tensor "w": 5 dimensions, and 4`:                                       raw(start(1, 0), "w", uint32(5), make([]byte, 60)),
	`tensor "w": 4294967295 dimensions`:                                     raw(start(1, 0), "w", uint32(math.MaxUint32), make([]byte, 60)),
	`tensor "w": dimension 0 is 18446744073709551615`:                       file(0, start(1, 0), info("w", math.MaxUint64, 0, 0)),
	`tensor "w": type number 4 is unknown`:                                  file(32, start(1, 0), info("w", 1, 4, 0)),
	`tensor "w": type number 777 is unknown`:                                file(32, start(1, 0), info("w", 1, 777, 0)),
	`tensor "w": shape [4611686018427387904] of F32 at offset 0 is too`:     file(32, start(1, 0), info("w", huge, 0, 0)),
	`shape [4294967296 4294967296] of F32 at offset 0 is too large`:         file(32, start(1, 0), "w", uint32(2), uint64(1<<32), uint64(1<<32), uint32(0), uint64(0)),
	`of F32 at offset 18446744073709551584 is too large`:                    file(32, start(1, 0), info("w", 8, 0, math.MaxUint64-31)),
	`tensor "w": shape [33] of Q8_0: the last dimension must be a multiple`: file(64, start(1, 0), info("w", 33, 8, 0)),
	`tensor "w": ends at 36, but the file holds 32`:                         file(32, start(1, 0), info("w", 9, 0, 0)),
	`tensor "w": ends at 36, but the file holds 32 `:                        file(32, start(1, 0), info("w", 1, 0, 32)),
	`tensor "w": ends at 4, but the file holds 0`:                           raw(start(1, 0), info("w", 1, 0, 0)),
	`tensor "w": offset 4 is no multiple of the alignment 32`:               file(64, start(1, 0), info("w", 1, 0, 4)),
	`tensor "v": overlaps the tensor before it`:                             file(96, start(2, 0), info("w", 9, 0, 0), info("v", 1, 0, 32)),
	`tensor "v": overlaps the tensor before it `:                            file(96, start(2, 0), info("w", 1, 0, 0), info("v", 2, 0, 0)),
	`tensor "w" occurs twice`:                                               file(96, start(2, 0), info("w", 1, 0, 0), info("w", 1, 0, 32)),
}

// TestBadFiles: a key may end in spaces to be a key of its own.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	for want, data := range badFiles {
		path := filepath.Join(dir, "bad.gguf")
		mustWrite(t, path, data)
		wantError(t, path, strings.TrimRight(want, " "))
		wantError(t, path, path)
	}
	wantError(t, filepath.Join(dir, "missing.gguf"), "missing.gguf")
}

// TestTruncated: no beginning of a good file opens.
func TestTruncated(t *testing.T) {
	data := mustRead(t, "testdata/golden.gguf")
	h, err := parseHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	last := h.start + int(h.entries[len(h.entries)-1].end) // padding follows
	for n := range last {
		if _, err := parseHeader(data[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes open", n, len(data))
		}
	}
}

// FuzzOpen: a file is refused, at a cost that its size bounds, or everything in
// it can be read and written again.
func FuzzOpen(f *testing.F) {
	for _, data := range badFiles {
		f.Add(data)
	}
	for _, name := range []string{"golden", "split-00001-of-00003"} {
		f.Add(mustRead(f, "testdata/"+name+".gguf"))
	}
	f.Add(raw([]byte(magic), uint32(2), uint64(1), uint64(1), alignmentKey, typeUint16, uint16(2), info("w", 2, 0, 0), make([]byte, 10)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		x := newFile("fuzz")
		h, err := x.enter("fuzz", data)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > uint64(40*len(data)+1<<16) {
			t.Fatalf("%d bytes of memory for %d of file", spent, len(data))
		}
		if err != nil {
			return
		}
		for _, p := range h.pairs {
			readAll(h.metadata("fuzz"), p.Key)
		}
		for _, name := range x.Names() {
			if w, err := x.Tensor(name); err == nil && w.DType != tensor.DTypeI8 {
				_ = w.CopyF32(make([]float32, w.Len()))
			}
		}
		again(t, h, x)
	})
}

// readAll calls every getter.
func readAll(m *Metadata, key string) {
	_, _ = m.String(key)
	_, _ = m.Bool(key)
	_, _ = m.Uint(key)
	_, _ = m.Strings(key)
	_, _ = m.Ints(key)
	_, _ = m.Floats(key)
}

// again writes what was read and reads that.
func again(t *testing.T, h *header, x *File) {
	var list []tensor.Source
	for _, s := range sources(t, x) {
		if len(s.Name) <= maxName && len(s.Shape) > 0 {
			list = append(list, s)
		}
	}
	var pairs []Pair
	for _, p := range h.pairs {
		if p.Key != alignmentKey {
			pairs = append(pairs, p)
		}
	}
	head, sizes, err := encodeHeader(pairs, list)
	if err != nil {
		t.Fatalf("read but cannot be written: %v", err)
	}
	size := 0
	for _, n := range sizes {
		size += aligned(n)
	}
	back, err := parseHeader(append(head, make([]byte, size)...))
	if err != nil || len(back.entries) != len(list) {
		t.Fatalf("written again: %v, %+v", err, back)
	}
	if got, want := fmt.Sprintf("%#v", back.pairs), fmt.Sprintf("%#v", pairs); len(pairs) > 0 && got != want {
		t.Fatalf("metadata %s became %s", want, got)
	}
}

// TestRoundTrip: what is written is read.
func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.gguf")
	rapid.Check(t, func(rt *rapid.T) {
		var pairs []Pair
		for i, n := 0, rapid.IntRange(0, 5).Draw(rt, "pairs"); i < n; i++ {
			pairs = append(pairs, Pair{fmt.Sprintf("key.%d", i), anyValue().Draw(rt, "value")})
		}
		var list []*tensor.Tensor
		var all []tensor.Source
		for i, n := 0, rapid.IntRange(0, 5).Draw(rt, "tensors"); i < n; i++ {
			list = append(list, anyTensor(rt, fmt.Sprintf("blk.%d", n-i)))
			all = append(all, list[i].Source())
		}
		if _, err := Write(path, pairs, all); err != nil {
			rt.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			rt.Fatal(err)
		}
		defer f.Close()
		if got, want := fmt.Sprintf("%#v", f.Metadata().Pairs()), fmt.Sprintf("%#v", pairs); len(pairs) > 0 && got != want {
			rt.Fatalf("metadata %s became %s", want, got)
		}
		for _, want := range list {
			got, err := f.Tensor(want.Name)
			if err != nil || got.DType != want.DType || fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape) || !bytes.Equal(got.Data, want.Data) {
				rt.Fatalf("%+v became %+v, %v", want, got, err)
			}
		}
	})
}

func anyValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Uint8().AsAny(), rapid.Int8().AsAny(), rapid.Uint16().AsAny(), rapid.Int16().AsAny(),
		rapid.Uint32().AsAny(), rapid.Int32().AsAny(), rapid.Uint64().AsAny(), rapid.Int64().AsAny(),
		rapid.Float32().AsAny(), rapid.Float64().AsAny(), rapid.Bool().AsAny(), rapid.String().AsAny(),
		rapid.SliceOfN(rapid.Uint8(), 0, 9).AsAny(), rapid.SliceOfN(rapid.Int8(), 0, 9).AsAny(),
		rapid.SliceOfN(rapid.Uint16(), 0, 9).AsAny(), rapid.SliceOfN(rapid.Int16(), 0, 9).AsAny(),
		rapid.SliceOfN(rapid.Uint32(), 0, 9).AsAny(), rapid.SliceOfN(rapid.Int32(), 0, 9).AsAny(),
		rapid.SliceOfN(rapid.Uint64(), 0, 9).AsAny(), rapid.SliceOfN(rapid.Int64(), 0, 9).AsAny(),
		rapid.SliceOfN(rapid.Float32(), 0, 9).AsAny(), rapid.SliceOfN(rapid.Float64(), 0, 9).AsAny(),
		rapid.SliceOfN(rapid.Bool(), 0, 9).AsAny(), rapid.SliceOfN(rapid.String(), 0, 9).AsAny(),
		rapid.Just[any]([]any{[]int32{1}, []string{"a"}, []any{}}),
	)
}

func anyTensor(t *rapid.T, name string) *tensor.Tensor {
	d := rapid.SampledFrom([]tensor.DType{
		tensor.DTypeF32, tensor.DTypeF16, tensor.DTypeBF16, tensor.DTypeF64, tensor.DTypeI8, tensor.DTypeI64,
		tensor.DTypeQ8_0, tensor.DTypeQ4_0, tensor.DTypeQ4K, tensor.DTypeQ5K, tensor.DTypeQ6K, tensor.DTypeMXFP4,
	}).Draw(t, "format")
	elements, _ := d.Block()
	shape := rapid.SliceOfN(rapid.IntRange(0, 3), 1, maxDims).Draw(t, "shape")
	shape[len(shape)-1] *= elements
	size, err := tensor.SizeBytes(d, shape)
	if err != nil {
		t.Fatal(err)
	}
	data := tensor.AlignedCopy(bytes.Repeat([]byte{3, 1, 4, 1, 5, 9, 2}, size/7+1)[:size])
	return &tensor.Tensor{Name: name, DType: d, Shape: shape, Data: data}
}
