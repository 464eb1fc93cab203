package quickstart

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/picture/draw"
)

const (
	// lineLetters is the most characters of a picture of text. It is in one font of one
	// size and begins in the corner, so that letters stand in the same places of
	// patches: anything else takes more time to learn than a quick start has.
	lineLetters = 12
	lineFont    = "mono"
	lineEm      = 10 // pixels: letters are 6 wide, and lines 12 high
	// sceneQuestions are those of a scene that one is taken of.
	sceneQuestions = 5
	// linesOf and linesIn say that of so many pictures these are of text, the others
	// scenes.
	linesOf, linesIn = 4, 3
)

// One of these is asked of a picture of text: a second question takes the time of another
// picture, and how many the model has read decides. Letter by letter more is learned of
// each, since every letter has its place in the picture.
const (
	readQuestion  = "What does the text say?"
	spellQuestion = "Spell the text."
)

// lineLengths are the most characters of texts to learn from, by turns: short ones teach
// the first letters, on which the others build.
var lineLengths = [...]int{lineLetters / 6, lineLetters / 3, 2 * lineLetters / 3, lineLetters, lineLetters, lineLetters}

// illustrator draws. Goroutines share it.
type illustrator struct {
	eyes  Eyes
	texts []string // that are drawn to learn from
}

// chooseTexts takes n texts of lines, from where a word begins: the frequent ones often.
func chooseTexts(lines []string, n int) (texts []string, chosen map[string]bool) {
	chosen = map[string]bool{}
	for i := 0; i < n && len(lines) > 0; i++ {
		// Neighbors in the list are of one document.
		at := uint64(i) * 2654435761
		words := strings.Fields(lines[at%uint64(len(lines))])
		letters := []rune(strings.Join(words[at>>8%uint64(len(words)):], " "))
		text := strings.TrimSpace(string(letters[:min(len(letters), lineLengths[i%len(lineLengths)])]))
		texts, chosen[text] = append(texts, text), true
	}
	return texts, chosen
}

// options are those of all pictures of a kind.
func (l *illustrator) options(kind draw.Kind) draw.Options {
	return draw.Options{Kind: kind, Size: l.eyes.Side, Questions: sceneQuestions, TextMax: lineLetters, TextFont: lineFont, TextEm: lineEm, TextCorner: true}
}

// line draws as many words of a text as there is room for, if the font has them; nil if
// not.
func (l *illustrator) line(seed uint64, index int, text string) (*draw.Drawing, error) {
	o := l.options(draw.Text)
	o.Texts = []string{text}
	d, err := draw.Make(seed, index, o)
	if err != nil || !strings.HasPrefix(text, d.Facts.Text.Text) {
		return nil, err
	}
	d.Questions = []draw.Question{{Type: draw.ReadOut, Text: readQuestion, Answer: d.Facts.Text.Text}}
	return d, nil
}

// scene draws a scene on one side, learned from or held out.
func (l *illustrator) scene(seed uint64, index, stride int, held bool) (*draw.Drawing, error) {
	for ; ; index += stride {
		is, err := draw.HeldOut(seed, index, l.options(draw.Scene))
		if err != nil {
			return nil, err
		}
		if is == held {
			return draw.Make(seed, index, l.options(draw.Scene))
		}
	}
}

func spelled(text string) string { return strings.Join(strings.Split(text, ""), " ") }

// shortQuestions are those of a scene but for descriptions, unless it has no others.
func shortQuestions(d *draw.Drawing) []draw.Question {
	short := slices.DeleteFunc(slices.Clone(d.Questions), func(q draw.Question) bool { return q.Type == draw.Description })
	if len(short) == 0 {
		return d.Questions
	}
	return short
}

// picture makes picture i of n to learn from: a line of JSON, with one question.
func (l *illustrator) picture(i, n int) ([]byte, error) {
	var d *draw.Drawing
	var err error
	if text := i/linesOf*linesIn + i%linesOf; i%linesOf < linesIn && text < len(l.texts) {
		if d, err = l.line(learnSeed, i, l.texts[text]); err != nil {
			return nil, err
		}
		if d != nil && text/len(lineLengths)%2 == 0 {
			d.Questions[0].Text, d.Questions[0].Answer = spellQuestion, spelled(d.Facts.Text.Text)
		}
	}
	if d == nil {
		if d, err = l.scene(learnSeed, i, n, false); err != nil {
			return nil, err
		}
		short := shortQuestions(d)
		d.Questions = short[i/linesOf%len(short):][:1]
	}
	url, err := dataURL(d)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(map[string]any{"messages": draw.NewLine(d, url).Messages})
	return append(line, '\n'), err
}
