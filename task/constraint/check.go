package constraint

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// check is Check of one constraint of a list.
func check(list []Constraint, i int, answer string) (ok bool, why string) {
	return list[i].Check(readable(list, i, answer))
}

// readable is an answer as one constraint of a list reads it. Beside JSON the others
// read its escapes as what they stand for: a word is there however it is spelled.
func readable(list []Constraint, i int, answer string) string {
	isJSON := func(c Constraint) bool { return c.Kind == JSON }
	if list[i].Kind == JSON || !slices.ContainsFunc(list, isJSON) {
		return answer
	}
	return jsonEscape.ReplaceAllStringFunc(answer, func(escape string) string {
		var text string
		if json.Unmarshal([]byte(`"`+escape+`"`), &text) != nil {
			return escape
		}
		return text
	})
}

// jsonEscape is an escape of JSON's strings, or two of a character outside the first
// plane.
var jsonEscape = regexp.MustCompile(`(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt]`)

// Check reports whether an answer meets the constraint, and why not. White space around
// the answer does not count; an empty answer meets nothing. The constraint is one that
// Validate accepts.
func (c *Constraint) Check(answer string) (ok bool, why string) {
	answer = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(answer, "\r\n", "\n"), "\uFFFD"))
	if answer == "" {
		return false, "the answer is empty"
	}
	if needed[c.Kind].quantity {
		count := c.count(answer)
		return because(c.holds(count), "there are %d, not %s", count, c.quantity())
	}
	switch c.Kind {
	case Include:
		return c.checkInclude(answer)
	case Avoid:
		return c.checkAvoid(answer)
	case Order:
		return c.checkOrder(answer)
	case FirstWord, LastWord, ParagraphWord:
		return c.checkWord(answer)
	case Start:
		return because(strings.HasPrefix(fold(answer), fold(c.Text)), "it begins otherwise")
	case End:
		return because(strings.HasSuffix(fold(answer), fold(c.Text)), "it ends otherwise")
	case Repeat:
		rest, is := strings.CutPrefix(answer, c.Text)
		return because(is && strings.ContainsFunc(rest, inWord), "the request is not repeated, or nothing follows it")
	case Without:
		return because(!strings.Contains(fold(answer), fold(c.Text)), "%q is in it", c.Text)
	case Lower, Upper:
		return c.checkCase(answer)
	case Language:
		return c.checkLanguage(answer)
	}
	return c.checkLayout(answer)
}

func because(ok bool, format string, args ...any) (bool, string) {
	if ok {
		return true, ""
	}
	return false, fmt.Sprintf(format, args...)
}

var (
	titleLine   = regexp.MustCompile(`<<[^<>\n]*[\pL\pN][^<>\n]*>>`)
	placeholder = regexp.MustCompile(`\[[^\[\]\n]*[\pL\pN][^\[\]\n]*\]`)
	highlight   = regexp.MustCompile(`\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*|\*[^*\s](?:[^*\n]*[^*\s])?\*`)
)

// count is what the quantity is of.
func (c *Constraint) count(answer string) int {
	switch c.Kind {
	case Words:
		return len(wordsOf(answer))
	case Sentences:
		return len(sentencesOf(answer))
	case Paragraphs:
		return len(paragraphsOf(answer))
	case Frequency:
		return times(answer, c.Text)
	case Letter:
		return strings.Count(fold(answer), fold(c.Text))
	case Placeholders:
		return len(placeholder.FindAllStringIndex(answer, -1))
	case Highlights:
		return len(highlight.FindAllStringIndex(answer, -1))
	}
	n := 0
	for _, w := range wordsOf(answer) {
		if isCapitals(w) {
			n++
		}
	}
	return n
}

// isCapitals reports whether a word has two letters or more, all of them capital.
func isCapitals(word string) bool {
	letters := 0
	for _, r := range word {
		if unicode.IsLetter(r) {
			if !unicode.IsUpper(r) {
				return false
			}
			letters++
		}
	}
	return letters >= 2
}

func (c *Constraint) checkInclude(answer string) (bool, string) {
	for _, w := range c.Words {
		if times(answer, w) == 0 {
			return false, fmt.Sprintf("%q is missing", w)
		}
	}
	return true, ""
}

func (c *Constraint) checkAvoid(answer string) (bool, string) {
	for _, w := range c.Words {
		if times(answer, w) > 0 {
			return false, fmt.Sprintf("%q is in it", w)
		}
	}
	return true, ""
}

func (c *Constraint) checkOrder(answer string) (bool, string) {
	answer = fold(answer)
	before := -1
	for _, w := range c.Words {
		at := find(answer, fold(w), 0)
		if at < 0 {
			return false, fmt.Sprintf("%q is missing", w)
		}
		if at <= before {
			return false, fmt.Sprintf("%q comes too early", w)
		}
		before = at
	}
	return true, ""
}

