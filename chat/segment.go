package chat

// Segment is a piece of a rendered conversation.
type Segment struct {
	Text string
	// Control marks markup: special tokens are recognized in it. In other text,
	// which people or tools wrote, they never are.
	Control bool
	// Loss marks the assistant's own tokens, the end of its turn included: what
	// training learns to write.
	Loss bool
}

// segmentWriter joins neighbors of one kind.
type segmentWriter struct {
	segments []Segment
	loss     bool
}

func (w *segmentWriter) control(text string) { w.add(Segment{text, true, w.loss}) }
func (w *segmentWriter) plain(text string)   { w.add(Segment{text, false, w.loss}) }

func (w *segmentWriter) add(s Segment) {
	if s.Text == "" {
		return
	}
	if n := len(w.segments); n > 0 && w.segments[n-1].Control == s.Control && w.segments[n-1].Loss == s.Loss {
		w.segments[n-1].Text += s.Text
		return
	}
	w.segments = append(w.segments, s)
}
