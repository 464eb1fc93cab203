// Package chat turns conversations into what a model reads, and what a model
// writes into answers and tool calls.
//
// A Template renders a Conversation as Segments: markup, in which special
// tokens are recognized, and text that people wrote, in which they never are.
// A Splitter divides an answer, as it streams, into content and tool calls.
//
// Conversations are plain data; one that is being rendered must not be changed
// at the same time.
package chat

import (
	"encoding/json"
	"errors"
)

// ErrConversation is wrapped by errors about conversations that make no sense;
// they name the message by its index, from 0.
var ErrConversation = errors.New("bad conversation")

// ErrImage is wrapped by errors about images: that a template has no place for
// them, and, of those who read them, that one cannot be read or that the model
// cannot see. They name the message and the part by index, from 0.
var ErrImage = errors.New("image not usable")

// Role says who speaks.
type Role string

// The roles. Developer is what newer clients call System, and is rendered the
// same. ToolResult carries what a tool answered.
const (
	System     Role = "system"
	Developer  Role = "developer"
	User       Role = "user"
	Assistant  Role = "assistant"
	ToolResult Role = "tool"
)

// Message is one turn of a conversation.
type Message struct {
	Role    Role
	Content []Part
	// Name is the speaker's name, or the tool's for ToolResult; it may be empty. Our
	// own template does not show it.
	Name string
	// ToolCalls are what an Assistant asked for.
	ToolCalls []ToolCall
	// ToolCallID is the ID of the call that a ToolResult answers.
	ToolCallID string
}

// Part is a piece of a message: Text, or Image where that is not nil.
type Part struct {
	Text  string
	Image *Image
}

// Image is a picture as the client wrote it.
type Image struct {
	URL    string // data: or http(s):
	Detail string // "", "auto", "low" or "high"
}

// ToolCall is a call of a tool by the assistant.
type ToolCall struct {
	ID   string
	Name string
	// Arguments is JSON text, a single value; empty means {}.
	Arguments string
}

// Tool is a function that the assistant may call.
type Tool struct {
	Name        string
	Description string
	// Parameters is a JSON Schema; the order of its keys is kept. Nil means that
	// there are no parameters.
	Parameters json.RawMessage
	// Strict asks for arguments that fit the schema. Templates do not show it.
	Strict bool
}

// Conversation is what a Template renders.
type Conversation struct {
	Messages []Message
	Tools    []Tool
}

// Text returns a message with a single part.
func Text(role Role, text string) Message {
	return Message{Role: role, Content: []Part{{Text: text}}}
}
