package align

import (
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// speaker is what turns questions into tokens and a policy's tokens into answers.
// Goroutines may share it.
type speaker struct {
	text     *tokenizer.Tokenizer
	template *chat.Template
	ends     []int32  // tokens that end an answer
	stops    []string // texts that do, where the tokenizer has no token for them
	rows     int      // of the model's logits; those beyond the tokenizer's are no tokens
}

// newSpeaker reads the tokenizer and the template of the model at path.
func newSpeaker(path string, cfg *model.Config) (*speaker, error) {
	text, err := modelfile.Tokenizer(path)
	if err != nil {
		return nil, err
	}
	template, err := modelfile.Template(path)
	if err != nil {
		return nil, err
	}
	if text.VocabSize() > cfg.VocabSize {
		return nil, fmt.Errorf("%s: the tokenizer has %d tokens and the model was made for %d: it is another model's tokenizer",
			path, text.VocabSize(), cfg.VocabSize)
	}
	s := &speaker{text: text, template: template, rows: cfg.VocabSize}
	for _, id := range cfg.EOSTokenIDs {
		s.ends = append(s.ends, int32(id))
	}
	if id := text.EOS(); id >= 0 {
		s.ends = append(s.ends, id)
	}
	for _, stop := range template.Stops() {
		if id, ok := text.Special(stop); ok {
			s.ends = append(s.ends, id)
		} else if stop != "" {
			s.stops = append(s.stops, stop)
		}
	}
	if len(s.ends)+len(s.stops) == 0 {
		return nil, fmt.Errorf("%s: neither config.json, the tokenizer nor the chat template names what ends an answer", path)
	}
	return s, nil
}

// turnEnd is the token by which the template ends an answer; ok is false where it
// has none.
func (s *speaker) turnEnd() (id int32, ok bool) {
	for _, stop := range s.template.Stops() {
		if id, ok := s.text.Special(stop); ok {
			return id, true
		}
	}
	return -1, false
}

// encode returns the prompt of a conversation that waits for an answer.
func (s *speaker) encode(c chat.Conversation) ([]int32, error) {
	segments, err := s.template.Render(c, chat.RenderOptions{Prompt: true})
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(segments, func(s chat.Segment) bool { return s.Image > 0 }) {
		return nil, fmt.Errorf("%w: answers to pictures cannot be learned from yet", chat.ErrImage)
	}
	return chat.Encode(s.text, segments, nil), nil
}

// mask leaves out the rows of the logits that are no tokens; nil where there are
// none. Log-probabilities are over all rows, as in training.
func (s *speaker) mask() infer.Mask {
	if s.rows == s.text.VocabSize() {
		return nil
	}
	return vocabularyMask(s.text.VocabSize())
}

// vocabularyMask allows the tokens below a number. Completions may share it.
type vocabularyMask int

func (n vocabularyMask) Restrict(logits []float32) {
	for i := int(n); i < len(logits); i++ {
		logits[i] = float32(math.Inf(-1))
	}
}

func (n vocabularyMask) Accept(int32) {}
