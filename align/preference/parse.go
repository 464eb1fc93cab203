package preference

import (
	"slices"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/train/conversation"
)

// judged is what an object says before its answers are apart from the prompt.
type judged struct {
	form    string
	used    []string // its keys
	answers []answer
	pairs   []Pair // of answers; of those of equal rank none
	ties    int
}

// answer is a whole conversation or what follows the prompt.
type answer struct {
	field    string
	messages []chat.Message
}

// whole reports whether the prompt is a part of it.
func (a *answer) whole() bool { return a.messages[0].Role != chat.Assistant }

// forms read objects: each returns nil for one of another form.
var forms = []func(o *conversation.Object) (*judged, error){readChosen, readDuel, readRanked}

// Parse reads one object. An error is a *conversation.FieldError.
func Parse(data []byte) (*Comparison, error) {
	switch {
	case len(data) > maxObject:
		return nil, bad("", "it has %d bytes, %d are allowed", len(data), maxObject)
	case !utf8.Valid(data):
		return nil, bad("", "it is not UTF-8: save the file as that")
	}
	o, err := conversation.ParseObject("", data)
	if err != nil {
		return nil, err
	}
	for _, read := range forms {
		j, err := read(&o)
		if err != nil {
			return nil, err
		}
		if j != nil {
			return j.compare(&o)
		}
	}
	if o.Has("label") || o.Has("kto_tag") {
		return nil, bad("", "it is one answer with a label, and a comparison needs two: give chosen and rejected")
	}
	return nil, bad("", "it has none of chosen and rejected, two responses with what is better, and answers with ranking, ranks or scores")
}

// compare takes the answers apart from the prompt.
func (j *judged) compare(o *conversation.Object) (*Comparison, error) {
	prompt, used, err := ReadPrompt(o)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Prompt: prompt, Form: j.form, Ties: j.ties}
	if err := j.divide(c); err != nil {
		return nil, err
	}
	used = append(append(used, "group"), j.used...)
	for _, key := range o.Keys() {
		if !slices.Contains(used, key) {
			c.Ignored = append(c.Ignored, key)
		}
	}
	if len(c.Answers) == 0 { // all are the same, and the prompt is not known
		return c, nil
	}
	if err := checkPrompt(&c.Prompt); err != nil {
		return nil, err
	}
	group, err := o.Text("group", true)
	if err != nil {
		return nil, err
	}
	c.Group = Group(&c.Prompt, group)
	return c, nil
}

// divide finds the answers that are different, and the prompt if it is what they
// begin with.
func (j *judged) divide(c *Comparison) error {
	number, distinct := j.distinct()
	for _, p := range j.pairs {
		if p.Better, p.Worse = number[p.Better], number[p.Worse]; p.Better == p.Worse {
			c.Identical++
			continue
		}
		c.Pairs = append(c.Pairs, p)
	}
	if len(distinct) < 2 {
		c.Pairs = nil
		return nil
	}
	for _, a := range distinct {
		if a.whole() != distinct[0].whole() {
			return bad(a.field, "it begins as a whole conversation, or the others do: give all of them with the prompt, or none")
		}
	}
	prefix := 0
	if distinct[0].whole() {
		prefix = common(distinct)
		system := c.Prompt.Messages
		c.Prompt.Messages = distinct[0].messages[:prefix:prefix]
		if len(system) > 0 && system[0].Role == chat.System && prefix > 0 && c.Prompt.Messages[0].Role != chat.System {
			c.Prompt.Messages = append([]chat.Message{system[0]}, c.Prompt.Messages...)
		}
	}
	for _, a := range distinct {
		tail := a.messages[prefix:]
		switch {
		case len(tail) == 0:
			return bad(a.field, "it is the beginning of another answer, so there is nothing to compare")
		case tail[0].Role != chat.Assistant:
			return bad(a.field, "the answers are to different prompts: they differ first in what the %s says", tail[0].Role)
		case tail[len(tail)-1].Role != chat.Assistant:
			return bad(a.field, "it does not end with the assistant's words")
		}
		if err := noPictures(a.field, tail); err != nil {
			return err
		}
		c.Answers = append(c.Answers, tail)
	}
	return nil
}

// distinct returns the answers that say different things, and for each answer which
// of those it is.
func (j *judged) distinct() (number []int, list []answer) {
	seen := map[key]int{}
	for _, a := range j.answers {
		k := keyOf(a.messages, nil)
		n, ok := seen[k]
		if !ok {
			n = len(list)
			seen[k], list = n, append(list, a)
		}
		number = append(number, n)
	}
	return number, list
}

// common is the number of messages that all conversations begin with.
func common(list []answer) int {
	for n := 0; ; n++ {
		for _, a := range list {
			if n == len(a.messages) || !same(&a.messages[n], &list[0].messages[n]) {
				return n
			}
		}
	}
}
