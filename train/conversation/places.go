package conversation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/spelling"
)

// placeholder stands in texts for the next of the object's images.
const placeholder = "<image>"

// readImages reads image and images, the pictures of the whole object.
func readImages(o *Object) (list []*Picture, err error) {
	for _, key := range []string{"image", "images"} {
		if !o.Has(key) {
			continue
		}
		values, paths := []json.RawMessage{o.fields[key]}, []string{key}
		if KindOf(o.fields[key]) == "a list" {
			if values, err = o.List(key); err != nil {
				return nil, err
			}
			paths = nil
			for i := range values {
				paths = append(paths, fmt.Sprintf("%s[%d]", key, i))
			}
		}
		for i, value := range values {
			p, err := readPicture(o.At(paths[i]), value)
			if err != nil {
				return nil, err
			}
			list = append(list, p)
		}
	}
	return list, nil
}

// place puts the pictures where they belong: those of the object at the parts of
// type image that name none; if there are none, at each <image> in a text of the
// user or a tool, or in a text that is no conversation; if there is none either,
// before the first text. There must be as many pictures as places.
func (e *Example) place(list []*Picture) error {
	unnamed := func(i *chat.Image) bool { return e.named[i] == nil }
	places := e.count(unnamed)
	if places == 0 && len(list) > 0 {
		if !e.splitTexts() {
			e.putFirst(len(list))
		}
		places = e.count(unnamed)
	}
	if places != len(list) {
		return bad("images", "there are %d pictures, and places for %d: parts of type image, or %s in the texts", len(list), places, placeholder)
	}
	next := 0
	e.count(func(i *chat.Image) bool {
		p := e.named[i]
		if p == nil {
			p = list[next]
			next++
		}
		e.Pictures = append(e.Pictures, p)
		return true
	})
	e.named = nil
	if n := len(e.Pictures); n > maxPictures {
		return bad(e.Pictures[maxPictures].Field, "it is one of %d pictures, and an object may have %d", n, maxPictures)
	}
	return nil
}

// texts are the lists of parts of an example.
func (e *Example) texts() (lists []*[]chat.Part) {
	if e.Plain {
		return []*[]chat.Part{&e.Prompt, &e.Text}
	}
	for i := range e.Conversation.Messages {
		lists = append(lists, &e.Conversation.Messages[i].Content)
	}
	return lists
}

// count counts the images that fit, in order.
func (e *Example) count(fits func(*chat.Image) bool) (n int) {
	for _, list := range e.texts() {
		for _, p := range *list {
			if p.Image != nil && fits(p.Image) {
				n++
			}
		}
	}
	return n
}

// splitTexts makes parts of the placeholders in the texts, if there are any.
func (e *Example) splitTexts() (found bool) {
	for i, list := range e.texts() {
		if !e.Plain {
			if role := e.Conversation.Messages[i].Role; role != chat.User && role != chat.ToolResult {
				continue
			}
		}
		var parts []chat.Part
		for _, p := range *list {
			if p.Image != nil || !strings.Contains(p.Text, placeholder) {
				parts = append(parts, p)
				continue
			}
			pieces := strings.Split(p.Text, placeholder)
			found = true
			for k, text := range pieces {
				if k > 0 {
					parts = append(parts, chat.Part{Image: &chat.Image{}})
				}
				if !e.Plain { // templates put something between a picture and a text
					text = trimAround(text, k > 0, k < len(pieces)-1)
				}
				if text != "" {
					parts = append(parts, chat.Part{Text: text})
				}
			}
		}
		*list = parts
	}
	return found
}

// misspelled tells of a conversation that has a place for a picture, none that is
// named, and a key without a meaning that is nearly image or images.
func (e *Example) misspelled(o *Object) error {
	if e.Form != "messages" && e.Form != "conversations" || len(e.Pictures) > 0 {
		return nil
	}
	if !slices.ContainsFunc(e.Conversation.Messages, func(m chat.Message) bool {
		return m.Role == chat.User && slices.ContainsFunc(m.Content, func(p chat.Part) bool { return strings.Contains(p.Text, placeholder) })
	}) {
		return nil
	}
	for _, key := range e.Ignored {
		meant := "image"
		if KindOf(o.fields[key]) == "a list" {
			meant = "images"
		}
		if o.Has(key) && min(spelling.Distance(key, "image"), spelling.Distance(key, "images")) <= 2 {
			return bad(visible(key), "did you mean %s? A text has %s, and no picture is named", meant, placeholder)
		}
	}
	return nil
}

// trimAround removes the newline by which a text is apart from a picture before
// or after it.
func trimAround(text string, before, after bool) string {
	if before {
		text = strings.TrimPrefix(text, "\n")
	}
	if after {
		text = strings.TrimSuffix(text, "\n")
	}
	return text
}

// putFirst puts n pictures before the first text of the user.
func (e *Example) putFirst(n int) {
	for i, list := range e.texts() {
		if !e.Plain && e.Conversation.Messages[i].Role != chat.User || e.Plain && len(*list) == 0 {
			continue
		}
		var parts []chat.Part
		for range n {
			parts = append(parts, chat.Part{Image: &chat.Image{}})
		}
		*list = append(parts, *list...)
		return
	}
}
