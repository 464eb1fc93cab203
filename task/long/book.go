package long

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// bookWords are the ways of asking about a book, of which the test has the last.
var bookWords = struct{ next, who [numWordings]string }{
	[numWordings]string{
		`A sentence begins "{B}". What are the next four words?`, `How does the sentence go on that begins "{B}"? Give four words.`,
		`Which four words follow "{B}" in the text?`, `The text says "{B}". What are the four words after that?`,
	},
	[numWordings]string{`Who says "{B}"?`, `Whose words are "{B}"?`, `Who is it that says "{B}"?`, `Which person says "{B}"?`},
}

const (
	wordsShown = 7 // words of a sentence that a question gives
	wordsAsked = 4 // and how many it asks for
)

// speech is something said, and by whom, in the quotation marks of old and new books.
var speech = regexp.MustCompile(`["“]([^"“”\n]{24,120}?)[,.!?]?["”] (?:said|cried|replied|answered|asked|exclaimed|whispered|murmured|returned|shouted|remarked|observed) ` +
	`((?:(?:Mr|Mrs|Dr|St)\. |(?:Miss|Sir|Lady|Lord|Captain|Uncle|Aunt|Father|Doctor|Madame) )?[A-Z][a-z]{2,}(?: [A-Z][a-z]{2,})?)`)

// passage is a place of a text that can be asked about.
type passage struct {
	at          int // in bytes
	who         bool
	begins, own string // what the question gives, and the answer
}

// passages are those of a text, in order. What stands in it twice is none.
func passages(text string) []passage {
	var list []passage
	for _, m := range speech.FindAllStringSubmatchIndex(text, -1) {
		list = append(list, passage{m[0], true, text[m[2]:m[3]], text[m[4]:m[5]]})
	}
	for at := 0; at < len(text); {
		unit := cutUnit(text[at:])
		if p, ok := sentencePassage(strings.TrimLeft(unit, " \t\r\n")); ok {
			p.at += at + len(leading(unit))
			list = append(list, p)
		}
		at += len(unit)
	}
	list = slices.DeleteFunc(list, func(p passage) bool { return strings.Count(text, p.begins) != 1 })
	slices.SortStableFunc(list, func(a, b passage) int { return a.at - b.at })
	return list
}

// sentencePassage asks for the words after the first ones, where a line has both.
func sentencePassage(unit string) (passage, bool) {
	if unit == "" || unit[0] < 'A' || unit[0] > 'Z' || strings.ContainsAny(unit, "\"“”\t") || strings.Contains(unit, "  ") {
		return passage{}, false
	}
	words := strings.Split(unit, " ")
	if len(words) < wordsShown+wordsAsked {
		return passage{}, false
	}
	answer := strings.Join(words[wordsShown:wordsShown+wordsAsked], " ")
	return passage{0, false, strings.Join(words[:wordsShown], " "), strings.TrimRight(answer, ".,;:!?")}, true
}

// farOff is how far from a wanted depth a passage may be, and farther is how much nearer
// one of the other kind must be to be taken.
const (
	farOff  = 0.06
	farther = 0.02
)

// about asks about the passages that are nearest to depths, each once, of both kinds.
// Depths without any are left out.
func (o *Options) about(r *random.Source, text string, depths []float64) []Question {
	list := passages(text)
	var questions []Question
	for _, depth := range depths {
		best, least, coin := -1, math.Inf(1), r.Coin()
		for i := range list {
			off := math.Abs(float64(list[i].at)/float64(len(text)) - depth)
			if off > farOff {
				continue
			}
			if list[i].who != coin {
				off += farther
			}
			if off < least {
				best, least = i, off
			}
		}
		if best < 0 {
			continue
		}
		p := list[best]
		list = slices.Delete(list, best, best+1)
		ask := bookWords.next
		if p.who {
			ask = bookWords.who
		}
		at := float64(p.at) / float64(len(text))
		questions = append(questions, Question{
			Text: say(ask[o.Split.wording(r, 0)], "{B}", p.begins), Answers: []string{p.own}, Depth: at, after: at,
		})
	}
	return questions
}

// book makes a text of what Options.Text has, with questions about that.
func (o *Options) book(seed uint64) (*Document, error) {
	const likely = 64 // tokens of a question
	d := &Document{Kind: o.Kind}
	for budget := o.Tokens - o.Room - likely; ; budget -= d.Tokens - (o.Tokens - o.Room) {
		var err error
		if d.Text, _, err = o.lay(given(random.At(seed, ofText), o.Text), nil, budget); err != nil {
			return nil, err
		}
		d.Questions = o.about(random.At(seed, ofNeedles), d.Text, o.Depths)
		if len(d.Questions) < len(o.Depths) {
			return nil, fmt.Errorf("%w: %d of %d questions can be asked of the text", ErrShort, len(d.Questions), len(o.Depths))
		}
		d.Tokens = 0
		for i := range d.Questions {
			d.Tokens = max(d.Tokens, o.count(d.Prompt(i)))
		}
		if d.Tokens <= o.Tokens-o.Room {
			return d, nil
		}
	}
}

// bookTraining makes a text to train on, with as many questions as find room.
func (o *Options) bookTraining(seed uint64, questions int) (string, error) {
	const likely = 48
	questions = min(questions, Books.most(), o.Tokens/2/likely)
	text, _, err := o.lay(given(random.At(seed, ofText), o.Text), nil, o.Tokens-questions*likely)
	if err != nil {
		return "", err
	}
	r := random.At(seed, ofNeedles)
	depths := make([]float64, questions)
	for i := range depths {
		depths[i] = unit(r)
	}
	asked := o.about(r, text, depths)
	for i := range asked {
		next := text + tail(&asked[i]) + " " + asked[i].Answer()
		if o.count(next) > o.Tokens {
			break
		}
		text = next
	}
	return text, nil
}

// wideToken is how many bytes a token has at most on the average.
const wideToken = 6

// Enough joins texts, from one at random on, until there is enough for so many tokens,
// or all of them.
func Enough(seed uint64, texts []string, tokens int) string {
	at := random.At(seed, ofShape).Below(len(texts))
	text := texts[at]
	for i := 1; i < len(texts) && len(text) < wideToken*tokens; i++ {
		text += paragraph + texts[(at+i)%len(texts)]
	}
	return text
}
