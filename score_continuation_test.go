package polymath_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/tokenizer"
)

// withBOS makes token 0 of the model in dir the one that begins a text.
func withBOS(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(file), `"bos_token_id": null`, `"bos_token_id": 0`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// beginnings are models that have a token that begins a text, one that ends it,
// or neither, with what comes before an empty prompt.
func beginnings(t *testing.T, options ...polymath.Option) map[*polymath.Model][]int {
	t.Helper()
	m, err := polymath.Open(withBOS(t, random(t, chatML[1:])), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	ends := openRandom(t, chatML, options...)
	return map[*polymath.Model][]int{
		m:                                     {0},
		ends:                                  ends.Tokenize(tokenizer.EndOfText, true),
		openRandom(t, []string{}, options...): nil,
	}
}

// long is a text of many windows.
var long = strings.Repeat(proverbs, 4)

// continuations are prompts and what follows.
var continuations = [][2]string{
	{"Better late", " than never"},
	{"Better la", "te than never"}, // a token may straddle the border
	{"Better late ", "than never"},
	{"Better late \n\t ", "\n than never"},
	{"Better late\u00a0\x1c", "x"},
	{"A stitch in time saves", " "},
	{"caf\u00e9", "\u00e9\u0301 \xff"},
	{"<|im_end|>", "<|im_end|>"},
	{"", "Better late than never"},
	{" ", "Better"},
	{"", "x"},
}

// wantContinuation scores the tokens of both texts together, by the rules as
// lm-evaluation-harness has them (TemplateLM._encode_pair, version 0.4.9).
func wantContinuation(t *testing.T, m *polymath.Model, begin []int, prompt, continuation string) polymath.Continuation {
	t.Helper()
	if bare := strings.TrimRight(prompt, " \n\t\u00a0\x1c"); bare != prompt {
		prompt, continuation = bare, prompt[len(bare):]+continuation
	}
	if first, _, err := m.Score(t.Context(), "x", 0); err != nil {
		t.Fatal(err)
	} else if prompt != "" && len(first) == len(m.Tokenize("x", false)) {
		begin = nil // the token that ends a text is not before others
	}
	whole := append(slices.Clone(begin), m.Tokenize(prompt+continuation, false)...)
	from := len(begin) + len(m.Tokenize(prompt, false))
	cut := max(0, len(whole)-(m.ContextWindow()+1))
	return wantScore(t, m, whole[cut:], min(from, len(whole)-1)-cut, cut)
}

func wantScore(t *testing.T, m *polymath.Model, ids []int, from, cut int) polymath.Continuation {
	t.Helper()
	scored, usage, err := m.ScoreTokens(t.Context(), ids, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := polymath.Continuation{Greedy: true, Cut: cut, Usage: polymath.Usage{PromptTokens: usage.PromptTokens}}
	for i, token := range scored[from:] {
		c.Logprob += token.Logprob
		c.Greedy = c.Greedy && (from+i == 0 || token.Top[0].ID == token.ID)
		token.Top = nil
		c.Tokens = append(c.Tokens, token)
	}
	return c
}

// bare is c without what hangs on time and on what is cached.
func bare(c polymath.Continuation) polymath.Continuation {
	c.Usage = polymath.Usage{PromptTokens: c.Usage.PromptTokens}
	return c
}

func TestScoreContinuation(t *testing.T) {
	for m, begin := range beginnings(t) {
		for _, texts := range continuations {
			want := wantContinuation(t, m, begin, texts[0], texts[1])
			for range 2 {
				got, err := m.ScoreContinuation(t.Context(), texts[0], texts[1])
				if err != nil || !reflect.DeepEqual(bare(got), want) {
					t.Errorf("begins with %v, %q: %v\n got %+v\nwant %+v", begin, texts, err, got, want)
				}
			}
		}
		got, err := m.ScoreContinuation(t.Context(), "", "x")
		if err != nil || len(got.Tokens) != 1 || (got.Logprob < 0) != (begin != nil) {
			t.Errorf("begins with %v: %+v, %v", begin, got, err)
		}
	}
}

// The text that a model would write is greedy, and another one is not.
func TestScoreContinuationGreedy(t *testing.T) {
	m := open(t)
	r, err := m.Generate(t.Context(), "A stitch in", polymath.GenerateOptions{MaxTokens: 8})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{r.Text: true, r.Text + "q": false} {
		if got, err := m.ScoreContinuation(t.Context(), "A stitch in", text); err != nil || got.Greedy != want {
			t.Errorf("%q: greedy %v, %v", text, got.Greedy, err)
		}
	}
}

// TestScoreContinuationWindow: the beginning of the prompt makes room, and the
// last token needs none.
func TestScoreContinuationWindow(t *testing.T) {
	const window = 50
	for m, begin := range beginnings(t, polymath.WithContextWindow(window)) {
		cut := map[bool]int{}
		for n := 30; n < 60; n++ {
			prompt, continuation := strings.Repeat("x", n), strings.Repeat("y", 8)
			want := wantContinuation(t, m, begin, prompt, continuation)
			got, err := m.ScoreContinuation(t.Context(), prompt, continuation)
			if err != nil || !reflect.DeepEqual(bare(got), want) {
				t.Errorf("%d: %v\n got %+v\nwant %+v", n, err, got, want)
			}
			cut[got.Cut > 0]++
			if got.Usage.PromptTokens > window+1 {
				t.Errorf("%d: %+v", n, got.Usage)
			}
		}
		if len(cut) != 2 {
			t.Errorf("cut: %v", cut)
		}
		most := strings.Repeat("xq", window/2)
		if n := len(m.Tokenize(most, false)); n != window {
			t.Fatalf("%d tokens", n)
		}
		if got, err := m.ScoreContinuation(t.Context(), "z", most); err != nil || len(got.Tokens) != window {
			t.Errorf("a window: %+v, %v", got, err)
		}
		if _, err := m.ScoreContinuation(t.Context(), "z", most+"x"); !errors.Is(err, polymath.ErrContextWindow) {
			t.Errorf("more than a window: %v", err)
		}
	}
}

func TestScoreContinuationErrors(t *testing.T) {
	m := openRandom(t, chatML)
	if _, err := m.ScoreContinuation(t.Context(), "x", ""); !errors.Is(err, polymath.ErrPrompt) {
		t.Errorf("an empty continuation: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.ScoreContinuation(ctx, "x", "y"); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	m.Close()
	if _, err := m.ScoreContinuation(t.Context(), "x", "y"); !errors.Is(err, polymath.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestScoresDoNotHangOnCompany: the bits are the same for any batch and order.
func TestScoresDoNotHangOnCompany(t *testing.T) {
	var first map[string]polymath.Continuation
	dir := random(t, chatML)
	for _, batch := range []int{1, 8, 64} {
		m, err := polymath.Open(dir, polymath.WithMaxBatch(batch), polymath.WithPrefillChunk(7*batch))
		if err != nil {
			t.Fatal(err)
		}
		scores := map[string]polymath.Continuation{}
		var mu sync.Mutex
		var group sync.WaitGroup
		cached := 0
		for _, i := range rand.New(rand.NewPCG(uint64(batch), 1)).Perm(80) {
			group.Go(func() {
				prompt := long[i/8*20:][:30+i/4*7]
				continuation := fmt.Sprint(" choice ", i%4)
				c, err := m.ScoreContinuation(t.Context(), prompt, continuation)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				cached += c.Usage.CachedTokens
				scores[prompt+continuation] = bare(c)
			})
		}
		group.Wait()
		m.Close()
		if first == nil {
			first = scores
		}
		if !reflect.DeepEqual(scores, first) || cached == 0 {
			t.Errorf("batches of %d: other scores, %d tokens cached", batch, cached)
		}
	}
}

// TestScoreText compares with windows that are made here as
// lm-evaluation-harness does (get_rolling_token_windows, version 0.4.9).
func TestScoreText(t *testing.T) {
	const window = 40
	for m, begin := range beginnings(t, polymath.WithContextWindow(window)) {
		for _, size := range []int{1, 20, 39, 40, 41, 42, 80, 81, 200, 333} {
			text := long[:size]
			ids := m.Tokenize(text, false)
			for _, overlap := range []int{1, 2, 20, 39, 40} {
				got, err := m.ScoreText(t.Context(), text, overlap)
				want := rolling(t, m, begin, ids, window, overlap)
				if err != nil || !reflect.DeepEqual(got.Tokens, want.Tokens) || got.Greedy != want.Greedy || got.Logprob != want.Logprob || got.Cut != 0 {
					t.Errorf("begins with %v, %d tokens, overlap %d: %v\n got %+v\nwant %+v", begin, len(ids), overlap, err, got, want)
				}
			}
			if len(ids) > window {
				continue
			}
			got, err := m.ScoreText(t.Context(), text, 1)
			want, err2 := m.ScoreContinuation(t.Context(), "", text)
			if err != nil || err2 != nil || !reflect.DeepEqual(bare(got), bare(want)) {
				t.Errorf("%v, %v\n got %+v\nwant %+v", err, err2, got, want)
			}
		}
		for _, overlap := range []int{0, -1, window + 1} {
			if _, err := m.ScoreText(t.Context(), "x", overlap); !errors.Is(err, polymath.ErrPrompt) {
				t.Errorf("overlap %d: %v", overlap, err)
			}
		}
		if _, err := m.ScoreText(t.Context(), "", 1); !errors.Is(err, polymath.ErrPrompt) {
			t.Errorf("an empty text: %v", err)
		}
	}
}

// rolling predicts ids in windows of inputs of which the first window-overlap+1
// new tokens at most are predictions.
func rolling(t *testing.T, m *polymath.Model, begin, ids []int, window, overlap int) polymath.Continuation {
	t.Helper()
	all := append(slices.Clone(begin), ids...)
	total := polymath.Continuation{Greedy: true}
	predicted := len(begin)
	for first := true; predicted < len(all); first = false {
		n := window - overlap + 1
		if first {
			n = window + 1 - len(begin)
		}
		n = min(n, len(all)-predicted)
		end := predicted + n
		part := wantScore(t, m, all[max(0, end-window-1):end], predicted-max(0, end-window-1), 0)
		total.Tokens = append(total.Tokens, part.Tokens...)
		for _, token := range part.Tokens {
			total.Logprob += token.Logprob
		}
		total.Greedy = total.Greedy && part.Greedy
		predicted = end
	}
	return total
}
