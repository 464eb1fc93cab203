package model

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/polymath-lm/polymath/tensor"
)

// lookup copies the embeddings of tokens to x. They may lie in a mapped file, and
// a page of it that cannot be read any longer, as when somebody has cut the file,
// is an error: left alone, the signal would end the program.
func (m *Model) lookup(x []tensor.BF16, tokens []int32) (err error) {
	if m.weights == nil {
		m.embed.Forward(x, tokens)
		return nil
	}
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
		at, _ := m.weights.stored(m.embed.Weight.Name)
		err = fmt.Errorf("reading tensor %s of %s: the file was cut or cannot be read any longer (%w)", m.embed.Weight.Name, at.at.Path, fault)
	}()
	m.embed.Forward(x, tokens)
	return nil
}
