// Package dialogue is conversations and comparisons of answers as those who make data
// write them: JSON lines in the forms that train/conversation and align/preference read.
package dialogue

import (
	"bufio"
	"encoding/json"
	"io"
)

// Message is one of a conversation, as OpenAI's API has it.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// System returns a message of the role system.
func System(text string) Message { return Message{"system", text} }

// User returns a message of the role user.
func User(text string) Message { return Message{"user", text} }

// Assistant returns a message of the role assistant.
func Assistant(text string) Message { return Message{"assistant", text} }

// Conversation is a row to fine-tune on. Rows with more fields embed it.
type Conversation struct {
	Messages []Message `json:"messages"`
}

// Preference has two answers to one prompt. Rows with more fields embed it.
type Preference struct {
	Prompt   []Message `json:"prompt"`
	Chosen   []Message `json:"chosen"`
	Rejected []Message `json:"rejected"`
}

// Prefer returns the row in which one answer is better than another.
func Prefer(prompt []Message, chosen, rejected string) Preference {
	return Preference{prompt, []Message{Assistant(chosen)}, []Message{Assistant(rejected)}}
}

// Lines writes the rows that fill adds to w, one a line as JSON. It returns fill's error,
// or that of writing.
func Lines(w io.Writer, fill func(add func(row any) error) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false) // < and & stay as people wrote them
	if err := fill(e.Encode); err != nil {
		return err
	}
	return b.Flush()
}
