package serve

import (
	"context"
	"iter"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/polymath-lm/polymath"
)

// completionAnswer is an object text_completion, whole or a chunk.
type completionAnswer struct {
	ID                string             `json:"id"`
	Object            string             `json:"object"`
	Created           int64              `json:"created"`
	Model             string             `json:"model"`
	SystemFingerprint string             `json:"system_fingerprint"`
	Choices           []completionChoice `json:"choices"`
	Usage             *usageBody         `json:"usage,omitempty"`

	PromptProgress *promptProgress `json:"prompt_progress,omitempty"` // beyond OpenAI's, in chunks
}

// completionChunkUsage is a chunk for who asked for usage: it is null in every
// chunk but the last.
type completionChunkUsage struct {
	completionAnswer
	Usage *usageBody `json:"usage"`
}

type completionChoice struct {
	Text         string          `json:"text"`
	Index        int             `json:"index"`
	Logprobs     *legacyLogprobs `json:"logprobs"`
	FinishReason *string         `json:"finish_reason"`
}

type legacyLogprobs struct {
	Tokens        []string             `json:"tokens"`
	TokenLogprobs []*float64           `json:"token_logprobs"` // null: a prompt's first token
	TopLogprobs   []map[string]float64 `json:"top_logprobs"`
	TextOffset    []int                `json:"text_offset"`
}

// addFirst appends a prompt's first token, which has no log-probability.
func (l *legacyLogprobs) addFirst(t polymath.Token) {
	l.Tokens = append(l.Tokens, string(t.Bytes))
	l.TokenLogprobs = append(l.TokenLogprobs, nil)
	l.TopLogprobs = append(l.TopLogprobs, nil)
	l.TextOffset = append(l.TextOffset, 0)
}

// add appends a token that begins at the offset, in characters.
func (l *legacyLogprobs) add(t polymath.Token, offset int) {
	own := newTopLogprob(t.Bytes, t.Logprob)
	l.Tokens = append(l.Tokens, own.Token)
	l.TokenLogprobs = append(l.TokenLogprobs, &own.Logprob)
	top := map[string]float64{}
	for _, a := range t.Top {
		other := newTopLogprob(a.Bytes, a.Logprob)
		if _, ok := top[other.Token]; !ok { // different bytes may look the same as text
			top[other.Token] = other.Logprob
		}
	}
	if len(t.Top) > 0 {
		top[own.Token] = own.Logprob
	}
	l.TopLogprobs = append(l.TopLogprobs, top)
	l.TextOffset = append(l.TextOffset, offset)
}

// complete answers POST /v1/completions.
func (s *Server) complete(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readCompletionRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.find(r.model)
	}
	if fault == nil {
		fault = checkBias(r.options.LogitBias, x.model.info.VocabularySize)
	}
	if fault != nil {
		return fault
	}
	prompts, fault := x.resolve(r.prompts)
	if fault == nil {
		fault = x.payPrompt(func() (int, error) { return x.countPrompts(prompts), nil }, "prompt")
	}
	if fault != nil {
		return fault
	}
	c, fault := newCompleter(x, r, prompts)
	switch {
	case fault != nil:
		return fault
	case r.stream:
		return c.stream()
	}
	return c.whole()
}

// completer turns the chunks of all completions into one answer.
type completer struct {
	x       *exchange
	r       *completionRequest
	prompts []prompt
	answer  completionAnswer
	states  []completionState // len(prompts) * n
	reader  promptReader
}

// completionState is one choice so far.
type completionState struct {
	text     []byte
	bytes    []byte // of all tokens, for offsets
	offset   int    // characters before the next token
	logprobs *legacyLogprobs
	finish   string
	meter    meter
}

func newCompleter(x *exchange, r *completionRequest, prompts []prompt) (*completer, *apiError) {
	c := &completer{x: x, r: r, prompts: prompts, states: make([]completionState, len(prompts)*r.choices)}
	if limit := x.s.limits.Inputs; len(c.states) > limit {
		return nil, invalidValue("n", "%d prompts of %d choices are more than %d completions.", len(prompts), r.choices, limit)
	}
	c.answer = completionAnswer{
		ID: newID("cmpl-"), Object: "text_completion", Created: time.Now().Unix(),
		Model: x.model.Name, SystemFingerprint: x.model.fingerprint,
	}
	for i := range c.states {
		c.states[i].meter = newMeter(x)
		if r.options.Logprobs {
			c.states[i].logprobs = newLegacyLogprobs()
		}
	}
	if !r.echo {
		return c, nil
	}
	if err := c.echo(); err != nil {
		return nil, x.ended(err, "prompt")
	}
	return c, nil
}

func newLegacyLogprobs() *legacyLogprobs {
	return &legacyLogprobs{Tokens: []string{}, TokenLogprobs: []*float64{}, TopLogprobs: []map[string]float64{}, TextOffset: []int{}}
}

