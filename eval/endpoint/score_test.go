package endpoint

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval"
)

// echo answers as vLLM does: words are tokens, each with a space before it.
func echo(markup int, minTokens float64) func(http.ResponseWriter, map[string]any) {
	return func(w http.ResponseWriter, r map[string]any) {
		if r["max_tokens"].(float64) < minTokens {
			fail(w, 400, "max_tokens must be at least 1")
			return
		}
		text := r["prompt"].(string)
		if len(text) > 200 {
			fail(w, 400, "This model's maximum context length is 200")
			return
		}
		var l legacy
		offset := 0
		add := func(token string, p *float64) {
			l.Tokens, l.TokenLogprobs, l.TextOffset = append(l.Tokens, token), append(l.TokenLogprobs, p), append(l.TextOffset, offset)
			var top map[string]*float64
			if p != nil {
				top = map[string]*float64{token: p}
			}
			l.TopLogprobs = append(l.TopLogprobs, top)
			offset += len([]rune(token))
		}
		if markup > 0 {
			add(strings.Repeat("<", markup), nil)
		}
		for i, word := range strings.SplitAfter(strings.ReplaceAll(text, " ", "\x00 "), "\x00") {
			word = strings.TrimSuffix(word, "\x00")
			p := -float64(len(word))
			if i == 0 && markup == 0 {
				add(word, nil)
			} else {
				add(word, &p)
			}
		}
		for range int(r["max_tokens"].(float64)) {
			p := -100.0
			add(" more", &p)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{"text": text, "logprobs": l}}})
	}
}

// TestScore: the tokens of the continuation are found, whatever stands before and behind.
func TestScore(t *testing.T) {
	for name, c := range map[string]struct {
		markup    int
		minTokens float64
	}{"plain": {0, 0}, "with markup": {3, 0}, "with a token generated": {0, 1}, "with both": {2, 1}} {
		e, _, err := open(t, &api{models: oneModel, completions: echo(c.markup, c.minTokens)}, Options{Chat: "off"})
		if err != nil || e.score.why != "" {
			t.Fatalf("%s: %v, %s", name, err, e.score.why)
		}
		for _, q := range []struct {
			prompt, continuation string
			want                 float64
			tokens               int
		}{
			{"é Where is", " it now", -7, 2},
			{"é Where is ", "it now", -7, 2}, // white space belongs to the continuation
			{"Where is i", "t now", -7, 2},   // a token across the border too
			{"Where is", "nt it", -8, 2},
		} {
			got, err := e.Score(t.Context(), q.prompt, q.continuation)
			if err != nil || got.Logprob != q.want || len(got.Tokens) != q.tokens || !got.Greedy {
				t.Errorf("%s: %q + %q: %+v, %v", name, q.prompt, q.continuation, got, err)
			}
		}
		got, err := e.Score(t.Context(), strings.Repeat("word ", 60)+"end", " it")
		if err != nil || got.Logprob != -3 || got.Cut == 0 {
			t.Errorf("%s: a long prompt: %+v, %v", name, got, err)
		}
		if _, err := e.Score(t.Context(), "a", strings.Repeat(" word", 60)); !errors.Is(err, eval.ErrWindow) {
			t.Errorf("%s: a long continuation: %v", name, err)
		}
	}
	mute := &api{models: oneModel, chat: func(w http.ResponseWriter, _ map[string]any) { say(w, "yes") }}
	e, _, err := open(t, mute, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Score(t.Context(), "a", " b"); !errors.Is(err, eval.ErrUnsupported) || !strings.Contains(err.Error(), "no such page") {
		t.Errorf("an API without completions: %v", err)
	}
}

// TestLong: where prompt and text have no room together, the text gets less, then the
// prompt does.
func TestLong(t *testing.T) {
	const window = 100 // characters and tokens together
	answer := func(w http.ResponseWriter, r map[string]any) {
		length, last := 0, ""
		if text, ok := r["prompt"].(string); ok {
			length, last = len(text), text
		} else {
			for _, m := range r["messages"].([]any) {
				last = m.(map[string]any)["content"].(string)
				length += len(last)
			}
		}
		if length+int(r["max_tokens"].(float64)) > window {
			fail(w, 400, "This model's maximum context length is 100 tokens.")
			return
		}
		say := map[string]any{"text": last[max(0, len(last)-4):], "message": map[string]any{"content": last[max(0, len(last)-4):]}}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{say}})
	}
	a := &api{models: `{"data":[{"id":"m","max_model_len":100}]}`, chat: answer, completions: answer}
	e, _, err := open(t, a, Options{Chat: "on"})
	if err != nil {
		t.Fatal(err)
	}
	talk := func(texts ...string) chat.Conversation {
		c := chat.Conversation{Messages: []chat.Message{chat.Text(chat.System, "Be brief.")}}
		for _, text := range texts {
			c.Messages = append(c.Messages, chat.Text(chat.User, text))
		}
		return c
	}
	for name, c := range map[string]struct {
		request eval.Request
		cut     bool
	}{
		"fits":          {eval.Request{Prompt: "a prompt that ends", MaxTokens: 80}, false},
		"less text":     {eval.Request{Prompt: strings.Repeat("w ", 20) + "ends", MaxTokens: 1000}, false},
		"less prompt":   {eval.Request{Prompt: strings.Repeat("w ", 200) + "ends", MaxTokens: 70}, true},
		"less examples": {eval.Request{Conversation: talk("an example", strings.Repeat("w", 80), "it ends"), MaxTokens: 30}, true},
		"less question": {eval.Request{Conversation: talk(strings.Repeat("ä", 300) + "ends"), MaxTokens: 30}, true},
	} {
		got, err := e.Generate(t.Context(), c.request)
		if err != nil || got.Text != "ends" || (got.Cut > 0) != c.cut {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		c.request.Whole = true
		got, err = e.Generate(t.Context(), c.request)
		if w := new(eval.WindowError); errors.As(err, &w) != (name != "fits") || err != nil && (w.Window != window || w.Completion != c.request.MaxTokens) {
			t.Errorf("%s, whole: %+v, %v", name, got, err)
		}
	}
	if _, err := e.Generate(t.Context(), eval.Request{Conversation: talk(), MaxTokens: 300}); err != nil {
		t.Errorf("a conversation of a system message: %v", err)
	}
}
