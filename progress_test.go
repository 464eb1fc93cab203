package polymath_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// checkProgress holds the readings of a prompt to what Chunk.Progress promises.
func checkProgress(t *testing.T, seen []polymath.Progress, usage *polymath.Usage) {
	t.Helper()
	if len(seen) == 0 || usage == nil {
		t.Fatalf("readings %v, usage %v", seen, usage)
	}
	for i, p := range seen {
		if p.Total != usage.PromptTokens || p.Cached != usage.CachedTokens || i > 0 && (p.Read <= seen[i-1].Read || p.Time < seen[i-1].Time) {
			t.Errorf("%+v after %+v; usage %+v", p, seen[max(0, i-1)], *usage)
		}
	}
	if last := seen[len(seen)-1]; last.Read != last.Total {
		t.Errorf("the last is %+v", last)
	}
}

func TestProgress(t *testing.T) {
	m := openRandom(t, chatML, polymath.WithPrefillChunk(16))
	prompt := strings.Repeat(proverbs, 2)
	o := polymath.GenerateOptions{MaxTokens: 5, LogitBias: plainText(m)}
	want, err := m.Generate(t.Context(), prompt, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Progress = true
	got, err := m.Generate(t.Context(), prompt, o)
	if err != nil || got.Text != want.Text || len(got.Tokens) != 5 {
		t.Errorf("with progress: %q, %v; without: %q", got.Text, err, want.Text)
	}
	for _, again := range []bool{false, true} {
		var seen []polymath.Progress
		var usage *polymath.Usage
		begun := false
		for chunk, err := range m.Stream(t.Context(), "Another: "+prompt, o) {
			if err != nil {
				t.Fatal(err)
			}
			if chunk.Progress != nil {
				seen = append(seen, *chunk.Progress)
				if begun || chunk.Text != "" || chunk.Token != nil {
					t.Errorf("a reading in or after %+v", chunk)
				}
			}
			begun = begun || chunk.Token != nil
			usage = chunk.Usage
		}
		checkProgress(t, seen, usage)
		if again != (usage.CachedTokens > 0) {
			t.Errorf("again %v: usage %+v", again, *usage)
		}
	}
}

func TestChatProgress(t *testing.T) {
	m := openRandom(t, chatML, polymath.WithPrefillChunk(16))
	o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{MaxTokens: 5, Progress: true}}
	var seen []polymath.Progress
	var usage *polymath.Usage
	for chunk, err := range m.ChatStream(t.Context(), ask(proverbs), o) {
		if err != nil {
			t.Fatal(err)
		}
		if chunk.Progress != nil {
			seen = append(seen, *chunk.Progress)
		}
		usage = chunk.Usage
	}
	checkProgress(t, seen, usage)
	// Who leaves while the prompt is read ends the work.
	n := 0
	for chunk := range m.ChatStream(t.Context(), ask("Another. "+strings.Repeat(proverbs, 3)), o) {
		if chunk.Progress == nil {
			t.Errorf("%+v comes first", chunk)
		}
		n++
		break
	}
	if idle(t, m); n != 1 {
		t.Errorf("%d pieces", n)
	}
}

// TestFullWindow: prompt and completion that fill the window to the last token
// work, and one token more is an error with both numbers.
func TestFullWindow(t *testing.T) {
	const window = 160
	m := openRandom(t, chatML, polymath.WithContextWindow(window), polymath.WithPrefillChunk(7))
	bias := plainText(m)
	fill := func(ask func(o polymath.GenerateOptions) (prompt, completion int, finish string, err error)) {
		t.Helper()
		prompt, n, finish, err := ask(polymath.GenerateOptions{LogitBias: bias})
		if err != nil || prompt+n != window || finish != "length" {
			t.Fatalf("as much as fits: %d and %d tokens, %s, %v", prompt, n, finish, err)
		}
		room := n
		if _, n, _, err := ask(polymath.GenerateOptions{LogitBias: bias, MaxTokens: room}); err != nil || n != room {
			t.Errorf("all that fits: %d tokens of %d, %v", n, room, err)
		}
		_, _, _, err = ask(polymath.GenerateOptions{LogitBias: bias, MaxTokens: room + 1})
		var numbers *polymath.ContextWindowError
		if !errors.As(err, &numbers) || *numbers != (polymath.ContextWindowError{Window: window, Prompt: prompt, Completion: room + 1}) {
			t.Errorf("one more than fits: %v", err)
		}
		if _, n, _, err := ask(polymath.GenerateOptions{LogitBias: bias, MaxTokens: room + 1, ShrinkToWindow: true}); err != nil || n != room {
			t.Errorf("one more that may be left out: %d tokens of %d, %v", n, room, err)
		}
	}
	ids := m.Tokenize(strings.Repeat(proverbs, 20), false)
	for _, length := range []int{1, 64, 100, window - 1} {
		fill(func(o polymath.GenerateOptions) (int, int, string, error) {
			r, err := m.GenerateTokens(t.Context(), ids[:length], o)
			return length, len(r.Tokens), r.Finish, err
		})
	}
	fill(func(o polymath.GenerateOptions) (int, int, string, error) {
		c := ask("Who are you?")
		n, err := m.CountTokens(c)
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Chat(t.Context(), c, polymath.ChatOptions{GenerateOptions: o})
		return n, r.Usage.CompletionTokens, r.Finish, err
	})
	// A prompt that fills the window leaves no room for an answer, but can be scored.
	var numbers *polymath.ContextWindowError
	_, err := m.GenerateTokens(t.Context(), ids[:window], polymath.GenerateOptions{ShrinkToWindow: true})
	if !errors.As(err, &numbers) || numbers.Window != window || numbers.Prompt != window || !strings.Contains(err.Error(), "160 tokens and the window is 160") {
		t.Errorf("a prompt that fills the window: %v", err)
	}
	if _, _, err := m.ScoreTokens(t.Context(), ids[:window], 0); err != nil {
		t.Errorf("scoring as many tokens as fit: %v", err)
	}
	long := chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, strings.Repeat(proverbs, 20))}}
	if _, err := m.Chat(t.Context(), long, polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{ShrinkToWindow: true}}); !errors.Is(err, polymath.ErrContextWindow) {
		t.Errorf("a conversation that does not fit: %v", err)
	}
}
