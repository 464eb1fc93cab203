package chat

import (
	"errors"

	"github.com/polymath-lm/polymath/tokenizer"
)

// Template turns conversations into segments and finds tool calls in answers.
// It never changes; goroutines may share it.
type Template struct {
	stops []string
	tools *ToolSyntax
}

// JinjaOptions says what a Jinja template needs beside the conversation.
type JinjaOptions struct {
	// Name is what errors call the template, its file; empty means "template".
	Name string
	// BOS and EOS are the texts of the tokens that begin and end a text, what
	// templates know as bos_token and eos_token.
	BOS, EOS string
	// Special are the names of the tokenizer's special tokens: markup that
	// people must not be able to write. Those that the template itself contains
	// are known without.
	Special []string
}

// Segment is a piece of a rendered conversation.
type Segment struct {
	Text string
	// Control marks markup: special tokens are recognized in it. In other text
	// they never are.
	Control bool
	// Loss marks the assistant's own tokens: what training learns to write.
	Loss bool
}

// RenderOptions says how a rendered conversation ends.
type RenderOptions struct {
	// Prompt ends it with the beginning of an assistant's turn.
	Prompt bool
	// Continue leaves the last message, an assistant's, open: what follows
	// continues it.
	Continue bool
}

// ToolSyntax is how a model writes a call: Begin, a JSON object with the keys
// "name" and "arguments", End. Both may be empty: then an answer that is such
// an object is a call.
type ToolSyntax struct{ Begin, End string }

// Default returns our own template: ChatML, with tools as Hermes and Qwen have
// them. DefaultJinja is the same as Jinja text.
func Default() *Template {
	return &Template{stops: []string{"<|im_end|>"}, tools: &ToolSyntax{Begin: "<tool_call>\n", End: "\n</tool_call>"}}
}

// Load reads the template of the model in a directory; where it has none, the
// template is Default's.
func Load(dir string) (*Template, error) { return nil, errors.ErrUnsupported }

// Jinja parses a template as Hugging Face models have them.
func Jinja(source string, o JinjaOptions) (*Template, error) { return nil, errors.ErrUnsupported }

// Render turns a conversation into segments.
func (t *Template) Render(c Conversation, o RenderOptions) ([]Segment, error) {
	return nil, errors.ErrUnsupported
}

// Stops returns the strings that end an answer, such as <|im_end|>.
func (t *Template) Stops() []string { return append([]string(nil), t.stops...) }

// ToolSyntax returns how the template's model writes calls; false: the template
// knows no tools.
func (t *Template) ToolSyntax() (ToolSyntax, bool) {
	if t.tools == nil {
		return ToolSyntax{}, false
	}
	return *t.tools, true
}

// Encode turns segments into token ids: special tokens are recognized in those
// with Control, and in no other.
func Encode(t *tokenizer.Tokenizer, segments []Segment) []int32 {
	var ids []int32
	for _, s := range segments {
		if s.Control {
			ids = t.AppendEncodeSpecial(ids, []byte(s.Text))
		} else {
			ids = t.AppendEncode(ids, []byte(s.Text))
		}
	}
	return ids
}

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
