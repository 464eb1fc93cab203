// Package polymath runs language models inside a Go program:
//
//	m, err := polymath.Open("polymath-quickstart/run/model")
//	...
//	defer m.Close()
//	result, err := m.Generate(ctx, "func main() {", polymath.GenerateOptions{MaxTokens: 100})
//
// Chat and ChatStream answer conversations, with tools where the model's chat
// template knows them, and with images where the model sees; a Format holds what
// is written to a schema, a pattern or a grammar. Goroutines share a Model, and
// their requests are worked on together, without changing each other's text.
//
// A model is a directory in the format of the Hugging Face ecosystem, with
// config.json, model.safetensors and tokenizer.json, or a GGUF file, as llama.cpp
// has them. Everything is computed on the processor, in Go and Go assembly, and
// the same model, prompt and options give the same text on every machine.
package polymath

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/constrain"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Model is a language model that is ready to generate. Goroutines may share
// it.
type Model struct {
	engine    atomic.Pointer[infer.Engine] // nil once closed
	tokenizer *tokenizer.Tokenizer
	config    *model.Config
	template  *chat.Template
	end       []int32 // tokens that end a text
	window    int
	info      Info

	sight      *sight        // nil: it does not see
	imageToken int32         // -1: it does not see
	gazes      chan struct{} // has room for one who runs Attention

	chatEnd    []int32                      // tokens that end an answer, end among them
	chatStops  []string                     // texts that end an answer, where the tokenizer has no token for them
	toolMarkup []int32                      // special tokens around tool calls
	vocabulary func() *constrain.Vocabulary // made when it is first needed
}

// Open loads the model at path, a directory or a GGUF file. A directory with a
// manifest is verified against it, and the error names the file that does not
// match. A POLYMATH_CPU that this machine does not have is an error too. The
// caller closes the Model when done.
func Open(path string, options ...Option) (*Model, error) {
	if err := kernel.CheckCPU(); err != nil {
		return nil, err
	}
	var o openOptions
	for _, option := range options {
		option(&o)
	}
	o.fitCache(path)
	weights, plan, err := o.load(path)
	if err != nil {
		return nil, err
	}
	t, err := modelfile.Tokenizer(path)
	if err != nil {
		return nil, err
	}
	template, err := modelfile.Template(path)
	if err != nil {
		return nil, err
	}
	fingerprint, err := o.adapt(weights, path)
	if err != nil {
		return nil, err
	}
	m, err := New(weights, t, template, append(slices.Clip(options), WithCacheBytes(o.engine.CacheBytes))...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.info.Path, m.info.Adapter, m.info.Fingerprint = path, o.adapter, fingerprint
	m.info.WeightsMemory = weightsMemory(weights, plan)
	return m, nil
}

// New makes a Model of parts that are in memory already, such as one that has
// just been trained. The weights must not be trained while it is open. Its Info
// has neither a path nor a fingerprint.
func New(weights *model.Model, t *tokenizer.Tokenizer, template *chat.Template, options ...Option) (*Model, error) {
	var o openOptions
	for _, option := range options {
		option(&o)
	}
	cfg := weights.Config()
	if t.VocabSize() > cfg.VocabSize {
		return nil, fmt.Errorf("the tokenizer has %d tokens and the model was made for %d: it is another model's tokenizer",
			t.VocabSize(), cfg.VocabSize)
	}
	if v := cfg.Vision; v != nil && v.ImageTokenID >= t.VocabSize() {
		return nil, fmt.Errorf("token %d stands for images and the tokenizer has only %d: it is another model's tokenizer", v.ImageTokenID, t.VocabSize())
	}
	if err := o.loadDraft(t, cfg.VocabSize); err != nil {
		return nil, err
	}
	m := &Model{
		tokenizer: t, config: cfg, end: endTokens(cfg, t), template: template,
		sight: newSight(weights, &o), imageToken: -1, gazes: make(chan struct{}, 1),
	}
	if cfg.Vision != nil {
		m.imageToken = int32(cfg.Vision.ImageTokenID)
	}
	m.prepareChat()
	o.engine.Vocabulary = t.VocabSize()
	engine := infer.NewEngine(weights, o.engine)
	m.window = engine.Window()
	if s := m.sight; s != nil {
		s.room = &room{budget: roomBytes(o.imageCache, heldBytes(m.window, s.width)), queue: s.queue}
	}
	m.engine.Store(engine)
	m.info = m.describe(weights)
	return m, nil
}

// prepareChat finds what ends an answer.
func (m *Model) prepareChat() {
	ids, texts := m.splitStops(m.template.Stops())
	m.chatEnd, m.chatStops = slices.Concat(m.end, ids), texts
	m.toolMarkup = m.findMarkup(m.template)
	m.vocabulary = sync.OnceValue(m.newVocabulary)
}

// endTokens are those that config.json, generation_config.json and the tokenizer
// name.
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

// Close ends the completions in progress with ErrClosed, waits until they are
// gone, and lets go of the memory. Later ones are ErrClosed too. Close may be
// called more than once.
func (m *Model) Close() error {
	if engine := m.engine.Swap(nil); engine != nil {
		engine.Close()
	}
	if m.sight != nil {
		m.sight.close()
	}
	return nil
}

// ContextWindow returns how many tokens prompt and completion may have
// together.
func (m *Model) ContextWindow() int { return m.window }
