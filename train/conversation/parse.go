package conversation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/chat"
)

// Example is one object of a file: a conversation, or a text of which the
// prompt is given and the rest is learned. Where there is a picture a part has an
// Image, of which all fields are empty; Pictures are those, in order.
type Example struct {
	Conversation chat.Conversation
	Plain        bool // Prompt and Text stand instead of Conversation
	Prompt, Text []chat.Part
	Pictures     []*Picture
	Group        string   // what belongs together is on one side of a split
	Form         string   // the key that told the form, such as "messages"
	Ignored      []string // keys that have no meaning here

	named map[*chat.Image]*Picture // what parts name, nil if nothing; while parsing
	lost  error                    // a key that seems to name pictures and does not
}

// FieldError is what is wrong with an object.
type FieldError struct {
	Field   string // such as "messages[2].role", "" for the whole
	Problem string
}

// Error is the field and the problem.
func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

func bad(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// object is a JSON object by key, and its path in errors.
type object struct {
	path   string
	fields map[string]json.RawMessage
}

func parseObject(path string, data []byte) (object, error) {
	o := object{path: path}
	if err := json.Unmarshal(data, &o.fields); err != nil || o.fields == nil {
		if err != nil && json.Valid(data) || err == nil {
			return o, bad(path, "it is %s, not an object", kindOf(data))
		}
		return o, bad(path, "it is no JSON: %v", err)
	}
	return o, nil
}

// kindOf names what a JSON text is.
func kindOf(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "empty"
	}
	switch data[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 'n':
		return "null"
	case 't', 'f':
		return "true or false"
	}
	return "a number"
}

func (o *object) at(key string) string {
	if o.path == "" {
		return key
	}
	return o.path + "." + key
}

// has reports whether a key is there and not null.
func (o *object) has(key string) bool {
	v, ok := o.fields[key]
	return ok && string(v) != "null"
}

// text returns a text; one that is missing or null is an error unless optional.
func (o *object) text(key string, optional bool) (string, error) {
	if !o.has(key) {
		if optional {
			return "", nil
		}
		return "", bad(o.at(key), "it is missing")
	}
	var s string
	if err := json.Unmarshal(o.fields[key], &s); err != nil {
		return "", bad(o.at(key), "it is %s, not a text", kindOf(o.fields[key]))
	}
	return s, nil
}

// list returns the elements of a list; it may be empty.
func (o *object) list(key string) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(o.fields[key], &list); err != nil {
		return nil, bad(o.at(key), "it is %s, not a list", kindOf(o.fields[key]))
	}
	return list, nil
}

// forms are the keys that tell the form, the first of them that is there.
var forms = []struct {
	key  string
	read func(o *object, e *Example) error
	uses []string
}{
	{"messages", readMessages, []string{"tools"}},
	{"conversations", readShareGPT, []string{"system", "tools"}},
	{"instruction", readAlpaca, []string{"input", "context", "output", "response", "system"}},
	{"completion", readCompletion, []string{"prompt"}},
	{"text", readText, nil},
}

// Parse reads one object. Bytes that are no UTF-8 are an error: decoded, they
// would be learned as the character U+FFFD.
func Parse(data []byte) (*Example, error) {
	if !utf8.Valid(data) {
		return nil, bad("", "it is not UTF-8: save the file as that")
	}
	o, err := parseObject("", data)
	if err != nil {
		return nil, err
	}
	for _, form := range forms {
		if !o.has(form.key) {
			continue
		}
		e := &Example{Form: form.key}
		if err := form.read(&o, e); err != nil {
			return nil, err
		}
		known := append([]string{form.key, "image", "images"}, form.uses...)
		if kindOf(o.fields["group"]) == "a text" {
			if e.Group, err = o.text("group", false); err != nil {
				return nil, err
			}
			known = append(known, "group")
		}
		for key := range o.fields {
			if !slices.Contains(known, key) {
				e.Ignored = append(e.Ignored, key)
			}
		}
		slices.Sort(e.Ignored)
		if !e.Plain && !hasAnswer(e.Conversation.Messages) {
			return nil, bad(form.key, "no message is the assistant's, so there is nothing to learn")
		}
		images, err := readImages(&o)
		if err != nil {
			return nil, err
		}
		if err := e.place(images); err != nil {
			return nil, err
		}
		e.lost = e.misspelled(&o)
		return e, nil
	}
	return nil, bad("", "it has none of messages, conversations, instruction, completion and text")
}

func hasAnswer(messages []chat.Message) bool {
	return slices.ContainsFunc(messages, func(m chat.Message) bool { return m.Role == chat.Assistant })
}

func readText(o *object, e *Example) (err error) {
	e.Plain = true
	e.Text, err = o.plain("text")
	return err
}

// plain returns a text as its only part; one that is missing or empty is an error.
func (o *object) plain(key string) ([]chat.Part, error) {
	text, err := o.text(key, false)
	if err == nil && text == "" {
		err = bad(o.at(key), "it is empty")
	}
	return []chat.Part{{Text: text}}, err
}

func readCompletion(o *object, e *Example) (err error) {
	e.Plain = true
	prompt, err := o.text("prompt", false)
	if err != nil {
		return err
	}
	e.Prompt = []chat.Part{{Text: prompt}}
	e.Text, err = o.plain("completion")
	return err
}

// either is other where only that is there, as Dolly names things, else key.
func (o *object) either(key, other string) string {
	if !o.has(key) && o.has(other) {
		return other
	}
	return key
}

func readAlpaca(o *object, e *Example) error {
	var texts [4]string
	for i, key := range []string{"system", "instruction", o.either("input", "context"), o.either("output", "response")} {
		var err error
		if texts[i], err = o.text(key, i == 0 || i == 2); err != nil {
			return err
		}
	}
	system, question, input, answer := texts[0], texts[1], texts[2], texts[3]
	if answer == "" {
		return bad("output", "it is empty")
	}
	if system != "" {
		e.Conversation.Messages = append(e.Conversation.Messages, chat.Text(chat.System, system))
	}
	if input != "" {
		question = strings.TrimRight(question, "\n") + "\n\n" + input
	}
	e.Conversation.Messages = append(e.Conversation.Messages, chat.Text(chat.User, question), chat.Text(chat.Assistant, answer))
	return nil
}
