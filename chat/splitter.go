package chat

// Event is a piece of an answer: content, or a piece of a tool call.
type Event struct {
	Content   string
	Call      int    // the call's number from 0; -1: content
	Name      string // once, in the first event of the call
	Arguments string // the next piece of its arguments, JSON text
}

// Splitter divides an answer, as it streams, into content and tool calls. One
// answer, one goroutine.
type Splitter struct{}

// NewSplitter returns a splitter for one answer. Without tools all is content.
func (t *Template) NewSplitter(tools bool) *Splitter { return &Splitter{} }

// Push takes the next piece of the answer and returns what is certain by now.
func (s *Splitter) Push(text string) []Event { return []Event{{Content: text, Call: -1}} }

// Flush ends the answer and returns the rest.
func (s *Splitter) Flush() []Event { return nil }
