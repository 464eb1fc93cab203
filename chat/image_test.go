package chat

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

var look = Part{Image: &Image{URL: "data:image/png;base64,"}}

// pictured has pictures in the places where Default can show them.
func pictured() Conversation {
	call := ToolCall{ID: "1", Name: "f"}
	return Conversation{
		Messages: []Message{
			{Role: System, Content: []Part{{Text: "s"}, look}},
			{Role: User, Content: []Part{look, {Text: "What <image> is this?"}, {Text: "And this?"}, look, {Text: "x"}}},
			{Role: Assistant, Content: []Part{look, {Text: "a"}}, ToolCalls: []ToolCall{call}},
			{Role: ToolResult, Content: []Part{look}, ToolCallID: "1"},
			{Role: Assistant, Content: []Part{look}},
			{Role: User, Content: []Part{look, look}},
		},
		Tools: []Tool{{Name: "f"}},
	}
}

func TestDefaultImages(t *testing.T) {
	c := pictured()
	segments, err := Default().Render(c, RenderOptions{Prompt: true})
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	for i, s := range segments {
		if s.Image == 0 {
			if s.Control && strings.Contains(s.Text, ImageToken) {
				t.Errorf("segment %d has the token of a picture: %+v", i, s)
			}
			continue
		}
		if want := (Segment{Text: ImageToken, Control: true, Image: next}); s != want {
			t.Errorf("segment %d is %+v, want %+v", i, s, want)
		}
		next++
	}
	if next != 9 {
		t.Errorf("%d pictures", next-1)
	}
	text := joinSegments(segments)
	for _, want := range []string{
		"<|im_start|>user\n<image>\nWhat <image> is this?\nAnd this?\n<image>\nx<|im_end|>\n",
		"<|im_start|>assistant\n<image><|im_end|>\n<|im_start|>user\n<image>\n<image><|im_end|>\n",
		"<image>\na\n<tool_call>", "<tool_response>\n<image>\n</tool_response>", "system\ns\n<image>\n\n# Tools",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not contain %q", text, want)
		}
	}
}

// TestDefaultImagesAsJinja: the Jinja text of Default gives the same text, places
// and losses.
func TestDefaultImagesAsJinja(t *testing.T) {
	other := defaultAsJinja(t)
	if other.Image() != ImageToken || other.lists {
		t.Errorf("it writes pictures as %q, lists %v", other.Image(), other.lists)
	}
	c := pictured()
	for n := 1; n <= len(c.Messages); n++ {
		for _, tools := range [][]Tool{nil, c.Tools} {
			part := Conversation{Messages: c.Messages[:n], Tools: tools}
			want, err := Default().Render(part, RenderOptions{Prompt: true})
			if err != nil {
				t.Fatal(err)
			}
			got, err := other.Render(part, RenderOptions{Prompt: true})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := flatten(got), flatten(want); !slices.Equal(a, b) {
				t.Errorf("%d messages:\n%+v\nwant\n%+v", n, got, want)
			}
		}
	}
}

// flatten gives every byte with its picture and loss.
func flatten(segments []Segment) []Segment {
	var list []Segment
	for _, s := range segments {
		for i := range len(s.Text) {
			list = append(list, Segment{Text: s.Text[i : i+1], Image: s.Image, Loss: s.Loss})
		}
	}
	return list
}

// imageTemplates are templates by the token that they write for a picture.
var imageTemplates = map[string]string{
	"llava.jinja": "<image>", "qwen.jinja": "<|image_pad|>", "pixtral.jinja": "[IMG]", "default.jinja": "<image>",
}

// TestGoldenImages compares rendered conversations with those of transformers. A
// picture is an empty string there.
func TestGoldenImages(t *testing.T) {
	var wire []struct {
		Name     string
		Messages []struct {
			Role    Role
			Content []string
		}
	}
	readJSONFile(t, "testdata/images/conversations.json", &wire)
	conversations := map[string]Conversation{}
	for _, w := range wire {
		var c Conversation
		for _, m := range w.Messages {
			to := Message{Role: m.Role}
			for _, text := range m.Content {
				if text == "" {
					to.Content = append(to.Content, look)
				} else {
					to.Content = append(to.Content, Part{Text: text})
				}
			}
			c.Messages = append(c.Messages, to)
		}
		conversations[w.Name] = c
	}
	var golden []struct {
		Template, Conversation, Text, Error string
		Prompt                              bool
		Spans                               [][2]int
	}
	readJSONFile(t, "testdata/images/golden.json", &golden)
	for _, g := range golden {
		path := "testdata/images/" + g.Template
		if g.Template == "default.jinja" {
			path = g.Template
		}
		tpl := readTemplate(t, path)
		token := imageTemplates[g.Template]
		if tpl.Image() != token || tpl.lists != (g.Template == "llava.jinja") {
			t.Errorf("%s writes %q, lists %v", g.Template, tpl.Image(), tpl.lists)
		}
		templates := []*Template{tpl}
		if g.Template == "default.jinja" {
			templates = append(templates, Default())
		}
		for _, tpl := range templates {
			c := conversations[g.Conversation]
			segments, err := tpl.Render(c, RenderOptions{Prompt: g.Prompt})
			checkGolden(t, joinSegments(segments), err, g.Text, g.Error)
			if len(g.Spans) > 0 {
				checkSpans(t, segments, g.Text, g.Spans)
			}
			checkImages(t, segments, c, token)
		}
	}
	if len(golden) < 60 {
		t.Errorf("%d renderings", len(golden))
	}
}

