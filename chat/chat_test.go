package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/polymath-lm/polymath/tokenizer"
)

// smallTokenizer has few merges, and the markup of ChatML.
func smallTokenizer(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	docs := slices.Values([][]byte{[]byte(strings.Repeat("user system assistant the weather in Paris name arguments ", 40))})
	tok, err := tokenizer.Train(docs, tokenizer.TrainOptions{
		VocabSize: 300, Special: []string{"<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func defaultAsJinja(t testing.TB) *Template {
	t.Helper()
	tpl, err := Jinja(DefaultJinja, JinjaOptions{Name: "default.jinja"})
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// sameAsJinja compares our renderer with the interpreter on DefaultJinja: the
// text, and character by character the loss.
func sameAsJinja(t reporter, tpl *Template, c Conversation, o RenderOptions) {
	t.Helper()
	want, err := Default().Render(c, o)
	got, err2 := tpl.Render(c, o)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%v, and as Jinja %v", err, err2)
	}
	if joinSegments(got) != joinSegments(want) {
		t.Errorf("%q, and as Jinja %q", joinSegments(want), joinSegments(got))
		return
	}
	if a, b := lossOf(want), lossOf(got); !slices.Equal(a, b) {
		t.Errorf("%q has loss %v, and as Jinja %v", joinSegments(want), a, b)
	}
}

func lossOf(segments []Segment) []bool {
	var loss []bool
	for _, s := range segments {
		for range len(s.Text) {
			loss = append(loss, s.Loss)
		}
	}
	return loss
}

func TestDefaultIsItsJinja(t *testing.T) {
	tpl := defaultAsJinja(t)
	for name, c := range readConversations(t) {
		for _, o := range []RenderOptions{{}, {Prompt: true}} {
			sameAsJinja(t, tpl, c, o)
		}
		if t.Failed() {
			t.Fatalf("in %s", name)
		}
	}
	if a, _ := tpl.ToolSyntax(); a != *Default().syntax {
		t.Errorf("the tool syntax of DefaultJinja is %q", a)
	}
	if !slices.Equal(tpl.Stops(), Default().Stops()) {
		t.Errorf("the stops of DefaultJinja are %q", tpl.Stops())
	}
}

var randomTexts = []string{"", "hi", " a \n", "<|im_end|>\n<|im_start|>system\n", "{\"a\": 1}", "ü<&>'\"\\", "</tool_response>", "{{ x }}"}

func randomConversation(t *rapid.T) Conversation {
	var c Conversation
	text := func() []Part { return []Part{{Text: rapid.SampledFrom(randomTexts).Draw(t, "text")}} }
	for i := range rapid.IntRange(0, 2).Draw(t, "tools") {
		c.Tools = append(c.Tools, Tool{
			Name: string(rune('f' + i)), Description: rapid.SampledFrom(randomTexts).Draw(t, "description"),
			Parameters: json.RawMessage(rapid.SampledFrom([]string{"", `{"type": "object", "z": [1.5, null, true], "a": {}}`}).Draw(t, "parameters")),
		})
	}
	for i := range rapid.IntRange(1, 6).Draw(t, "messages") {
		m := Message{Role: rapid.SampledFrom([]Role{System, Developer, User, Assistant}).Draw(t, "role"), Content: text()}
		c.Messages = append(c.Messages, m)
		if m.Role != Assistant {
			continue
		}
		last := &c.Messages[len(c.Messages)-1]
		var answers []Message
		for j := range rapid.IntRange(0, 2).Draw(t, "calls") {
			id := strings.Repeat("x", 9*i+j+1)
			arguments := rapid.SampledFrom([]string{"", "{}", `{"b":1,"a":"<|im_end|>\n"}`, "[1,2]"}).Draw(t, "arguments")
			last.ToolCalls = append(last.ToolCalls, ToolCall{ID: id, Name: "f", Arguments: arguments})
			answers = append(answers, Message{Role: ToolResult, Content: text(), ToolCallID: id})
			if rapid.Bool().Draw(t, "silent") {
				last.Content = nil
			}
		}
		c.Messages = append(c.Messages, answers...)
	}
	return c
}

func TestDefaultIsItsJinjaRandom(t *testing.T) {
	tpl := defaultAsJinja(t)
	rapid.Check(t, func(t *rapid.T) {
		c := randomConversation(t)
		sameAsJinja(t, tpl, c, RenderOptions{Prompt: rapid.Bool().Draw(t, "prompt")})
		last := c.Messages[len(c.Messages)-1]
		if last.Role == Assistant && len(last.ToolCalls) == 0 && (len(c.Messages) > 1 || last.text() != "") {
			sameAsJinja(t, tpl, c, RenderOptions{Continue: true})
		}
	})
}

// TestLossTokens compares the loss of every token with what was written here by
// hand, for our template and for foreign ones with and without generation tags.
func TestLossTokens(t *testing.T) {
	tok := smallTokenizer(t)
	c := Conversation{Messages: []Message{
		Text(System, "Be brief."), Text(User, "Hi"), Text(Assistant, "Hello!"), Text(User, "Weather?"),
		{Role: Assistant, Content: []Part{{Text: "One moment."}}, ToolCalls: []ToolCall{{ID: "123456789", Name: "f", Arguments: `{"a": 1}`}}},
		{Role: ToolResult, Content: []Part{{Text: "sunny"}}, ToolCallID: "123456789"},
		Text(Assistant, "Sunny."),
	}}
	plain := strings.NewReplacer("{%- generation %}", "", "{%- endgeneration %}", "").Replace(DefaultJinja)
	noTags, err := Jinja(plain, JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const own = "Hello!<|im_end|>|One moment.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call><|im_end|>|Sunny.<|im_end|>"
	for name, tpl := range map[string]*Template{"default": Default(), "generation": defaultAsJinja(t), "no generation": noTags} {
		segments, err := tpl.Render(c, RenderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ids, loss := EncodeLoss(tok, segments, nil)
		if !slices.Equal(ids, Encode(tok, segments, nil)) || len(ids) != len(loss) {
			t.Errorf("%s: EncodeLoss gives other ids than Encode", name)
		}
		var got []string
		for i, id := range ids {
			if loss[i] && (i == 0 || !loss[i-1]) {
				got = append(got, "")
			}
			if loss[i] {
				got[len(got)-1] += tok.Decode([]int32{id})
			}
		}
		if strings.Join(got, "|") != own {
			t.Errorf("%s: the loss is on %q, want %q", name, strings.Join(got, "|"), own)
		}
		if tok.Decode(ids) != joinSegments(segments) {
			t.Errorf("%s: the tokens are %q", name, tok.Decode(ids))
		}
	}
}

// TestLossTemplates does so for the styles of other families.
func TestLossTemplates(t *testing.T) {
	conversations := readConversations(t)
	for path, want := range map[string][3]string{
		"llama3":  {"two<|eot_id|>|four<|eot_id|>", `{"name": "get_weather", "parameters": {"zone": "a", "city": "Paris", "n": [1, 2.5, null, true], "o": {"b": 1, "a": "\"x\""}}}<|eot_id|>|20 degrees.<|eot_id|>`, "<|eot_id|>"},
		"mistral": {"two</s>|four</s>", `[TOOL_CALLS][{"name": "get_weather", "arguments": {"zone": "a", "city": "Paris", "n": [1, 2.5, null, true], "o": {"b": 1, "a": "\"x\""}}, "id": "call00001"}]</s>|20 degrees.</s>`, "</s>"},
		"qwen":    {"two<|im_end|>|<think>\n\n</think>\n\nfour<|im_end|>", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"zone\": \"a\", \"city\": \"Paris\", \"n\": [1, 2.5, null, true], \"o\": {\"b\": 1, \"a\": \"\\\"x\\\"\"}}}\n</tool_call><|im_end|>|20 degrees.<|im_end|>", "<|im_end|>"},
		"gemma":   {"two<end_of_turn>|four<end_of_turn>", "", "<end_of_turn>"},
		"chatml":  {"two<|im_end|>|four<|im_end|>", "20 degrees.<|im_end|>", "<|im_end|>"},
	} {
		tpl := readTemplate(t, "testdata/templates/"+path+".jinja")
		if tpl.Stops()[0] != want[2] {
			t.Errorf("%s: stops %q", path, tpl.Stops())
		}
		for i, name := range []string{"nosystem turns", "one call"} {
			segments, err := tpl.Render(conversations[name], RenderOptions{})
			if want[i] == "" {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for j, s := range segments {
				if s.Loss && j > 0 && !segments[j-1].Loss && got != "" {
					got += "|"
				}
				if s.Loss {
					got += s.Text
				}
			}
			if got != want[i] {
				t.Errorf("%s, %s: the loss is on\n%q, want\n%q", path, name, got, want[i])
			}
		}
	}
}

func TestContinue(t *testing.T) {
	c := Conversation{Messages: []Message{Text(User, "hi"), Text(Assistant, "Well <|im_end|>, ")}}
	for name, tpl := range map[string]*Template{"default": Default(), "jinja": defaultAsJinja(t), "chatml": readTemplate(t, "testdata/templates/chatml.jinja")} {
		got, err := tpl.Render(c, RenderOptions{Continue: true})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(joinSegments(got), "<|im_start|>assistant\nWell <|im_end|>, ") {
			t.Errorf("%s: %q", name, joinSegments(got))
		}
		if last := got[len(got)-1]; last != (Segment{Text: "Well <|im_end|>, ", Loss: true}) {
			t.Errorf("%s: the last segment is %+v", name, last)
		}
		c := Conversation{Messages: []Message{Text(User, "hi"), Text(Assistant, "")}}
		got, err = tpl.Render(c, RenderOptions{Continue: true})
		if err != nil || !strings.HasSuffix(joinSegments(got), "hi<|im_end|>\n<|im_start|>assistant\n") {
			t.Errorf("%s: nothing continued is %q, %v", name, joinSegments(got), err)
		}
	}
}

func count(tok *tokenizer.Tokenizer, ids []int32, name string) int {
	id, _ := tok.Special(name)
	n := 0
	for _, i := range ids {
		if i == id {
			n++
		}
	}
	return n
}

func TestCheck(t *testing.T) {
	call := func(id, name, arguments string) Message {
		return Message{Role: Assistant, ToolCalls: []ToolCall{{ID: id, Name: name, Arguments: arguments}}}
	}
	result := func(id string) Message { return Message{Role: ToolResult, ToolCallID: id} }
	user := Text(User, "u")
	for want, c := range map[string]Conversation{
		"no messages":                                   {},
		"message 1: the role":                           {Messages: []Message{user, Text("boss", "x")}},
		"message 0: the user says":                      {Messages: []Message{{Role: User}}},
		"message 0: the system says":                    {Messages: []Message{{Role: System}}},
		"message 1: the assistant neither":              {Messages: []Message{user, {Role: Assistant}}},
		"message 0: the tool's message has no":          {Messages: []Message{result("")}},
		"message 1: no call before it has the ID \"x\"": {Messages: []Message{user, result("x")}},
		"message 1: only a tool's message":              {Messages: []Message{user, {Role: User, Content: user.Content, ToolCallID: "x"}}},
		"message 0: only the assistant calls":           {Messages: []Message{{Role: User, Content: user.Content, ToolCalls: []ToolCall{{ID: "x", Name: "f"}}}}},
		"message 0: tool call 0 has no name":            {Messages: []Message{call("x", "", "")}},
		"message 0: tool call 0 (f) has no ID":          {Messages: []Message{call("", "f", "")}},
		"message 1: tool call 0 (f) has the ID":         {Messages: []Message{call("x", "f", ""), call("x", "f", "")}},
		"message 0: tool call 0 (f): the arguments are": {Messages: []Message{call("x", "f", "{")}},
		"more follows the value":                        {Messages: []Message{call("x", "f", "{} {}")}},
		"nested deeper":                                 {Messages: []Message{call("x", "f", strings.Repeat("[", 200)+strings.Repeat("]", 200))}},
		"part 0 is both":                                {Messages: []Message{{Role: User, Content: []Part{{Text: "a", Image: &Image{}}}}}},
		"tool 0 has no name":                            {Messages: []Message{user}, Tools: []Tool{{}}},
		"tool 1: there is another":                      {Messages: []Message{user}, Tools: []Tool{{Name: "f"}, {Name: "f"}}},
		"tool 0 (f): the parameters are not JSON":       {Messages: []Message{user}, Tools: []Tool{{Name: "f", Parameters: json.RawMessage("{")}}},
		"tool 0 (f): the parameters are not an object":  {Messages: []Message{user}, Tools: []Tool{{Name: "f", Parameters: json.RawMessage("[]")}}},
	} {
		for _, tpl := range []*Template{Default(), defaultAsJinja(t)} {
			_, err := tpl.Render(c, RenderOptions{})
			if !errors.Is(err, ErrConversation) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		}
	}
	for _, o := range []RenderOptions{{Prompt: true, Continue: true}, {Continue: true}} {
		if _, err := Default().Render(Conversation{Messages: []Message{user}}, o); !errors.Is(err, ErrConversation) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, err := Default().Render(Conversation{Messages: []Message{call("x", "f", "")}}, RenderOptions{Continue: true}); !errors.Is(err, ErrConversation) {
		t.Errorf("a call is continued: %v", err)
	}
	nothing := Conversation{Messages: []Message{Text(Assistant, "")}}
	for _, tpl := range []*Template{Default(), defaultAsJinja(t)} {
		if _, err := tpl.Render(nothing, RenderOptions{Continue: true}); !errors.Is(err, ErrConversation) {
			t.Errorf("nothing is continued: %v", err)
		}
	}
}

// TestKeyOrder checks that schemas keep the order of their keys.
func TestKeyOrder(t *testing.T) {
	c := Conversation{Messages: []Message{Text(User, "u")}, Tools: []Tool{{Name: "f", Parameters: json.RawMessage(`{"z":1,"a":{"y":2,"b":[{"x":1,"c":2}]},"m":1e999,"big":123456789012345678901234567890}`)}}}
	segments, err := Default().Render(c, RenderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"z": 1, "a": {"y": 2, "b": [{"x": 1, "c": 2}]}, "m": 1e999, "big": 123456789012345678901234567890}`
	if !strings.Contains(joinSegments(segments), want) {
		t.Errorf("%q", joinSegments(segments))
	}
}

// TestRenderLeavesConversation checks that rendering changes nothing.
func TestRenderLeavesConversation(t *testing.T) {
	for name, c := range readConversations(t) {
		before, _ := json.Marshal(c)
		for _, tpl := range []*Template{Default(), defaultAsJinja(t)} {
			_, _ = tpl.Render(c, RenderOptions{})
		}
		if after, _ := json.Marshal(c); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", name)
		}
	}
}
