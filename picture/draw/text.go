package draw

import (
	"strings"
	"unicode"
)

// The bounds of Options.TextMax, in characters.
const (
	minText = 4
	maxText = 200
)

// minEm is the smallest size that Options.TextEm may ask for, in pixels.
const minEm = 8

// ownWords are what texts are made of where the caller hands in none.
var ownWords = strings.Fields(`apple river stone cloud paper light green seven train house music water north south
	hello world open closed quick brown small large under over night day sun moon star tree leaf bird fish salt bread
	count index value error return print func type map key list node graph image pixel token model train test build run`)

// ownForms make lines like those of programs, tickets and signs of two words and
// a number.
var ownForms = []string{"%[1]s %[2]s", "%[1]s_%[2]s(%[3]d)", "%[1]s = %[3]d", "func %[1]s(%[2]s int)", "%[1]s.%[2]s()", "No. %[3]d: %[1]s", "%[1]s, %[2]s!", "%[3]d %[2]s", "if %[1]s < %[3]d {", "%[1]s[%[3]d]"}

// textFace is how a text is set.
type textFace struct {
	style style
	face  face
	lines []string
}

func makeText(w *work) {
	var text string
	from := w.below(max(len(w.Texts), 1))
	for i := range min(len(w.Texts), textTries) {
		if text = w.readable(w.Texts[(from+i)%len(w.Texts)]); text != "" {
			break
		}
	}
	if text == "" {
		text = w.ownText()
	}
	text, set := w.setText(text)
	w.paintText(text, set)
	w.askText()
	f := w.facts.Text
	reads := "The text reads: " + text // in each description: it is what such a picture is for
	w.describe(sentence("the picture shows text in "+f.Color), reads)
	w.describe(sentence("the text has "+counted(len(strings.Fields(text)), "word")+" in "+counted(len(f.Lines), "line")), reads)
	w.describe(reads)
}

// textTries is how many texts of the caller are tried before one of its own.
const textTries = 64

// readable returns what of a text is rendered: with single spaces, as many whole
// words as TextMax allows, or nothing where a font lacks a character.
func (w *work) readable(text string) string {
	kept := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimPrefix(kept+" "+word, " ")
		if len([]rune(longer)) > w.TextMax {
			break
		}
		kept = longer
	}
	for _, r := range kept {
		if !unicode.IsPrint(r) || unicode.Is(unicode.Mn, r) {
			return ""
		}
	}
	if !newFace(regular, unit).covers(kept) || !newFace(mono, unit).covers(kept) {
		return ""
	}
	return kept
}

// ownText makes a text of its own of at most TextMax characters.
func (w *work) ownText() string {
	form := pick(w.random, ownForms)
	text := pick(w.random, ownWords)
	if w.chance(60) {
		text = formText(form, text, pick(w.random, ownWords), w.between(1, 999))
	}
	for w.chance(60) {
		text += " " + pick(w.random, ownWords)
	}
	if kept := w.readable(text); kept != "" {
		return kept
	}
	return string([]rune(text)[:minText])
}

// leastText is the smallest size of an em of rendered text.
const leastText = 15 * unit / 2

// setText chooses font, size and lines, and leaves words and at last letters at
// the end out for which there is no room: the text is broken at spaces only.
func (w *work) setText(text string) (string, textFace) {
	name := pick(w.random, []style{regular, bold, italic, mono})
	if w.TextFont != "" {
		name = style(w.TextFont)
	}
	least := leastText
	if w.TextEm > 0 {
		least = w.TextEm * unit
	}
	f := newFace(name, least)
	for {
		if _, ok := w.fit(f, text); ok {
			break
		}
		if at := strings.LastIndexByte(text, ' '); at > 0 {
			text = text[:at]
		} else {
			letters := []rune(text)
			text = string(letters[:len(letters)-1])
		}
	}
	f.size = max(min(w.Size*unit*w.between(8, 24)/100, 40*unit), leastText)
	if w.TextEm > 0 {
		f.size = least
	}
	for ; ; f.size -= unit / 4 {
		if lines, ok := w.fit(f, text); ok || f.size < least {
			return text, textFace{name, f, lines}
		}
	}
}

// fit breaks a text into lines; ok says that there is room for them.
func (w *work) fit(f face, text string) (lines []string, ok bool) {
	room := w.Size*unit - 6*unit
	if w.TextCorner {
		room = w.Size * unit
	}
	lines, ok = breakLines(f, text, room)
	return lines, ok && len(lines)*f.height()*unit <= room
}

// breakLines breaks a text at spaces; ok says that every line fits.
func breakLines(f face, text string, room int) (lines []string, ok bool) {
	ok = true
	line := ""
	for word := range strings.FieldsSeq(text) {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && f.width(longer) > room {
			lines = append(lines, line)
			longer = word
		}
		line = longer
		ok = ok && f.width(line) <= room
	}
	return append(lines, line), ok
}

func (w *work) paintText(text string, set textFace) {
	ground, col := pick(w.random, grounds), pick(w.random, []string{"black", "red", "blue", "green", "purple"})
	w.canvas.ground(ground)
	f := set.face
	wide, high := 0, len(set.lines)*f.height()
	for _, line := range set.lines {
		wide = max(wide, f.width(line)/unit+2)
	}
	x := 2 + w.below(max(w.Size-wide-3, 1))
	y := 1 + w.below(max(w.Size-high-1, 1))
	if w.TextCorner {
		x, y = 0, 0
	}
	paint := paintNamed(col)
	for i, line := range set.lines {
		base := (y+i*f.height())*unit + f.size
		w.canvas.text(f, line, point{x * unit, base}, paint)
	}
	w.facts.Text = &TextFacts{Text: text, Lines: set.lines, Font: string(set.style), Color: col, Box: Box{x, y, x + wide, y + high}}
}

func (w *work) askText() {
	f := w.facts.Text
	words := strings.Fields(f.Text)
	for range 2 {
		w.askAny(ReadOut, f.Text, []string{"What does the text say?", "Read the text.", "Which text is in the picture?", "Write down the text in the picture."})
	}
	w.ask(ReadOut, words[0], "What is the first word, with all signs up to the first space?")
	w.ask(ReadOut, words[len(words)-1], "What is the last word, with all signs after the last space?")
	w.ask(Attribute, f.Color, "What color is the text?")
	w.ask(Count, number(len(f.Lines)), "How many lines of text are there?")
	w.ask(Count, number(len(words)), "How many words are there, as parted by spaces?")
	sought := pick(w.random, words)
	if w.chance(50) {
		sought = pick(w.random, ownWords)
	}
	w.ask(YesNo, yesNo(strings.Contains(f.Text, sought)), "Does the text contain %q?", sought)
}

// formText fills a form with two words and a number.
func formText(form, first, second string, n int) string {
	return strings.NewReplacer("%[1]s", first, "%[2]s", second, "%[3]d", number(n)).Replace(form)
}
