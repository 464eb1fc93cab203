package interrupt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

func TestAlone(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{context.Canceled, true},
		{context.DeadlineExceeded, true},
		{fmt.Errorf("reading: %w", context.Canceled), true},
		{errors.Join(context.Canceled, fmt.Errorf("again: %w", context.Canceled)), true},
		{errors.Join(context.Canceled, fs.ErrPermission), false},
		{fmt.Errorf("saving: %w", errors.Join(fs.ErrPermission, context.Canceled)), false},
		{fmt.Errorf("%w during %w", context.Canceled, fs.ErrExist), false},
		{fs.ErrPermission, false},
		{nil, false},
	} {
		if got := Alone(c.err); got != c.want {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
