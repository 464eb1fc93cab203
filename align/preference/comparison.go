package preference

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/shard"
)

// Limits of one object.
const (
	MaxAnswers = 64       // of one prompt
	maxObject  = 16 << 20 // bytes
)

// Comparison is answers to one prompt, and which of them are better than which.
type Comparison struct {
	// Prompt is what all answers go on from; it never ends with the assistant's words.
	Prompt chat.Conversation
	// Answers begin and end with the assistant's words. No two are the same.
	Answers []Answer
	// Pairs are of Answers, each the better one and the worse one. None is a tie.
	Pairs []Pair
	// Group is what stays together on one side of a split, as 64 hexadecimal digits: a
	// hash of the object's "group", or else of the prompt up to its first message of
	// the user, because the turns of one conversation are prompts of each other.
	Group string
	// Form is the key that told the form, and Ignored are the keys that have no
	// meaning here, sorted.
	Form    string
	Ignored []string
	// Ties and Identical count the pairs that were left out: of equal rank, and of
	// the same words.
	Ties, Identical int
	// Where is the place of the object, as "file:line: "; "" where it has none.
	Where string
}

// Answer is what the assistant said: one message, or several with the results of
// tools and words of the user between.
type Answer []chat.Message

// Pair is two answers of a Comparison, by their numbers.
type Pair struct {
	Better, Worse int
	// Margin is by how much Better is better, as the data says; 0: it does not say.
	Margin float64
	// Gap is the difference of the scores that the data gives the answers; 0: it gives
	// none.
	Gap float64
}

// key is the hash of messages by what they say: IDs of calls do not count.
type key [sha256.Size]byte

func keyOf(messages []chat.Message, tools []chat.Tool) (k key) {
	h := sha256.New()
	for i := range messages {
		m := &messages[i]
		fmt.Fprintf(h, "%q %q %q\n", m.Role, m.Name, textOf(m))
		for _, c := range m.ToolCalls {
			fmt.Fprintf(h, " %q %q\n", c.Name, c.Arguments)
		}
	}
	for _, t := range tools {
		fmt.Fprintf(h, "tool %q %q %q\n", t.Name, t.Description, t.Parameters)
	}
	h.Sum(k[:0])
	return k
}

func textOf(m *chat.Message) (text string) {
	for _, p := range m.Content {
		text += p.Text
	}
	return text
}

// same reports whether two messages say the same.
func same(a, b *chat.Message) bool {
	return a.Role == b.Role && a.Name == b.Name && textOf(a) == textOf(b) &&
		slices.EqualFunc(a.ToolCalls, b.ToolCalls, func(x, y chat.ToolCall) bool {
			return x.Name == y.Name && x.Arguments == y.Arguments
		})
}

// Group names what a prompt shares with those that must be on its side of a split, as
// 64 hexadecimal digits: a hash of name, which data may give as "group", or where that is
// empty of the prompt up to its first message of the user, so that all prompts of one
// dialogue are together.
func Group(c *chat.Conversation, name string) string {
	if name != "" {
		sum := sha256.Sum256([]byte(name))
		return hex.EncodeToString(sum[:])
	}
	first := slices.IndexFunc(c.Messages, func(m chat.Message) bool { return m.Role == chat.User })
	k := keyOf(c.Messages[:first+1], c.Tools)
	if first < 0 {
		k = keyOf(c.Messages, c.Tools)
	}
	return hex.EncodeToString(k[:])
}

// HeldOut reports whether a share, from 0 to 1, of all groups has this one: a
// function of the group alone. A larger share has all groups of a smaller one.
func (c *Comparison) HeldOut(share float64) bool { return heldOut(c.Group, share) }

func heldOut(group string, share float64) bool {
	var id shard.ID
	_, _ = hex.Decode(id[:], []byte(group)[:2*len(id)]) // it is our own
	return shard.HeldOut(id, share)
}
