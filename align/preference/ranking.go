package preference

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/train/conversation"
)

// The names of several answers and of what orders them, and what elements that are
// objects call their text, rank and score.
var (
	listKeys  = []string{"answers", "completions", "responses"}
	placeKeys = []string{"ranks", "rank"}
	worthKeys = []string{"scores", "ratings", "score", "rating", "rewards"}
	textKeys  = []string{"text", "answer", "response", "content", "completion", "output", "messages"}
	ownPlace  = []string{"rank"}
	ownWorth  = []string{"score", "rating", "overall_score", "pm_score", "reward"}
)

// readRanked reads several answers and their order.
func readRanked(o *conversation.Object) (*judged, error) {
	at := slices.IndexFunc(listKeys, func(key string) bool { return conversation.KindOf(o.Value(key)) == "a list" })
	if at < 0 {
		return nil, nil
	}
	key := listKeys[at]
	list, err := o.List(key)
	if err != nil {
		return nil, err
	}
	if n := len(list); n < 2 || n > MaxAnswers {
		return nil, bad(o.At(key), "it has %d elements: a comparison is of 2 to %d answers", n, MaxAnswers)
	}
	j := &judged{form: key, used: []string{key}}
	own := make([]conversation.Object, len(list))
	for i, data := range list {
		a, err := readElement(fmt.Sprintf("%s[%d]", o.At(key), i), data, &own[i])
		if err != nil {
			return nil, err
		}
		j.answers = append(j.answers, a)
	}
	worth, scored, err := j.worths(o, own)
	if err != nil {
		return nil, err
	}
	j.order(worth, scored)
	return j, nil
}

// readElement reads an answer of a list; own is what it is if it is an object that
// is no message.
func readElement(field string, data json.RawMessage, own *conversation.Object) (a answer, err error) {
	wrapped, _ := json.Marshal(map[string]json.RawMessage{field: data}) // both are JSON
	holder, err := conversation.ParseObject("", wrapped)
	if err != nil {
		return a, err
	}
	if conversation.KindOf(data) != "an object" {
		return readAnswer(&holder, field)
	}
	if *own, err = conversation.ParseObject(field, data); err != nil {
		return a, err
	}
	if own.Has("role") || own.Has("from") {
		return readAnswer(&holder, field)
	}
	for _, key := range textKeys {
		if own.Has(key) {
			a, err = readAnswer(own, key)
			return a, err
		}
	}
	return a, bad(field, "it has none of the keys %q", textKeys)
}

// worths says how good each answer is, more is better, and not a number for one
// that is not judged; scored, that these are scores and not places.
func (j *judged) worths(o *conversation.Object, own []conversation.Object) (worth []float64, scored bool, err error) {
	n := len(own)
	if o.Has("ranking") {
		j.used = append(j.used, "ranking")
		worth, err = j.ranking(o, n)
		return worth, false, err
	}
	for i, key := range slices.Concat(placeKeys, worthKeys) {
		if conversation.KindOf(o.Value(key)) != "a list" {
			continue
		}
		j.used = append(j.used, key)
		list, err := o.List(key)
		if err != nil {
			return nil, false, err
		}
		if len(list) != n {
			return nil, false, bad(o.At(key), "it has %d elements for %d answers", len(list), n)
		}
		worth, err = numbers(func(k int) (string, json.RawMessage) { return fmt.Sprintf("%s[%d]", o.At(key), k), list[k] }, n)
		scored = i >= len(placeKeys)
		return signed(worth, scored), scored, err
	}
	for i, key := range slices.Concat(ownPlace, ownWorth) {
		if !slices.ContainsFunc(own, func(x conversation.Object) bool { return x.Has(key) }) {
			continue
		}
		worth, err = numbers(func(k int) (string, json.RawMessage) { return own[k].At(key), own[k].Value(key) }, n)
		scored = i >= len(ownPlace)
		return signed(worth, scored), scored, err
	}
	return nil, false, bad(j.form, "nothing says which answer is better: give ranking, ranks or scores, or rank or score with each answer")
}

// numbers reads n of them; what is not there or null is not a number.
func numbers(at func(k int) (field string, data json.RawMessage), n int) ([]float64, error) {
	list := make([]float64, n)
	for k := range list {
		field, data := at(k)
		if data == nil || conversation.KindOf(data) == "null" {
			list[k] = math.NaN()
			continue
		}
		var err error
		if list[k], err = number(field, data); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// signed makes more the better of places, of which 1 is the best.
func signed(worth []float64, scored bool) []float64 {
	if !scored {
		for i := range worth {
			worth[i] = -worth[i]
		}
	}
	return worth
}

// ranking reads the numbers of the answers from the best to the worst, from 0; of
// equally good ones a list.
func (j *judged) ranking(o *conversation.Object, n int) ([]float64, error) {
	list, err := o.List("ranking")
	if err != nil {
		return nil, err
	}
	worth := make([]float64, n)
	for i := range worth {
		worth[i] = math.NaN()
	}
	for place, data := range list {
		same := []json.RawMessage{data}
		if conversation.KindOf(data) == "a list" {
			_ = json.Unmarshal(data, &same) // it is a list
		}
		for _, one := range same {
			var k int
			if json.Unmarshal(one, &k) != nil || k < 0 || k >= n || !math.IsNaN(worth[k]) {
				return nil, bad(o.At("ranking"), "it is to have the number of each of the %d answers once, from 0, the best first: for the place of each answer use ranks", n)
			}
			worth[k] = float64(-place)
		}
	}
	for k, w := range worth {
		if math.IsNaN(w) {
			return nil, bad(o.At("ranking"), "it leaves out answer %d: it is to have the number of each of the %d answers once, from 0; for the place of each answer use ranks", k, n)
		}
	}
	return worth, nil
}

// order makes all pairs, the best answers first, and leaves out those of equal
// worth and of answers that are not judged.
func (j *judged) order(worth []float64, scored bool) {
	var by []int
	for i, w := range worth {
		if !math.IsNaN(w) {
			by = append(by, i)
		}
	}
	slices.SortStableFunc(by, func(a, b int) int {
		switch {
		case worth[a] > worth[b]:
			return -1
		case worth[a] < worth[b]:
			return 1
		}
		return 0
	})
	for i, better := range by {
		for _, worse := range by[i+1:] {
			p := Pair{Better: better, Worse: worse}
			if worth[better] == worth[worse] {
				j.ties++
				continue
			}
			if scored {
				p.Gap = worth[better] - worth[worse]
			}
			j.pairs = append(j.pairs, p)
		}
	}
}
