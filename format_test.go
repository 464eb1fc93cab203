package polymath_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/constrain"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tokenizer"
)

const paintSchema = `{"type":"object","properties":{"color":{"enum":["red","green","blue"]},"coats":{"type":"integer","minimum":1,"maximum":9}},` +
	`"required":["color","coats"],"additionalProperties":false}`

var tools = []chat.Tool{
	{Name: "paint", Description: "Paints the wall.", Parameters: json.RawMessage(paintSchema), Strict: true},
	{Name: "stop", Description: "Stops."},
}

func TestForcedToolCalls(t *testing.T) {
	m := openRandom(t, chatML)
	schema := compile(t, paintSchema)
	c := ask("Paint it.")
	c.Tools = tools
	ids := map[string]bool{}
	names := map[string]int{}
	for seed := range uint64(12) {
		o := polymath.ChatOptions{
			GenerateOptions: polymath.GenerateOptions{Temperature: 1, Seed: seed, MaxTokens: 400},
			ToolChoice:      polymath.ToolChoice{Mode: polymath.ToolRequired},
		}
		if seed%2 == 1 {
			o.ToolChoice = polymath.ToolChoice{Mode: polymath.ToolNamed, Name: "paint"}
		}
		r, err := m.Chat(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Finish != polymath.FinishToolCalls || len(r.Message.ToolCalls) != 1 || content(r.Message) != "" {
			t.Fatalf("seed %d: %+v (%s), wrote %q", seed, r.Message, r.Finish, spell(r.Tokens))
		}
		call := r.Message.ToolCalls[0]
		names[call.Name]++
		if call.Name == "paint" {
			validate(t, schema, call.Arguments)
		} else if seed%2 == 1 || call.Arguments != "{}" {
			t.Errorf("seed %d: %+v", seed, call)
		}
		if ids[call.ID] || !strings.HasPrefix(call.ID, "call_") || len(call.ID) != 29 {
			t.Errorf("seed %d: id %q", seed, call.ID)
		}
		ids[call.ID] = true
		again, err := m.Chat(t.Context(), c, o)
		if err != nil || !reflect.DeepEqual(again.Message, r.Message) {
			t.Errorf("seed %d: %+v, then %+v (%v)", seed, r.Message, again.Message, err)
		}
	}
	if names["paint"] < 6 || names["stop"] == 0 {
		t.Errorf("called %v", names)
	}
}

// TestParallelToolCalls: more than one call only where it is allowed.
func TestParallelToolCalls(t *testing.T) {
	m := openRandom(t, chatML)
	c := ask("Paint it.")
	c.Tools = tools
	most := 0
	for seed := range uint64(20) {
		for _, parallel := range []bool{false, true} {
			r, err := m.Chat(t.Context(), c, polymath.ChatOptions{
				GenerateOptions:   polymath.GenerateOptions{Temperature: 1.5, Seed: seed, MaxTokens: 300},
				ToolChoice:        polymath.ToolChoice{Mode: polymath.ToolRequired},
				ParallelToolCalls: parallel,
			})
			if err != nil {
				t.Fatal(err)
			}
			n := len(r.Message.ToolCalls)
			if !parallel && n != 1 {
				t.Errorf("seed %d: %d calls", seed, n)
			}
			most = max(most, n)
			for i, call := range r.Message.ToolCalls {
				if r.Finish == polymath.FinishToolCalls && !json.Valid([]byte(call.Arguments)) {
					t.Errorf("seed %d: call %d: %q", seed, i, call.Arguments)
				}
			}
		}
	}
	if most < 2 {
		t.Errorf("never more than %d calls", most)
	}
}

// TestStrictTools: a call that the model makes of itself keeps to the schema,
// and the tokens that mark calls are part of the text where tools are.
func TestStrictTools(t *testing.T) {
	m := openRandom(t, slices.Concat(chatML, []string{"<tool_call>", "</tool_call>"}))
	schema := compile(t, paintSchema)
	bias := plainText(m)
	for _, id := range m.Tokenize("<tool_call>", true) {
		bias[id] = 100
	}
	c := ask("Paint it.")
	c.Tools = tools[:1]
	for seed := range uint64(6) {
		r, err := m.Chat(t.Context(), c, polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{
			Temperature: 1, Seed: seed, MaxTokens: 200, LogitBias: bias,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Message.ToolCalls) != 1 {
			t.Fatalf("seed %d: %+v (%s), wrote %q", seed, r.Message, r.Finish, spell(r.Tokens))
		}
		if !strings.HasPrefix(spell(r.Tokens), "<tool_call>") {
			t.Errorf("seed %d: the tokens spell %q", seed, spell(r.Tokens))
		}
		validate(t, schema, r.Message.ToolCalls[0].Arguments)
	}
}

// TestForeignTemplates forces calls in the ways of other families.
func TestForeignTemplates(t *testing.T) {
	dir := random(t, slices.Concat(chatML, []string{"[TOOL_CALLS]"}))
	tok, err := tokenizer.Load(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	schema := compile(t, paintSchema)
	const messages = `{% for m in messages %}{{ m.content }}{% endfor %}`
	for name, source := range map[string]string{
		"none":    messages,
		"Hermes":  messages + `{% if tools %}<tool_call>{% endif %}`,
		"Mistral": messages + `{% if tools %}[TOOL_CALLS]{% endif %}`,
		"Llama":   messages + `{% if tools %}<|python_tag|>{% endif %}`,
	} {
		template, err := chat.Jinja(source, chat.JinjaOptions{})
		if err != nil {
			t.Fatal(err)
		}
		weights, err := model.Load(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		m, err := polymath.New(weights, tok, template)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		c := ask("Paint it.")
		c.Tools = tools
		for seed := range uint64(6) {
			r, err := m.Chat(t.Context(), c, polymath.ChatOptions{
				GenerateOptions:   polymath.GenerateOptions{Temperature: 1, Seed: seed, MaxTokens: 400},
				ToolChoice:        polymath.ToolChoice{Mode: polymath.ToolNamed, Name: "paint"},
				ParallelToolCalls: seed%2 == 1,
			})
			if name == "none" {
				if !errors.Is(err, polymath.ErrConversation) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			calls := r.Message.ToolCalls
			if len(calls) == 0 || content(r.Message) != "" || seed%2 == 0 && len(calls) != 1 {
				t.Errorf("%s: %+v (%s), wrote %q", name, r.Message, r.Finish, spell(r.Tokens))
				continue
			}
			if r.Finish == "length" {
				calls = calls[:len(calls)-1]
			}
			for _, call := range calls {
				validate(t, schema, call.Arguments)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	m := openRandom(t, chatML)
	schema := compile(t, paintSchema)
	any := compile(t, `{"type":"object"}`)
	for _, c := range []struct {
		format polymath.Format
		check  func(text string) bool
	}{
		{polymath.Format{Kind: polymath.FormatSchema, Text: paintSchema}, func(s string) bool { validate(t, schema, s); return true }},
		{polymath.Format{Kind: polymath.FormatJSON}, func(s string) bool { validate(t, any, s); return true }},
		{polymath.Format{Kind: polymath.FormatRegex, Text: `(yes|no)!{1,3}`}, func(s string) bool {
			return slices.Contains([]string{"yes", "no"}, strings.TrimRight(s, "!"))
		}},
		{polymath.Format{Kind: polymath.FormatGrammar, Text: `root ::= "<" [a-c] ">"`}, func(s string) bool {
			return len(s) == 3 && s[0] == '<' && strings.Contains("abc", s[1:2]) && s[2] == '>'
		}},
	} {
		finished := 0
		for seed := range uint64(6) {
			o := polymath.GenerateOptions{Format: c.format, Temperature: 1, Seed: seed, MaxTokens: 300}
			answer, err := m.Chat(t.Context(), ask("Well?"), polymath.ChatOptions{GenerateOptions: o})
			if err != nil {
				t.Fatal(err)
			}
			text, err := m.Generate(t.Context(), "Well?", o)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []struct{ text, finish string }{{content(answer.Message), answer.Finish}, {text.Text, text.Finish}} {
				if r.finish == "length" {
					continue // cut, and said so
				}
				finished++
				if !c.check(r.text) {
					t.Errorf("%+v: %q", c.format, r.text)
				}
			}
		}
		if finished == 0 {
			t.Errorf("%+v: no text was finished", c.format)
		}
	}
	// With tools an answer is either of the format or a call.
	conversation := ask("Well?")
	conversation.Tools = tools
	calls, texts := 0, 0
	for seed := range uint64(20) {
		r, err := m.Chat(t.Context(), conversation, polymath.ChatOptions{GenerateOptions: polymath.GenerateOptions{
			Format: polymath.Format{Kind: polymath.FormatSchema, Text: paintSchema}, Temperature: 2, Seed: seed,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Message.ToolCalls) > 0 {
			calls++
			continue
		}
		texts++
		validate(t, schema, content(r.Message))
	}
	if calls == 0 || texts == 0 {
		t.Errorf("%d calls, %d texts", calls, texts)
	}
}

func compile(t *testing.T, schema string) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("schema.json")
}

func validate(t *testing.T, s *jsonschema.Schema, text string) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err == nil {
		err = s.Validate(document)
	}
	if err != nil {
		t.Errorf("%q: %v", text, err)
	}
}

// TestFormatTooAmbiguous: a grammar that takes too long to follow fails its own
// request, and not the one beside it.
func TestFormatTooAmbiguous(t *testing.T) {
	m := openRandom(t, chatML)
	var root, rules strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&root, "|a%d", i)
		fmt.Fprintf(&rules, "a%d ::= [a-z] a%d | [a-z]\n", i, i)
	}
	grammar := "root ::= (" + root.String()[1:] + ")+\n" + rules.String()
	beside := polymath.GenerateOptions{MaxTokens: 40, Format: polymath.Format{Kind: polymath.FormatRegex, Text: "[a-z ]*"}}
	want, err := m.Generate(t.Context(), "A stitch", beside)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		got, err := m.Generate(t.Context(), "A stitch", beside)
		if err == nil && got.Text != want.Text {
			err = fmt.Errorf("%q, alone %q", got.Text, want.Text)
		}
		done <- err
	}()
	r, err := m.Generate(t.Context(), "A stitch", polymath.GenerateOptions{MaxTokens: 40, Format: polymath.Format{Kind: polymath.FormatGrammar, Text: grammar}})
	if !errors.Is(err, polymath.ErrFormat) || !errors.Is(err, constrain.ErrAmbiguous) {
		t.Errorf("%q, %v; want an ErrFormat", r.Text, err)
	}
	if err := <-done; err != nil {
		t.Errorf("beside it: %v", err)
	}
}

// TestFormatCancelled: who leaves before a format is compiled gets the error of
// the context, not one about the format.
func TestFormatCancelled(t *testing.T) {
	m := openRandom(t, chatML)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Generate(ctx, "A stitch", polymath.GenerateOptions{Format: polymath.Format{Kind: polymath.FormatRegex, Text: "a+"}})
	if !errors.Is(err, context.Canceled) || errors.Is(err, polymath.ErrFormat) {
		t.Errorf("a pattern: %v", err)
	}
	c := ask("Paint it.")
	c.Tools = []chat.Tool{{Name: "paint", Parameters: json.RawMessage(`{"type":"null"}`)}}
	_, err = m.Chat(ctx, c, polymath.ChatOptions{ToolChoice: polymath.ToolChoice{Mode: polymath.ToolRequired}})
	if !errors.Is(err, context.Canceled) || errors.Is(err, polymath.ErrFormat) {
		t.Errorf("a tool: %v", err)
	}
}
