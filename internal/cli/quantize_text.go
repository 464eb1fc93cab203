package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/internal/goroot"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/quantize"
	"github.com/polymath-lm/polymath/tokenizer"
)

// calibrationText is what a model is calibrated and measured on.
type calibrationText struct {
	calibrate [][]int32
	measure   []quantize.Text
	about     calibrationInfo
}

// calibrationInfo says what text it was.
type calibrationInfo struct {
	Path      string `json:"path"`
	Documents int    `json:"documents"` // that calibrated
	Tokens    int    `json:"tokens"`    // of them
	Window    int    `json:"window"`    // most tokens of a passage
	Whole     bool   `json:"whole"`     // documents are on one side only; else passages of them are divided
}

const (
	// passageTokens is the most that a passage has: many short ones calibrate
	// better than few long ones.
	passageTokens = 256
	// wholeDocuments is the number of documents from which on whole ones are
	// divided.
	wholeDocuments = 16
	// bytesPerToken is more than tokens have on average.
	bytesPerToken = 16
	// textBytes is how much text is read at least, so that it is from many
	// documents although few passages are taken of each.
	textBytes = 16 << 20
)

// readText reads and divides the text; without any, and without need, there is
// none.
func (q *quantization) readText(ctx context.Context) error {
	limit := max(int64(q.tokens)*bytesPerToken*2, textBytes)
	texts, err := sampleTexts(ctx, q.calibrate, limit)
	switch {
	case errors.Is(err, goroot.ErrNoSources) && !q.method.Calibrates():
		fmt.Fprintln(q.Err, "polymath: what this costs is not measured: name text with --calibrate PATH")
		return nil
	case errors.Is(err, goroot.ErrNoSources):
		return errors.New("there is no text to calibrate on, and the Go toolchain's sources are not here: name text with --calibrate PATH, or choose --method rtn")
	case err != nil:
		return err
	}
	path := cmp.Or(q.calibrate, "the Go toolchain's sources")
	t, err := modelfile.Tokenizer(q.src)
	if err != nil {
		return err
	}
	cfg := q.weights.Config()
	q.text, err = divideText(texts, t, cfg, q.tokens)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	q.text.about.Path = path
	return nil
}

// solves reports whether any product gets fewer than 8 bits.
func (q *quantization) solves() bool {
	for _, t := range q.weights.Tensors() {
		if t.Layer >= 0 && quantize.Solved(q.precision.Format(t)) {
			return true
		}
	}
	return false
}

// divideText cuts documents into passages and puts every other document, or
// where there are few every other passage, on the side that measures.
func divideText(documents [][]byte, t *tokenizer.Tokenizer, cfg *model.Config, tokens int) (*calibrationText, error) {
	window := passageTokens
	if cfg.MaxPositions > 0 {
		window = min(window, cfg.MaxPositions)
	}
	text := &calibrationText{}
	text.about.Window = window
	text.about.Whole = len(documents) >= wholeDocuments
	passages := (tokens + window - 1) / window
	per := (2*passages + len(documents) - 1) / max(len(documents), 1) // of a document
	if !text.about.Whole {
		per = tokens
	}
	first := firstToken(cfg, t)
	side, measured := 0, 0
	for _, d := range documents {
		cut := cutPassages(t, d, first, window, per)
		for i, p := range cut {
			if !text.about.Whole || i == 0 {
				side++
			}
			switch {
			case side%2 == 1 && text.about.Tokens < tokens:
				text.calibrate = append(text.calibrate, p.IDs)
				text.about.Tokens += len(p.IDs)
				if !text.about.Whole || i == 0 {
					text.about.Documents++
				}
			case side%2 == 0 && measured < tokens:
				p.Document = side/2 - 1
				text.measure = append(text.measure, p)
				measured += len(p.IDs)
			}
		}
	}
	if len(text.measure) == 0 {
		return nil, fmt.Errorf("it is too short: calibrating and measuring take two passages of up to %d tokens at least", window)
	}
	return text, nil
}

// firstToken is what stands before a text, -1 for nothing.
func firstToken(cfg *model.Config, t *tokenizer.Tokenizer) int32 {
	if cfg.BOSTokenID >= 0 {
		return int32(cfg.BOSTokenID)
	}
	return t.EOS()
}

// cutPassages takes up to most passages of a text, evenly spaced.
func cutPassages(t *tokenizer.Tokenizer, text []byte, first int32, window, most int) []quantize.Text {
	var list []quantize.Text
	step := window - 1
	if room := window * bytesPerToken; len(text) > 2*most*room {
		for i := range most { // there is no need to encode all of it
			part := text[i*(len(text)/most):]
			if i > 0 {
				part = part[bytes.IndexByte(part, '\n')+1:]
			}
			ids := t.AppendEncode(nil, part[:min(room, len(part))])
			list = appendPassage(list, t, first, ids[:min(step, len(ids))])
		}
		return list
	}
	ids := t.AppendEncode(nil, text)
	n := (len(ids) + step - 1) / step
	for i := range min(n, most) {
		at := i * n / min(n, most) * step
		list = appendPassage(list, t, first, ids[at:min(at+step, len(ids))])
	}
	return list
}

// appendPassage adds ids, behind the first token if that is not -1. Without it
// the first of ids is what is not predicted.
func appendPassage(list []quantize.Text, t *tokenizer.Tokenizer, first int32, ids []int32) []quantize.Text {
	if len(ids) < 2 {
		return list
	}
	p := quantize.Text{IDs: ids}
	if first >= 0 {
		p.IDs = append([]int32{first}, ids...)
	}
	if p.Bytes = len(t.AppendDecode(nil, p.IDs[1:])); p.Bytes > 0 {
		list = append(list, p)
	}
	return list
}
