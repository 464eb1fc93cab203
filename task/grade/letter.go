package grade

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade/formula"
)

// letter takes the letter of a choice out of a text.
type letter struct {
	extract *extractor
	number  int
}

func newLetter(o *task.Letter) (task.Grader, error) {
	x, err := newExtractor(&o.Extract)
	return &letter{x, o.Number}, err
}

// Grade implements task.Grader.
func (g *letter) Grade(_ context.Context, item *task.Item, answer string) (task.Verdict, error) {
	number := g.number
	if number == 0 {
		number = len(item.Choices)
	}
	if number < 2 {
		number = 26
	}
	gold := item.Gold
	if gold < 0 || len(item.Choices) == 0 {
		if len(item.Answers) == 0 {
			return task.Verdict{}, errNoGold
		}
		if gold = Letter(item.Answers[0], number); gold < 0 {
			return task.Verdict{}, fmt.Errorf("the accepted answer %q is no letter", item.Answers[0])
		}
	}
	e := g.extract.of(answer)
	if e.ended != nil {
		return *e.ended, nil
	}
	given := choose(e.text, number, item.Choices)
	if given < 0 {
		return task.Verdict{Why: "no letter, or several"}, nil
	}
	v := verdict(given == gold)
	v.Extracted = string(rune('A' + given))
	return v, nil
}

// Letter returns the number, from 0, of the choice that a text names by its letter,
// of the first n letters; -1 where it names none, or several.
//
// A letter counts where it stands for a choice and is no word or part of one. In
// this order, the first that the text has decides, and what it says twice must
// agree: a box; a whole text of a letter; "the final answer is B"; "answer: B",
// "the correct option is (B)"; a letter with a mark behind it at the beginning,
// as in "B." or "B) Paris"; brackets, as in "(B)"; a last line of a letter.
func Letter(text string, n int) int { return choose(text, n, nil) }

// LetterOf is Letter for choices whose texts are known: the full text of one, by
// itself or where an answer is announced, names it too. One letter is that of a choice
// before it is the text of one.
func LetterOf(text string, choices []string) int { return choose(text, len(choices), choices) }

