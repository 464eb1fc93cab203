package constraint

import (
	"fmt"
	"slices"
)

// layouts are those that give the whole answer its form: at most one of them.
var layouts = []Kind{JSON, TwoAnswers, Sections, Bullets, Numbered}

// only are the kinds that go with kinds that leave little room.
var only = map[Kind][]Kind{
	JSON:     {Words, Letter, Include, Avoid, Frequency, Order, Lower, Placeholders, Capitals},
	Language: {Sentences, Paragraphs, Bullets, Numbered, Title, Without, Quoted, TwoAnswers},
	Repeat:   {Words, Sentences, Paragraphs, Include, Frequency, Letter, LastWord, End, Capitals, Bullets, Numbered, Sections, Placeholders, Highlights, Order, TwoAnswers, Postscript},
}

// apart are pairs of kinds that no answer can meet, or none that reads well.
var apart = [][2]Kind{
	{Lower, Upper},
	{Lower, Capitals},
	{Upper, Capitals},
	{Start, FirstWord},
	{Start, Title},
	{Start, Quoted},
	{FirstWord, Title},
	{End, LastWord},
	{End, Postscript},
	{End, Quoted},
	{LastWord, Postscript},
	{Quoted, Sections},
	{Quoted, Bullets},
	{Quoted, Numbered},
	{ParagraphWord, Start},
	{ParagraphWord, FirstWord},
	{ParagraphWord, Title},
	{ParagraphWord, Sections},
}

// Conflict says why two constraints cannot be met together, or are not meant to; else
// it is empty. It does not find all that is impossible: what Draw makes is possible
// since there is an answer.
func Conflict(a, b *Constraint) string {
	if why := conflictOf(a.Kind, b.Kind); why != "" {
		return why
	}
	if why := numbersConflict(a, b); why != "" {
		return why
	}
	if why := numbersConflict(b, a); why != "" {
		return why
	}
	if why := wordsConflict(a, b); why != "" {
		return why
	}
	return wordsConflict(b, a)
}

func conflictOf(a, b Kind) string {
	if a == b {
		return "there are two of one kind"
	}
	if slices.Contains(layouts, a) && slices.Contains(layouts, b) {
		return "an answer has one layout"
	}
	for _, pair := range [][2]Kind{{a, b}, {b, a}} {
		if with, is := only[pair[0]]; is && !slices.Contains(with, pair[1]) {
			return "they do not go together"
		}
		if slices.Contains(apart, pair) {
			return "they exclude each other"
		}
	}
	return ""
}

// numbersConflict compares what is counted of the larger with what is counted of the
// smaller.
func numbersConflict(large, small *Constraint) string {
	size := map[Kind]int{Words: 1, Sentences: 2, Paragraphs: 3}
	l, s := size[large.Kind], size[small.Kind]
	if l > s && s > 0 && large.least() > small.most() {
		return fmt.Sprintf("%d %s cannot have so few %s", large.least(), large.Kind, small.Kind)
	}
	if l == 2 && (small.Kind == Bullets || small.Kind == Numbered) && large.most() < small.Number {
		return "there are more items than sentences"
	}
	return ""
}

// wordsConflict finds what must be in an answer that must not.
func wordsConflict(avoid, wants *Constraint) string {
	if avoid.Kind != Avoid {
		return ""
	}
	var texts []string
	switch wants.Kind {
	case Include, Order:
		texts = wants.Words
	case Frequency:
		if wants.least() > 0 {
			texts = []string{wants.Text}
		}
	case FirstWord, LastWord, Start, End, Postscript, ParagraphWord:
		texts = []string{wants.Text}
	}
	for _, text := range texts {
		for _, w := range avoid.Words {
			if times(text, w) > 0 {
				return fmt.Sprintf("%q must be there and must not", w)
			}
		}
	}
	return ""
}
