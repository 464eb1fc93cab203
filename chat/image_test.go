package chat

import (
	"errors"
	"slices"
	"strings"
	"testing"
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

const (
	llavaTemplate = `{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': '}}{% endif %}` +
		`{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}` +
		`{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}{% endfor %}{% endfor %}` +
		`{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}`
	qwenTemplate = `{% for message in messages %}<|im_start|>{{ message['role'] }}` + "\n" + `{% if message['content'] is string %}{{ message['content'] }}<|im_end|>` + "\n" +
		`{% else %}{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content %}<|vision_start|><|image_pad|><|vision_end|>` +
		`{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>` + "\n" + `{% endif %}{% endfor %}` +
		`{% if add_generation_prompt %}<|im_start|>assistant` + "\n" + `{% endif %}`
)

// TestForeignImages renders with templates of the kinds of LLaVA, which wants
// lists everywhere and puts pictures first, and of Qwen.
func TestForeignImages(t *testing.T) {
	c := Conversation{Messages: []Message{
		{Role: User, Content: []Part{{Text: "A <image> <|image_pad|>"}, look, {Text: "B"}, look}},
		Text(Assistant, "C"), Text(User, "D"),
	}}
	for _, test := range []struct {
		name, source, token, want string
		lists                     bool
	}{
		{
			"llava", llavaTemplate, "<image>",
			"USER: <image>\n<image>\nA <image> <|image_pad|> B ASSISTANT: C USER: D ASSISTANT:", true,
		},
		{
			"qwen", qwenTemplate, "<|image_pad|>",
			"<|im_start|>user\nA <image> <|image_pad|><|vision_start|><|image_pad|><|vision_end|>B<|vision_start|><|image_pad|><|vision_end|><|im_end|>\n" +
				"<|im_start|>assistant\nC<|im_end|>\n<|im_start|>user\nD<|im_end|>\n<|im_start|>assistant\n", false,
		},
		{
			"other", `{% for m in messages %}[{{ m.role }}]{% for p in m.content %}{% if p.type == 'image' %}<pic_7>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endfor %}`,
			"<pic_7>", "[user]A <image> <|image_pad|><pic_7>B<pic_7>[assistant]C[user]D", true,
		},
	} {
		tpl, err := Jinja(test.source, JinjaOptions{Name: test.name})
		if err != nil {
			t.Fatal(err)
		}
		if tpl.Image() != test.token || tpl.lists != test.lists {
			t.Errorf("%s writes %q, lists %v", test.name, tpl.Image(), tpl.lists)
		}
		segments, err := tpl.Render(c, RenderOptions{Prompt: true})
		if err != nil {
			t.Error(err)
			continue
		}
		if got := joinSegments(segments); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		var images []Segment
		for _, s := range segments {
			if s.Image > 0 {
				images = append(images, s)
			}
		}
		if want := []Segment{{Text: test.token, Control: true, Image: 1}, {Text: test.token, Control: true, Image: 2}}; !slices.Equal(images, want) {
			t.Errorf("%s: %+v, want %+v", test.name, images, want)
		}
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
