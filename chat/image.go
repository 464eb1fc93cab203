package chat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat/jinja"
)

// ImageToken stands for pictures in Default: a special token of the vocabulary,
// repeated for every row of features that a picture has.
const ImageToken = "<image>"

// imageTokens are the tokens by which templates write a picture: LLaVA's and
// ours, Qwen's, Llama's, Gemma's and Pixtral's.
var imageTokens = []string{ImageToken, "<|image_pad|>", "<|image|>", "<image_soft_token>", "<start_of_image>", "[IMG]"}

// numImages counts the pictures of a message.
func (m *Message) numImages() int {
	n := 0
	for _, p := range m.Content {
		if p.Image != nil {
			n++
		}
	}
	return n
}

// empty reports whether a message has neither text nor a picture.
func (m *Message) empty() bool { return m.text() == "" && m.numImages() == 0 }

// endsInImage reports whether the last part of a message is a picture.
func (m *Message) endsInImage() bool {
	return len(m.Content) > 0 && m.Content[len(m.Content)-1].Image != nil
}

// contentValue is what templates see of the parts of message i: a string, or,
// where it has a picture or the template wants it, a list of parts.
func contentValue(m *Message, i int, list bool) jinja.Value {
	if len(m.Content) == 0 && m.Role == Assistant {
		return jinja.Value{}
	}
	if m.numImages() == 0 && !list {
		return jinja.Marked(m.text(), i)
	}
	parts := make([]jinja.Value, len(m.Content))
	for j, p := range m.Content {
		var d jinja.Dict
		if p.Image != nil {
			d.Put("type", jinja.String("image"))
		} else {
			d.Put("type", jinja.String("text"))
			d.Put("text", jinja.Marked(p.Text, i))
		}
		parts[j] = d.Value()
	}
	return jinja.List(parts...)
}

// probeImages learns from small conversations whether a template wants the
// content of all messages as lists, and how it writes a picture.
func (t *Template) probeImages() {
	text := Conversation{Messages: []Message{Text(User, "u")}}
	shows := func() (string, bool) {
		out, err := t.probe(&text, true)
		return out.Text, err == nil && out.lastByte(0) >= 0
	}
	without, ok := shows()
	if !ok {
		t.lists = true
		if without, ok = shows(); !ok {
			t.lists = false
			return
		}
	}
	pictured := Conversation{Messages: []Message{{Role: User, Content: []Part{{Image: &Image{}}, {Text: "u"}}}}}
	out, err := t.probe(&pictured, true)
	if err != nil || out.lastByte(0) < 0 {
		return
	}
	found := added(out.Text, without)
	for _, token := range imageTokens {
		if slices.Contains(found, token) {
			t.image = token
			return
		}
	}
	if len(found) == 1 {
		t.image = found[0]
	}
}

// added lists the tokens that text has once more than without has them.
func added(text, without string) []string {
	more := map[string]int{}
	for _, token := range tokenLike.FindAllString(without, -1) {
		more[token]--
	}
	tokens := tokenLike.FindAllString(text, -1)
	for _, token := range tokens {
		more[token]++
	}
	return slices.DeleteFunc(tokens, func(token string) bool { return more[token] != 1 })
}

// firstImage returns how many pictures a conversation has, and where the first is.
func (c *Conversation) firstImage() (n, message, part int) {
	for i := range c.Messages {
		for j, p := range c.Messages[i].Content {
			if p.Image == nil {
				continue
			}
			if n == 0 {
				message, part = i, j
			}
			n++
		}
	}
	return n, message, part
}

// checkImages returns an error if there are pictures and no place for them.
func (t *Template) checkImages(c *Conversation) error {
	if n, message, part := c.firstImage(); n > 0 && t.image == "" {
		return fmt.Errorf("%w: message %d, part %d: the chat template has no place for images", ErrImage, message, part)
	}
	return nil
}

// images are the places of the pictures in what a template wrote of c: the
// bytes of its token for one, outside of what came from the conversation.
func (t *Template) images(c *Conversation, out rendered) ([][2]int, error) {
	n, message, part := c.firstImage()
	if n == 0 {
		return nil, nil
	}
	var places [][2]int
	from := 0
	for _, m := range append(slices.Clone(out.Marks), jinja.Mark{From: len(out.Text), To: len(out.Text)}) {
		for {
			i := strings.Index(out.Text[from:m.From], t.image)
			if i < 0 {
				break
			}
			places = append(places, [2]int{from + i, from + i + len(t.image)})
			from += i + len(t.image)
		}
		from = m.To
	}
	if len(places) != n {
		return nil, fmt.Errorf("%w: message %d, part %d: the chat template writes %s %d times for %d images",
			ErrImage, message, part, t.image, len(places), n)
	}
	return places, nil
}
