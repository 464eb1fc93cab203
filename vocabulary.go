package polymath

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/constrain"
)

// newVocabulary tells the tokenizer's tokens to package constrain. Tokens that
// mark tool calls are text.
func (m *Model) newVocabulary() *constrain.Vocabulary {
	tokens := make([][]byte, m.tokenizer.VocabSize())
	for id := range tokens {
		tokens[id] = m.tokenizer.Bytes(int32(id))
	}
	special := func(id int32) bool { return !m.isText(id, m.toolMarkup) }
	return constrain.NewVocabulary(tokens, special, m.chatEnd)
}

// formatMask returns the mask of a format other than FormatText.
func (m *Model) formatMask(ctx context.Context, f Format) (mask, error) {
	vocabulary := m.vocabulary()
	var g *constrain.Grammar
	var err error
	switch f.Kind {
	case FormatJSON:
		g, err = vocabulary.JSON(ctx)
	case FormatSchema:
		g, err = vocabulary.Schema(ctx, []byte(f.Text))
	case FormatRegex:
		g, err = vocabulary.Regex(ctx, f.Text)
	case FormatGrammar:
		g, err = vocabulary.GBNF(ctx, f.Text)
	default:
		return nil, fmt.Errorf("%w: kind %d", ErrFormat, f.Kind)
	}
	if err != nil {
		return nil, refused(ctx, err)
	}
	return g.NewMask(), nil
}

// refused is the error of a format, or that of ctx if it ended before the format
// was compiled.
func refused(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", ErrFormat, err)
}

// callMask holds an answer to calls of tools, or if they are not required, the
// calls in it.
func (m *Model) callMask(ctx context.Context, syntax chat.ToolSyntax, tools []chat.Tool, required, parallel bool) (mask, error) {
	vocabulary := m.vocabulary()
	var tags []constrain.Tag
	for _, f := range tools {
		tag, err := callTag(ctx, vocabulary, syntax, f)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
	}
	if syntax.Begin == "" {
		parallel = false // nothing would tell the next call from text
	}
	g, err := vocabulary.Tags(ctx, tags, constrain.TagOptions{Required: required, Parallel: parallel})
	if err != nil {
		return nil, refused(ctx, fmt.Errorf("tools: %w", err))
	}
	return g.NewMask(), nil
}

// anyObject is the schema of arguments that cannot be held to their own.
const anyObject = `{"type":"object"}`

// noArguments is the schema for tools without parameters.
const noArguments = `{"type":"object","properties":{},"additionalProperties":false}`

// objectSchema is the schema of a tool's parameters, held to objects where it names no
// type: what calls a tool gives names to its arguments.
func objectSchema(parameters []byte) []byte {
	if len(parameters) == 0 {
		return []byte(noArguments)
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(parameters, &top) != nil || top == nil || top["type"] != nil {
		return parameters
	}
	top["type"] = []byte(`"object"`)
	held, err := json.Marshal(top)
	if err != nil {
		return parameters
	}
	return held
}

// callTag is a call of f. Arguments keep to the schema of a strict tool, and to
// that of another where it is understood.
func callTag(ctx context.Context, v *constrain.Vocabulary, syntax chat.ToolSyntax, f chat.Tool) (constrain.Tag, error) {
	name, err := json.Marshal(f.Name)
	if err != nil {
		return constrain.Tag{}, fmt.Errorf("%w: tool %q: %w", ErrConversation, f.Name, err)
	}
	tag := constrain.Tag{
		// The marker alone begins a call: what comes next cannot evade the schema.
		Begin:  strings.TrimRight(syntax.Begin, " \n"),
		Lead:   `{"name": ` + string(name) + `, "arguments":`,
		Schema: objectSchema(f.Parameters), End: "}" + syntax.End,
	}
	if tag.Begin == "" {
		tag.Begin, tag.Lead = tag.Lead, ""
	}
	_, err = v.Schema(ctx, tag.Schema)
	switch {
	case err != nil && (f.Strict || ctx.Err() != nil):
		return tag, refused(ctx, fmt.Errorf("tool %q: %w", f.Name, err))
	case err != nil:
		tag.Schema = []byte(anyObject)
	}
	return tag, nil
}
