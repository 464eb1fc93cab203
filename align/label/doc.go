// Package label lets people say which of two answers is better, on a page, and keeps
// what they say in one SQLite file.
//
// A comparison is two answers to a prompt. Who labels sees neither whose answers they
// are nor which was first: sides follow from a seed, the comparison and the labeller.
// Labellers are anonymous: a random word in their browser tells them apart, of which
// the file has the hash. Each has a queue, in an order that the seed gives, of
// comparisons that have fewer labels than are wanted and none of theirs.
//
// A label is on the disk before the next comparison is shown (write-ahead log, synced
// at each commit), and the file survives the end of the program at any moment. It must
// not lie on a network's file system, where SQLite's locks do not hold.
package label

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/dialogue"
)

// Bounds of what is kept.
const (
	MaxAnswers = 16      // of one prompt in one call of Add
	maxText    = 1 << 20 // bytes of a prompt, and of an answer
)

// Prompt is what answers are to: messages of text that do not end with the
// assistant's.
type Prompt struct {
	Messages []chat.Message
	// Kind is what a rubric knows of it, if anything.
	Kind rubric.Kind
}

// Source is who answered.
type Source struct {
	// Name is shown in summaries and exports, never on the page.
	Name string
	// Settings are what else the answers follow from, such as the temperature and
	// the hash of the weights: other settings are another source.
	Settings string
}

// Answer is an answer of a source.
type Answer struct {
	Source
	// Draw tells answers of one source to one prompt apart, from 0.
	Draw int
	Text string
}

// encode returns the prompt as it is kept, and its hash. What is no prompt of texts
// is an error.
func (p *Prompt) encode() (text string, hash [sha256.Size]byte, err error) {
	list := make([]dialogue.Message, len(p.Messages))
	for i := range p.Messages {
		m := &p.Messages[i]
		if len(m.ToolCalls) > 0 || m.Role == chat.ToolResult {
			return "", hash, errors.New("the prompt calls tools: only texts are compared")
		}
		list[i] = dialogue.Message{Role: string(m.Role)}
		for _, part := range m.Content {
			if part.Image != nil {
				return "", hash, errors.New("the prompt has a picture: only texts are compared")
			}
			list[i].Content += part.Text
		}
		if !utf8.ValidString(list[i].Content) {
			return "", hash, errors.New("the prompt is not UTF-8")
		}
	}
	if len(list) == 0 || p.Messages[len(list)-1].Role == chat.Assistant {
		return "", hash, errors.New("the prompt is empty, or ends with the assistant's words")
	}
	data, err := json.Marshal(list)
	if err != nil {
		return "", hash, err
	}
	if len(data) > maxText {
		return "", hash, fmt.Errorf("the prompt has %d bytes, %d are allowed", len(data), maxText)
	}
	return string(data), sha256.Sum256(data), nil
}

func decodeMessages(text string) ([]dialogue.Message, error) {
	var list []dialogue.Message
	err := json.Unmarshal([]byte(text), &list)
	return list, err
}

// checkAnswers is an error about what cannot be kept.
func checkAnswers(answers []Answer) error {
	if len(answers) > MaxAnswers {
		return fmt.Errorf("%d answers to one prompt, %d are allowed", len(answers), MaxAnswers)
	}
	for i := range answers {
		switch a := &answers[i]; {
		case len(a.Text) > maxText:
			return fmt.Errorf("an answer has %d bytes, %d are allowed", len(a.Text), maxText)
		case !utf8.ValidString(a.Text):
			return errors.New("an answer is not UTF-8")
		case strings.TrimSpace(a.Name) == "":
			return errors.New("nobody is named for an answer")
		}
	}
	return nil
}
