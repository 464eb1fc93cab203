package world

import "strings"

// name is the name of a subject.
type name struct {
	kind  Kind
	text  string
	split Split
}

// The parts of names. Kinds have other endings, so that a name shows what it is of. Women
// have endings with a vowel.
var (
	starts = []string{
		"Bel", "Cor", "Dar", "Fen", "Gal", "Hal", "Jor", "Kel", "Lan", "Mor",
		"Nor", "Pel", "Ral", "Sol", "Tam", "Ver", "Wes", "Yar", "Zor", "Bran",
	}
	endings = map[Kind][]string{
		Person: {"mund", "dric", "vin", "gar", "bert", "nar", "lith", "win", "thor", "ric", "dora", "lina", "sia", "wena", "mira", "thea", "gunda", "bella", "nessa", "vela"},
		Place:  {"ford", "ham", "burg", "stead", "mouth", "dale", "holm", "wick", "field", "port", "ton", "bridge"},
		Ship:   {"ance", "ion", "star", "wind", "crest", "gull", "wave", "spray", "hawk", "swan", "light", "tide"},
	}
)

// splitOf is who is asked for names of these parts: all see each part.
func splitOf(start, end int) Split {
	return [4]Split{Train, Train, Rollout, Test}[(start+end)%4]
}

// allNames are the names that can be made.
func allNames(k Kind) []name {
	var list []name
	for i, start := range starts {
		for j, end := range endings[k] {
			text := start + end
			if k == Ship {
				text = "the " + text
			}
			list = append(list, name{k, text, splitOf(i, j)})
		}
	}
	return list
}

// splitNames are the names of each split.
var splitNames = func() map[Split]map[Kind][]name {
	all := map[Split]map[Kind][]name{}
	for _, s := range Splits {
		all[s] = map[Kind][]name{}
		for _, k := range Kinds {
			for _, n := range allNames(k) {
				if n.split == s {
					all[s][k] = append(all[s][k], n)
				}
			}
		}
	}
	return all
}()

// pronoun is what stands for a name at the beginning of a sentence.
func (n *name) pronoun() string {
	switch {
	case n.kind != Person:
		return "It"
	case strings.HasSuffix(n.text, "a"):
		return "She"
	}
	return "He"
}

// pronounFits reports whether a pronoun, in small letters, may stand for a name.
func pronounFits(pronoun, text string, k Kind) bool {
	n := name{kind: k, text: text}
	return pronoun == "they" || pronoun == strings.ToLower(n.pronoun())
}
