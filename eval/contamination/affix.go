package contamination

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/task"
)

// affixes are what prompts have in common: bytes at the beginning and at the end,
// up to the border of a word.
type affixes struct {
	before, after string
}

// commonOf finds them for each section. A section of one item has none.
func commonOf(items []task.Item) map[string]affixes {
	common, seen := map[string]affixes{}, map[string]int{}
	for i := range items {
		section, prompt := items[i].Section, items[i].Prompt
		c := common[section]
		if seen[section] == 0 {
			c = affixes{prompt, prompt}
		} else {
			c.before = c.before[:sharedBytes(c.before, prompt)]
			c.after = c.after[len(c.after)-sharedEnd(c.after, prompt):]
		}
		common[section] = c
		seen[section]++
	}
	for section, c := range common {
		if seen[section] == 1 {
			c = affixes{}
		}
		common[section] = affixes{
			before: c.before[:strings.LastIndexFunc(c.before, unicode.IsSpace)+1],
			after:  c.after[max(0, afterSpace(c.after)):],
		}
	}
	return common
}

// afterSpace is where the first whole word of an end begins.
func afterSpace(end string) int {
	at := strings.IndexFunc(end, unicode.IsSpace)
	if at < 0 {
		return len(end)
	}
	_, size := utf8.DecodeRuneInString(end[at:])
	return at + size
}

func sharedBytes(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func sharedEnd(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[len(a)-1-i] != b[len(b)-1-i] {
			return i
		}
	}
	return n
}

// cut takes what is common off a prompt.
func (c affixes) cut(prompt string) string {
	rest := strings.TrimPrefix(prompt, c.before)
	return strings.TrimSuffix(rest, c.after)
}
