package modelfile

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// TestTransformers opens converted directories with transformers, tokenizer,
// chat template and generation settings included.
func TestTransformers(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("needs transformers: set POLYMATH_PYTHON to a Python that has it")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import transformers, torch").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers: %s", out)
	}
	args, dtypes := []string{"testdata/open_dir.py", probe}, []string{}
	for _, kind := range []string{model.Llama, model.Qwen3MoE} {
		src, base := smallModel(t, kind), t.TempDir()
		file := filepath.Join(base, "m.gguf")
		convert(t, src, file, Options{DType: tensor.DTypeQ8_0})
		for _, c := range []struct {
			from, to, dtype string
			o               Options
		}{
			{src, "shards", "torch.bfloat16", Options{MaxShardBytes: 400_000}},
			{file, "from-gguf", "torch.bfloat16", Options{}},
			{src, "half", "torch.float16", Options{DType: tensor.DTypeF16}},
		} {
			dst := filepath.Join(base, c.to)
			convert(t, c.from, dst, c.o)
			args, dtypes = append(args, dst), append(dtypes, c.dtype)
		}
	}
	out, err := exec.CommandContext(t.Context(), python, args...).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderrOf(err))
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	for i, dir := range args[2:] {
		var got opened
		if err := answers.Decode(&got); err != nil {
			t.Fatalf("%s: %v in %s", dir, err, out)
		}
		got.check(t, dir, dtypes[i])
	}
}

// opened is what open_dir.py says of a directory.
type opened struct {
	IDs               []int32
	EOS               int32
	Ends              []int32
	Text, Chat, DType string
	Finite            bool
}

func (got *opened) check(t *testing.T, dir, dtype string) {
	if want := smallTokenizer().Encode(probe); !slices.Equal(got.IDs, want) || got.Text != probe {
		t.Errorf("%s: tokens %v, want %v", dir, got.IDs, want)
	}
	if got.EOS != 317 || !slices.Equal(got.Ends, []int32{317}) || got.DType != dtype || !got.Finite {
		t.Errorf("%s: %+v", dir, got)
	}
	if got.Chat != "<|im_start|>user\nHello<|im_end|>\n" {
		t.Errorf("%s: chat %q", dir, got.Chat)
	}
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}
