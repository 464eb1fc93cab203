package modelfile

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// oracle is testdata/oracle.py at work: llama.cpp and transformers.
type oracle struct {
	t       *testing.T
	ask     *json.Encoder
	answers *bufio.Reader
}

// startOracle needs POLYMATH_PYTHON, a Python with torch, transformers and
// tokenizers, and POLYMATH_LLAMA, the folder of llama.cpp's libraries.
func startOracle(t *testing.T) *oracle {
	t.Helper()
	python, folder := os.Getenv("POLYMATH_PYTHON"), os.Getenv("POLYMATH_LLAMA")
	if python == "" || folder == "" {
		t.Skip("needs llama.cpp: set POLYMATH_LLAMA to the folder of its libraries and POLYMATH_PYTHON to a Python with transformers")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import transformers, torch").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers: %s", out)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/oracle.py", folder)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &tail{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if in.Close() != nil || cmd.Wait() != nil || t.Failed() {
			t.Logf("oracle.py said:\n%s", cmd.Stderr)
		}
	})
	return &oracle{t, json.NewEncoder(in), bufio.NewReader(out)}
}

// tail keeps the end of what is written.
type tail struct{ text []byte }

func (w *tail) Write(p []byte) (int, error) {
	w.text = append(w.text, p...)
	w.text = w.text[max(0, len(w.text)-4000):]
	return len(p), nil
}

func (w *tail) String() string { return string(w.text) }

// answer asks a question and decodes its answer into dst.
func (o *oracle) answer(question map[string]any, dst any) {
	o.t.Helper()
	if err := o.ask.Encode(question); err != nil {
		o.t.Fatal(err)
	}
	line, err := o.answers.ReadBytes('\n')
	if err != nil {
		o.t.Fatalf("%v: %v", question["ask"], err)
	}
	var failure struct{ Error string }
	if err := json.Unmarshal(line, &failure); err != nil || failure.Error != "" {
		o.t.Fatalf("%v: %v %s", question["ask"], err, failure.Error)
	}
	if dst == nil {
		return
	}
	if err := json.Unmarshal(line, dst); err != nil {
		o.t.Fatalf("%v: %v", question["ask"], err)
	}
}

// logits asks a question whose answer is a file of fp32.
func (o *oracle) logits(question map[string]any) []float32 {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), "logits")
	question["out"] = path
	o.answer(question, nil)
	data, err := os.ReadFile(path)
	if err != nil {
		o.t.Fatal(err)
	}
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

// llama returns llama.cpp's logits. exact: as near fp32 as it goes, for files
// in F32; otherwise as it runs by default, with activations in 8 bits for the
// formats of blocks.
func (o *oracle) llama(path string, tokens []int32, exact bool) []float32 {
	o.t.Helper()
	return o.logits(map[string]any{"ask": "logits", "file": path, "tokens": tokens, "exact": exact})
}

// bf16 returns transformers' logits of the model in dir, computed in bf16.
func (o *oracle) bf16(dir string, tokens []int32) []float32 {
	o.t.Helper()
	return o.logits(map[string]any{"ask": "bf16", "dir": dir, "tokens": tokens})
}

// tokens returns tokens for the model in dir with which rounding to bf16 is far
// from turning a choice of experts; nil if the seed gives none.
func (o *oracle) tokens(dir string, vocab, seed int, mixture bool) []int32 {
	o.t.Helper()
	var got struct{ Tokens []int32 }
	o.answer(map[string]any{"ask": "choose", "dir": dir, "vocab": vocab, "seed": seed, "mixture": mixture}, &got)
	return got.Tokens
}

// quantize has llama.cpp write a file in another format.
func (o *oracle) quantize(from, to, format string) {
	o.t.Helper()
	o.answer(map[string]any{"ask": "quantize", "from": from, "to": to, "type": format}, nil)
}

// ids returns the tokens of the texts: of a GGUF file by llama.cpp ("tokenize"),
// of a tokenizer.json by Hugging Face tokenizers ("encode").
func (o *oracle) ids(ask, path string, texts []string, special bool) [][]int {
	o.t.Helper()
	var got struct{ IDs [][]int }
	o.answer(map[string]any{"ask": ask, "file": path, "texts": texts, "special": special}, &got)
	if len(got.IDs) != len(texts) {
		o.t.Fatalf("%s: %d answers to %d texts", ask, len(got.IDs), len(texts))
	}
	return got.IDs
}

// apart is the Euclidean distance, and norm the length of b.
func apart(t *testing.T, a, b []float32) (distance, norm float64) {
	t.Helper()
	if len(a) != len(b) || len(a) == 0 {
		t.Fatalf("%d logits beside %d", len(a), len(b))
	}
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		distance += d * d
		norm += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(distance), math.Sqrt(norm)
}
