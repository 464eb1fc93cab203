// Package progress shows how long work is going: lines that redraw themselves
// on a terminal, log lines elsewhere.
package progress

import (
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// Screen writes finished lines one below the other and keeps live lines at
// the bottom. Where the output is no terminal, live lines are not shown. Its
// methods may be called from several goroutines.
//
// It uses the few control sequences that every terminal knows and never reads
// input, so it cannot leave the terminal in a strange state.
type Screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	width    func() int
	live     []string
	drawn    int // live lines on the terminal
	last     time.Time
}

// redrawEvery bounds the rate of redrawing.
const redrawEvery = 80 * time.Millisecond

// NewScreen returns a Screen on out, which is live if out is a terminal that
// understands control sequences.
func NewScreen(out io.Writer) *Screen {
	s := &Screen{out: out}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" || os.Getenv("TERM") == "" {
		return s
	}
	s.terminal = true
	s.width = func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width < 20 {
			return 80
		}
		return width
	}
	return s
}

// Live says whether live lines are shown.
func (s *Screen) Live() bool { return s.terminal }

// Width returns the number of columns; 80 where there is no terminal.
func (s *Screen) Width() int {
	if !s.terminal {
		return 80
	}
	return s.width()
}

// Print writes finished text, which may hold several lines, above the live
// ones.
func (s *Screen) Print(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	s.erase(&b)
	b.WriteString(text)
	if !strings.HasSuffix(text, "\n") {
		b.WriteByte('\n')
	}
	s.draw(&b)
	s.flush(&b)
}

// Show replaces the live lines. They are drawn at once if the last drawing is
// some time ago, else with the next call.
func (s *Screen) Show(lines ...string) {
	if !s.terminal {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = lines
	if time.Since(s.last) < redrawEvery {
		return
	}
	var b strings.Builder
	s.erase(&b)
	s.draw(&b)
	s.flush(&b)
}

// Clear removes the live lines.
func (s *Screen) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	s.live = nil
	s.erase(&b)
	s.flush(&b)
}

func (s *Screen) erase(b *strings.Builder) {
	if s.drawn > 0 {
		b.WriteString("\r" + ansi.CursorUp(s.drawn) + ansi.EraseScreenBelow)
		s.drawn = 0
	}
}

func (s *Screen) draw(b *strings.Builder) {
	if !s.terminal {
		return
	}
	width := s.width()
	for _, line := range s.live {
		b.WriteString(ansi.Truncate(line, width-1, "…") + "\n")
	}
	s.drawn = len(s.live)
	s.last = time.Now()
}

// flush writes in one call, so that a redraw does not flicker. An output that
// is gone is no reason to stop the work.
func (s *Screen) flush(b *strings.Builder) {
	if b.Len() > 0 {
		_, _ = io.WriteString(s.out, b.String())
	}
}
