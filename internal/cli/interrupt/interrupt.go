// Package interrupt tells an interruption from what went wrong during one.
package interrupt

import (
	"context"
	"errors"
)

// Alone says that err is the end of a context and nothing else: joined with
// another error, that one must not be hidden.
func Alone(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !Alone(e) {
				return false
			}
		}
		return true
	}
	if next := errors.Unwrap(err); next != nil {
		return Alone(next)
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
