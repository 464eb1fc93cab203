package constraint

import (
	"strconv"
	"strings"
)

// Forms is the number of ways in which each kind is put. The last is of the test alone.
const Forms = 4

// phrases are what a request says. {q} is a quantity with its unit, {n} a number, {words}
// a list, {text} the text in quotation marks, {bare} without.
var phrases = map[Kind][Forms]string{
	Words:        {"Use {q}.", "The answer must have {q}.", "Write {q}.", "Let the length be {q}."},
	Sentences:    {"Use {q}.", "The answer must have {q}.", "Write {q}.", "Let there be {q}."},
	Paragraphs:   {"Use {q}, with an empty line between paragraphs.", "Write {q}, parted by empty lines.", "The answer must have {q}; part them by an empty line.", "Divide the answer by empty lines into {q}."},
	Include:      {"Use {words}.", "{words} must be in the answer.", "Make sure to write {words}.", "Do not leave out {words}."},
	Avoid:        {"Do not use {words}.", "Never write {words}.", "{words} must not be in the answer.", "Do without {words}."},
	Frequency:    {"Use the word {text} {q}.", "The word {text} must come {q}.", "Write the word {text} {q}.", "Let the word {text} appear {q}."},
	Letter:       {"Use the letter {text} {q}.", "The letter {text} must come {q}.", "Write the letter {text} {q}.", "Let the letter {text} appear {q}."},
	FirstWord:    {"Begin with the word {text}.", "The first word must be {text}.", "Your first word is {text}.", "Let {text} be the word at the very beginning."},
	LastWord:     {"End with the word {text}.", "The last word must be {text}.", "Your last word is {text}.", "Let {text} be the word at the very end."},
	Start:        {"Begin with {text}", "The answer must begin with {text}", "Start your answer with {text}", "Open with these words: {text}"},
	End:          {"End with {text}", "The answer must end with {text}", "Finish your answer with {text}", "Close with these words, and nothing behind them: {text}"},
	Lower:        {"Use small letters only.", "Do not use capital letters.", "The whole answer must be in lowercase.", "Let no letter be a capital one."},
	Upper:        {"Use capital letters only.", "Do not use small letters.", "The whole answer must be in uppercase.", "Let every letter be a capital one."},
	Capitals:     {"Write {q} in capital letters.", "{q} must be all in capitals.", "Put {q} in uppercase.", "Let {q} stand out by capital letters alone."},
	Without:      {"Do not use the sign {text}.", "The sign {text} must not be in the answer.", "Write without the sign {text}.", "Do without the sign {text}."},
	Bullets:      {"Make a list of exactly {q}, each on a line that begins with a dash.", "Include a list with {q} marked by dashes.", "The answer must have a bulleted list of {q}.", "Put {q} below each other, with a dash before each."},
	Numbered:     {"Make a numbered list of exactly {q}, as in \"1. text\".", "Number {q}, each on its own line, from 1 on.", "The answer must have a list of {q} with numbers before them, from \"1.\" on.", "Put {q} below each other, with 1. and so on before them."},
	Title:        {"Give the answer a title in double angle brackets, such as <<Title>>.", "Put a title like <<this>> in the answer.", "The answer must have a title within << and >>.", "Name the answer by a title between << and >>."},
	Sections:     {"Divide the answer into {q}. Begin each with its mark: {bare} 1, {bare} 2 and so on.", "Write {q}, each of which begins with {text} and its number.", "The answer must have {q}, with lines \"{bare} 1\" and so on before them.", "Let {q} follow each other, each below a line with {text} and its number."},
	Placeholders: {"Use {q} in square brackets, such as [name].", "The answer must have {q} like [place].", "Leave {q} to be filled in, such as [date], in square brackets.", "Let there be {q} in square brackets, like [title]."},
	Highlights:   {"Highlight {q} with stars, as in *this*.", "Put stars around {q}, like *these*.", "The answer must have {q} between stars.", "Let {q} stand out by stars around them, as in *that*."},
	JSON:         {"Give the answer as a JSON object with exactly these keys: {list}.", "The whole answer must be a JSON object whose keys are {list}.", "Write a JSON object with the keys {list} and nothing else.", "Let the answer be JSON, one object with {list} as its keys."},
	Order:        {"Use {words} in this order.", "{words} must be in the answer, first to last in this order.", "Write {words}, each for the first time behind the one before.", "Let {words} follow each other in just this order."},
	Language:     {"Answer in {bare} only.", "The whole answer must be in {bare}.", "Write in {bare} and no other language.", "Let {bare} be the only language of the answer."},
	Repeat:       {"First write this again word for word, then answer: {text}", "Begin by repeating this as it is, and answer behind it: {text}", "Repeat these words without a change before your answer: {text}", "Before you answer, say this over again exactly: {text}"},
	TwoAnswers:   {"Give two different answers with a line of six stars between them: ******", "Write two answers that differ, parted by a line ******.", "There must be two different answers and, between them, a line with ****** alone.", "Answer twice and not the same, with the line ****** between."},
	Postscript:   {"Add a postscript at the end that begins with {text}", "The last paragraph must begin with {text}", "After the answer write a postscript, a paragraph that begins with {text}", "Close with a paragraph of its own that has {text} before it."},
	Quoted:       {"Put the whole answer in double quotation marks.", "The answer must be within double quotation marks.", "Begin and end with a double quotation mark.", "Let there be a double quotation mark at either end of the answer."},
	ParagraphWord: {
		"Begin paragraph {n} with the word {text}; empty lines part paragraphs.", "The first word of paragraph {n} must be {text}, where paragraphs have an empty line between them.",
		"Part paragraphs by empty lines, and write {text} as the first word of paragraph {n}.", "Let {text} be the word with which paragraph {n} opens. An empty line is between paragraphs.",
	},
}

