package chat

// Event is a piece of an answer: content, or a piece of a tool call.
type Event struct {
	Content string
	Call    int    // the call's number from 0; -1: content
	Name    string // once, in the first event of the call
	// Arguments is the next piece of the call's arguments. Together they are the
	// JSON text that the model wrote, {} where it wrote none. An answer that was
	// cut may leave them incomplete.
	Arguments string
}

func (s *Splitter) content(text string) {
	if text == "" {
		return
	}
	if n := len(s.events); n > 0 && s.events[n-1].Call < 0 {
		s.events[n-1].Content += text
		return
	}
	s.events = append(s.events, Event{Content: text, Call: -1})
}

// arguments tells what the call has so far.
func (s *Splitter) arguments() {
	if !s.call.announced {
		return
	}
	if !s.told {
		s.told = true
		s.events = append(s.events, Event{Call: s.calls, Name: s.call.name})
	}
	if len(s.call.args) > 0 {
		s.events = append(s.events, Event{Call: s.calls, Arguments: string(s.call.args)})
		s.call.args = s.call.args[:0]
	}
}
