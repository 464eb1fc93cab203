package chat

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/polymath-lm/polymath/chat/jinja"
)

// Template turns conversations into segments and finds tool calls in answers.
// It never changes; goroutines may share it.
type Template struct {
	// program renders; nil is our own renderer. withTools, if not nil, does so
	// for conversations with tools.
	program, withTools *jinja.Program
	variables          map[string]jinja.Value // of the template, beside the conversation's
	now                func() time.Time

	stops  []string
	syntax *ToolSyntax
	shape  shape
	image  string // the token that it writes for a picture; empty: it knows none
	lists  bool   // content is a list of parts even where all is text
}

// JinjaOptions says what a Jinja template needs beside the conversation.
type JinjaOptions struct {
	// Name is what errors call the template, its file; empty means "template".
	Name string
	// BOS and EOS are the texts of the tokens that begin and end a text, what
	// templates know as bos_token and eos_token.
	BOS, EOS string
	// Variables are other names that the template may use, such as unk_token.
	Variables map[string]string
	// Tools, if not empty, is the template for conversations with tools.
	Tools string
	// Now is the time that templates see; nil means time.Now, local time.
	Now func() time.Time
}

// RenderOptions says how a rendered conversation ends.
type RenderOptions struct {
	// Prompt ends it with the beginning of an assistant's turn.
	Prompt bool
	// Continue leaves the last message, which must be an assistant's text, open:
	// what the model writes continues it.
	Continue bool
}

// Default returns our own template: ChatML, with tools as Hermes and Qwen have
// them. DefaultJinja is the same as Jinja text.
func Default() *Template {
	return &Template{image: ImageToken, stops: []string{turnEnd}, syntax: &ToolSyntax{Begin: "<tool_call>\n", End: "\n</tool_call>"}}
}

// Jinja parses a template as Hugging Face models have them. Its text is markup,
// and what it prints of a conversation is not, however it changes it.
//
// It runs in an interpreter of our own that knows the language as transformers
// set it up, has no access to anything but the conversation, and stops with an
// error at 4 million steps, 5 seconds or 64 MB of text. Includes, inheritance
// and recursive loops are not supported, and refused here.
//
// The error, here and in Render, names the template and the line.
func Jinja(source string, o JinjaOptions) (*Template, error) {
	if o.Name == "" {
		o.Name = "template"
	}
	t := &Template{now: o.Now, variables: map[string]jinja.Value{
		"bos_token": jinja.String(o.BOS), "eos_token": jinja.String(o.EOS),
	}}
	if t.now == nil {
		t.now = time.Now
	}
	for name, v := range o.Variables {
		t.variables[name] = jinja.String(v)
	}
	var err error
	if t.program, err = jinja.Parse(o.Name, source); err != nil {
		return nil, err
	}
	if o.Tools != "" {
		if t.withTools, err = jinja.Parse(o.Name+" (tools)", o.Tools); err != nil {
			return nil, err
		}
	}
	t.syntax = findSyntax(source + o.Tools)
	t.probeImages()
	t.shape = t.findShape()
	t.stops = findStops(source, t.shape.end, o.EOS)
	return t, nil
}

// Render turns a conversation into segments. A conversation that makes no
// sense, or that the template refuses, is an error wrapping ErrConversation;
// images for which the template has no place are one wrapping ErrImage.
//
// A picture becomes a segment of its own, in Default with a newline between it
// and its neighbors in the message. In a foreign template it is the one token
// that the template writes for {"type": "image"}, be there others around it.
//
// Loss marks the assistant's words, its calls with their markup, and the end of
// its turn. Default knows them. In a foreign template they are what {%
// generation %} tags enclose; in one without, they begin where the prompt for
// an answer would have ended and reach to the first end of a turn after the
// last byte that came from the message.
func (t *Template) Render(c Conversation, o RenderOptions) ([]Segment, error) {
	if err := c.check(o); err != nil {
		return nil, err
	}
	if err := t.checkImages(&c); err != nil {
		return nil, err
	}
	if t.program == nil {
		return renderDefault(&c, o)
	}
	n := len(c.Messages) - 1
	if o.Continue && c.Messages[n].text() == "" {
		// Nothing to find the end of: an empty answer is one not yet begun.
		c.Messages, o = c.Messages[:n], RenderOptions{Prompt: true}
	}
	out, err := t.run(&c, o.Prompt, jinja.Limits{})
	if err != nil {
		return nil, err
	}
	images, err := t.images(&c, out)
	if err != nil {
		return nil, err
	}
	loss := t.loss(&c, out)
	out = out.withoutGaps(images)
	if end := out.lastByte(n); o.Continue && end >= 0 {
		return out.before(end).segments(clip(loss, end), clip(images, end)), nil
	}
	return out.segments(loss, images), nil
}

// Image returns the token that stands for a picture, such as ImageToken; empty if
// the template has no place for pictures.
func (t *Template) Image() string { return t.image }

// IsDefault reports whether t is Default.
func (t *Template) IsDefault() bool { return t.program == nil }

// Stops returns the strings that end an answer, such as <|im_end|>, the usual
// one first.
func (t *Template) Stops() []string { return slices.Clone(t.stops) }

// probe executes the template for a small conversation, with limits to match: it
// may be a stranger's, and was only opened.
func (t *Template) probe(c *Conversation, prompt bool) (rendered, error) {
	return t.run(c, prompt, jinja.Limits{Steps: 400_000, Output: 1 << 20})
}

// run executes the template for a conversation that was checked.
func (t *Template) run(c *Conversation, prompt bool, limits jinja.Limits) (rendered, error) {
	vars, err := c.variables(prompt, t.lists)
	if err != nil {
		return rendered{}, err
	}
	for name, v := range t.variables {
		vars[name] = v
	}
	p := t.program
	if t.withTools != nil && len(c.Tools) > 0 {
		p = t.withTools
	}
	out, err := p.Run(vars, t.now(), limits)
	var fault *jinja.Error
	if errors.As(err, &fault) && fault.Raised {
		err = fmt.Errorf("%w: %w", ErrConversation, err)
	}
	return rendered(out), err
}
