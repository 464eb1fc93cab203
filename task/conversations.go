package task

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

// taught is an item as train/conversation reads it. Rows of one group are on one side of
// a split.
type taught struct {
	ID       string `json:"id"`
	Group    string `json:"group"`
	Messages []any  `json:"messages"`
}

// seen is a message with pictures before its text, in parts as OpenAI's API has them.
type seen struct {
	Role    string `json:"role"`
	Content []any  `json:"content"`
}

type textPart struct {
	Type string `json:"type"` // text
	Text string `json:"text"`
}

type imagePart struct {
	Type string `json:"type"`           // image
	Path string `json:"path,omitempty"` // of a file, relative to the directory of the rows
	URL  string `json:"url,omitempty"`  // data:
}

// WriteConversations writes items with their first accepted answer as conversations to
// learn from, one a line as JSON, into a file in dir. It is for tasks of MethodGenerate
// with one turn; errors name the item that has no answer or more turns.
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
		return nil, fmt.Errorf("it has no answer")
	case len(i.Turns) > 0:
		return nil, fmt.Errorf("it is a talk of several turns")
	}
	row := &taught{ID: i.ID, Group: i.Cluster}
	if i.System != "" {
		row.Messages = append(row.Messages, dialogue.System(i.System))
	}
	question, err := i.question(dir)
	if err != nil {
		return nil, err
	}
	row.Messages = append(row.Messages, question, dialogue.Assistant(i.Answers[0]))
	return row, nil
}

// question is what the user says.
func (i *Item) question(dir string) (any, error) {
	if len(i.Images) == 0 {
		return dialogue.User(i.Prompt), nil
	}
	m := seen{Role: "user"}
	for _, name := range i.Images {
		part := imagePart{Type: "image", URL: name}
		if !isDataURL(name) {
			path, err := relative(dir, name)
			if err != nil {
				return nil, err
			}
			part.Path, part.URL = path, ""
		}
		m.Content = append(m.Content, part)
	}
	m.Content = append(m.Content, textPart{"text", i.Prompt})
	return m, nil
}

// relative is a path as seen from dir.
func relative(dir, path string) (string, error) {
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
