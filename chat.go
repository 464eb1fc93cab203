package polymath

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
)

// ChatOptions says how to answer a conversation. The zero value is greedy, lets
// the model decide whether to call a tool, and takes one call at most.
type ChatOptions struct {
	GenerateOptions
	// ToolChoice says whether a tool is called, and which. Stop strings are for
	// content: where a call is required there is none, and they have no effect.
	ToolChoice ToolChoice
	// ParallelToolCalls lets an answer call more than one tool.
	ParallelToolCalls bool
}

// ToolMode says whether the answer calls a tool.
type ToolMode int

// The modes of ToolChoice.
const (
	ToolAuto     ToolMode = iota // the model decides
	ToolNone                     // the model is not told of the tools
	ToolRequired                 // the answer is one call, or several, of any tool
	ToolNamed                    // the answer is one call of the tool with ToolChoice.Name
)

// ToolChoice says which tools the answer calls.
type ToolChoice struct {
	Mode ToolMode
	Name string
}

// forced reports that the answer is calls and nothing else.
func (c ToolChoice) forced() bool { return c.Mode == ToolRequired || c.Mode == ToolNamed }

// ChatChunk is a piece of an answer that is being generated.
type ChatChunk struct {
	// Events are the content and the pieces of tool calls that became certain
	// with this chunk, in order.
	Events []chat.Event
	// CallIDs are the ids of all calls that the answer has made so far; an
	// Event's Call is an index into them.
	CallIDs []string
	// Tokens are those whose text this chunk carries.
	Tokens []Token
	// Progress is as in Chunk.
	Progress *Progress
	// Finish is set in the last chunk alone: see ChatResult.
	Finish string
	// Usage is set in the last chunk alone.
	Usage *Usage
}

// ChatResult is an answer.
type ChatResult struct {
	// Message is the assistant's, with content or tool calls or both.
	Message chat.Message
	// Tokens are those of the answer, its markup for tool calls included.
	Tokens []Token
	// Finish is "stop" (the model or a stop string ended the answer),
	// "tool_calls" (so it did, and the answer calls tools) or "length"
	// (MaxTokens, or the window is full; the last call may be incomplete).
	Finish string
	Usage  Usage
}

// oneCall reports that the answer holds one call at most.
func (o *ChatOptions) oneCall() bool {
	return !o.ParallelToolCalls || o.ToolChoice.Mode == ToolNamed
}

// FinishToolCalls is the Finish of an answer that calls tools.
const FinishToolCalls = "tool_calls"

// Usage says what a completion took.
type Usage struct {
	// PromptTokens is the length of the prompt; CachedTokens of them, from its
	// beginning, were in the cache already, and ImageTokens stand for images.
	PromptTokens, CachedTokens, ImageTokens int
	// CompletionTokens counts what was generated, the token that ended the text
	// excepted.
	CompletionTokens int
	// QueueTime passed until work on the request began, FirstTokenTime until its
	// first token came; both count from the call.
	QueueTime, FirstTokenTime time.Duration
}

// Chat answers the conversation. When ctx ends it returns the error of ctx and
// the answer so far. Other errors wrap one of this package's, or report a
// damaged model.
//
// The ids of tool calls are a function of the prompt, the seed and the choice.
func (m *Model) Chat(ctx context.Context, c chat.Conversation, o ChatOptions) (ChatResult, error) {
	r := ChatResult{Message: chat.Message{Role: chat.Assistant}}
	var content strings.Builder
	var failure error
	for chunk, err := range m.ChatStream(ctx, c, o) {
		for _, e := range chunk.Events {
			if e.Call < 0 {
				content.WriteString(e.Content)
				continue
			}
			if e.Call == len(r.Message.ToolCalls) {
				r.Message.ToolCalls = append(r.Message.ToolCalls, chat.ToolCall{ID: chunk.CallIDs[e.Call]})
			}
			call := &r.Message.ToolCalls[e.Call]
			call.Name += e.Name
			call.Arguments += e.Arguments
		}
		r.Tokens = append(r.Tokens, chunk.Tokens...)
		r.Finish, failure = chunk.Finish, err
		if chunk.Usage != nil {
			r.Usage = *chunk.Usage
		}
	}
	if content.Len() > 0 {
		r.Message.Content = []chat.Part{{Text: content.String()}}
	}
	return r, failure
}

// ChatStream is Chat piece by piece. An error is the last thing it yields, with
// the chunk that holds what was certain until then. Breaking out of the loop
// ends the generation at once. What was seen in images is in memory until the loop
// ends, and bounded together with that of other answers: who asks for another one
// about images inside the loop may wait for the room that the loop itself has.
func (m *Model) ChatStream(ctx context.Context, c chat.Conversation, o ChatOptions) iter.Seq2[ChatChunk, error] {
	return func(yield func(ChatChunk, error) bool) {
		w, err := m.reply(ctx, c, o)
		if err != nil {
			yield(ChatChunk{}, err)
			return
		}
		defer w.prompt.release() // also when the receiver panics
		a := answer{
			splitter: m.template.NewSplitter(w.tools), yield: yield,
			onlyOne: o.oneCall(), onlyCalls: o.ToolChoice.forced(), stops: w.contentStops, id: callIDs(w.prompt.ids, o.Seed, o.Choice),
		}
		w.progress = func(p Progress) bool {
			a.send(ChatChunk{Progress: &p}, nil)
			return a.left
		}
		rest, r, err := m.write(ctx, w.completion, a.receive)
		w.prompt.release() // the receiver may take long over the end
		a.end(rest, r, err)
	}
}

