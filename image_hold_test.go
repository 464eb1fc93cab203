package polymath_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// narrow opens a model that has room for the images of one conversation of those
// that wide makes, and not for two.
func narrow(t *testing.T) *polymath.Model {
	return openSeeing(t, polymath.WithContextWindow(110), polymath.WithImageCacheBytes(1))
}

// wide is a conversation of one image of 64 tokens.
func wide(seed int) chat.Conversation { return conversation(shown(paint(60, 20, seed), "Who?")) }

// begin returns an answer that has begun, and holds its image.
func begin(t *testing.T, m *polymath.Model, seed int) (next func() (polymath.ChatChunk, error, bool), stop func()) {
	t.Helper()
	o := sampled
	o.MaxTokens, o.Progress = 12, true // the first chunk comes before a token
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	next, stop = iter.Pull2(m.ChatStream(ctx, wide(seed), o))
	if _, err, ok := next(); err != nil || !ok {
		t.Fatal(err)
	}
	if held, budget, _ := m.HeldImageBytes(); held <= budget/2 || held > budget {
		t.Fatalf("an answer holds %d bytes of %d", held, budget)
	}
	return next, stop
}

// waiting returns once n requests wait for room.
func waiting(t *testing.T, m *polymath.Model, n int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		held, budget, now := m.HeldImageBytes()
		if held > budget {
			t.Fatalf("%d bytes are held of %d", held, budget)
		}
		if now == n {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d wait for room, not %d", now, n)
		}
	}
}

// outcome is the error of an answer, which must come soon.
func outcome(ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.New("it waits for ever")
	}
}

// free finds fault if something is held.
func free(t *testing.T, m *polymath.Model, after string) {
	t.Helper()
	if held, _, n := m.HeldImageBytes(); held != 0 || n != 0 {
		t.Errorf("after %s %d bytes are held and %d wait", after, held, n)
	}
}

// TestAnswersHoldWithinBudget: an answer whose image has no room waits until another
// ends, however that ends, or until its context does.
func TestAnswersHoldWithinBudget(t *testing.T) {
	m := narrow(t)
	_, stop := begin(t, m, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	ask := func(ctx context.Context, seed int) {
		_, err := m.Chat(ctx, wide(seed), sampled)
		ended <- err
	}
	go ask(ctx, 2)
	waiting(t, m, 1)
	if _, err := m.Chat(t.Context(), conversation(chat.Text(chat.User, "Who?")), sampled); err != nil {
		t.Errorf("without an image: %v", err)
	}
	cancel()
	if err := outcome(ended); !errors.Is(err, context.Canceled) || errors.Is(err, polymath.ErrImage) {
		t.Errorf("canceled: %v", err)
	}
	waiting(t, m, 0)
	go ask(t.Context(), 3)
	waiting(t, m, 1)
	stop()
	if err := outcome(ended); err != nil {
		t.Errorf("after the other was closed: %v", err)
	}
	free(t, m, "a closed stream and an answer")

	next, stop := begin(t, m, 4)
	defer stop()
	go ask(t.Context(), 5)
	waiting(t, m, 1)
	for chunk, err, ok := next(); ok; chunk, err, ok = next() {
		if err != nil {
			t.Error(err)
		}
		if chunk.Finish != "" {
			break // the other has room, though this one still looks at the end
		}
	}
	if err := outcome(ended); err != nil {
		t.Errorf("at the end of the other: %v", err)
	}
	free(t, m, "two answers")
}

// TestHeldIsGivenBack: nothing is held after an error, a cancellation, a panic of the
// receiver, or an answer that was left.
func TestHeldIsGivenBack(t *testing.T) {
	m := narrow(t)
	file := paint(60, 20, 1)
	cut := conversation(shown(file[:len(file)-len(file)/4]))
	if _, err := m.Chat(t.Context(), cut, sampled); !errors.Is(err, polymath.ErrImage) {
		t.Errorf("damaged: %v", err)
	}
	free(t, m, "a damaged image")
	o := sampled
	o.LogitBias = map[int]float32{-1: 1}
	if _, err := m.Chat(t.Context(), wide(2), o); !errors.Is(err, polymath.ErrSampling) {
		t.Errorf("sampling: %v", err)
	}
	free(t, m, "options that the engine refuses")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range m.ChatStream(ctx, wide(3), sampled) {
		cancel()
	}
	free(t, m, "a cancellation")
	for range m.ChatStream(t.Context(), wide(4), sampled) {
		break
	}
	free(t, m, "an answer that was left")
	func() {
		defer func() { _ = recover() }()
		for range m.ChatStream(t.Context(), wide(5), sampled) {
			panic("the receiver")
		}
	}()
	free(t, m, "a panic")
	next, stop := begin(t, m, 6)
	defer stop()
	m.Close()
	var last error
	for _, err, ok := next(); ok; _, err, ok = next() {
		last = err
	}
	if last != nil && !errors.Is(last, polymath.ErrClosed) {
		t.Error(last)
	}
	free(t, m, "closing")
}

// TestGenerateAndAttentionHold: they hold images and give them back as answers do.
func TestGenerateAndAttentionHold(t *testing.T) {
	m := narrow(t)
	image := polymath.DataImage(paint(60, 20, 1))
	file := paint(60, 20, 7)
	damaged := polymath.DataImage(file[:len(file)-len(file)/4])
	o := sampled.GenerateOptions
	o.Images = []chat.Image{image}
	held := func() bool {
		n, budget, _ := m.HeldImageBytes()
		return n > budget/2 && n <= budget
	}
	for range m.Stream(t.Context(), "Who?", o) {
		if !held() {
			t.Error("a text holds no image")
		}
		break
	}
	free(t, m, "a text that was left")
	seen := false
	for chunk, err := range m.Stream(t.Context(), "Who?", o) {
		if err != nil || chunk.Finish == "" && !held() {
			t.Errorf("a text holds no image: %v", err)
		}
		if seen = chunk.Finish != ""; seen {
			free(t, m, "the end of a text")
		}
	}
	if !seen {
		t.Error("a text has no end")
	}
	o.Images = []chat.Image{damaged}
	if _, err := m.Generate(t.Context(), "Who?", o); !errors.Is(err, polymath.ErrImage) {
		t.Errorf("damaged: %v", err)
	}
	free(t, m, "a damaged image")
	_, stop := begin(t, m, 2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	look := func(ctx context.Context) {
		_, err := m.Attention(ctx, wide(3), "a", 0)
		ended <- err
	}
	go look(ctx)
	waiting(t, m, 1)
	cancel()
	if err := outcome(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	go look(t.Context())
	waiting(t, m, 1)
	stop()
	if err := outcome(ended); err != nil {
		t.Error(err)
	}
	free(t, m, "attention")
}

// TestChoicesHoldWithinBudget: several choices of one conversation, each of which
// holds its images, and others beside them come to their ends within the budget, with
// the tokens that they have alone.
func TestChoicesHoldWithinBudget(t *testing.T) {
	m := narrow(t)
	want, err := m.Chat(t.Context(), wide(1), sampled)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 9 {
		group.Go(func() {
			o := sampled
			o.Choice = i % 3
			n := 0
			for chunk, err := range m.ChatStream(t.Context(), wide(1+i/3), o) {
				if held, budget, _ := m.HeldImageBytes(); err != nil || held > budget {
					t.Errorf("%d bytes are held of %d, %v", held, budget, err)
				}
				n += len(chunk.Tokens)
			}
			if i == 0 && n != len(want.Tokens) {
				t.Errorf("%d tokens, want %d", n, len(want.Tokens))
			}
		})
	}
	group.Wait()
	free(t, m, "all")
}
