package chat

import (
	"regexp"
	"slices"
	"strings"
)

// shape is the markup around an answer, as small conversations showed it.
type shape struct {
	leads []string // between a user's or a tool's last byte and an answer's first
	begin string   // what asking for an answer adds to a conversation
	end   string   // the token that ends an answer; empty if none was seen
}

// maxBegin is the longest beginning of an answer that is learned, in bytes: lead
// looks for all of its parts.
const maxBegin = 1024

// tokenLike matches what looks like a special token.
var tokenLike = regexp.MustCompile(`<[^<>\s]{1,64}>|\[/?[A-Z][A-Z_]{1,32}\]`)

// findShape renders small conversations to learn a template's shape. What it
// refuses is left out.
func (t *Template) findShape() shape {
	var s shape
	user, answer := Text(User, "u"), Text(Assistant, "a")
	call := Message{Role: Assistant, ToolCalls: []ToolCall{{ID: "abcdefghi", Name: "f", Arguments: "{}"}}}
	result := Message{Role: ToolResult, Content: []Part{{Text: "r"}}, ToolCallID: "abcdefghi"}
	tools := []Tool{{Name: "f", Description: "d"}}

	for _, c := range []Conversation{
		{Messages: []Message{user}},
		{Messages: []Message{user, call, result}, Tools: tools},
	} {
		if out, err := t.probe(&c, true); err == nil {
			if i := out.lastByte(len(c.Messages) - 1); i >= 0 && i < len(out.Text) {
				s.leads = append(s.leads, out.Text[i:])
			}
			if without, err := t.probe(&c, false); err == nil && s.begin == "" {
				if begin, ok := strings.CutPrefix(out.Text, without.Text); ok && len(begin) <= maxBegin {
					s.begin = begin
				}
			}
		}
	}
	for _, c := range []Conversation{
		{Messages: []Message{user, answer}},
		{Messages: []Message{user, answer, user}},
	} {
		if out, err := t.probe(&c, false); err == nil && s.end == "" && out.lastByte(1) >= 0 {
			s.end = tokenLike.FindString(out.after(out.lastByte(1)))
		}
	}
	return s
}

// knownEnds are tokens by which models end an answer in certain cases only, so
// that a probe does not see them.
var knownEnds = []string{"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|call|>", "<|end_of_turn|>", "<end_of_turn>"}

// findStops lists what ends an answer.
func findStops(source, end, eos string) []string {
	var stops []string
	add := func(s string) {
		if s != "" && !slices.Contains(stops, s) {
			stops = append(stops, s)
		}
	}
	add(end)
	for _, s := range knownEnds {
		if strings.Contains(source, s) {
			add(s)
		}
	}
	add(eos)
	return stops
}

// loss returns the bytes that are the assistant's own, ascending.
func (t *Template) loss(c *Conversation, out rendered) [][2]int {
	if len(out.Generated) > 0 {
		return out.Generated
	}
	var ranges [][2]int
	for i := 0; i < len(out.Marks); i++ {
		k := out.Marks[i].Source
		if k < 0 || c.Messages[k].Role != Assistant {
			continue
		}
		previous := 0
		if i > 0 {
			previous = out.Marks[i-1].To
		}
		// The marks of one message that no other interrupts are one answer.
		first := out.Marks[i].From
		for i+1 < len(out.Marks) && out.Marks[i+1].Source == k {
			i++
		}
		from := first - t.shape.lead(out.Text[previous:first])
		to := out.Marks[i].To
		to += t.endOfTurn(out.after(to))
		ranges = append(ranges, [2]int{from, to})
	}
	return ranges
}

// lead returns how many bytes at the end of markup, what stands between another
// message and the first byte of an answer, belong to the answer: the beginning
// of a call.
func (s shape) lead(markup string) int {
	for _, lead := range s.leads {
		if strings.HasPrefix(markup, lead) {
			return len(markup) - len(lead)
		}
	}
	// The prompt may say more than the history, such as that thoughts begin.
	for begin := s.begin; begin != ""; {
		if i := strings.LastIndex(markup, begin); i >= 0 {
			return len(markup) - i - len(begin)
		}
		begin = strings.TrimRight(begin, "\n")
		begin = begin[:strings.LastIndexAny(begin[:max(len(begin)-1, 0)], ">]\n")+1]
	}
	return 0
}

// endOfTurn returns how many bytes of markup after an answer are its end.
func (t *Template) endOfTurn(markup string) int {
	n := 0
	for _, stop := range t.stops {
		if i := strings.Index(markup, stop); i >= 0 && (n == 0 || i+len(stop) < n) {
			n = i + len(stop)
		}
	}
	return n
}
