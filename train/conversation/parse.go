package conversation

import (
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
	// weightless says that nothing need be learned, so weights have no meaning.
	weightless bool
	lost       error // a key that seems to name pictures and does not
}

// forms are the keys that tell the form, the first of them that is there.
var forms = []struct {
	key  string
	read func(o *Object, e *Example) error
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
	o, err := ParseObject("", data)
	if err != nil {
		return nil, err
	}
	for _, form := range forms {
		if !o.Has(form.key) {
			continue
		}
		e := &Example{Form: form.key}
		if err := form.read(&o, e); err != nil {
			return nil, err
		}
		known := append([]string{form.key, "image", "images"}, form.uses...)
		if KindOf(o.fields["group"]) == "a text" {
			if e.Group, err = o.Text("group", false); err != nil {
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

func readText(o *Object, e *Example) (err error) {
	e.Plain = true
	e.Text, err = o.plain("text")
	return err
}

// plain returns a text as its only part; one that is missing or empty is an error.
func (o *Object) plain(key string) ([]chat.Part, error) {
	text, err := o.Text(key, false)
	if err == nil && text == "" {
		err = bad(o.At(key), "it is empty")
	}
	return []chat.Part{{Text: text}}, err
}

func readCompletion(o *Object, e *Example) (err error) {
	e.Plain = true
	prompt, err := o.Text("prompt", false)
	if err != nil {
		return err
	}
	e.Prompt = []chat.Part{{Text: prompt}}
	e.Text, err = o.plain("completion")
	return err
}

// either is other where only that is there, as Dolly names things, else key.
func (o *Object) either(key, other string) string {
	if !o.Has(key) && o.Has(other) {
		return other
	}
	return key
}

func readAlpaca(o *Object, e *Example) error {
	var texts [4]string
	for i, key := range []string{"system", "instruction", o.either("input", "context"), o.either("output", "response")} {
		var err error
		if texts[i], err = o.Text(key, i == 0 || i == 2); err != nil {
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
