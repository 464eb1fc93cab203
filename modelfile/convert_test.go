package modelfile

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

func convert(t testing.TB, src, dst string, o Options) *Result {
	t.Helper()
	result, err := Convert(t.Context(), src, dst, o)
	if err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(dst + ".part*"); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	return result
}

// TestConvertThereAndBack goes from a directory to GGUF, to another GGUF file
// and back: all weights are the same bytes.
func TestConvertThereAndBack(t *testing.T) {
	for _, kind := range types {
		t.Run(kind, func(t *testing.T) {
			src := smallModel(t, kind)
			base := t.TempDir()
			one, two, back := filepath.Join(base, "one.gguf"), filepath.Join(base, "two.gguf"), filepath.Join(base, "back")
			for _, step := range [][2]string{{src, one}, {one, two}, {two, back}} {
				result := convert(t, step[0], step[1], Options{Version: "test"})
				if c := result.Compare; !c.Exact || c.Tokens < 20 || c.MaxDifference != 0 {
					t.Fatalf("%s to %s: %+v", step[0], step[1], c)
				}
			}
			for _, name := range []string{"model.safetensors", tokenizerName} {
				if name == tokenizerName {
					continue // its spelling may change, see below
				}
				if !bytes.Equal(mustRead(t, filepath.Join(src, name)), mustRead(t, filepath.Join(back, name))) {
					t.Errorf("%s differs", name)
				}
			}
			a, err := Tokenizer(src)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Tokenizer(back)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.Encode(probe), b.Encode(probe)) || a.EOS() != b.EOS() || a.VocabSize() != b.VocabSize() {
				t.Error("the tokenizer differs")
			}
			checkBack(t, back)
		})
	}
}

// checkBack looks at what belongs beside the weights.
func checkBack(t *testing.T, back string) {
	t.Helper()
	template, _, err := chat.Source(back)
	if err != nil || template != testTemplate {
		t.Errorf("the chat template is %q, %v", template, err)
	}
	license, err := dirLicense(back)
	if err != nil || license.ID != "other" || license.Name != "as-you-like" {
		t.Errorf("the license is %+v, %v", license, err)
	}
	man, err := model.Verify(back)
	if err != nil {
		t.Fatal(err)
	}
	if man.Parent == "" || man.Tokenizer == "" || man.Version != "test" {
		t.Errorf("provenance %+v", man.Provenance)
	}
}

