package polymath

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/polymath-lm/polymath/chat"
)

// ChatOptions says how to answer a conversation. The zero value is greedy, lets
// the model decide whether to call a tool, and takes one call at most.
type ChatOptions struct {
	GenerateOptions
	// ToolChoice says whether a tool is called, and which.
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
	ToolNamed                    // the answer calls the tool with ToolChoice.Name
)

// ToolChoice says which tools the answer calls.
type ToolChoice struct {
	Mode ToolMode
	Name string
}

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
	// Finish is "stop", "length" or "tool_calls" in the last chunk, and else
	// empty.
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

// Usage says what a completion took.
type Usage struct {
	// PromptTokens is the length of the prompt; CachedTokens of them, from its
	// beginning, were in the cache already.
	PromptTokens, CachedTokens int
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
func (m *Model) Chat(ctx context.Context, c chat.Conversation, o ChatOptions) (ChatResult, error) {
	return ChatResult{}, errNotYet
}

// ChatStream is Chat piece by piece. An error is the last thing it yields, with
// the chunk that holds what was certain until then. Breaking out of the loop
// ends the generation at once.
func (m *Model) ChatStream(ctx context.Context, c chat.Conversation, o ChatOptions) iter.Seq2[ChatChunk, error] {
	return func(yield func(ChatChunk, error) bool) { yield(ChatChunk{}, errNotYet) }
}

var errNotYet = errors.New("not yet")
