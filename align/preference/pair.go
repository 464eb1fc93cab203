package preference

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/train/conversation"
)

// readAnswer reads an answer at a key.
func readAnswer(o *conversation.Object, key string) (a answer, err error) {
	a.field = o.At(key)
	if !o.Has(key) {
		return a, bad(a.field, "it is missing")
	}
	a.messages, err = ReadTurns(o, key, chat.Assistant)
	return a, err
}

// readNumber reads a number, or a text of one.
func readNumber(o *conversation.Object, key string) (float64, error) {
	return number(o.At(key), o.Value(key))
}

func number(field string, data json.RawMessage) (float64, error) {
	text := string(data)
	if conversation.KindOf(data) == "a text" {
		_ = json.Unmarshal(data, &text) // what is no text is no number either
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, bad(field, "it is %s, not a number", conversation.KindOf(data))
	}
	if math.Abs(v) > mostNumber {
		return 0, bad(field, "%g is too large: numbers are between -%g and %g", v, mostNumber, mostNumber)
	}
	return v, nil
}

// mostNumber bounds what the data gives, so that differences and what is made of them
// stay numbers.
const mostNumber = 1e30

// chosenKeys are the names of the better and the worse answer.
var chosenKeys = [][2]string{{"chosen", "rejected"}, {"chosen_messages", "rejected_messages"}}

// scoreKeys are those of their scores.
var scoreKeys = [][2]string{
	{"score_chosen", "score_rejected"},
	{"chosen_score", "rejected_score"},
	{"chosen-rating", "rejected-rating"},
	{"chosen_rating", "rejected_rating"},
}

// readChosen reads two answers of which one is called the better.
func readChosen(o *conversation.Object) (*judged, error) {
	for _, keys := range chosenKeys {
		if !o.Has(keys[0]) && !o.Has(keys[1]) {
			continue
		}
		j := &judged{form: keys[0], used: []string{keys[0], keys[1], "margin"}}
		if err := j.two(o, keys[0], keys[1]); err != nil {
			return nil, err
		}
		p := Pair{Better: 0, Worse: 1}
		for _, keys := range scoreKeys {
			if !o.Has(keys[0]) || !o.Has(keys[1]) {
				continue
			}
			j.used = append(j.used, keys[0], keys[1])
			gap, err := difference(o, keys)
			switch {
			case err != nil:
				return nil, err
			case gap < 0:
				return nil, bad(o.At(keys[0]), "it is less than %s: exchange the answers, or leave the scores out", keys[1])
			case gap == 0:
				j.ties++
				return j, nil
			}
			p.Gap = gap
		}
		return j, j.judge(o, p)
	}
	return nil, nil
}

// two reads both answers.
func (j *judged) two(o *conversation.Object, a, b string) error {
	for _, key := range []string{a, b} {
		x, err := readAnswer(o, key)
		if err != nil {
			return err
		}
		j.answers = append(j.answers, x)
	}
	return nil
}

// judge adds the only pair, with its margin.
func (j *judged) judge(o *conversation.Object, p Pair) (err error) {
	if o.Has("margin") {
		if p.Margin, err = readNumber(o, "margin"); err != nil {
			return err
		}
		if p.Margin < 0 {
			return bad(o.At("margin"), "it is less than 0: exchange the answers instead")
		}
	}
	j.pairs = []Pair{p}
	return nil
}

// difference is that of two scores.
func difference(o *conversation.Object, keys [2]string) (float64, error) {
	a, err := readNumber(o, keys[0])
	if err != nil {
		return 0, err
	}
	b, err := readNumber(o, keys[1])
	return a - b, err
}

// duels are two answers without an order, and the keys that say which is better:
// verdict is more than 0 for the first, and 0 for a tie.
var duels = []struct {
	a, b    string
	by      []string
	verdict func(o *conversation.Object) (float64, error)
}{
	{"response_0", "response_1", []string{"better_response_id"}, betterID},
	{"response1", "response2", []string{"overall_preference"}, func(o *conversation.Object) (float64, error) {
		v, err := readNumber(o, "overall_preference")
		return -v, err
	}},
	{"answer_0", "answer_1", []string{"score_0", "score_1"}, func(o *conversation.Object) (float64, error) {
		return difference(o, [2]string{"score_0", "score_1"})
	}},
	{"response_a", "response_b", []string{"winner"}, winner},
	{"conversation_a", "conversation_b", []string{"winner"}, winner},
}

// readDuel reads two answers and the verdict.
func readDuel(o *conversation.Object) (*judged, error) {
	for i := range duels {
		d := &duels[i]
		if !o.Has(d.a) && !o.Has(d.b) {
			continue
		}
		for _, key := range d.by {
			if !o.Has(key) {
				return nil, bad(o.At(key), "it is missing: it says which of %s and %s is better", d.a, d.b)
			}
		}
		j := &judged{form: d.a, used: append([]string{d.a, d.b, "margin"}, d.by...)}
		if err := j.two(o, d.a, d.b); err != nil {
			return nil, err
		}
		verdict, err := d.verdict(o)
		switch {
		case err != nil:
			return nil, err
		case verdict == 0:
			j.ties++
			return j, nil
		}
		p := Pair{Better: 0, Worse: 1}
		if verdict < 0 {
			p = Pair{Better: 1, Worse: 0}
		}
		if d.by[0] != "better_response_id" && d.by[0] != "winner" {
			p.Gap = math.Abs(verdict)
		}
		return j, j.judge(o, p)
	}
	return nil, nil
}

func betterID(o *conversation.Object) (float64, error) {
	switch v, err := readNumber(o, "better_response_id"); {
	case err != nil:
		return 0, err
	case v == 0:
		return 1, nil
	case v == 1:
		return -1, nil
	}
	return 0, bad(o.At("better_response_id"), "it is neither 0 nor 1")
}

func winner(o *conversation.Object) (float64, error) {
	name, err := o.Text("winner", false)
	if err != nil {
		return 0, err
	}
	switch name = strings.ToLower(strings.TrimPrefix(strings.ToLower(name), "model_")); {
	case name == "a":
		return 1, nil
	case name == "b":
		return -1, nil
	case strings.HasPrefix(name, "tie"), strings.HasPrefix(name, "both"), name == "neither":
		return 0, nil
	}
	return 0, bad(o.At("winner"), "nobody is called so: use a, b or tie")
}
