package preference

import (
	"strings"

	"github.com/polymath-lm/polymath/chat"
)

// The turns of a transcript begin so (Bai et al., arXiv:2204.05862).
const (
	humanTurn     = "\n\nHuman:"
	assistantTurn = "\n\nAssistant:"
)

// isTranscript reports whether a text is a transcript. A single turn may be called
// one where an empty line is before it.
func isTranscript(text string) bool {
	return strings.HasPrefix(text, humanTurn) || strings.HasPrefix(text, assistantTurn) ||
		strings.HasPrefix(text, humanTurn[2:]) && strings.Contains(text, assistantTurn)
}

// readTranscript divides a transcript into messages, without the white space around
// them. A last turn of the assistant that is empty is one that has not begun: open
// tells of it, and it is left out.
func readTranscript(text string) (messages []chat.Message, open bool) {
	text = "\n\n" + strings.TrimLeft(text, "\n")
	for text != "" {
		role, name := chat.User, humanTurn
		if strings.HasPrefix(text, assistantTurn) {
			role, name = chat.Assistant, assistantTurn
		}
		text = text[len(name):]
		end := len(text)
		for _, next := range []string{humanTurn, assistantTurn} {
			if i := strings.Index(text, next); i >= 0 && i < end {
				end = i
			}
		}
		messages = append(messages, chat.Text(role, strings.TrimSpace(text[:end])))
		text = text[end:]
	}
	last := &messages[len(messages)-1]
	if last.Role == chat.Assistant && textOf(last) == "" {
		return messages[:len(messages)-1], true
	}
	return messages, false
}
