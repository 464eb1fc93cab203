package polymath

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
)

// answerMask returns what an answer is held to, by the format, the tools and
// the choice among them; nil allows everything.
func (m *Model) answerMask(ctx context.Context, tools []chat.Tool, o ChatOptions) (mask, error) {
	syntax, known := m.template.ToolSyntax()
	switch mode := o.ToolChoice.Mode; {
	case mode < ToolAuto || mode > ToolNamed:
		return nil, fmt.Errorf("%w: tool choice %d", ErrConversation, mode)
	case len(tools) > 0 && !known:
		return nil, fmt.Errorf("%w: this model's chat template knows no tools; leave them out", ErrConversation)
	case mode == ToolRequired && len(tools) == 0:
		return nil, fmt.Errorf("%w: a tool must be called and there is none", ErrConversation)
	case mode == ToolRequired:
		return m.callMask(ctx, syntax, tools, true, o.ParallelToolCalls)
	case mode == ToolNamed:
		at := slices.IndexFunc(tools, func(f chat.Tool) bool { return f.Name == o.ToolChoice.Name })
		if at < 0 {
			return nil, fmt.Errorf("%w: tool %q must be called and is not among the tools", ErrConversation, o.ToolChoice.Name)
		}
		return m.callMask(ctx, syntax, tools[at:at+1], true, false)
	}
	strict := slices.ContainsFunc(tools, func(f chat.Tool) bool { return f.Strict })
	switch {
	case o.Format.Kind == FormatText && !strict:
		return nil, nil
	case o.Format.Kind == FormatText:
		return m.callMask(ctx, syntax, tools, false, o.ParallelToolCalls)
	case len(tools) == 0:
		return m.formatMask(ctx, o.Format)
	}
	content, err := m.formatMask(ctx, o.Format)
	if err != nil {
		return nil, err
	}
	calls, err := m.callMask(ctx, syntax, tools, true, o.ParallelToolCalls)
	if err != nil {
		return nil, err
	}
	return &either{masks: [2]mask{content, calls}}, nil
}

// either allows what one of two masks allows.
type either struct {
	masks [2]mask // nil: out of the question by now
	left  [2][]float32
}

// Restrict keeps what one of the masks keeps.
func (e *either) Restrict(logits []float32) {
	for i, m := range e.masks {
		if m == nil {
			continue
		}
		e.left[i] = append(e.left[i][:0], logits...)
		m.Restrict(e.left[i])
	}
	failed := e.Err() != nil // the other mask alone would decide what the answer is
	for id := range logits {
		best := float32(math.Inf(-1))
		for i, m := range e.masks {
			if m != nil && !failed {
				best = max(best, e.left[i][id])
			}
		}
		logits[id] = best
	}
}

// Accept tells the masks that allowed the token of it, and drops the other.
func (e *either) Accept(token int32) {
	for i, m := range e.masks {
		switch {
		case m == nil:
		case math.IsInf(float64(e.left[i][token]), -1):
			e.masks[i] = nil
		default:
			m.Accept(token)
		}
	}
}

// Complete reports whether the text may end.
func (e *either) Complete() bool {
	return slices.ContainsFunc(e.masks[:], func(m mask) bool { return m != nil && m.Complete() })
}

// Err is the error of the first mask that has one.
func (e *either) Err() error {
	for _, m := range e.masks {
		if m != nil && m.Err() != nil {
			return m.Err()
		}
	}
	return nil
}

// callIDs returns the ids of an answer's tool calls by their number: the same
// for the same answer, and different within a conversation.
func callIDs(prompt []int32, seed uint64, choice int) func(call int) string {
	return func(call int) string {
		h := sha256.New()
		for _, id := range prompt {
			h.Write(binary.LittleEndian.AppendUint32(nil, uint32(id)))
		}
		for _, n := range []uint64{seed, uint64(choice), uint64(call)} {
			h.Write(binary.LittleEndian.AppendUint64(nil, n))
		}
		return "call_" + hex.EncodeToString(h.Sum(nil))[:24]
	}
}

// splitStops divides the strings that end an answer into tokens and text.
func (m *Model) splitStops(stops []string) (ids []int32, texts []string) {
	for _, s := range stops {
		if id, ok := m.tokenizer.Special(s); ok {
			ids = append(ids, id)
		} else if s != "" {
			texts = append(texts, s)
		}
	}
	return ids, texts
}

// findMarkup returns the special tokens that the template marks calls with.
func (m *Model) findMarkup(template *chat.Template) []int32 {
	syntax, _ := template.ToolSyntax()
	var ids []int32
	for _, s := range []string{syntax.Begin, syntax.End} {
		name := strings.TrimSpace(s)
		if marker, ok := strings.CutSuffix(name, "]["); ok { // [TOOL_CALLS][ begins an array too
			name = marker + "]"
		}
		if id, ok := m.tokenizer.Special(name); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// isText reports whether a token is part of the text: an ordinary one, or of
// markup.
func (m *Model) isText(id int32, markup []int32) bool {
	return !m.tokenizer.IsSpecial(id) || slices.Contains(markup, id)
}
