package model

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/polymath-lm/polymath/tensor"
)

// lookup copies the embeddings of tokens to x. They may lie in a mapped file.
func (m *Model) lookup(x []tensor.BF16, tokens []int32) error {
	if m.weights == nil {
		m.embed.Forward(x, tokens)
		return nil
	}
	err := readMapped(func() error {
		m.embed.Forward(x, tokens)
		return nil
	})
	if err != nil {
		at, _ := m.weights.stored(m.embed.Weight.Name)
		return fmt.Errorf("reading tensor %s of %s: %w", m.embed.Weight.Name, at.at.Path, err)
	}
	return nil
}

// readMapped runs do, which reads a mapped file on the calling goroutine. A page
// of it that cannot be read any longer, as when somebody has cut the file, is an
// error: left alone, the signal would end the program.
func readMapped(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		var fault interface {
			runtime.Error
			Addr() uintptr
		}
		if e, ok := v.(error); !ok || !errors.As(e, &fault) {
			panic(v)
		}
		err = fmt.Errorf("the file was cut or cannot be read any longer (%w)", fault)
	}()
	return do()
}
