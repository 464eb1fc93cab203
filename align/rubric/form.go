package rubric

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// form draws a way to ask. Half of those for training are made of a head and acts.
func (m *material) form(r *random, split Split) form {
	if split == Test || r.below(2) == 0 {
		return pick(r, *m.Forms.of(split))
	}
	head, a := pick(r, m.Frames.Heads), &m.Frames.Acts
	asks := func(act string) string { return fill(head, "act", act) }
	return form{Harm: asks("{do}"), Stop: asks(pick(r, a.Stop)), Why: asks(pick(r, a.Why)), Story: asks(pick(r, a.Story))}
}

// dressing draws what puts words before and behind a prompt. Prompts of test have none.
func (m *material) dressing(r *random, split Split) func(prompt string) string {
	if split == Test {
		return func(prompt string) string { return prompt }
	}
	before, behind := "", ""
	if r.below(5) < 2 {
		before = pick(r, m.Frames.Before)
	}
	if r.below(5) == 0 {
		behind = pick(r, m.Frames.Behind)
	}
	return func(prompt string) string { return dressed(before, prompt, behind) }
}

// dressed joins them. Behind a comma or a colon a prompt goes on with a small letter.
func dressed(before, prompt, behind string) string {
	if strings.HasSuffix(before, ",") || strings.HasSuffix(before, ":") {
		first, size := utf8.DecodeRuneInString(prompt)
		if word, _, _ := strings.Cut(prompt, " "); word != "I" {
			prompt = string(unicode.ToLower(first)) + prompt[size:]
		}
	}
	return strings.TrimSpace(before + " " + prompt + " " + behind)
}
