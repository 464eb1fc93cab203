package polymath_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
	"github.com/polymath-lm/polymath/train"
)

const proverbs = "A rolling stone gathers no moss. Actions speak louder than words. Better late than never. " +
	"Every cloud has a silver lining. Fortune favors the bold. Practice makes perfect — and that takes time."

// teach makes a model that knows the proverbs by heart and returns its
// directory below dir.
func teach(dir string) (string, error) {
	text := []byte(proverbs)
	t, err := tokenizer.Train(slices.Values([][]byte{text}), tokenizer.TrainOptions{VocabSize: 272})
	if err != nil {
		return "", err
	}
	return teachTokens(dir, t, 256, 150, t.Encode(proverbs))
}

// teachTokens makes a model that knows texts of at most window tokens by heart.
func teachTokens(dir string, t *tokenizer.Tokenizer, window, steps int, texts ...[]int32) (string, error) {
	path := filepath.Join(dir, "tokenizer.json")
	if err := t.Save(path); err != nil {
		return "", err
	}
	shards := filepath.Join(dir, "shards")
	w, err := shard.NewWriter(shards, shard.Header{TokenizerHash: t.Hash(), VocabSize: t.VocabSize(), EndOfText: t.EOS()})
	if err != nil {
		return "", err
	}
	defer w.Abort()
	for _, text := range texts {
		sum := sha256.Sum256(fmt.Append(nil, text))
		if err := w.Add(shard.ID(sum[:16]), text); err != nil {
			return "", err
		}
	}
	if _, err := w.Close(); err != nil {
		return "", err
	}
	r := train.DefaultRecipe()
	r.Model.VocabSize, r.Model.HiddenSize, r.Model.Layers = t.VocabSize(), 32, 2
	r.Model.Heads, r.Model.KVHeads, r.Model.HeadDim = 2, 2, 16
	r.Model.Experts, r.Model.ExpertsPerToken, r.Model.ExpertSize = 4, 2, 32
	r.Model.TieEmbeddings = true
	r.Tokenizer, r.Data = path, train.DataSpec{Shards: shards}
	r.Batch = train.BatchSpec{Tokens: window, Rows: 1, Sequence: window}
	r.Steps, r.Optimizer.LR = steps, 0.01
	r.Schedule.Warmup = 10
	trainer, err := train.New(r, train.Options{RunDir: filepath.Join(dir, "run")})
	if err != nil {
		return "", err
	}
	defer trainer.Close()
	result, err := trainer.Run(context.Background())
	return result.ModelDir, err
}

// taught is the model of all examples and tests.
var taught = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "polymath-example-")
	if err != nil {
		return "", err
	}
	return teach(dir)
})

// removeTaught removes what taught made.
func removeTaught() {
	if dir, err := taught(); err == nil {
		os.RemoveAll(filepath.Dir(filepath.Dir(dir)))
	}
}

// noCPU is no CPU path of any machine; TestOpenChecksCPU runs this program with
// it, since a path is chosen when a program starts.
const noCPU = "abacus"

func TestMain(m *testing.M) {
	if os.Getenv("POLYMATH_CPU") == noCPU {
		_, err := polymath.Open("nowhere")
		fmt.Println(err)
		os.Exit(0)
	}
	status := m.Run()
	removeTaught()
	removeTaughtToTalk()
	os.Exit(status)
}

