package scene

import "strings"

// kind says what a word is for.
type kind int

const (
	other     kind = iota // a word that is not known
	skip                  // one that says nothing here
	neutral               // a thing that is the picture or a part of it
	article               // a, another
	definite              // the, this
	count                 // three
	vague                 // several: how many is not said
	none                  // no, without any
	all                   // every
	size                  // small
	paint                 // red
	noun                  // circle; the name is empty for any object
	extreme               // largest
	side                  // left, top, middle
	is                    // is, are
	not                   // not
	there                 // there
	pronoun               // it, which
	join                  // and, a comma
	turn                  // while, but: what follows is about something else
	relation              // above
	comparing             // larger than
	more                  // more, fewer
	than                  // than
	bound                 // at least, at most
	holding               // contains, has
	in                    // in
)

// word is one with its meaning.
type word struct {
	kind kind
	name string
	text string
	n    int // of numbers
	many bool
}

// lexicon has the meaning of words and of phrases with spaces.
var lexicon = map[string]word{}

func init() {
	add := func(k kind, name string, words ...string) {
		for _, w := range words {
			lexicon[w] = word{kind: k, name: name}
		}
	}
	for shape, words := range map[string]string{
		"circle": "circle disc disk dot", "square": "square block", "triangle": "triangle", "star": "star", "diamond": "diamond rhombus",
		"cross": "cross plus", "ring": "ring donut doughnut", "heart": "heart", "": "object shape thing item figure form",
	} {
		for one := range strings.FieldsSeq(words) {
			add(noun, shape, one)
			for _, several := range []string{one + "s", one + "es"} {
				lexicon[several] = word{kind: noun, name: shape, many: true}
			}
		}
	}
	for _, absent := range strings.Fields("rectangle oval ellipse pentagon hexagon octagon cube sphere ball arrow crescent moon trapezoid polygon cylinder cone pyramid") {
		add(noun, absent, absent)
		lexicon[absent+"s"] = word{kind: noun, name: absent, many: true}
	}
	for _, color := range strings.Fields("red orange yellow green blue purple pink black white gray brown cyan turquoise magenta gold silver beige teal navy") {
		add(paint, color, color)
	}
	add(paint, "purple", "violet")
	add(paint, "gray", "grey")
	add(size, "small", "small", "little", "tiny")
	add(size, "medium", "medium", "mid")
	add(size, "large", "large", "big", "huge")
	for n, text := range strings.Fields("zero one two three four five six seven eight nine ten eleven twelve") {
		lexicon[text] = word{kind: count, n: n}
	}
	add(article, "", "a", "an", "another")
	add(definite, "", "the", "this", "these", "its", "both")
	add(vague, "", "some", "several", "many", "few", "multiple", "various")
	add(none, "", "no", "without", "neither", "nor", "without any", "not any", "no other")
	add(all, "", "all", "every", "each", "all of the", "each of the", "all the")
	add(extreme, "largest", "largest", "biggest")
	add(extreme, "smallest", "smallest")
	add(extreme, "left", "leftmost", "farthest left", "furthest left")
	add(extreme, "right", "rightmost", "farthest right", "furthest right")
	add(extreme, "top", "topmost", "uppermost", "highest")
	add(extreme, "bottom", "bottommost", "lowest", "lowermost")
	add(side, "left", "left")
	add(side, "right", "right")
	add(side, "top", "top", "upper")
	add(side, "bottom", "bottom", "lower")
	add(side, "middle", "middle", "center", "centre")
	add(is, "", "is", "are", "was", "were")
	add(not, "", "not", "isn't", "aren't", "never")
	add(there, "", "there")
	add(pronoun, "", "it", "they", "which", "that")
	add(join, "", "and", ",", "&")
	add(join, "or", "or")
	add(turn, "", "while", "but", "whereas", "then", "here")
	for _, before := range []string{"", "to the ", "on the ", "to ", "at the "} {
		for _, end := range []string{" of", " side of"} {
			add(relation, "left", before+"left"+end)
			add(relation, "right", before+"right"+end)
		}
	}
	add(relation, "left", "farther left than", "further left than")
	add(relation, "right", "farther right than", "further right than")
	add(relation, "above", "above", "over", "on top of", "higher than", "higher up than")
	add(relation, "below", "below", "under", "underneath", "beneath", "lower than", "lower down than")
	add(relation, "inside", "inside", "inside of", "within", "surrounded by", "enclosed by", "enclosed in")
	add(relation, "around", "around", "surrounds", "surrounding", "encloses", "enclosing")
	add(relation, "between", "between", "in between")
	add(comparing, "larger", "larger than", "bigger than")
	add(comparing, "smaller", "smaller than")
	add(more, "more", "more")
	add(more, "fewer", "fewer", "less")
	add(than, "", "than")
	add(bound, "least", "at least", "more than", "no fewer than", "no less than", "not less than", "over", "minimum of")
	add(bound, "most", "at most", "fewer than", "less than", "no more than", "not more than", "up to", "maximum of")
	lexicon["over"] = word{kind: relation, name: "above"}
	add(holding, "", "contains", "contain", "containing", "has", "have", "holds", "hold", "holding", "shows", "show", "showing", "includes")
	add(in, "", "in")
	for _, w := range strings.Fields(`picture image scene drawing background canvas illustration photo view total group set collection variety mix
		corner side half part area region edge row column line quadrant number color colour colors colours size sizes color's kind kinds type types
		lot pair couple space position different simple description bit frame border series number bunch array handful pattern
		composition arrangement grid`) {
		add(neutral, "", w)
	}
	for _, w := range strings.Fields(`sized colored coloured also very just directly exactly precisely located placed positioned situated lies lie sits sit
		stands stand drawn visible seen present of at on to near with filled solid bright plain single clearly slightly far bit up depicted displayed
		i can see you we be as so only being`) {
		add(skip, "", w)
	}
}

