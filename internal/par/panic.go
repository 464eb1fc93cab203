package par

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Panic is the value with which Run panics after a job has panicked.
type Panic struct {
	Value any    // what the job panicked with
	Stack []byte // stack of the worker at that moment, as debug.Stack prints it
}

// Error returns the original value and stack as text.
func (p *Panic) Error() string {
	return fmt.Sprintf("par: a job panicked: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the original value if it is an error, and nil otherwise.
func (p *Panic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

// errGoexit stands for a job that left by runtime.Goexit on a worker's
// goroutine, as t.FailNow does.
var errGoexit = errors.New("runtime.Goexit called in a job")

func newPanic(value any) *Panic { return &Panic{Value: value, Stack: debug.Stack()} }
