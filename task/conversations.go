package task

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/dialogue"
)

// taught is an item as train/conversation reads it. Rows of one group are on one side of
// a split.
type taught struct {
	ID       string          `json:"id"`
	Group    string          `json:"group"`
	Messages []taughtMessage `json:"messages"`
}

type taughtMessage struct {
	Role    chat.Role `json:"role"`
	Content any       `json:"content"` // a text, or parts as OpenAI's API has them
}

type taughtPart struct {
	Type  string      `json:"type"` // text or image_url
	Text  string      `json:"text,omitempty"`
	Image *taughtLink `json:"image_url,omitempty"`
}

type taughtLink struct {
	URL string `json:"url"` // data:, or a path relative to the rows' directory
}

// WriteConversations writes items with their first accepted answer as conversations to
// learn from, one a line as JSON, into a file in dir: what Item.Conversation says, with
// pictures by path. Errors name the item that has no answer or several turns.
func WriteConversations(w io.Writer, items []Item, dir string) error {
	return dialogue.Lines(w, func(add func(any) error) error {
		for i := range items {
			row, err := items[i].taught(dir)
			if err != nil {
				return fmt.Errorf("%s, item %s: %w", items[i].Task, items[i].ID, err)
			}
			if err := add(row); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Item) taught(dir string) (*taught, error) {
	switch {
	case len(i.Answers) == 0:
		return nil, errors.New("it has no answer")
	case len(i.Turns) > 0:
		return nil, errors.New("it is a talk of several turns")
	}
	c, err := i.conversation(func(path string) (string, error) { return relative(dir, path) })
	if err != nil {
		return nil, err
	}
	row := &taught{ID: i.ID, Group: i.Cluster}
	for _, m := range append(c.Messages, chat.Text(chat.Assistant, i.Answers[0])) {
		row.Messages = append(row.Messages, taughtMessage{m.Role, taughtContent(m.Content)})
	}
	return row, nil
}

func taughtContent(parts []chat.Part) any {
	if len(parts) == 1 && parts[0].Image == nil {
		return parts[0].Text
	}
	list := make([]taughtPart, len(parts))
	for i, p := range parts {
		list[i] = taughtPart{Type: "text", Text: p.Text}
		if p.Image != nil {
			list[i] = taughtPart{Type: "image_url", Image: &taughtLink{p.Image.URL}}
		}
	}
	return list
}

// relative is the path of a picture as seen from dir; a data: URL stays.
func relative(dir, path string) (string, error) {
	if isDataURL(path) {
		return path, nil
	}
	from, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	path, err = filepath.Rel(from, to)
	return filepath.ToSlash(path), err
}