// checkImages holds the places of pictures to a conversation: as many, in order,
// each the token alone, which stays text where people wrote it.
func checkImages(t *testing.T, segments []Segment, c Conversation, token string) {
	t.Helper()
	n, _, _ := c.firstImage()
	images, written := 0, 0
	for _, s := range segments {
		if s.Image > 0 {
			images++
			if want := (Segment{Text: token, Control: true, Image: images}); s != want {
				t.Errorf("%+v, want %+v", s, want)
			}
			continue
		}
		if !s.Control {
			written += strings.Count(s.Text, token)
		} else if strings.Contains(s.Text, token) {
			t.Errorf("the token is in %+v", s)
		}
	}
	said := 0
	for _, m := range c.Messages {
		said += strings.Count(m.text(), token)
	}
	if images != n || written != said {
		t.Errorf("%d places for %d pictures, the token is %d times in the text, written %d times", images, n, said, written)
	}
}

// TestOtherImageToken: a token that nobody knows is found if it is the only one.
func TestOtherImageToken(t *testing.T) {
	tpl, err := Jinja(`{% for m in messages %}[{{ m.role }}]{% for p in m.content %}{% if p.type == 'image' %}<pic_7>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endfor %}`, JinjaOptions{})
	if err != nil {
		t.Fatal(err)
	}
	segments, err := tpl.Render(Conversation{Messages: []Message{{Role: User, Content: []Part{{Text: "A <pic_7>"}, look, {Text: "B"}}}}}, RenderOptions{})
	if err != nil || joinSegments(segments) != "[user]A <pic_7><pic_7>B" || len(segments) != 4 || segments[2].Image != 1 {
		t.Errorf("%+v, %v", segments, err)
	}
}

// TestImagesWithoutPlace: templates that print a list as text, lose pictures or
// refuse lists have no place for them.
func TestImagesWithoutPlace(t *testing.T) {
	c := Conversation{Messages: []Message{Text(System, "s"), {Role: User, Content: []Part{{Text: "What is this?"}, look, look}}}}
	sources := map[string]string{
		"text only": `{% for m in messages %}{{ m.role + m.content }}{% endfor %}`,
		"printed":   `{% for m in messages %}{{ m.content }}{% endfor %}`,
		"first only": `{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content if p.type == 'image' %}` +
			`{% if loop.first %}<image>{% endif %}{% endfor %}u{{ m.content[0].text or m.content[1].text }}{% endif %}{% endfor %}`,
	}
	for name, source := range sources {
		tpl, err := Jinja(source, JinjaOptions{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if segments, err := tpl.Render(c, RenderOptions{}); !errors.Is(err, ErrImage) || !strings.Contains(err.Error(), "message 1, part 1") {
			t.Errorf("%s: %+v, %v", name, segments, err)
		}
	}
}

func TestContinueAfterImage(t *testing.T) {
	c := Conversation{Messages: []Message{Text(User, "u"), {Role: Assistant, Content: []Part{{Text: "a"}, look}}}}
	if _, err := Default().Render(c, RenderOptions{Continue: true}); !errors.Is(err, ErrConversation) {
		t.Errorf("%v", err)
	}
	c.Messages[1].Content = append(c.Messages[1].Content, Part{Text: "b"})
	for _, tpl := range []*Template{Default(), defaultAsJinja(t)} {
		segments, err := tpl.Render(c, RenderOptions{Continue: true})
		if err != nil || !strings.HasSuffix(joinSegments(segments), "assistant\na\n<image>\nb") {
			t.Errorf("%q, %v", joinSegments(segments), err)
		}
	}
}

func TestEncodeImages(t *testing.T) {
	tok := smallTokenizer(t)
	segments := []Segment{
		{Text: "<|im_start|>user\n", Control: true},
		{Text: "<|im_end|>", Control: true, Image: 1},
		{Text: "\n", Control: true},
		{Text: "x <image>"},
		{Text: "<|im_end|>", Control: true, Image: 2},
		{Text: "a", Loss: true},
	}
	ids, loss := EncodeLoss(tok, segments, func(image int) int { return 3 + image })
	if n := count(tok, ids, "<|im_end|>"); n != 7 {
		t.Errorf("%d image tokens, want 3 and 4", n)
	}
	id, _ := tok.Special("<|im_end|>")
	for i := range ids {
		if ids[i] == id && loss[i] {
			t.Errorf("token %d is of a picture and has loss", i)
		}
	}
	if !loss[len(loss)-1] {
		t.Error("the answer has no loss")
	}
	if n := count(tok, Encode(tok, segments, nil), "<|im_end|>"); n != 2 {
		t.Errorf("%d image tokens without a count", n)
	}
}

// TestManyTokens opens templates that write more than is looked through.
func TestManyTokens(t *testing.T) {
	for name, source := range map[string]string{
		"tokens": "{% for i in range(100000) %}<{{ i }}>{% endfor %}{{ messages[0].content }}",
		"more":   "{% for i in range(100000) %}{% for j in range(10) %}<{{ i }}.{{ j }}>{% endfor %}{% endfor %}{{ messages[0].content }}",
		"begin":  "{{ messages[0].content }}{% if add_generation_prompt %}{{ '>' * 1000000 }}{% endif %}",
	} {
		start := time.Now()
		tmpl, err := Jinja(source, JinjaOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c := Conversation{Messages: []Message{Text(User, "u"), Text(Assistant, "a")}}
		if _, err := tmpl.Render(c, RenderOptions{}); err != nil && name == "begin" {
			t.Error(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
