package modelfile

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// TestConvertKeepsSource: a destination that is replaced does not take the
// source along.
func TestConvertKeepsSource(t *testing.T) {
	src := smallModel(t, model.Llama)
	base := t.TempDir()
	dir := filepath.Join(base, "dir")
	convert(t, src, dir, Options{})
	inside := filepath.Join(dir, "inside.gguf")
	convert(t, src, inside, Options{})
	link := filepath.Join(base, "link.gguf")
	if err := os.Symlink(inside, link); err != nil {
		t.Skipf("this file system makes no symbolic links: %v", err)
	}
	for _, from := range []string{inside, link} {
		if _, err := Convert(t.Context(), from, dir, Options{Force: true}); err == nil || !strings.Contains(err.Error(), "a file of the model that is read") {
			t.Errorf("%s: %v", from, err)
		}
	}
	part := filepath.Join(dir, "more.gguf")
	convert(t, dir, part, Options{})
	convert(t, dir, part, Options{Force: true}) // beside the weights, and not one of them
	for _, path := range []string{inside, part, filepath.Join(dir, "model.safetensors")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if _, err := Convert(t.Context(), dir, filepath.Join(dir, "model.safetensors"), Options{Force: true}); err == nil {
		t.Error("the weights were replaced")
	}
}

// TestCheckOwn: a GGUF file is not replaced by what is made of it, named by itself, by a
// link or by its directory, nor is a later part of one in several.
func TestCheckOwn(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "dir")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	file, other := filepath.Join(dir, "a.gguf"), filepath.Join(base, "other.gguf")
	src := smallModel(t, model.Llama)
	convert(t, src, file, Options{})
	convert(t, src, other, Options{})
	link := filepath.Join(base, "link.gguf")
	if err := os.Symlink(file, link); err != nil {
		t.Skipf("this file system makes no symbolic links: %v", err)
	}
	const parts = "../tensor/gguf/testdata/split-0000%d-of-00003.gguf"
	for _, c := range [][2]string{
		{dir, file},
		{dir, link},
		{link, file},
		{file, dir},
		{fmt.Sprintf(parts, 1), fmt.Sprintf(parts, 1)},
		{fmt.Sprintf(parts, 1), fmt.Sprintf(parts, 3)},
	} {
		if err := CheckOwn(c[0], c[1]); err == nil || !strings.Contains(err.Error(), "a file of the model that is read") {
			t.Errorf("%s from %s: %v", c[1], c[0], err)
		}
	}
	for _, c := range [][2]string{{dir, other}, {file, other}, {src, file}, {fmt.Sprintf(parts, 1), file}} {
		if err := CheckOwn(c[0], c[1]); err != nil {
			t.Errorf("%s from %s: %v", c[1], c[0], err)
		}
	}
}

// TestConvertProbeOfNothing: a vocabulary may know no character of the probe.
func TestConvertProbeOfNothing(t *testing.T) {
	src := smallModel(t, model.Llama)
	path, mute := filepath.Join(t.TempDir(), "a.gguf"), filepath.Join(t.TempDir(), "mute.gguf")
	convert(t, src, path, Options{})
	w, err := model.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	n := w.Config().VocabSize
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = string(rune(0x10000 + i))
	}
	meta := []gguf.Pair{
		{Key: keyModel, Value: "llama"},
		{Key: keyTokens, Value: tokens},
		{Key: keyScores, Value: make([]float32, n)},
		{Key: keyAddBOS, Value: false},
		{Key: keyUnknown, Value: int32(-1)},
	}
	if _, err := model.WriteGGUF(mute, w, meta, func(t model.TensorInfo) tensor.DType { return "" }, nil); err != nil {
		t.Fatal(err)
	}
	back := filepath.Join(t.TempDir(), "back")
	if r := convert(t, mute, back, Options{}); r.Compare.Tokens == 0 || !r.Compare.Exact {
		t.Errorf("%+v", r.Compare)
	}
}

// TestConvertKeepsOthers: what a conversion did not make is not removed with its
// work, whatever lies beside it.
func TestConvertKeepsOthers(t *testing.T) {
	src, base := smallModel(t, model.Llama), t.TempDir()
	for _, name := range []string{workMark, atomicfile.LockName} {
		dst := filepath.Join(base, name+".gguf")
		mine := filepath.Join(dst+".part", "mine.txt")
		if err := os.Mkdir(filepath.Dir(mine), 0o777); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{mine, filepath.Join(dst+".part", name)} {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Convert(t.Context(), src, dst, Options{}); err == nil || !strings.Contains(err.Error(), "not from a conversion") {
			t.Error(err)
		}
		if _, err := os.Stat(mine); err != nil {
			t.Error(err)
		}
	}
}