// dir is where the examples find a model.
func dir() string {
	dir, err := taught()
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

func Example() {
	m, err := polymath.Open(dir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	result, err := m.Generate(context.Background(), "A rolling", polymath.GenerateOptions{Stop: []string{"."}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q (%s)\n", result.Text, result.Finish)
	// Output: " stone gathers no moss" (stop)
}

func ExampleModel_Stream() {
	m, err := polymath.Open(dir())
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	for chunk, err := range m.Stream(context.Background(), "A rolling stone", polymath.GenerateOptions{Stop: []string{"Better"}}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(chunk.Text)
	}
	// Output: gathers no moss. Actions speak louder than words.
}

func open(t *testing.T, options ...polymath.Option) *polymath.Model {
	t.Helper()
	dir, err := taught()
	if err != nil {
		t.Fatal(err)
	}
	m, err := polymath.Open(dir, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestGenerateKnowsTheTextByHeart(t *testing.T) {
	m := open(t, polymath.WithPrefillChunk(5))
	r, err := m.Generate(t.Context(), proverbs[:20], polymath.GenerateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Text != proverbs[20:] || r.Finish != "stop" {
		t.Errorf("wrote %q (%s)", r.Text, r.Finish)
	}
	var spelled []byte
	for _, token := range r.Tokens {
		spelled = append(spelled, token.Bytes...)
	}
	if string(spelled) != r.Text {
		t.Errorf("the tokens spell %q", spelled)
	}
	empty, err := m.Generate(t.Context(), "", polymath.GenerateOptions{MaxTokens: 5})
	if err != nil || !strings.HasPrefix(proverbs, empty.Text) || empty.Finish != "length" {
		t.Errorf("an empty prompt: %q (%s), %v", empty.Text, empty.Finish, err)
	}
}

func TestStreamIsGenerateInPieces(t *testing.T) {
	m := open(t)
	o := polymath.GenerateOptions{
		MaxTokens: 80, Temperature: 1.5, TopK: 50, Seed: 3, Logprobs: true, TopLogprobs: 2, Stop: []string{"zzz"},
	}
	want, err := m.Generate(t.Context(), "Every", o)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	n := 0
	for chunk, err := range m.Stream(t.Context(), "Every", o) {
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString(chunk.Text)
		if chunk.Token != nil {
			if got, wanted := *chunk.Token, want.Tokens[n]; got.ID != wanted.ID || got.Logprob != wanted.Logprob || len(got.Top) != 2 {
				t.Errorf("token %d: %+v, want %+v", n, got, wanted)
			}
			n++
		}
	}
	if text.String() != want.Text || n != len(want.Tokens) {
		t.Errorf("streamed %q, generated %q", text.String(), want.Text)
	}
	for range m.Stream(t.Context(), "Every", o) {
		break // leaving early must not hang or panic
	}
}

func TestGenerateErrors(t *testing.T) {
	m := open(t, polymath.WithContextWindow(40))
	if m.ContextWindow() != 40 {
		t.Errorf("the window is %d", m.ContextWindow())
	}
	for _, c := range []struct {
		prompt string
		o      polymath.GenerateOptions
		want   error
	}{
		{strings.Repeat("x", 100), polymath.GenerateOptions{}, polymath.ErrContextWindow},
		{"x", polymath.GenerateOptions{MaxTokens: 40}, polymath.ErrContextWindow},
		{"x", polymath.GenerateOptions{Temperature: -1}, polymath.ErrSampling},
		{"x", polymath.GenerateOptions{Stop: []string{""}}, polymath.ErrStop},
	} {
		if _, err := m.Generate(t.Context(), c.prompt, c.o); !errors.Is(err, c.want) {
			t.Errorf("%q, %+v: %v, want %v", c.prompt, c.o, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Generate(ctx, "x", polymath.GenerateOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	m.Close()
	if _, err := m.Generate(t.Context(), "x", polymath.GenerateOptions{}); !errors.Is(err, polymath.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestOpenChecksCPU(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "POLYMATH_CPU="+noCPU)
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), noCPU) {
		t.Errorf("POLYMATH_CPU=%s: Open says %q (%v)", noCPU, out, err)
	}
}

// TestPromptBegins: the tokenizer's post_processor says what begins a text, and
// config.json only where there is none.
func TestPromptBegins(t *testing.T) {
	good, err := taught()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		processor string
		want      int // tokens of "x"
	}{
		{`null`, 2},
		{`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":true}`, 1},
		{`{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},` +
			`{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],` +
			`"special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[0],"tokens":["<|endoftext|>"]}}}`, 3},
	} {
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(good)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(copied, "manifest.json")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(copied, "tokenizer.json")
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file = bytes.Replace(file, []byte(`"post_processor":null`), []byte(`"post_processor":`+c.processor), 1)
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		m, err := polymath.Open(copied)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Generate(t.Context(), "x", polymath.GenerateOptions{MaxTokens: 1})
		if err != nil || r.PromptTokens != c.want {
			t.Errorf("post_processor %s: %d tokens (%v), want %d", c.processor, r.PromptTokens, err, c.want)
		}
		m.Close()
	}
}

func TestOpenRefuses(t *testing.T) {
	if _, err := polymath.Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("an empty directory: %v", err)
	}
	good, err := taught()
	if err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.CopyFS(damaged, os.DirFS(good)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(damaged, "model.safetensors")
	weights, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(weights, weights[len(weights)-9:], make([]byte, 9), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := polymath.Open(damaged); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("damaged weights: %v", err)
	}
	if err := os.Remove(filepath.Join(damaged, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(damaged, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := polymath.Open(damaged); err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("no tokenizer: %v", err)
	}
}
