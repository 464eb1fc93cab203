package infer

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/polymath-lm/polymath/internal/par"
)

// PanicError says that a request ended because something panicked: a Mask, or
// the program itself, which then has a bug. The Engine goes on. A panic that
// can be laid to one request ends that one; one in the scheduler ends all that
// were under way.
type PanicError struct {
	Value any    // what was panicked with
	Stack []byte // of the goroutine, for whoever looks for the bug
}

// Error says what was panicked with, without the stack.
func (e *PanicError) Error() string { return fmt.Sprintf("a bug in the program: %v", e.Value) }

// Unwrap returns the original value if it is an error, and nil otherwise.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// errGoexit stands for a goroutine that was made to end, as t.FailNow does.
var errGoexit = errors.New("runtime.Goexit was called")

// panicError wraps what recover returned in the function that panicked.
func panicError(value any) *PanicError {
	switch v := value.(type) {
	case nil:
		return &PanicError{Value: errGoexit, Stack: debug.Stack()}
	case *par.Panic:
		return &PanicError{Value: v.Value, Stack: v.Stack}
	}
	return &PanicError{Value: value, Stack: debug.Stack()}
}

// fail ends all requests with err after a panic in the scheduler: its books
// cannot be trusted any more, so it begins with new ones. The goroutine ends.
func (e *Engine) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range slices.Concat(e.running, e.waiting) {
		if s != nil {
			s.held, s.cache, s.draft, s.guessed = nil, nil, nil, nil
			s.end("", err)
		}
	}
	e.running, e.waiting = nil, nil
	e.pool = newPool(e.model, e.pool.kind, e.pool.capacity)
	e.stats.Running, e.stats.UsedBlocks, e.stats.KeptBlocks = 0, 0, 0
	e.active = false
	e.idle.Broadcast()
}