// announced are ways in which an answer is announced, the surest first. The letter
// follows.
var announced = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\bfinal (?:answer|choice)\b` + announcing),
	regexp.MustCompile(`(?i)(?:\banswer\b|\b(?:correct|best|right) (?:option|choice|statement|one)\b|\bi (?:choose|pick|select)(?: option| choice)?\b)` + announcing),
	regexp.MustCompile(`(?i)\b(?:option|choice)\b` + announcing),
	regexp.MustCompile(`(?:答案|故选|应选)[是为:]*[ \t]*`),
}

// maxAnnounced bounds the announcements of a text that are looked at.
const maxAnnounced = 100

const announcing = `(?:[ \t]+(?:to (?:the|this) question|here|choice|option))?[ \t]*(?:(?:is|was|would be|should be|must be)\b|[:=])*[ \t\n]*(?:(?:option|choice|letter|answer)\b[ \t]*)?[:]?[ \t]*`

var (
	marks     = strings.NewReplacer("**", "", "__", "", "`", "", "$", "", `\(`, "(", `\)`, ")", `\text{`, "{", `\textbf{`, "{", `\mathrm{`, "{", `\mathbf{`, "{", "（", "(", "）", ")", "：", ":", "．", ".", "。", ".")
	atStart   = regexp.MustCompile(`^[({\[]?([A-Za-z])(?:[)}\]]+[.:]?|[.:](?:\s|$)|\s*\n|\s+[-–—]\s|$)`)
	brackets  = regexp.MustCompile(`[({\[]([A-Z])[)}\]]`)
	alone     = regexp.MustCompile(`^[({\[]?([A-Za-z])[)}\]]?[.:]?$`)
	following = regexp.MustCompile(`^(?:[({\[]([A-Za-z])[)}\]]|([A-Za-z])(?:$|[^\pL\pN_]))`)
	reasons   = regexp.MustCompile(`^[A-Za-z][ \t]+(?:because|since|as|for|due|and|or|which|that|with|\W)`)
	several   = regexp.MustCompile(`^(?:[ \t]*(?:,|or|and|&|/)[ \t]*)+(?:option |choice )?[({\[]?([A-Za-z])(?:[)}\]]|$|[^\pL\pN_'’])`)
	negated   = regexp.MustCompile(`^(?:not|neither|n't)\b`)
)

func choose(text string, n int, choices []string) int {
	n = min(n, 26)
	if boxed, ok := formula.Boxed(text); ok {
		if i := choose(boxed, n, choices); i >= 0 {
			return i
		}
	}
	plain := strings.TrimSpace(marks.Replace(text))
	letter := alone.FindStringSubmatch(plain)
	if letter != nil && index(letter[1], n) >= 0 {
		return index(letter[1], n)
	}
	if i := only(text, choices, task.Normal{Space: true}); i >= 0 || letter != nil {
		return i
	}
	text = plain
	if i := sameText(text, choices); i >= 0 {
		return i
	}
	for _, a := range announced {
		if found, i := agree(announcedBy(a, text, n, choices)); found {
			return i
		}
	}
	if m := atStart.FindStringSubmatch(text); m != nil {
		if i := index(m[1], n); i >= 0 {
			if s := several.FindStringSubmatch(text[len(m[0]):]); s != nil && index(s[1], n) >= 0 && index(s[1], n) != i {
				return -1
			}
			return i
		}
	}
	var all []int
	for _, m := range brackets.FindAllStringSubmatch(text, -1) {
		if i := index(m[1], n); i >= 0 {
			all = append(all, i)
		}
	}
	if found, i := agree(all); found {
		return i
	}
	last := strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
	if m := alone.FindStringSubmatch(last); m != nil {
		return index(m[1], n)
	}
	return -1
}

// agree reports whether anything was found, and what, if it is one thing.
func agree(all []int) (found bool, i int) {
	if len(all) == 0 {
		return false, -1
	}
	for _, other := range all[1:] {
		if other != all[0] {
			return true, -1
		}
	}
	return true, all[0]
}

// announcedBy returns the choices that follow an announcement; -1 is among them
// where one names several.
func announcedBy(announcement *regexp.Regexp, text string, n int, choices []string) (all []int) {
	for _, at := range announcement.FindAllStringIndex(text, maxAnnounced) {
		rest := text[at[1]:]
		if negated.MatchString(rest) {
			continue
		}
		m := following.FindStringSubmatch(rest)
		if i := fullText(rest, choices); i >= 0 && (m == nil || index(m[1]+m[2], n) < 0 || len(choices[i]) > 1) {
			all = append(all, i)
			continue
		}
		if m == nil {
			continue
		}
		i := index(m[1]+m[2], n)
		if i < 0 || m[2] != "" && isWordLike(m[2], rest) {
			continue
		}
		behind := rest[len(m[0]):]
		if m[2] != "" {
			behind = rest[1:]
		}
		if s := several.FindStringSubmatch(behind); s != nil && index(s[1], n) >= 0 && index(s[1], n) != i {
			i = -1
		}
		all = append(all, i)
	}
	return all
}

// isWordLike reports whether a letter is the word a or I: another word follows.
// So is any small letter before another word.
func isWordLike(letter, rest string) bool {
	if len(rest) < 2 || rest[1] == '\'' {
		return len(rest) >= 2
	}
	if rest[1] != ' ' && rest[1] != '\t' {
		return false
	}
	if reasons.MatchString(rest) || strings.TrimSpace(rest[1:]) == "" {
		return false
	}
	return letter == "A" || letter == "I" || letter >= "a"
}

func index(letter string, n int) int {
	if letter == "" {
		return -1
	}
	i := int(strings.ToUpper(letter)[0]) - 'A'
	if i < 0 || i >= n {
		return -1
	}
	return i
}

var choiceNormal = task.Normal{Case: true, Punctuation: true, Space: true}

// sameText returns the only choice with this text; -1 if there is none. Case and
// punctuation count where choices differ in nothing else.
func sameText(text string, choices []string) int {
	if i := only(text, choices, task.Normal{Space: true}); i >= 0 {
		return i
	}
	return only(text, choices, choiceNormal)
}

func only(text string, choices []string, n task.Normal) int {
	found := -1
	text = normalize(text, n)
	for i, choice := range choices {
		if text != "" && normalize(choice, n) == text {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// fullText returns the choice whose text the rest of a line or sentence is.
func fullText(rest string, choices []string) int {
	if len(choices) == 0 {
		return -1
	}
	longest := 0
	for _, choice := range choices {
		longest = max(longest, len(choice))
	}
	rest = rest[:min(len(rest), 2*longest+20)] // more is no choice's text
	rest, _, _ = strings.Cut(rest, "\n")
	if i := sameText(rest, choices); i >= 0 {
		return i
	}
	sentence, _, _ := strings.Cut(rest, ". ")
	return sameText(sentence, choices)
}
