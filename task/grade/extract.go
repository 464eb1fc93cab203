package grade

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/task"
)

// extractor takes the answer out of a text.
type extractor struct {
	after   []string // in lower case
	line    bool
	pattern *regexp.Regexp
	abstain []*regexp.Regexp
}

// extracted is a text that may hold the answer.
type extracted struct {
	text string
	// found says that the file's After or Pattern found it, and not that it is the
	// whole text.
	found bool
	// ended is the verdict, if there is no answer.
	ended *task.Verdict
}

func newExtractor(e *task.Extract) (*extractor, error) {
	x := &extractor{line: e.Line}
	for _, after := range e.After {
		x.after = append(x.after, lowerASCII(after))
	}
	var err error
	if e.Pattern != "" {
		if x.pattern, err = regexp.Compile(e.Pattern); err != nil {
			return nil, fmt.Errorf("extract.pattern: %w", err)
		}
	}
	for _, pattern := range e.Abstain {
		p, err := regexp.Compile(pattern)
		if err != nil {
			return nil, fmt.Errorf("extract.abstain: %w", err)
		}
		x.abstain = append(x.abstain, p)
	}
	return x, nil
}

// of finds the answer in a text.
func (x *extractor) of(text string) extracted {
	text = strings.TrimSpace(text)
	if x.declines(text) {
		return extracted{ended: &task.Verdict{Abstained: true, Why: "declines to answer"}}
	}
	e := extracted{text: text}
	lower := lowerASCII(text)
	for _, after := range x.after {
		if at := strings.LastIndex(lower, after); at >= 0 {
			e.text, e.found = strings.TrimSpace(text[at+len(after):]), true
			break
		}
	}
	if x.line {
		e.text, _, _ = strings.Cut(e.text, "\n")
		e.text = strings.TrimSpace(e.text)
	}
	if x.pattern != nil {
		matches := x.pattern.FindAllStringSubmatch(e.text, -1)
		if len(matches) == 0 {
			e.ended = &task.Verdict{Why: "the pattern of the answer is not there"}
			return e
		}
		e.text, e.found = strings.TrimSpace(matches[len(matches)-1][1]), true
	}
	if e.text == "" {
		e.ended = &task.Verdict{Why: "no answer"}
	}
	return e
}

func (x *extractor) declines(text string) bool {
	for _, p := range x.abstain {
		if p.MatchString(text) {
			return true
		}
	}
	return false
}

// lowerASCII keeps the places of all bytes, those of bad UTF-8 too.
func lowerASCII(s string) string {
	lower := []byte(s)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return string(lower)
}
