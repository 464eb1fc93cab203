package polymath

import (
	"fmt"

	"github.com/polymath-lm/polymath/chat"
)

// masks makes the masks of one tokenizer.
type masks struct{}

func (m *Model) newMasks() masks { return masks{} }

// formatMask returns the mask of a format other than FormatText.
func (m *Model) formatMask(f Format) (mask, error) {
	return nil, fmt.Errorf("%w: not yet", ErrFormat)
}

// callMask holds an answer to calls of tools, or if they are not required, the
// calls in it.
func (m *Model) callMask(syntax chat.ToolSyntax, tools []chat.Tool, required, parallel bool) (mask, error) {
	return nil, fmt.Errorf("%w: not yet", ErrFormat)
}
