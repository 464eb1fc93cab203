package polymath

import (
	"errors"

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
	// ErrImage: a message has an image, and the model cannot see, or the image cannot
	// be read. The error names message and part by index, from 0.
	ErrImage = chat.ErrImage
	// ErrBusy: too many requests are waiting. Try again later.
	ErrBusy = infer.ErrBusy
	// ErrClosed: the Model has been closed.
	ErrClosed = infer.ErrClosed
)

// ContextWindowError says by how much prompt and completion exceed the window.
// errors.Is takes it for ErrContextWindow.
type ContextWindowError = infer.ContextWindowError

// PanicError says that a completion ended because of a bug in the program; it
// has the stack for who looks for it. The Model goes on.
type PanicError = infer.PanicError