func (c *Constraint) checkWord(answer string) (bool, string) {
	if c.Kind == ParagraphWord {
		list := paragraphsOf(answer)
		if len(list) < c.Number {
			return false, fmt.Sprintf("there are %d paragraphs", len(list))
		}
		answer = list[c.Number-1]
	}
	list := wordsOf(answer)
	if len(list) == 0 {
		return false, "there is no word"
	}
	w := list[0]
	if c.Kind == LastWord {
		w = list[len(list)-1]
	}
	return because(fold(w) == fold(c.Text), "the word is %q", w)
}

func (c *Constraint) checkCase(answer string) (bool, string) {
	letters := false
	for _, r := range answer {
		letters = letters || unicode.IsLetter(r)
		wrong := unicode.IsUpper(r) || unicode.IsTitle(r)
		if c.Kind == Upper {
			wrong = unicode.IsLower(r) || unicode.IsTitle(r)
		}
		if wrong {
			return false, fmt.Sprintf("%q is in it", r)
		}
	}
	return because(letters, "there is no letter")
}

// checkLayout checks what concerns lines, marks and the whole.
func (c *Constraint) checkLayout(answer string) (bool, string) {
	switch c.Kind {
	case Bullets:
		n := 0
		for line := range strings.SplitSeq(answer, "\n") {
			if _, is := bullet(line); is {
				n++
			}
		}
		return because(n == c.Number, "there are %d items", n)
	case Numbered:
		return c.inTurn(answer, func(line string) (int, bool) {
			n, _, is := number(line)
			return n, is
		})
	case Sections:
		return c.inTurn(answer, c.section)
	case Title:
		return because(titleLine.MatchString(answer), "there is no title in << >>")
	case TwoAnswers:
		return checkTwo(answer)
	case Postscript:
		list := paragraphsOf(answer)
		if len(list) < 2 {
			return false, "there is no paragraph of its own at the end"
		}
		rest, is := strings.CutPrefix(fold(strings.TrimSpace(list[len(list)-1])), fold(c.Text))
		return because(is && strings.ContainsFunc(rest, inWord), "the last paragraph begins otherwise, or has nothing more")
	case Quoted:
		return because(len(answer) > 2 && answer[0] == '"' && answer[len(answer)-1] == '"' && strings.ContainsFunc(answer, inWord),
			"there are no quotation marks around it")
	}
	return c.checkJSON(answer)
}

// inTurn checks that the numbers of lines are 1, 2 and so on.
func (c *Constraint) inTurn(answer string, of func(line string) (int, bool)) (bool, string) {
	n := 0
	for line := range strings.SplitSeq(answer, "\n") {
		got, is := of(line)
		if !is {
			continue
		}
		if n++; got != n {
			return false, fmt.Sprintf("number %d stands where %d should", got, n)
		}
	}
	return because(n == c.Number, "there are %d", n)
}

// section reads the number of a line that begins a section.
func (c *Constraint) section(line string) (int, bool) {
	rest, is := strings.CutPrefix(fold(strings.TrimLeft(line, "#*_> \t")), fold(c.Text)+" ")
	if !is {
		return 0, false
	}
	n, behind := leadingNumber(rest)
	after, _ := utf8.DecodeRuneInString(behind)
	return n, behind != rest && !inWord(after)
}

func checkTwo(answer string) (bool, string) {
	var parts [2]string
	at := 0
	for line := range strings.SplitSeq(answer, "\n") {
		if strings.TrimSpace(line) != separator {
			parts[at] += line + "\n"
			continue
		}
		if at++; at > 1 {
			return false, "there are more than two answers"
		}
	}
	a, b := strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1])
	if !strings.ContainsFunc(a, inWord) || !strings.ContainsFunc(b, inWord) {
		return false, "there are not two answers"
	}
	return because(a != b, "both answers are the same")
}

// separator is the line between two answers.
const separator = "******"

func (c *Constraint) checkJSON(answer string) (bool, string) {
	if rest, is := strings.CutPrefix(answer, "```"); is {
		if inner, ended := strings.CutSuffix(strings.TrimPrefix(rest, "json"), "```"); ended {
			answer = inner
		}
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(answer), &object); err != nil {
		return false, "it is no JSON object: " + err.Error()
	}
	for _, key := range c.Words {
		if _, is := object[key]; !is {
			return false, fmt.Sprintf("the key %q is missing", key)
		}
	}
	return because(len(object) == len(c.Words), "there are %d keys", len(object))
}