// reply is a completion that answers a conversation.
type reply struct {
	completion
	tools bool // the answer may call tools
	// contentStops end the answer's content, and not its calls, where it may have both.
	contentStops []string
}

// reply says what to generate.
func (m *Model) reply(ctx context.Context, c chat.Conversation, o ChatOptions) (reply, error) {
	if o.ToolChoice.Mode == ToolNone {
		c.Tools = nil
	}
	r := reply{tools: len(c.Tools) > 0}
	r.options, r.end = o.GenerateOptions, m.chatEnd
	if _, err := infer.NewStop(o.Stop...); err != nil {
		return r, err
	}
	r.stops = m.chatStops
	switch {
	case o.ToolChoice.forced():
	case r.tools:
		r.contentStops = o.Stop
	default:
		r.stops = slices.Concat(o.Stop, m.chatStops)
	}
	var err error
	if r.mask, err = m.answerMask(ctx, c.Tools, o); err != nil {
		return r, err
	}
	if r.tools {
		r.markup = m.toolMarkup
	}
	if len(o.Images) > 0 {
		return r, fmt.Errorf("%w: images of a conversation belong into its messages", ErrImage)
	}
	if r.prompt, err = m.renderPrompt(c); err != nil {
		return r, err
	}
	return r, m.hold(ctx, r.prompt)
}

// renderPrompt returns the prompt of a conversation that waits for an answer, its
// images not yet looked at.
func (m *Model) renderPrompt(c chat.Conversation) (*prompt, error) {
	where := places(&c)
	p := &prompt{place: func(k int) string { return where[k].String() }}
	images := make([]*chat.Image, len(where))
	for k, at := range where {
		images[k] = c.Messages[at.message].Content[at.part].Image
	}
	if err := m.addImages(p, images); err != nil {
		return nil, err
	}
	segments, err := m.template.Render(c, chat.RenderOptions{Prompt: true})
	if err != nil {
		return nil, err
	}
	p.ids = chat.Encode(m.tokenizer, segments, func(k int) int { return p.counts[k] })
	return p, m.checkPlaces(p)
}

// answer is one answer being generated.
type answer struct {
	splitter  *chat.Splitter
	yield     func(ChatChunk, error) bool
	onlyOne   bool // call
	onlyCalls bool // no content: what there is is a call cut off before its name
	stops     []string
	stop      *infer.Stop // of the content since the last call; nil: there is none yet
	id        func(call int) string

	spelling spelling
	tokens   []Token // whose text the splitter has
	ids      []string
	left     bool // the receiver
	enough   bool // calls, or content up to a stop string
}

// receive hands on what became certain and says whether the answer is complete.
func (a *answer) receive(text string, t Token) bool {
	a.spelling.add(t)
	a.tokens = append(a.tokens, a.spelling.take(text)...)
	if text == "" {
		return false
	}
	if events := a.admit(a.splitter.Push(text)); len(events) > 0 {
		a.send(ChatChunk{Events: events, Tokens: a.tokens}, nil)
		a.tokens = nil
	}
	return a.left || a.enough
}

// end hands on the rest.
func (a *answer) end(rest string, r infer.Result, err error) {
	if a.left {
		return
	}
	last := ChatChunk{Usage: usage(r)}
	if !a.enough {
		events := a.splitter.Push(rest)
		last.Events = a.admit(append(events, a.splitter.Flush()...))
	}
	if !a.enough {
		last.Events = a.flush(last.Events)
	}
	last.Tokens = append(a.tokens, a.spelling.last(rest)...)
	if err == nil {
		last.Finish = string(r.Finish)
	}
	if r.Finish == infer.FinishEnd && err == nil && len(a.ids) > 0 {
		last.Finish = FinishToolCalls
	}
	a.send(last, err)
}

func (a *answer) send(c ChatChunk, err error) {
	c.CallIDs = slices.Clip(a.ids)
	a.left = !a.yield(c, err)
}

// admit names new calls, leaves out the content of an answer that has none, ends content
// at a stop string, and cuts the answer where a call begins that is one too many.
func (a *answer) admit(events []chat.Event) []chat.Event {
	var admitted []chat.Event
	for _, e := range events {
		switch {
		case e.Call < 0 && a.onlyCalls:
			continue
		case e.Call < 0 && len(a.stops) > 0:
			if admitted = a.content(admitted, e); a.enough {
				return admitted
			}
			continue
		case e.Call > 0 && a.onlyOne:
			a.enough = true
			return a.flush(admitted)
		case e.Call == len(a.ids):
			admitted = a.flush(admitted)
			a.ids = append(a.ids, a.id(e.Call))
		}
		admitted = append(admitted, e)
	}
	return admitted
}

// content adds what is certain of the content, up to a stop string.
func (a *answer) content(events []chat.Event, e chat.Event) []chat.Event {
	if a.stop == nil {
		a.stop, _ = infer.NewStop(a.stops...) // reply has looked at them
	}
	e.Content, a.enough = a.stop.Push([]byte(e.Content))
	if e.Content == "" {
		return events
	}
	return append(events, e)
}

// flush adds the content that might have become a stop string.
func (a *answer) flush(events []chat.Event) []chat.Event {
	if a.stop == nil {
		return events
	}
	rest := a.stop.Flush()
	a.stop = nil
	if rest == "" {
		return events
	}
	return append(events, chat.Event{Call: -1, Content: rest})
}
