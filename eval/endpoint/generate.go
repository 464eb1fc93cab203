package endpoint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/eval"
)

// maxStops is how many stop strings APIs take; the others are looked for here.
const maxStops = 4

// Generate asks for a text. Fields that the API does not take are left out from then
// on. Where prompt and text have no room in the window together, the text gets less, down
// to half of the window; then the beginning of a prompt is left out, in steps, and of a
// conversation the solved examples, then the beginning of the question; a request that is
// to stay whole is an *eval.WindowError.
func (e *Endpoint) Generate(ctx context.Context, r eval.Request) (eval.Answer, error) {
	ask, left := e.complete, func() int { return len(r.Prompt) }
	shorten := func() bool {
		from := further(r.Prompt, 0)
		r.Prompt = r.Prompt[from:]
		return from > 0
	}
	if len(r.Conversation.Messages) > 0 {
		ask, left = e.converse, func() int { return textBytes(r.Conversation) }
		shorten = func() (ok bool) {
			r.Conversation, ok = shorter(r.Conversation)
			return ok
		}
	}
	whole := left()
	for {
		a, err := ask(ctx, &r)
		var f *fault
		switch {
		case err == nil:
			a.Cut = tokensOf(whole - left())
			return a, nil
		case !errors.As(err, &f) || !f.window():
			return eval.Answer{}, err
		case r.Whole:
			return eval.Answer{}, &eval.WindowError{Completion: r.MaxTokens, Window: e.info.ContextWindow, Err: err}
		case r.MaxTokens > e.leastTokens():
			r.MaxTokens = max(r.MaxTokens/2, e.leastTokens())
		case !shorten():
			return eval.Answer{}, err
		}
	}
}

// leastTokens is how many tokens a text keeps whatever the prompt's length.
func (e *Endpoint) leastTokens() int {
	const unknown = 64
	if e.info.ContextWindow == 0 {
		return unknown
	}
	return max(1, e.info.ContextWindow/2)
}

// settings are what both kinds of requests have.
func (e *Endpoint) settings(r *eval.Request) fields {
	f := fields{"model": e.model, "temperature": r.Temperature, "seed": int64(r.Seed & math.MaxInt64)}
	if r.TopP > 0 {
		f["top_p"] = r.TopP
	}
	if r.MaxTokens > 0 {
		f["max_tokens"] = r.MaxTokens
	}
	if len(r.Stop) > 0 {
		f["stop"] = r.Stop[:min(len(r.Stop), maxStops)]
	}
	switch {
	case r.Schema != "":
		f["response_format"] = schema(r.Schema)
	case len(r.Choices) > 0:
		f["guided_regex"] = oneOf(r.Choices) // our own servers' and vLLM's
	}
	return f
}

// oneOf is a pattern that the choices match and nothing else.
func oneOf(choices []string) string {
	quoted := make([]string, len(choices))
	for i, c := range choices {
		quoted[i] = regexp.QuoteMeta(c)
	}
	return strings.Join(quoted, "|")
}

// complete asks for the continuation of a text.
func (e *Endpoint) complete(ctx context.Context, r *eval.Request) (eval.Answer, error) {
	f := e.settings(r)
	f["prompt"] = r.Prompt
	if r.Logprobs {
		f["logprobs"] = 0
	}
	var c completion
	if err := e.ask(ctx, "/completions", f, &c); err != nil {
		return eval.Answer{}, err
	}
	if len(c.Choices) == 0 {
		return eval.Answer{}, fmt.Errorf("%w: it has no choices", errResponse)
	}
	a := eval.Answer{
		Text: stopped(c.Choices[0].Text, r.Stop), Full: c.Choices[0].Finish == "length",
		PromptTokens: c.Usage.PromptTokens, CachedTokens: c.Usage.cached(), CompletionTokens: c.Usage.CompletionTokens,
	}
	if l := c.Choices[0].Logprobs; r.Logprobs && l != nil && len(l.Tokens) == len(l.TokenLogprobs) {
		for i, p := range l.TokenLogprobs {
			if p == nil {
				a.Tokens = nil
				break
			}
			a.Tokens = append(a.Tokens, eval.TokenScore{Text: l.Tokens[i], Logprob: *p})
		}
	}
	return a, nil
}

// converse asks for an answer to a conversation.
func (e *Endpoint) converse(ctx context.Context, r *eval.Request) (eval.Answer, error) {
	f := e.settings(r)
	f["messages"] = messages(r.Conversation)
	if r.Logprobs {
		f["logprobs"] = true
	}
	var c answer
	if err := e.ask(ctx, "/chat/completions", f, &c); err != nil {
		var refusal *fault
		if errors.As(err, &refusal) && refusal.sightless() {
			err = fmt.Errorf("%w: %w", eval.ErrUnsupported, err)
		}
		return eval.Answer{}, err
	}
	if len(c.Choices) == 0 {
		return eval.Answer{}, fmt.Errorf("%w: it has no choices", errResponse)
	}
	one := &c.Choices[0]
	a := eval.Answer{
		Full:         one.Finish == "length",
		PromptTokens: c.Usage.PromptTokens, CachedTokens: c.Usage.cached(), CompletionTokens: c.Usage.CompletionTokens,
	}
	switch m := one.Message; {
	case m.Content != nil:
		a.Text = stopped(*m.Content, r.Stop)
	case m.Refusal != nil:
		a.Text = *m.Refusal
	}
	if one.Logprobs != nil && r.Logprobs {
		for _, t := range one.Logprobs.Content {
			a.Tokens = append(a.Tokens, eval.TokenScore{Text: t.Token, Logprob: t.Logprob})
		}
	}
	return a, nil
}

// stopped ends a text where the API should have.
func stopped(text string, stops []string) string {
	for _, s := range stops {
		if before, _, found := strings.Cut(text, s); found && s != "" {
			text = before
		}
	}
	return text
}

// optional are fields without which an answer is still of use.
var optional = []string{"logprobs", "seed", "top_p", "response_format", "guided_regex", "stop"}

// ask sends a request, without the fields that the API has refused, and again without
// one that it refuses now: each time with fewer, so that it ends.
func (e *Endpoint) ask(ctx context.Context, path string, f fields, into any) error {
	for {
		sent := e.accepted(f)
		err := e.client.call(ctx, http.MethodPost, path, sent, into)
		var refusal *fault
		if !errors.As(err, &refusal) || !e.drop(sent, refusal) {
			return err
		}
	}
}

// accepted is a request without what the API does not take.
func (e *Endpoint) accepted(f fields) fields {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := fields{}
	for name, value := range f {
		if !e.dropped[name] {
			out[name] = value
		} else if name == "max_tokens" {
			out["max_completion_tokens"] = value
		}
	}
	return out
}

// drop remembers a field that was refused; false if nothing can be left out of what was
// sent. Another request may have met the same refusal meanwhile.
func (e *Endpoint) drop(sent fields, refusal *fault) bool {
	if refusal.status != http.StatusBadRequest && refusal.status != http.StatusUnprocessableEntity || refusal.window() {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	named := func(name string) bool {
		return refusal.param == name || refusal.param == "" && strings.Contains(refusal.message, name)
	}
	if _, ok := sent["max_tokens"]; ok && strings.Contains(refusal.message, "max_completion_tokens") {
		e.dropped["max_tokens"] = true
		return true
	}
	for _, name := range optional {
		if _, ok := sent[name]; ok && named(name) {
			e.dropped[name] = true
			return true
		}
	}
	return false
}
