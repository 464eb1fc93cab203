package serve

import (
	"context"
	"iter"
	"time"

	"github.com/polymath-lm/polymath"
)

// chat answers POST /v1/chat/completions.
func (s *Server) chat(x *exchange) *apiError {
	if fault := x.readBody(); fault != nil {
		return fault
	}
	r, fault := readChatRequest(x.body, &s.limits)
	if fault == nil {
		fault = x.prepareChat(r, "messages")
	}
	if fault != nil {
		return fault
	}
	answer := newChatCollector(x, r)
	if r.stream {
		return answer.stream()
	}
	return answer.whole()
}

// prepareChat does the checks that need the model, the network or the key.
func (x *exchange) prepareChat(r *chatRequest, param string) *apiError {
	if fault := x.find(r.model); fault != nil {
		return fault
	}
	if fault := checkBias(r.options.LogitBias, x.model.info.VocabularySize); fault != nil {
		return fault
	}
	if fault := x.prepareImages(r.images); fault != nil {
		return fault
	}
	return x.payPrompt(func() (int, error) { return x.model.Model.CountTokens(r.conversation) }, param)
}

// chatCollector turns the chunks of n answers into one.
type chatCollector struct {
	x       *exchange
	r       *chatRequest
	id      string
	created int64
	choices []chatState
	reader  promptReader
}

// chatState is one choice so far.
type chatState struct {
	message  chatMessage
	content  []byte
	logprobs *chatLogprobs
	finish   string
	meter    meter
}

func newChatCollector(x *exchange, r *chatRequest) *chatCollector {
	c := &chatCollector{x: x, r: r, id: newID("chatcmpl-"), created: time.Now().Unix(), choices: make([]chatState, r.choices)}
	for i := range c.choices {
		c.choices[i].meter = newMeter(x)
		if r.options.Logprobs {
			c.choices[i].logprobs = &chatLogprobs{Content: []tokenLogprob{}}
		}
	}
	return c
}

// run begins choice index.
func (c *chatCollector) run(ctx context.Context, index int) iter.Seq2[polymath.ChatChunk, error] {
	o := c.r.options
	o.Choice = index
	return c.x.model.Model.ChatStream(ctx, c.r.conversation, o)
}

// whole sends the answer in one piece.
func (c *chatCollector) whole() *apiError {
	if err := consume(c.x, c.r.choices, c.run, c.add, nil, nil); err != nil {
		return c.x.ended(err, "messages")
	}
	a := chatAnswer{
		ID: c.id, Object: "chat.completion", Created: c.created, Model: c.x.model.Name,
		SystemFingerprint: c.x.model.fingerprint, Usage: newUsage(c.x.usage),
	}
	for i := range c.choices {
		a.Choices = append(a.Choices, c.choices[i].choice(i))
	}
	writeJSON(c.x.w, 200, a)
	return nil
}

// choice is the answer as it stands.
func (s *chatState) choice(index int) chatChoice {
	m := s.message
	m.Role = "assistant"
	if len(s.content) > 0 || len(m.ToolCalls) == 0 {
		content := string(s.content)
		m.Content = &content
	}
	return chatChoice{Index: index, Message: m, Logprobs: s.logprobs, FinishReason: s.finish}
}

// add takes a chunk of choice index.
func (c *chatCollector) add(index int, chunk polymath.ChatChunk) error {
	s := &c.choices[index]
	s.meter.tokens(len(chunk.Tokens))
	calls := false
	for _, e := range chunk.Events {
		if e.Call < 0 {
			s.content = append(s.content, e.Content...)
			continue
		}
		calls = true
		for len(s.message.ToolCalls) <= e.Call {
			s.message.ToolCalls = append(s.message.ToolCalls, chatCall{Type: "function"})
		}
		call := &s.message.ToolCalls[e.Call]
		call.ID = chunk.CallIDs[e.Call]
		call.Function.Name += e.Name
		call.Function.Arguments += e.Arguments
	}
	if s.logprobs != nil && !calls {
		for _, t := range chunk.Tokens {
			s.logprobs.Content = append(s.logprobs.Content, newTokenLogprob(t))
		}
	}
	if chunk.Finish != "" {
		s.finish = chunk.Finish
	}
	if chunk.Usage != nil {
		s.meter.end(*chunk.Usage, s.finish, index == 0)
	}
	return nil
}

