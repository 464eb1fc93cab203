package task

import (
	"errors"
	"fmt"
	"strings"

	"github.com/polymath-lm/polymath/chat"
)

// Preface is what a base model reads before the prompt, or before a context: the
// lead and the shots, each with the separator behind it.
func (i *Item) Preface() string {
	var b strings.Builder
	if i.Lead != "" {
		b.WriteString(i.Lead + i.Separator)
	}
	for _, shot := range i.Shots {
		b.WriteString(shot.Prompt + i.Before + shot.Answer + i.Separator)
	}
	return b.String()
}

// Text is what a base model reads: Preface and Prompt. A choice or an answer
// follows behind Before.
func (i *Item) Text() string { return i.Preface() + i.Prompt }

// Conversation is what a chat model reads: System; the shots, as turns of user and
// assistant; and as the last message the images and the prompt. Lead stands before
// the first prompt, with Separator behind it. Turns are for the caller to add.
// Errors are about images that cannot be read any more, and items without a
// prompt.
func (i *Item) Conversation() (chat.Conversation, error) { return i.conversation(dataURL) }

// conversation is Conversation, with the URL that link makes of an image's path.
func (i *Item) conversation(link func(path string) (string, error)) (chat.Conversation, error) {
	if i.Prompt == "" && len(i.Images) == 0 {
		return chat.Conversation{}, errors.New("the item " + i.ID + " has no prompt")
	}
	var c chat.Conversation
	if i.System != "" {
		c.Messages = append(c.Messages, chat.Text(chat.System, i.System))
	}
	lead := i.Lead
	if lead != "" {
		lead += i.Separator
	}
	for _, shot := range i.Shots {
		c.Messages = append(c.Messages, chat.Text(chat.User, lead+shot.Prompt), chat.Text(chat.Assistant, shot.Answer))
		lead = ""
	}
	last := chat.Message{Role: chat.User}
	for _, path := range i.Images {
		url, err := link(path)
		if err != nil {
			return chat.Conversation{}, fmt.Errorf("the item %s: %w", i.ID, err)
		}
		last.Content = append(last.Content, chat.Part{Image: &chat.Image{URL: url}})
	}
	if text := lead + i.Prompt; text != "" {
		last.Content = append(last.Content, chat.Part{Text: text})
	}
	c.Messages = append(c.Messages, last)
	return c, nil
}

// Guess is the score of one who guesses, 0 to 1: Chance if the task says it, else
// one half of pairs and, where the method is one of choices, the mean of one over
// their number; else 0.
func (t *Task) Guess(items []Item) float64 {
	switch {
	case t.Chance > 0:
		return t.Chance
	case t.Method == MethodPair:
		return 0.5
	case t.Method != MethodChoice && t.Method != MethodExplain || len(items) == 0:
		return 0
	}
	sum := 0.0
	for i := range items {
		sum += 1 / float64(max(1, len(items[i].options())))
	}
	return sum / float64(len(items))
}
