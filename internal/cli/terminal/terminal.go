// Package terminal is the chat in a terminal, and its plain form for pipes.
//
// The conversation stays in the terminal's own scrollback: only the paragraph
// that is being written, the input and a line of status are redrawn. What the
// model writes is shown as Markdown, with its control characters made visible.
package terminal

import (
	"context"
	"iter"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
)

// Model is what a chat needs of a *polymath.Model.
type Model interface {
	ChatStream(ctx context.Context, c chat.Conversation, o polymath.ChatOptions) iter.Seq2[polymath.ChatChunk, error]
	CountTokens(c chat.Conversation) (int, error)
	ContextWindow() int
	Sees() bool
	See(ctx context.Context, image chat.Image) (polymath.Seen, error)
}

// Options say how to chat.
type Options struct {
	// Name of the model, to be shown.
	Name string
	// System is the system message; empty is none.
	System string
	// Settings are those of every answer.
	Settings polymath.GenerateOptions
	// Explicit names those that prevail over the settings in File.
	Explicit []string
	// File, if not empty, holds the conversation: it is read at the start, if it
	// exists, and written after every answer.
	File string
	// Images are files that go with the first message.
	Images []string
	// Reading, if not nil, learns in Plain how much of a prompt is read, and nil
	// when something else follows.
	Reading func(*polymath.Progress)
	// HistoryFile keeps what was typed, readable by its owner alone; empty keeps
	// nothing.
	HistoryFile string
}
