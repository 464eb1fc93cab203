package progress

import (
	"fmt"
	"io"
	"time"
)

// promptWait is how long a prompt may be read before it is shown: most are short.
const promptWait = time.Second

// Reading is a line for a prompt of which read of total tokens are read, cached of
// them from the prefix cache, took after the work began; width is in columns.
// It is empty at first and at the end.
func Reading(read, total, cached int, took time.Duration, width int) string {
	if took < promptWait || read >= total {
		return ""
	}
	text := fmt.Sprintf(" %s of %s tokens", Count(int64(read)), Count(int64(total)))
	if read > cached {
		text += fmt.Sprintf(", %.0f/s", float64(read-cached)/took.Seconds())
	}
	const label = "reading the prompt "
	room := min(width-1-len(label)-len(text), 30)
	if room < 5 {
		return label + text[1:]
	}
	return label + Bar(float64(read)/float64(max(total, 1)), room) + text
}

// Prompt shows on a terminal how much of a long prompt is read.
type Prompt struct {
	screen *Screen
	shown  bool
}

// NewPrompt returns a Prompt that draws on out, and nothing if out is no terminal.
func NewPrompt(out io.Writer) *Prompt { return &Prompt{screen: NewScreen(out)} }

// Show shows what Reading says; an empty line clears what was shown.
func (p *Prompt) Show(read, total, cached int, took time.Duration) {
	line := Reading(read, total, cached, took, p.screen.Width())
	if line == "" {
		p.Clear()
		return
	}
	p.screen.Show(line)
	p.shown = true
}

// Clear takes the line away, so that other text can follow.
func (p *Prompt) Clear() {
	if p.shown {
		p.screen.Clear()
		p.shown = false
	}
}