func (c *completer) promptText(index int) (string, error) {
	p := c.prompts[index/c.r.choices]
	if p.ids == nil {
		return p.text, nil
	}
	return c.x.model.Model.Detokenize(p.ids)
}

// run begins one completion.
func (c *completer) run(ctx context.Context, index int) iter.Seq2[polymath.Chunk, error] {
	if c.r.promptOnly {
		return func(yield func(polymath.Chunk, error) bool) { yield(polymath.Chunk{Finish: "length"}, nil) }
	}
	o := c.r.options
	o.Choice = index % c.r.choices
	if p := c.prompts[index/c.r.choices]; p.ids != nil {
		return c.x.model.Model.StreamTokens(ctx, p.ids, o)
	} else {
		return c.x.model.Model.Stream(ctx, p.text, o)
	}
}

// add takes a chunk.
func (c *completer) add(index int, chunk polymath.Chunk) error {
	s := &c.states[index]
	s.text = append(s.text, chunk.Text...)
	if chunk.Token != nil {
		s.meter.tokens(1)
		if s.logprobs != nil {
			s.logprobs.add(*chunk.Token, s.offset)
			s.move(*chunk.Token)
		}
	}
	if chunk.Finish != "" {
		s.finish = chunk.Finish
	}
	if chunk.Usage != nil {
		prompt := c.x.usage
		s.meter.end(*chunk.Usage, s.finish, index%c.r.choices == 0)
		if index%c.r.choices == 0 { // several prompts add up
			c.x.usage.PromptTokens += prompt.PromptTokens
			c.x.usage.CachedTokens += prompt.CachedTokens
		}
	}
	return nil
}

// move lets the next token begin after t.
func (s *completionState) move(t polymath.Token) {
	s.bytes = append(s.bytes, t.Bytes...)
	s.offset += countWhole(&s.bytes)
}

// countWhole counts the characters that bytes holds and cuts them off; the
// beginning of one that is not complete stays.
func countWhole(bytes *[]byte) int {
	n := 0
	for len(*bytes) > 0 && utf8.FullRune(*bytes) {
		_, size := utf8.DecodeRune(*bytes)
		*bytes = (*bytes)[size:]
		n++
	}
	return n
}

// whole sends the answer in one piece.
func (c *completer) whole() *apiError {
	if err := consume(c.x, len(c.states), c.run, c.add, nil, nil); err != nil {
		return c.x.ended(err, "prompt")
	}
	for i := range c.states {
		s := &c.states[i]
		c.answer.Choices = append(c.answer.Choices, completionChoice{string(s.text), i, s.logprobs, &s.finish})
	}
	usage := newUsage(c.x.usage)
	c.answer.Usage = &usage
	writeJSON(c.x.w, http.StatusOK, c.answer)
	return nil
}

// stream sends the answer as it comes.
func (c *completer) stream() *apiError {
	events := &eventStream{x: c.x}
	take := func(index int, chunk polymath.Chunk) error {
		s := &c.states[index]
		if chunk.Progress != nil {
			return c.sendProgress(events, index, chunk.Progress)
		}
		if err := c.add(index, chunk); err != nil {
			return err
		}
		text := string(s.text)
		s.text = s.text[:0]
		logprobs := s.logprobs
		if logprobs != nil && len(logprobs.Tokens) == 0 {
			logprobs = nil
		}
		var finish *string
		if chunk.Finish != "" {
			finish = &chunk.Finish
		}
		if text == "" && logprobs == nil && finish == nil {
			return nil
		}
		if logprobs != nil {
			s.logprobs = newLegacyLogprobs() // these are sent now
		}
		return c.send(events, []completionChoice{{text, index, logprobs, finish}}, nil)
	}
	if err := consume(c.x, len(c.states), c.run, take, events.flush, events.comment); err != nil {
		return c.x.ended(err, "prompt")
	}
	if c.r.includeUsage {
		usage := newUsage(c.x.usage)
		if err := c.send(events, []completionChoice{}, &usage); err != nil {
			return streamFault(err)
		}
	}
	return streamFault(events.done())
}

// sendProgress sends how much of the prompt is read.
func (c *completer) sendProgress(events *eventStream, index int, p *polymath.Progress) error {
	if !c.reader.is(index) {
		return nil
	}
	chunk := c.answer
	chunk.Choices, chunk.PromptProgress = []completionChoice{}, newPromptProgress(p)
	return c.sendChunk(events, chunk, nil)
}

func (c *completer) send(events *eventStream, choices []completionChoice, usage *usageBody) error {
	chunk := c.answer
	chunk.Choices = choices
	return c.sendChunk(events, chunk, usage)
}

func (c *completer) sendChunk(events *eventStream, chunk completionAnswer, usage *usageBody) error {
	if c.r.includeUsage {
		return events.send("", completionChunkUsage{chunk, usage})
	}
	return events.send("", chunk)
}
