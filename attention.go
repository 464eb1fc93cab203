package polymath

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/model"
)

// ImageAttention says how much a word of an answer attends to an image.
type ImageAttention struct {
	Message, Part int // where the image is in the conversation
	// Width and Height are the image's, in pixels, upright.
	Width, Height int
	// Views are how it was looked at: first the whole, then its tiles.
	Views []ViewAttention
}

// ViewAttention says how much a word attends to the patches of a view.
type ViewAttention struct {
	// What of the image the view shows, in parts of its width and height: 0 is the
	// left or upper edge and 1 the right or lower one. Beyond 1 a view shows white.
	Left, Top, Right, Bottom float64
	// Weights has Rows times Columns patches of the same size, by row. They are
	// parts of all that the word attends to, which is 1 with the text.
	Rows, Columns int
	Weights       []float32
}

const (
	// maxGazes is how many tokens of a word are looked at.
	maxGazes = 4
	// maxGazeBytes bounds the memory of a pass, which has room for all of its tokens.
	maxGazeBytes = 512 << 20
)

// Attention says how much the word of an answer to c at the byte offset, up to the
// next white space, attends to each image of c: for the tokens of the word, at most
// 4, the softmax weights of attention when they were chosen, mean over heads,
// layers and tokens. It takes a pass over the prompt for each, one call at a time;
// others wait.
//
// An offset where no word is wraps ErrConversation, and a prompt whose pass would take
// more than 512 MiB beside the weights ErrContextWindow; other errors are those of Chat.
func (m *Model) Attention(ctx context.Context, c chat.Conversation, answer string, offset int) ([]ImageAttention, error) {
	end, err := wordEnd(answer, offset)
	if err != nil {
		return nil, err
	}
	p, first, last, err := m.renderWord(c, answer, offset, end)
	if err != nil {
		return nil, err
	}
	if err := m.checkGaze(len(p.ids)); err != nil {
		return nil, err
	}
	if err := m.hold(ctx, p); err != nil {
		return nil, err
	}
	defer p.release()
	var result []ImageAttention
	for k, at := range places(&c) {
		result = append(result, newImageAttention(at, p.seen[k], m.config.Vision.ImageSize/m.config.Vision.PatchSize))
	}
	if len(result) == 0 {
		return nil, nil
	}
	select {
	case m.gazes <- struct{}{}:
		defer func() { <-m.gazes }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	weights, err := m.gaze(ctx, p, first, last)
	if err != nil {
		return nil, err
	}
	for k := range result {
		result[k].take(weights[p.images[k].At:])
	}
	return result, nil
}

// checkGaze refuses a prompt of n tokens whose pass would take too much memory.
func (m *Model) checkGaze(n int) error {
	if size := gazeBytes(m.config, min(n, m.window)); size > maxGazeBytes {
		return fmt.Errorf("%w: a pass over %d tokens to show attention takes %d MiB of memory, and %d are allowed",
			ErrContextWindow, n, size>>20, maxGazeBytes>>20)
	}
	return nil
}

// gazeBytes is the memory of a pass over n tokens.
func gazeBytes(cfg *model.Config, n int) int64 { return model.WorkspaceBytes(cfg, n, false) }

// wordEnd returns where the word at an offset ends.
func wordEnd(answer string, offset int) (int, error) {
	if offset < 0 || offset >= len(answer) {
		return 0, fmt.Errorf("%w: offset %d in an answer of %d bytes", ErrConversation, offset, len(answer))
	}
	if r, _ := utf8.DecodeRuneInString(answer[offset:]); unicode.IsSpace(r) {
		return 0, fmt.Errorf("%w: there is no word at offset %d of the answer", ErrConversation, offset)
	}
	if n := strings.IndexFunc(answer[offset:], unicode.IsSpace); n >= 0 {
		return offset + n, nil
	}
	return len(answer), nil
}

// renderWord returns the prompt with the answer up to a word, and the positions of
// the word's tokens, first to last.
func (m *Model) renderWord(c chat.Conversation, answer string, offset, end int) (p *prompt, first, last int, err error) {
	if p, err = m.renderPrompt(c); err != nil {
		return nil, 0, 0, err
	}
	ids := m.appendText(nil, answer)
	at := 0
	first = -1
	for i, id := range ids {
		at += len(m.tokenizer.Bytes(id))
		if first < 0 && at > offset {
			first = i
		}
		if last = i; at >= end {
			break
		}
	}
	if first < 0 {
		return nil, 0, 0, fmt.Errorf("%w: there is no token at offset %d of the answer", ErrConversation, offset)
	}
	last = min(last, first+maxGazes-1)
	n := len(p.ids)
	p.ids = append(p.ids, ids[:last+1]...)
	return p, n + first, n + last, nil
}

// gaze returns how much the tokens first to last of p attend to all before, when
// they were chosen.
func (m *Model) gaze(ctx context.Context, p *prompt, first, last int) ([]float32, error) {
	n := last // the last one was chosen before it was read
	var batch model.Batch
	batch.Tokens, batch.Spans = p.ids[:n], []model.Span{{Len: n}}
	for _, image := range p.images {
		batch.Features = append(batch.Features, image.Features...)
	}
	weights := m.sight.model.Load()
	if weights == nil {
		return nil, ErrClosed
	}
	ws := model.NewWorkspace(weights, n, false)
	sum := make([]float32, n)
	dst := make([]float32, n)
	for token := first; token <= last; token++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		row := token - 1
		if err := weights.Attention(ws, &batch, row, dst[:row+1]); err != nil {
			return nil, err
		}
		for i, w := range dst[:row+1] {
			sum[i] += w / float32(last-first+1)
		}
	}
	return sum, nil
}

// newImageAttention describes an image whose views have side by side patches.
func newImageAttention(at place, v *seen, side int) ImageAttention {
	a := ImageAttention{Message: at.message, Part: at.part, Width: v.size[0], Height: v.size[1]}
	part := func(x, y, width, height int) ViewAttention { // of the picture in pixels of that size
		w, h, s := float64(width), float64(height), float64(v.layout.Side)
		left, top := float64(x), float64(y)
		return ViewAttention{Left: left / w, Top: top / h, Right: (left + s) / w, Bottom: (top + s) / h, Rows: side, Columns: side}
	}
	a.Views = append(a.Views, part(0, 0, v.layout.Overview.X, v.layout.Overview.Y))
	for _, tile := range v.layout.Tiles {
		a.Views = append(a.Views, part(tile.Min.X, tile.Min.Y, v.layout.Scaled.X, v.layout.Scaled.Y))
	}
	return a
}

// take divides the weights from the image's first token on among its patches.
func (a *ImageAttention) take(weights []float32) {
	for i := range a.Views {
		n := a.Views[i].Rows * a.Views[i].Columns
		a.Views[i].Weights = weights[:n:n]
		weights = weights[n:]
	}
}
