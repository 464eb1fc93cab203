package polymath_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

func ask(text string) chat.Conversation {
	return chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, text)}}
}

// content returns a message's text.
func content(m chat.Message) string {
	var b strings.Builder
	for _, p := range m.Content {
		b.WriteString(p.Text)
	}
	return b.String()
}

// TestChatStreamIsChatInPieces: the chunks of a stream add up to the answer, and
// its tokens to its text.
func TestChatStreamIsChatInPieces(t *testing.T) {
	m := openRandom(t, chatML)
	c := ask("Who are you?")
	for seed := range uint64(8) {
		o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{
			MaxTokens: 60, Temperature: 1, Seed: seed, Logprobs: true, TopLogprobs: 2, Stop: []string{"a", "st"},
		}}
		want, err := m.Chat(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		var tokens []polymath.Token
		var last polymath.ChatChunk
		for chunk, err := range m.ChatStream(t.Context(), c, o) {
			if err != nil {
				t.Fatal(err)
			}
			if last.Finish != "" {
				t.Error("a chunk comes after the last")
			}
			for _, e := range chunk.Events {
				text.WriteString(e.Content)
			}
			tokens = append(tokens, chunk.Tokens...)
			// The text may have the beginning of a token that is not certain yet.
			if n := len(text.String()) - len(spell(tokens)); chunk.Finish == "" && (n < 0 || n > 8 || !strings.HasPrefix(text.String(), spell(tokens))) {
				t.Errorf("seed %d: the tokens spell %q of %q", seed, spell(tokens), text.String())
			}
			last = chunk
		}
		if text.String() != content(want.Message) || !reflect.DeepEqual(tokens, want.Tokens) || last.Finish != want.Finish {
			t.Errorf("seed %d: streamed %q (%s), answered %q (%s)", seed, text.String(), last.Finish, content(want.Message), want.Finish)
		}
		if last.Usage == nil || last.Usage.CompletionTokens != want.Usage.CompletionTokens || want.Usage.CompletionTokens < len(want.Tokens) {
			t.Errorf("seed %d: %d tokens, usage %+v and %+v", seed, len(tokens), last.Usage, want.Usage)
		}
		if strings.Contains(content(want.Message), "a") {
			t.Errorf("seed %d: a stop string is in %q", seed, content(want.Message))
		}
		for _, token := range tokens {
			if token.Logprob >= 0 || len(token.Top) != 2 {
				t.Errorf("seed %d: %+v", seed, token)
			}
		}
	}
}

// spell puts tokens together as text does.
func spell(tokens []polymath.Token) string {
	var b []byte
	for _, token := range tokens {
		b = append(b, token.Bytes...)
	}
	return mend(b)
}

// mend replaces every byte that is not part of a character.
func mend(b []byte) string {
	var text strings.Builder
	for _, r := range string(b) {
		text.WriteRune(r)
	}
	return text.String()
}

// TestStopStringOverTokens finds a stop string that no single token holds.
func TestStopStringOverTokens(t *testing.T) {
	m := openRandom(t, chatML)
	o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{MaxTokens: 60, LogitBias: plainText(m)}}
	whole, err := m.Chat(t.Context(), ask("Hello"), o)
	if err != nil {
		t.Fatal(err)
	}
	text := content(whole.Message)
	if len(text) < 20 || len(whole.Tokens) < 10 {
		t.Fatalf("the answer is only %q", text)
	}
	first := len(spell(whole.Tokens[:4]))
	o.Stop = []string{text[first-2 : first+3]}
	cut, err := m.Chat(t.Context(), ask("Hello"), o)
	if err != nil {
		t.Fatal(err)
	}
	want := text[:strings.Index(text, o.Stop[0])]
	if content(cut.Message) != want || cut.Finish != "stop" {
		t.Errorf("stop %q: %q (%s), want %q", o.Stop, content(cut.Message), cut.Finish, want)
	}
	if spelled := spell(cut.Tokens); !strings.HasPrefix(spelled, want) || len(spelled) > len(want)+len(o.Stop[0]) {
		t.Errorf("the tokens spell %q", spelled)
	}
}