// stream sends the answer as it comes.
func (c *chatCollector) stream() *apiError {
	events := &eventStream{x: c.x}
	begun := make([]bool, c.r.choices)
	take := func(index int, chunk polymath.ChatChunk) error {
		if chunk.Progress != nil {
			return c.sendProgress(events, index, chunk.Progress)
		}
		if !begun[index] {
			begun[index] = true
			empty := ""
			if err := c.send(events, index, chunkDelta{Role: "assistant", Content: &empty}, nil, nil); err != nil {
				return err
			}
		}
		return c.sendChunk(events, index, chunk)
	}
	if err := consume(c.x, c.r.choices, c.run, take, events.flush, events.comment); err != nil {
		return c.x.ended(err, "messages")
	}
	return streamFault(c.finishStream(events))
}

// sendChunk sends what a chunk adds, as one event or several.
func (c *chatCollector) sendChunk(events *eventStream, index int, chunk polymath.ChatChunk) error {
	s := &c.choices[index]
	known := len(s.message.ToolCalls)
	if s.logprobs != nil {
		s.logprobs.Content = []tokenLogprob{} // those that have been sent
	}
	if err := c.add(index, chunk); err != nil {
		return err
	}
	logprobs := s.logprobs
	if logprobs != nil && len(logprobs.Content) == 0 {
		logprobs = nil
	}
	for _, e := range chunk.Events {
		delta := chunkDelta{}
		switch {
		case e.Call < 0:
			delta.Content = &e.Content
		case e.Call >= known:
			known = e.Call + 1
			call := chunkCall{Index: e.Call, ID: chunk.CallIDs[e.Call], Type: "function"}
			call.Function = chunkFunction{Name: e.Name, Arguments: e.Arguments}
			delta.ToolCalls = []chunkCall{call}
		default:
			delta.ToolCalls = []chunkCall{{Index: e.Call, Function: chunkFunction{Name: e.Name, Arguments: e.Arguments}}}
		}
		if err := c.send(events, index, delta, logprobs, nil); err != nil {
			return err
		}
		logprobs = nil // once
	}
	if logprobs != nil { // tokens whose text has been sent, or has none
		empty := ""
		if err := c.send(events, index, chunkDelta{Content: &empty}, logprobs, nil); err != nil {
			return err
		}
	}
	if chunk.Finish != "" {
		return c.send(events, index, chunkDelta{}, nil, &chunk.Finish)
	}
	return nil
}

func (c *chatCollector) send(events *eventStream, index int, delta chunkDelta, logprobs *chatLogprobs, finish *string) error {
	return c.sendEvent(events, c.chunk(chunkChoice{index, delta, logprobs, finish}), nil)
}

// sendProgress sends how much of the prompt is read.
func (c *chatCollector) sendProgress(events *eventStream, index int, p *polymath.Progress) error {
	if !c.reader.is(index) {
		return nil
	}
	chunk := c.chunk()
	chunk.PromptProgress = newPromptProgress(p)
	return c.sendEvent(events, chunk, nil)
}

// chunk is a piece with choices, of which it has none or one.
func (c *chatCollector) chunk(choices ...chunkChoice) chatChunk {
	if choices == nil {
		choices = []chunkChoice{}
	}
	return chatChunk{
		ID: c.id, Object: "chat.completion.chunk", Created: c.created, Model: c.x.model.Name,
		SystemFingerprint: c.x.model.fingerprint, Choices: choices,
	}
}

func (c *chatCollector) sendEvent(events *eventStream, chunk chatChunk, usage *usageBody) error {
	if c.r.includeUsage {
		return events.send("", chatChunkUsage{chunk, usage})
	}
	return events.send("", chunk)
}

func (c *chatCollector) finishStream(events *eventStream) error {
	if c.r.includeUsage {
		usage := newUsage(c.x.usage)
		if err := c.sendEvent(events, c.chunk(), &usage); err != nil {
			return err
		}
	}
	return events.done()
}

// streamFault is err as a fault: writing to the client is all that fails here.
func streamFault(err error) *apiError {
	if err != nil {
		return clientGone()
	}
	return nil
}