// units are what a quantity is of, as one and as several.
var units = map[Kind][2]string{
	Words: {"word", "words"}, Sentences: {"sentence", "sentences"}, Paragraphs: {"paragraph", "paragraphs"},
	Frequency: {"time", "times"}, Letter: {"time", "times"}, Capitals: {"word", "words"},
	Placeholders: {"placeholder", "placeholders"}, Highlights: {"part", "parts"},
	Bullets: {"item", "items"}, Numbered: {"item", "items"}, Sections: {"section", "sections"},
}

// quantity is the number with its relation.
func (c *Constraint) quantity() string {
	switch n := strconv.Itoa(c.Number); c.Relation {
	case "":
		return n
	case Between:
		return "between " + n + " and " + strconv.Itoa(c.To)
	default:
		return string(c.Relation) + " " + n
	}
}

// Describe puts the constraint in words, in one of the forms 0 to Forms-1; others are
// taken modulo Forms.
func (c *Constraint) Describe(form int) string {
	form = (form%Forms + Forms) % Forms
	unit := units[c.Kind][1]
	if max(c.Number, c.To) == 1 {
		unit = units[c.Kind][0]
	}
	quoted := make([]string, len(c.Words))
	for i, w := range c.Words {
		quoted[i] = `"` + w + `"`
	}
	words := "the words "
	if len(quoted) == 1 {
		words = "the word "
	}
	bare := c.Text
	if c.Kind == Language {
		bare = capitalized(bare)
	}
	list := listed(quoted)
	return capitalized(strings.NewReplacer(
		"{q}", c.quantity()+" "+unit, "{n}", strconv.Itoa(c.Number), "{words}", words+list, "{list}", list,
		"{text}", `"`+c.Text+`"`, "{bare}", bare,
	).Replace(phrases[c.Kind][form]))
}

// listed is "a", "a and b", or "a, b and c".
func listed(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " and " + list[last]
}

// capitalized has a capital letter first, if it begins with one of ASCII.
func capitalized(s string) string {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}
