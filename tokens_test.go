package polymath_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath"
)

func TestTokenize(t *testing.T) {
	m := openRandom(t, chatML)
	const text = "Better late <|im_end|> than never. é"
	plain, special := m.Tokenize(text, false), m.Tokenize(text, true)
	if len(special) >= len(plain) || slices.Equal(plain, special) {
		t.Errorf("plain %v, special %v", plain, special)
	}
	for _, ids := range [][]int{plain, special, nil} {
		want := text
		if ids == nil {
			want = ""
		}
		if got, err := m.Detokenize(ids); err != nil || got != want {
			t.Errorf("%v is %q (%v)", ids, got, err)
		}
	}
	var spelled []byte
	for _, id := range plain {
		spelled = append(spelled, m.TokenBytes(id)...)
	}
	if string(spelled) != text {
		t.Errorf("the tokens spell %q", spelled)
	}
	for _, id := range []int{-1, m.Info().VocabularySize, math.MaxInt} {
		if _, err := m.Detokenize([]int{0, id}); !errors.Is(err, polymath.ErrPrompt) {
			t.Errorf("token %d: %v", id, err)
		}
		if _, err := m.GenerateTokens(t.Context(), []int{id}, polymath.GenerateOptions{}); !errors.Is(err, polymath.ErrPrompt) {
			t.Errorf("token %d: %v", id, err)
		}
		if m.TokenBytes(id) != nil {
			t.Errorf("token %d has bytes", id)
		}
	}
}

func TestGenerateTokens(t *testing.T) {
	m := openRandom(t, chatML)
	o := polymath.GenerateOptions{MaxTokens: 20, Temperature: 1, Seed: 4}
	want, err := m.Generate(t.Context(), "Fortune", o)
	if err != nil {
		t.Fatal(err)
	}
	prompt := m.Tokenize("Fortune", false)
	got, err := m.GenerateTokens(t.Context(), prompt, o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != want.Text || got.Usage.CompletionTokens != 20 || got.PromptTokens != len(prompt) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := m.GenerateTokens(t.Context(), nil, o); !errors.Is(err, polymath.ErrPrompt) {
		t.Errorf("no tokens: %v", err)
	}
}

func TestEmbed(t *testing.T) {
	m := openRandom(t, chatML, polymath.WithContextWindow(100))
	a, usage, err := m.Embed(t.Context(), "Fortune favors the bold.")
	if err != nil {
		t.Fatal(err)
	}
	ids := m.Tokenize("Fortune favors the bold.", false)
	b, _, err := m.EmbedTokens(t.Context(), ids)
	if err != nil || !slices.Equal(a, b) || usage.PromptTokens != len(ids) {
		t.Errorf("%d tokens: %v and %v, %v", usage.PromptTokens, a, b, err)
	}
	other, _, err := m.Embed(t.Context(), "Practice makes perfect")
	if err != nil || slices.Equal(a, other) {
		t.Errorf("another text: %v", err)
	}
	if n := dot(a, a); math.Abs(n-1) > 1e-5 || len(a) != 32 {
		t.Errorf("%d numbers of length %v", len(a), math.Sqrt(n))
	}
	if _, _, err := m.Embed(t.Context(), proverbs+proverbs); !errors.Is(err, polymath.ErrContextWindow) {
		t.Errorf("a long text: %v", err)
	}
	if _, _, err := m.EmbedTokens(t.Context(), nil); !errors.Is(err, polymath.ErrPrompt) {
		t.Errorf("no tokens: %v", err)
	}
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestInfo(t *testing.T) {
	dir := random(t, chatML)
	open := func() polymath.Info {
		m, err := polymath.Open(dir, polymath.WithContextWindow(128))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		return m.Info()
	}
	info := open()
	manifest := filepath.Join(dir, "manifest.json")
	data, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	if info.Fingerprint != hex.EncodeToString(sum[:]) {
		t.Errorf("fingerprint %s", info.Fingerprint)
	}
	// 2 layers of 2 heads of keys and of values, each 32 numbers of 2 bytes.
	if info.CacheBytesPerToken != 2*2*2*32*2 || info.ContextWindow != 128 || info.Architecture != "qwen3_moe" || info.Path != dir {
		t.Errorf("%+v", info)
	}
	const embeddings = 300 * 32 // stay in the file
	if info.ActiveParameters >= info.Parameters || info.WeightBytes < 2*(info.Parameters-embeddings) {
		t.Errorf("%+v", info)
	}
	if err := os.Remove(manifest); err != nil {
		t.Fatal(err)
	}
	bare := open().Fingerprint
	if bare == info.Fingerprint || len(bare) != 64 || bare != open().Fingerprint {
		t.Errorf("without a manifest: %s", bare)
	}
	if err := os.WriteFile(filepath.Join(dir, "generation_config.json"), []byte("{ \"a\": \"change of size\" }"), 0o666); err != nil {
		t.Fatal(err)
	}
	if open().Fingerprint == bare {
		t.Error("another file, the same fingerprint")
	}
}

func TestOptions(t *testing.T) {
	dir := random(t, chatML)
	o := polymath.GenerateOptions{MaxTokens: 50}
	var want string
	for i, options := range [][]polymath.Option{
		nil,
		{polymath.WithPromptLookup()},
		{polymath.WithDraft(dir)},
		{polymath.WithMaxBatch(1), polymath.WithCacheBytes(1 << 20), polymath.WithQueueLimit(1)},
	} {
		m, err := polymath.Open(dir, options...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Generate(t.Context(), "Every cloud", o)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want = r.Text
		}
		if r.Text != want {
			t.Errorf("options %d: %q, want %q", i, r.Text, want)
		}
		if s := m.Stats(); i == 2 && (s.Drafted == 0 || s.Accepted != s.Drafted) {
			t.Errorf("drafting for itself: %+v", s)
		}
		m.Close()
	}
	narrow, err := polymath.Open(dir, polymath.WithInt8Cache())
	if err != nil {
		t.Fatal(err)
	}
	defer narrow.Close()
	wide := openRandom(t, chatML)
	if a, b := narrow.Info().CacheBytesPerToken, wide.Info().CacheBytesPerToken; a >= b*2/3 {
		t.Errorf("8 bits: %d bytes a token, and else %d", a, b)
	}
	if _, err := narrow.Generate(t.Context(), "Every cloud", o); err != nil {
		t.Error(err)
	}
	if _, err := polymath.Open(dir, polymath.WithDraft(random(t, nil))); err == nil {
		t.Error("a draft model with another tokenizer is taken")
	}
}
