package polymath

import (
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
)

// Errors that a caller may want to tell apart; use errors.Is.
var (
	// ErrContextWindow: prompt and completion do not fit the model's window.
	// errors.As finds a *ContextWindowError with the numbers.
	ErrContextWindow = infer.ErrContextWindow
	// ErrSampling: an impossible sampling setting, such as a temperature of -1.
	ErrSampling = infer.ErrSampling
	// ErrStop: an empty stop string.
	ErrStop = infer.ErrStop
	// ErrPrompt: a prompt that is empty where the model has no token to begin
	// with, or that holds ids that are no tokens.
	ErrPrompt = infer.ErrPrompt
	// ErrFormat: a schema, pattern or grammar that output cannot be held to.
	ErrFormat = errors.New("impossible output format")
	// ErrConversation: a conversation, tool or tool choice that makes no sense.
	// The error names the message by its index, from 0.
	ErrConversation = chat.ErrConversation
	// ErrImage: a message has an image and the model cannot see. The error names
	// message and part by index, from 0.
	ErrImage = chat.ErrImage
	// ErrBusy: too many requests are waiting. Try again later.
	ErrBusy = errors.New("too many requests are waiting")
	// ErrClosed: the Model has been closed.
	ErrClosed = errors.New("the model is closed")
)

// ContextWindowError says by how much prompt and completion exceed the window.
// It wraps ErrContextWindow. All are numbers of tokens.
type ContextWindowError struct {
	// Window is the most that prompt and completion may have together.
	Window int
	// Prompt is the length of the prompt.
	Prompt int
	// Completion is the MaxTokens that was asked for; 0 is as many as fit.
	Completion int
}

func (e *ContextWindowError) Error() string {
	room := e.Window - e.Prompt
	if room <= 0 {
		return fmt.Sprintf("%v: the prompt has %d tokens and the window is %d; shorten it to %d or fewer",
			ErrContextWindow, e.Prompt, e.Window, e.Window-1)
	}
	return fmt.Sprintf("%v: the prompt has %d tokens, the window is %d, and %d more are asked for; ask for %d or fewer",
		ErrContextWindow, e.Prompt, e.Window, e.Completion, room)
}

// Unwrap returns ErrContextWindow.
func (e *ContextWindowError) Unwrap() error { return ErrContextWindow }
