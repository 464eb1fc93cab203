package chat

// Segment is a piece of a rendered conversation.
type Segment struct {
	Text string
	// Control marks markup: special tokens are recognized in it. In other text,
	// which people or tools wrote, they never are.
	Control bool
	// Image says that the segment is the place of a picture, which has no text that
	// people wrote: 1 for the conversation's first picture, 2 for the next; 0 in all
	// other segments. Text is then the token of the template that stands for
	// pictures, such as ImageToken, and Encode repeats it. Control is true and Loss
	// false.
	Image int
	// Loss marks the assistant's own tokens, the end of its turn included: what
	// training learns to write.
	Loss bool
}

// joins reports whether s may follow in one segment.
func (s *Segment) joins(next Segment) bool {
	return s.Control == next.Control && s.Loss == next.Loss && s.Image == 0 && next.Image == 0
}

// segmentWriter joins neighbors of one kind.
type segmentWriter struct {
	segments []Segment
	loss     bool
	images   int
}

func (w *segmentWriter) control(text string) { w.add(Segment{Text: text, Control: true, Loss: w.loss}) }
func (w *segmentWriter) plain(text string)   { w.add(Segment{Text: text, Loss: w.loss}) }

func (w *segmentWriter) add(s Segment) {
	if s.Text == "" {
		return
	}
	if n := len(w.segments); n > 0 && w.segments[n-1].joins(s) {
		w.segments[n-1].Text += s.Text
		return
	}
	w.segments = append(w.segments, s)
}

// image writes the place of the next picture.
func (w *segmentWriter) image() {
	w.images++
	w.add(Segment{Text: ImageToken, Control: true, Image: w.images})
}

// content writes the parts of a message, with a newline between.
func (w *segmentWriter) content(m *Message) {
	if m.numImages() == 0 {
		w.plain(m.text())
		return
	}
	for i, p := range m.Content {
		switch {
		case i == 0:
		case p.Image == nil && m.Content[i-1].Image == nil:
			w.plain("\n")
		default:
			w.control("\n")
		}
		if p.Image != nil {
			w.image()
			continue
		}
		w.plain(p.Text)
	}
}