// TestConvertKeepsFiles goes from directory to directory.
func TestConvertKeepsFiles(t *testing.T) {
	src := smallModel(t, model.Qwen3)
	generation := []byte(`{"eos_token_id": [317], "temperature": 0.6}`)
	if err := os.WriteFile(filepath.Join(src, generationName), generation, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(src, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	dst := filepath.Join(t.TempDir(), "copy")
	result := convert(t, src, dst, Options{MaxShardBytes: 300_000})
	for _, name := range []string{generationName, tokenizerName, tokenizerConfigName, "LICENSE", readmeName} {
		if !bytes.Equal(mustRead(t, filepath.Join(src, name)), mustRead(t, filepath.Join(dst, name))) {
			t.Errorf("%s differs", name)
		}
	}
	if len(result.Files) < 8 || !result.Compare.Exact {
		t.Errorf("files %v, %+v", result.Files, result.Compare)
	}
	wide := filepath.Join(t.TempDir(), "wide")
	if c := convert(t, src, wide, Options{DType: tensor.DTypeF32}).Compare; !c.Exact {
		t.Errorf("to float32: %+v", c)
	}
	if !bytes.Contains(mustRead(t, filepath.Join(wide, configName)), []byte(`"torch_dtype": "float32"`)) {
		t.Error("config.json says another torch_dtype")
	}
	half := filepath.Join(t.TempDir(), "half")
	if c := convert(t, wide, half, Options{DType: tensor.DTypeF16}).Compare; c.MaxDifference > 0.1 {
		t.Errorf("to float16: %+v", c)
	}
}

// TestConvertFormats writes each format; the narrower it is, the more changes.
func TestConvertFormats(t *testing.T) {
	src := smallModel(t, model.Qwen3MoE)
	last := 0.0
	for _, name := range []string{"f32", "bf16", "q8_0", "q6_k", "q4_k", "q4_0"} {
		d, err := ParseFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		dst := filepath.Join(t.TempDir(), name+".gguf")
		c := convert(t, src, dst, Options{DType: d}).Compare
		if c.Exact != (name == "f32" || name == "bf16") || c.MeanDifference < last*0.8 {
			t.Errorf("%s: %+v after %g", name, c, last)
		}
		last = c.MeanDifference
		// What is decoded again is the same model.
		back := filepath.Join(t.TempDir(), "back")
		if c := convert(t, dst, back, Options{}).Compare; !c.Exact {
			t.Errorf("%s back to a directory: %+v", name, c)
		}
	}
}

// TestConvertRoles gives parts of a model their own formats.
func TestConvertRoles(t *testing.T) {
	cfg := smallConfig(t, model.Qwen3MoE)
	cfg.MoEIntermediateSize = 96 // rows of the down products fit no block of 256
	m, err := model.New(cfg, 3)
	if err != nil {
		t.Fatal(err)
	}
	text, err := smallTokenizer().JSON()
	if err != nil {
		t.Fatal(err)
	}
	src, dst := filepath.Join(t.TempDir(), "src"), filepath.Join(t.TempDir(), "dst.gguf")
	if err := m.Save(src, model.Provenance{}, map[string][]byte{tokenizerName: text}); err != nil {
		t.Fatal(err)
	}
	c, err := NewConversion(src, dst, Options{
		DType: tensor.DTypeQ4K, Attention: tensor.DTypeQ8_0, Embeddings: tensor.DTypeF16, Output: tensor.DTypeQ6K,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if notes := c.Plan().Notes; len(notes) != 1 || !strings.Contains(notes[0], "8 tensors become q8_0: rows of 96 do not divide into blocks of q4_k") {
		t.Errorf("notes %q", notes)
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(dst)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, want := range map[string]tensor.DType{
		"token_embd.weight": tensor.DTypeF16, "output.weight": tensor.DTypeQ6K, "blk.0.attn_q.weight": tensor.DTypeQ8_0,
		"blk.1.ffn_up_exps.weight": tensor.DTypeQ4K, "blk.1.ffn_down_exps.weight": tensor.DTypeQ8_0,
		"blk.0.ffn_gate_inp.weight": tensor.DTypeF32, "blk.0.attn_norm.weight": tensor.DTypeF32,
	} {
		got, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		if got.DType != want {
			t.Errorf("%s is %s, want %s", name, got.DType, want)
		}
	}
	var total int64
	for _, p := range c.Plan().Parts {
		total += p.Bytes
	}
	info, err := os.Stat(dst)
	if err != nil {
		t.Fatal(err)
	}
	if total != c.Plan().Bytes || info.Size() < total || info.Size() > total+100_000 {
		t.Errorf("planned %d bytes, %d by part, written %d", c.Plan().Bytes, total, info.Size())
	}
}

// TestConvertGoesOn interrupts a conversion again and again.
func TestConvertGoesOn(t *testing.T) {
	src := smallModel(t, model.Mixtral)
	whole := filepath.Join(t.TempDir(), "whole.gguf")
	want := convert(t, src, whole, Options{DType: tensor.DTypeQ8_0}).Files["whole.gguf"]
	dst := filepath.Join(t.TempDir(), "whole.gguf")
	runs, reused := 0, int64(0)
	for {
		ctx, stop := context.WithCancel(t.Context())
		made := 0
		result, err := Convert(ctx, src, dst, Options{DType: tensor.DTypeQ8_0, Progress: func(stage Stage, _, _ int64) {
			if stage == Encoding {
				if made++; made == 6*(runs+1) {
					stop()
				}
			}
		}})
		stop()
		runs++
		if err == nil {
			reused = result.Reused
			if got := result.Files["whole.gguf"]; got != want {
				t.Errorf("SHA-256 %s, want %s", got, want)
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := os.Lstat(dst); err == nil {
			t.Fatal("something is at the destination")
		}
		if runs == 2 { // what is damaged is made anew
			files, _ := filepath.Glob(dst + ".part/*.tensor")
			data := mustRead(t, files[0])
			data[10] ^= 1
			if err := os.WriteFile(files[0], data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if runs < 3 || reused == 0 || !bytes.Equal(mustRead(t, whole), mustRead(t, dst)) {
		t.Errorf("%d runs, %d bytes reused", runs, reused)
	}
}

// TestConvertAnother changes the request after an interruption.
func TestConvertAnother(t *testing.T) {
	src, dst := smallModel(t, model.Qwen3), filepath.Join(t.TempDir(), "m.gguf")
	ctx, stop := context.WithCancel(t.Context())
	_, err := Convert(ctx, src, dst, Options{DType: tensor.DTypeQ8_0, Progress: func(stage Stage, done, total int64) {
		if stage == Encoding && done > total/2 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(dst + ".part/*.tensor"); len(files) < 5 {
		t.Fatalf("kept only %v", files)
	}
	if result := convert(t, src, dst, Options{DType: tensor.DTypeQ4_0}); result.Reused != 0 {
		t.Errorf("%d bytes of another conversion were used", result.Reused)
	}
	// A work directory that is somebody's stays.
	other := filepath.Join(t.TempDir(), "n.gguf")
	if err := os.MkdirAll(filepath.Join(other+".part", "mine"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Convert(t.Context(), src, other, Options{}); err == nil || !strings.Contains(err.Error(), "not from a conversion") {
		t.Errorf("got %v", err)
	}
}

// TestConvertFailingDisk fails each operation of a conversion in turn.
func TestConvertFailingDisk(t *testing.T) {
	cfg := smallConfig(t, model.Qwen3)
	cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize, cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim = 32, 1, 32, 1, 1, 32
	src := saveSmall(t, cfg)
	for _, name := range []string{"m.gguf", "m"} {
		o := Options{DType: tensor.DTypeF16, Unchecked: true}
		disk := fault.New()
		restore := atomicfile.Replace(disk)
		defer restore()
		convert(t, src, filepath.Join(t.TempDir(), name), o)
		ops := disk.Ops()
		step := max(1, ops/40)
		for op := 0; op < ops; op += step {
			dst := filepath.Join(t.TempDir(), name)
			disk.FailOp(op, syscall.ENOSPC)
			_, err := Convert(t.Context(), src, dst, o)
			renamed := err == nil || slices.Contains(disk.Log()[max(0, len(disk.Log())-3):], "syncdir")
			if _, statErr := os.Lstat(dst); statErr == nil && !renamed {
				t.Fatalf("operation %d: %v, and the destination exists", op, err)
			}
			if err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("operation %d: %v", op, err)
			}
			disk.Reset()
			o := o
			o.Force = true
			if _, err := Convert(t.Context(), src, dst, o); err != nil {
				t.Fatalf("after operation %d failed: %v", op, err)
			}
		}
		disk.FailAtByte(40_000, syscall.ENOSPC)
		dst := filepath.Join(t.TempDir(), name)
		if _, err := Convert(t.Context(), src, dst, o); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "m") {
			t.Errorf("a full disk gives %v", err)
		}
		disk.Reset()
	}
}

func TestConvertRefuses(t *testing.T) {
	src := smallModel(t, model.Llama)
	base := t.TempDir()
	file := filepath.Join(base, "there.gguf")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	photos := filepath.Join(base, "photos")
	if err := os.MkdirAll(filepath.Join(photos, "2024"), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want     string
		src, dst string
		o        Options
	}{
		{"there.gguf exists already", src, file, Options{}},
		{"photos exists already", src, photos, Options{}},
		{"photos holds something other than a model", src, photos, Options{Force: true}},
		{"is the model to convert", src, src, Options{Force: true}},
		{"missing: no such file", filepath.Join(base, "missing"), filepath.Join(base, "a"), Options{}},
		{"cannot be made", src, filepath.Join(base, "no", "where.gguf"), Options{}},
		{"a directory has no weights in q4_k", src, filepath.Join(base, "a"), Options{DType: tensor.DTypeQ4K}},
		{"experts cannot have its own", src, filepath.Join(base, "a"), Options{Experts: tensor.DTypeF16}},
		{"shards are for directories", src, filepath.Join(base, "a.gguf"), Options{MaxShardBytes: 5}},
	} {
		if _, err := Convert(t.Context(), c.src, c.dst, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
	convert(t, src, file, Options{Force: true})
	dst := filepath.Join(base, "dir")
	convert(t, src, dst, Options{})
	convert(t, file, dst, Options{Force: true})
	if _, err := model.Verify(dst); err != nil {
		t.Error(err)
	}
	bare := smallModel(t, model.Qwen3)
	if err := os.Remove(filepath.Join(bare, tokenizerName)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(bare, model.ManifestName)); err != nil {
		t.Fatal(err)
	}
	if _, err := Convert(t.Context(), bare, filepath.Join(base, "bare.gguf"), Options{}); err == nil || !strings.Contains(err.Error(), "holds no tokenizer.json, and a GGUF file needs") {
		t.Errorf("got %v", err)
	}
	convert(t, bare, filepath.Join(base, "bare"), Options{})
}

func TestParseFormat(t *testing.T) {
	for name, want := range map[string]tensor.DType{"keep": "", "Q8_0": tensor.DTypeQ8_0, "q4_k": tensor.DTypeQ4K, "mxfp4": tensor.DTypeMXFP4} {
		if got, err := ParseFormat(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, want := range map[string]string{"q8": "did you mean q8_0?", "bf61": "did you mean bf16?", "int8": "there are keep, bf16, f16"} {
		if _, err := ParseFormat(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestConvertRestores: a crash between the two renames of a replacement leaves
// the old model in the work directory, and the next run puts it back first.
func TestConvertRestores(t *testing.T) {
	src, old := smallModel(t, model.Llama), smallModel(t, model.Qwen3)
	dst := filepath.Join(t.TempDir(), "dst")
	if err := os.Mkdir(dst+".part", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dst+".part", workMark), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(old, filepath.Join(dst+".part", replacedName)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	_, err := Convert(ctx, src, dst, Options{Progress: func(stage Stage, _, _ int64) {
		if stage == Writing {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if cfg, err := model.ReadConfig(dst); err != nil || cfg.ModelType != model.Qwen3 {
		t.Errorf("the old model: %+v, %v", cfg, err)
	}
	convert(t, src, dst, Options{Force: true})
	if cfg, err := model.ReadConfig(dst); err != nil || cfg.ModelType != model.Llama {
		t.Errorf("the new model: %+v, %v", cfg, err)
	}
}

// TestConvertLittleMemory compares models that are larger than the memory.
func TestConvertLittleMemory(t *testing.T) {
	src := smallModel(t, model.Qwen3MoE)
	for percent, compared := range map[int64]bool{70: true, 1: false} {
		c, err := NewConversion(src, filepath.Join(t.TempDir(), "m.gguf"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		c.available = c.plan.Bytes * percent / 100
		result, err := c.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r := result.Compare; r.Tokens > 0 != compared || r.Skipped == "" != compared || !r.Exact {
			t.Errorf("%d%% of the memory: %+v", percent, r)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