// longest is how many words a phrase of the lexicon has at most.
const longest = 5

// most bounds the words of a description that are read.
const most = 4096

// sentences divides a text into sentences of words with their meaning.
func sentences(text string) [][]word {
	var list [][]word
	left := most
	for _, one := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(".!?;:\n", r) }) {
		if words := meanings(plain(one), &left); len(words) > 0 {
			list = append(list, words)
		}
	}
	return list
}

// plain is the words of a sentence, commas among them.
func plain(sentence string) []string {
	sentence = strings.NewReplacer("’", "'", ",", " , ", "-", " ", "(", " , ", ")", " , ", "*", " ", "\"", " ").Replace(sentence)
	words := strings.Fields(sentence)
	var out []string
	for _, w := range words {
		switch before, ok := strings.CutSuffix(w, "'s"); {
		case ok && (before == "there" || before == "it" || before == "that"):
			out = append(out, before, "is")
		case ok:
			out = append(out, before)
		default:
			out = append(out, w)
		}
	}
	return out
}

// meanings looks words up, the longest phrases first, as many as are left.
func meanings(words []string, left *int) []word {
	var list []word
	for i := 0; i < len(words) && *left > 0; *left-- {
		n := min(longest, len(words)-i)
		for ; n > 1; n-- {
			if _, ok := lexicon[strings.Join(words[i:i+n], " ")]; ok {
				break
			}
		}
		text := strings.Join(words[i:i+n], " ")
		w, ok := lexicon[text]
		if value, isNumber := digits(text); !ok && isNumber {
			w = word{kind: count, n: value}
		}
		w.text = text
		if w.kind != skip {
			list = append(list, w)
		}
		i += n
	}
	return list
}

// digits reads a whole number of up to four digits.
func digits(text string) (int, bool) {
	n := 0
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, false
		}
		n = 10*n + int(r-'0')
	}
	return n, len(text) > 0 && len(text) <= 4
}
