package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/task"
)

// Unfit is a prompt that does not fit the model's window with the answer that it asks
// for. All numbers are of tokens; 0 is one that is not known.
type Unfit struct {
	Prompt     int `json:"prompt,omitempty"`
	Completion int `json:"completion,omitempty"`
	Window     int `json:"window,omitempty"`
}

// WindowError is what a Subject says of a request that does not fit its window and must
// not be cut; errors.Is takes it for ErrWindow. Numbers that are not known are 0.
type WindowError struct {
	Prompt, Completion, Window int // tokens
	Err                        error
}

// Error implements error.
func (e *WindowError) Error() string { return fmt.Sprintf("%v: %v", ErrWindow, e.Err) }

// Unwrap gives what the subject said.
func (e *WindowError) Unwrap() []error { return []error{ErrWindow, e.Err} }

// locate fills in how long the item is and where in it the answer stands, which rows of
// long texts say: length in tokens, and depth from 0 to 1.
func (r *Record) locate(row task.Row) {
	if n, ok := number(row["length"]); ok && n >= 1 && n < math.MaxInt32 {
		r.Length = int(n)
	}
	if d, ok := number(row["depth"]); ok && r.Length > 0 && d >= 0 && d <= 1 {
		r.Depth = &d
	}
}

// number reads a number of a row: as a file has it, or a generator.
func number(value any) (float64, bool) {
	switch v := value.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, !math.IsNaN(v)
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	}
	return 0, false
}

// unfit notes that the item does not fit, where that is what went wrong with one that
// is not to be cut.
func (r *Record) unfit(err error) bool {
	var w *WindowError
	if !errors.As(err, &w) {
		return false
	}
	r.Unfit = &Unfit{w.Prompt, w.Completion, w.Window}
	return true
}

// Of a prompt that is longer than longPrompt bytes its record has both ends alone.
const (
	longPrompt = 64 << 10
	shownEnds  = 6 << 10
)

// shortened leaves the middle of a long prompt out: a record is for reading, and a
// hundred books would make no report. The item has the whole text.
func shortened(prompt string) string {
	if len(prompt) <= longPrompt {
		return prompt
	}
	head, tail := prompt[:shownEnds], prompt[len(prompt)-shownEnds:]
	return fmt.Sprintf("%s\n[%d bytes are left out here]\n%s",
		strings.ToValidUTF8(head, ""), len(prompt)-2*shownEnds, strings.ToValidUTF8(tail, ""))
}
