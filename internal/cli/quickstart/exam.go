package quickstart

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Exam is how well the model predicts the held-out text, beside compressors on
// the same bytes.
type Exam struct {
	Documents int        `json:"documents"`
	Bytes     int64      `json:"bytes"`
	Tokens    int64      `json:"tokens"`     // predicted, the end of each whole document included
	DocTokens int        `json:"doc_tokens"` // most that was read of a document
	Cut       int        `json:"cut"`        // documents of which that was a part
	Model     int64      `json:"model_bytes"`
	Loss      float64    `json:"loss"` // nats per token
	Bits      float64    `json:"bits_per_byte"`
	Window    int        `json:"window"` // most tokens that a prediction looks back on
	Baselines []Baseline `json:"baselines"`
}

// examine measures the model on the held-out documents.
func (s *session) examine(ctx context.Context) error {
	p := s.state.Plan
	if need := s.examSeconds(p); s.left().Seconds()+s.grace() < need {
		s.skip("examination", fmt.Sprintf("it takes %.0f s and %.0f are left", need, max(s.left().Seconds(), 0)))
		return nil
	}
	set, err := shard.OpenSet(s.shardsPath())
	if err != nil {
		return err
	}
	defer set.Close()
	t, err := tokenizer.Load(s.tokenizerPath())
	if err != nil {
		return err
	}
	m, err := model.Load(s.modelDir(), false)
	if err != nil {
		return err
	}
	e := &examiner{session: s, model: m, window: p.Shape.Sequence, end: set.Header().EndOfText}
	e.workspace = model.NewWorkspace(m, max(examBatch, e.window), false)
	_, held := set.Split(s.state.Tokens.HeldOut)
	exam, err := e.examine(ctx, held, t)
	if err != nil {
		return err
	}
	info, err := os.Stat(filepath.Join(s.modelDir(), "model.safetensors"))
	if err != nil {
		return fmt.Errorf("examination: %w", err)
	}
	exam.Model = info.Size()
	s.state.Exam = exam
	return nil
}

// grace is how many seconds more than there are an examination may take: it is what
// the time was kept for, and a little over is better than none.
func (s *session) grace() float64 { return max(0.05*s.budget().Seconds(), 5) }

// examBatch is the number of tokens of a forward pass.
const examBatch = 4096

// examiner adds up the loss over documents. Each document begins anew after an
// end-of-text token. A long one is read in windows that overlap by half, and
// each token is counted in the first window that has it, so that it is
// predicted from half a window at least.
type examiner struct {
	session   *session
	model     *model.Model
	workspace *model.Workspace
	window    int
	end       int32

	batch   model.Batch
	targets []int32
	loss    float64
	tokens  int64
}

func (e *examiner) examine(ctx context.Context, held *shard.Set, t *tokenizer.Tokenizer) (*Exam, error) {
	p := e.session.state.Plan
	exam := &Exam{Window: e.window, DocTokens: p.DocTokens}
	var text []byte
	var ids []int32
	for doc := range held.NumDocs() {
		if !held.Holds(doc) || int64(len(e.targets))+e.tokens >= p.ExamTokens {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		ids = held.Doc(append(ids[:0], e.end), doc)
		last := e.end
		if len(ids)-1 > p.DocTokens { // the next token is predicted by none
			ids = ids[:1+p.DocTokens]
			last = -1
			exam.Cut++
		}
		text = t.AppendDecode(text, ids[1:])
		if err := e.add(ids, last); err != nil {
			return nil, err
		}
		exam.Documents++
		e.session.Screen.Show(fmt.Sprintf("  examination %s", progress.Bar(float64(e.tokens)/float64(p.ExamTokens), 30)))
	}
	if err := e.flush(); err != nil {
		return nil, err
	}
	exam.Bytes, exam.Tokens = int64(len(text)), e.tokens
	exam.Loss = e.loss / float64(e.tokens)
	exam.Bits = e.loss / math.Ln2 / float64(len(text))
	var err error
	exam.Baselines, err = Compress(ctx, text)
	return exam, err
}

// add counts one document: ids are an end-of-text token and the document's own,
// last what follows them, -1 if that is not to be predicted.
func (e *examiner) add(ids []int32, last int32) error {
	counted := 0 // targets so far; target i is what follows ids[i]
	for start := 0; counted < len(ids); start += e.window / 2 {
		stop := min(start+e.window, len(ids))
		if len(e.batch.Tokens)+stop-start > e.workspace.MaxTokens() {
			if err := e.flush(); err != nil {
				return err
			}
		}
		e.batch.Spans = append(e.batch.Spans, model.Span{Start: len(e.batch.Tokens), Len: stop - start})
		e.batch.Tokens = append(e.batch.Tokens, ids[start:stop]...)
		for i := start; i < stop; i++ {
			switch {
			case i < counted:
				e.targets = append(e.targets, -1)
			case i+1 < len(ids):
				e.targets = append(e.targets, ids[i+1])
			default:
				e.targets = append(e.targets, last)
			}
		}
		counted = stop
	}
	return nil
}

// flush measures the batch.
func (e *examiner) flush() error {
	if len(e.batch.Tokens) == 0 {
		return nil
	}
	stats, err := e.model.Loss(e.workspace, &e.batch, e.targets)
	if err != nil {
		return fmt.Errorf("examination: %w", err)
	}
	e.loss += stats.Loss
	e.tokens += int64(stats.Tokens)
	e.batch.Tokens, e.batch.Spans, e.targets = e.batch.Tokens[:0], e.batch.Spans[:0], e.targets[:0]
	return nil
}
