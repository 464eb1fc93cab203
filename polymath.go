// Package polymath runs language models inside a Go program:
//
//	m, err := polymath.Open("polymath-quickstart/run/model")
//	...
//	defer m.Close()
//	result, err := m.Generate(ctx, "func main() {", polymath.GenerateOptions{MaxTokens: 100})
//
// A model is a directory in the format of the Hugging Face ecosystem, with
// config.json, model.safetensors and tokenizer.json. Everything is computed on
// the processor, in Go and Go assembly, and the same model, prompt and options
// give the same text on every machine.
package polymath

import (
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Model is a language model that is ready to generate. Goroutines may share
// it.
type Model struct {
	dir       string
	engine    atomic.Pointer[infer.Engine] // nil once closed
	tokenizer *tokenizer.Tokenizer
	config    *model.Config
	end       []int32 // tokens that end a text
	window    int
	info      Info
}

// Open loads the model in directory dir. A directory with a manifest is
// verified against it, and the error names the file that does not match. A
// POLYMATH_CPU that this machine does not have is an error too. The caller
// closes the Model when done.
func Open(dir string, options ...Option) (*Model, error) {
	var o openOptions
	for _, option := range options {
		option(&o)
	}
	if err := kernel.CheckCPU(); err != nil {
		return nil, err
	}
	weights, err := model.Load(dir, false)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "tokenizer.json")
	t, err := tokenizer.Load(path)
	if err != nil {
		return nil, err
	}
	cfg := weights.Config()
	if t.VocabSize() > cfg.VocabSize {
		return nil, fmt.Errorf("%s has %d tokens and the model was made for %d: it is another model's tokenizer",
			path, t.VocabSize(), cfg.VocabSize)
	}
	m := &Model{dir: dir, tokenizer: t, config: cfg, end: endTokens(cfg, t)}
	o.engine.Vocabulary = t.VocabSize()
	engine := infer.NewEngine(weights, o.engine)
	m.window = engine.Window()
	m.engine.Store(engine)
	return m, nil
}

// endTokens are those that config.json and the tokenizer name.
func endTokens(cfg *model.Config, t *tokenizer.Tokenizer) []int32 {
	var end []int32
	for _, id := range cfg.EOSTokenIDs {
		end = append(end, int32(id))
	}
	if id := t.EOS(); id >= 0 {
		end = append(end, id)
	}
	return end
}

// Close lets go of the weights: their memory is free as soon as the completions
// in progress end. Later ones are ErrClosed.
func (m *Model) Close() error {
	m.engine.Store(nil)
	return nil
}

// ContextWindow returns how many tokens prompt and completion may have
// together.
func (m *Model) ContextWindow() int { return m.window }
