package endpoint

import (
	"slices"

	"github.com/polymath-lm/polymath/chat"
)

// shorter leaves out of a conversation its first solved example, if it has one, or an
// eighth of the last message's text; false if there is nothing to leave out. The system
// message stays, and c is not changed.
func shorter(c chat.Conversation) (chat.Conversation, bool) {
	first := 0
	if len(c.Messages) > 0 && (c.Messages[0].Role == chat.System || c.Messages[0].Role == chat.Developer) {
		first = 1
	}
	messages := slices.Clone(c.Messages)
	if len(messages)-first > 2 {
		c.Messages = slices.Delete(messages, first, first+2)
		return c, true
	}
	if len(messages) == first {
		return c, false
	}
	last := &messages[len(messages)-1]
	last.Content = slices.Clone(last.Content)
	for i := range last.Content {
		if p := &last.Content[i]; p.Image == nil && p.Text != "" {
			p.Text = p.Text[further(p.Text, 0):]
			c.Messages = messages
			return c, true
		}
	}
	return c, false
}

// textBytes is the length of all texts of a conversation.
func textBytes(c chat.Conversation) (n int) {
	for _, m := range c.Messages {
		for _, p := range m.Content {
			n += len(p.Text)
		}
	}
	return n
}