// TestForcedCallsAreNothingElse: an answer that must call a tool has no content,
// wherever it is cut off; stop strings do not reach into its markup; and a tool
// that is named is called once.
func TestForcedCallsAreNothingElse(t *testing.T) {
	m := openRandom(t, chatML)
	c := ask("Paint it.")
	c.Tools = tools
	for _, choice := range []polymath.ToolChoice{{Mode: polymath.ToolRequired}, {Mode: polymath.ToolNamed, Name: "paint"}} {
		for limit := range 60 {
			r, err := m.Chat(t.Context(), c, polymath.ChatOptions{
				ToolChoice: choice, ParallelToolCalls: true,
				GenerateOptions: polymath.GenerateOptions{MaxTokens: 1 + 3*limit, Seed: uint64(limit), Temperature: 1, Stop: []string{"a", "tool"}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if text := content(r.Message); text != "" {
				t.Errorf("%d tokens: content %q", limit, text)
			}
			calls := len(r.Message.ToolCalls)
			if r.Finish == "stop" || r.Finish == polymath.FinishToolCalls && calls == 0 || choice.Name != "" && calls > 1 {
				t.Errorf("%d tokens: %d calls, finish %q", limit, calls, r.Finish)
			}
		}
	}
}

// TestTemplateStops: what ends an answer is the special token where there is
// one, so that a text may quote it, and else the text.
func TestTemplateStops(t *testing.T) {
	o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{
		Format: polymath.Format{Kind: polymath.FormatRegex, Text: `say <\|im_end\|> now`},
	}}
	for _, c := range []struct {
		special []string
		want    string
	}{
		{chatML, "say <|im_end|> now"},
		{nil, "say "},
	} {
		m := openRandom(t, c.special)
		r, err := m.Chat(t.Context(), ask("x"), o)
		if err != nil || content(r.Message) != c.want || r.Finish != "stop" {
			t.Errorf("special tokens %q: %q (%s, %v), want %q", c.special, content(r.Message), r.Finish, err, c.want)
		}
	}
}

func TestChatErrors(t *testing.T) {
	m := openRandom(t, chatML, polymath.WithContextWindow(200))
	withTools := func(c chat.Conversation) chat.Conversation { c.Tools = tools; return c }
	picture := chat.Message{Role: chat.User, Content: []chat.Part{{Text: "What is this?"}, {Image: &chat.Image{URL: "data:image/png;base64,AA"}}}}
	for _, c := range []struct {
		name  string
		c     chat.Conversation
		o     polymath.ChatOptions
		want  error
		names string
	}{
		{"no messages", chat.Conversation{}, polymath.ChatOptions{}, polymath.ErrConversation, ""},
		{
			"picture",
			chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, "Look"), picture}},
			polymath.ChatOptions{},
			polymath.ErrImage, "1",
		},
		{"call of nothing", ask("x"), polymath.ChatOptions{ToolChoice: polymath.ToolChoice{Mode: polymath.ToolRequired}}, polymath.ErrConversation, "no tool|none"},
		{
			"call of the unknown", withTools(ask("x")),
			polymath.ChatOptions{ToolChoice: polymath.ToolChoice{Mode: polymath.ToolNamed, Name: "fly"}},
			polymath.ErrConversation, `"fly"`,
		},
		{"stop", ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Stop: []string{""}}}, polymath.ErrStop, ""},
		{"sampling", ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Temperature: -1}}, polymath.ErrSampling, "-1"},
		{"bias", ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{LogitBias: map[int]float32{1 << 40: 1}}}, polymath.ErrSampling, "1099511627776"},
		{
			"schema", ask("x"),
			polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Format: polymath.Format{Kind: polymath.FormatSchema, Text: `{"type":"prose"}`}}},
			polymath.ErrFormat, "prose",
		},
		{
			"pattern", ask("x"),
			polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Format: polymath.Format{Kind: polymath.FormatRegex, Text: `(`}}},
			polymath.ErrFormat, "",
		},
		{"kind", ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{Format: polymath.Format{Kind: 99}}}, polymath.ErrFormat, "99"},
	} {
		_, err := m.Chat(t.Context(), c.c, c.o)
		if !errors.Is(err, c.want) || !slices.ContainsFunc(strings.Split(c.names, "|"), func(s string) bool { return strings.Contains(err.Error(), s) }) {
			t.Errorf("%s: %v, want %v that names %s", c.name, err, c.want, c.names)
		}
	}
	long := ask(strings.Repeat("word ", 400))
	n, err := m.CountTokens(long)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Chat(t.Context(), long, polymath.ChatOptions{})
	var window *polymath.ContextWindowError
	if !errors.Is(err, polymath.ErrContextWindow) || !errors.As(err, &window) || window.Window != 200 || window.Prompt != n || n < 400 {
		t.Errorf("a prompt of %d tokens: %v", n, err)
	}
	_, err = m.Chat(t.Context(), ask("x"), polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{MaxTokens: 199}})
	if n, _ := m.CountTokens(ask("x")); !errors.As(err, &window) || window.Completion != 199 || window.Prompt != n {
		t.Errorf("an answer of 199 tokens: %v", err)
	}
	m.Close()
	m.Close()
	if _, err := m.Chat(t.Context(), ask("x"), polymath.ChatOptions{}); !errors.Is(err, polymath.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestLeavingEndsTheAnswer: breaking out of a stream, and the end of a context,
// end the work.
func TestLeavingEndsTheAnswer(t *testing.T) {
	m := openRandom(t, nil)
	o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{LogitBias: plainText(m)}}
	for range m.ChatStream(t.Context(), ask("Go on"), o) {
		break
	}
	idle(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for chunk, err := range m.ChatStream(ctx, ask("Go on"), o) {
		n += len(chunk.Tokens)
		if last = err; n > 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) || n > 50 {
		t.Errorf("after %d tokens: %v", n, last)
	}
	idle(t, m)
	r, err := m.Chat(ctx, ask("x"), o)
	if !errors.Is(err, context.Canceled) || len(r.Tokens) > 0 {
		t.Errorf("a context that has ended: %+v, %v", r, err)
	}
}

// idle waits a moment for the model to have nothing to do.
func idle(t *testing.T, m *polymath.Model) {
	t.Helper()
	for range 200 {
		if s := m.Stats(); s.Running == 0 && s.Waiting == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("still at work: %+v", m.Stats())
}

// TestManyAtOnce: an answer is the same whoever else is being answered.
func TestManyAtOnce(t *testing.T) {
	m := openRandom(t, chatML)
	options := func(i int) polymath.ChatOptions {
		o := polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{MaxTokens: 40, Temperature: 1, Seed: uint64(i), Logprobs: true}}
		if i%3 == 0 {
			o.Format = polymath.Format{Kind: polymath.FormatSchema, Text: paintSchema}
		}
		return o
	}
	const n = 12
	var want [n]polymath.ChatResult
	for i := range want {
		var err error
		if want[i], err = m.Chat(t.Context(), ask(proverbs[:10*i]), options(i)); err != nil {
			t.Fatal(err)
		}
	}
	var group sync.WaitGroup
	for i := range want {
		group.Go(func() {
			got, err := m.Chat(t.Context(), ask(proverbs[:10*i]), options(i))
			if err != nil {
				t.Error(err)
				return
			}
			if !reflect.DeepEqual(got.Message, want[i].Message) || !reflect.DeepEqual(got.Tokens, want[i].Tokens) || got.Finish != want[i].Finish {
				t.Errorf("answer %d: %q, alone %q", i, spell(got.Tokens), spell(want[i].Tokens))
			}
		})
	}
	group.Wait()
}
