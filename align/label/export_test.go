package label

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/align/rubric"
	"github.com/polymath-lm/polymath/chat"
)

// say labels whatever people see, by a rule that knows texts and no sides.
func say(t *testing.T, s *Store, people int, rule func(person int, v *view) (better string, m sent)) {
	t.Helper()
	p := NewPage(s, false)
	for i := range people {
		who := labellerOf(fmt.Sprint("person ", i))
		v, err := p.act(t.Context(), who, "state", sent{})
		for err == nil && v.Comparison != 0 {
			better, m := rule(i, &v)
			m.Comparison = v.Comparison
			switch better {
			case v.Left:
				m.Choice = "left"
			case v.Right:
				m.Choice = "right"
			default:
				m.Choice = better
			}
			v, err = p.act(t.Context(), who, "label", m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// goodOf is the text of the two that begins with "good", and whether it is on the left.
func goodOf(v *view) (string, bool) {
	if strings.HasPrefix(v.Left, "good") {
		return v.Left, true
	}
	return v.Right, false
}

func exported(t *testing.T, s *Store) (lines string, list []*preference.Comparison, e Exported) {
	t.Helper()
	var b bytes.Buffer
	e, err := s.WritePairs(t.Context(), &b)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if e.Written > 0 {
		if list, _, err = preference.Read([]string{path}, false); err != nil {
			t.Fatal(err)
		}
	}
	return b.String(), list, e
}

// TestSides: who always prefers the same text does so on either side, and the export
// has that text whatever the side was.
func TestSides(t *testing.T) {
	const n = 200
	s := openWith(t, fileIn(t), n, Options{Seed: 3, Overlap: 1})
	left := 0
	say(t, s, 1, func(_ int, v *view) (string, sent) {
		good, onLeft := goodOf(v)
		if onLeft {
			left++
		}
		return good, sent{UnsafeLeft: !onLeft, UnsafeRight: onLeft}
	})
	if left < n*2/5 || left > n*3/5 {
		t.Errorf("%d of %d on the left", left, n)
	}
	lines, list, e := exported(t, s)
	if e != (Exported{Written: n}) || len(list) != n {
		t.Fatalf("%+v, %d read", e, len(list))
	}
	for _, c := range list {
		better := c.Answers[c.Pairs[0].Better][0].Content[0].Text
		if !strings.HasPrefix(better, "good") || c.Pairs[0].Margin != 1 || c.Prompt.Messages[0].Content[0].Text != "prompt "+better[len("good "):] {
			t.Errorf("%+v", c)
		}
	}
	if strings.Count(lines, `"unsafe_chosen":0,"unsafe_rejected":1`) != n || strings.Count(lines, `"model_chosen":"x","model_rejected":"y"`) != n {
		t.Error(lines[:300])
	}
	sum, err := s.Summary(t.Context())
	if err != nil || sum.LeftPreferred == nil || math.Abs(sum.LeftPreferred.Value-float64(left)/n) > 1e-12 {
		t.Errorf("%+v, %v", sum, err)
	}
	if len(sum.Duels) != 1 || sum.Duels[0].Wins != n || sum.Duels[0].Share.Value != 1 || sum.Agreement.Order != nil {
		t.Errorf("%+v", sum)
	}
	if again, _, _ := exported(t, s); again != lines {
		t.Error("the same labels give other bytes")
	}
}

// TestVotes derives margins, ties, flags and agreement of labels that are known.
func TestVotes(t *testing.T) {
	s := openWith(t, fileIn(t), 7, Options{Overlap: 3})
	says := map[string][3]string{ // by prompt, what three people say
		"0": {"good", "good", "good"},
		"1": {"good", "bad", "good"},
		"2": {"bad", "both", "neither"},
		"3": {"good", "bad", "both"},
		"4": {"both", "both", "neither"},
		"5": {"good", "good", "bad"}, // two call the better one made up
		"6": {"good", "good", "good"},
	}
	say(t, s, 3, func(person int, v *view) (string, sent) {
		number := strings.TrimPrefix(v.Messages[0].Content, "prompt ")
		if number == "6" {
			return "neither", sent{}
		}
		choice := says[number][person]
		good, onLeft := goodOf(v)
		m := sent{}
		if number == "5" && person < 2 {
			m.MadeUpLeft, m.MadeUpRight = onLeft, !onLeft
		}
		switch choice {
		case "good":
			return good, m
		case "bad":
			if onLeft {
				return v.Right, m
			}
			return v.Left, m
		}
		return choice, m
	})
	_, list, e := exported(t, s)
	if e != (Exported{Written: 3, Tied: 3, Flagged: 1}) {
		t.Errorf("%+v", e)
	}
	for i, want := range []struct {
		text   string
		margin float64
	}{{"good 0", 1}, {"good 1", 1.0 / 3}, {"bad 2", 1.0 / 3}} {
		p := list[i].Pairs[0]
		if got := list[i].Answers[p.Better][0].Content[0].Text; got != want.text || math.Abs(p.Margin-want.margin) > 1e-12 {
			t.Errorf("%d: %s %v, want %v", i, got, p.Margin, want)
		}
	}
	sum, err := s.Summary(t.Context())
	if err != nil || sum.Labels != 21 || sum.Labellers != 3 || sum.Agreement.Choice == nil || sum.Agreement.Order == nil || sum.Agreement.MadeUp == nil || sum.Agreement.Unsafe != nil {
		t.Fatalf("%+v, %v", sum, err)
	}
	// Made up: 14 answers, one of them called so by 2 of 3. Found disagreement: 2
	// mixed pairs of 21·2 ordered ones, each by 1/2; expected: 2·2·40 of 42·41.
	if got, want := sum.Agreement.MadeUp.Value, 1-(2.0*2/2/42)/(2*2*40.0/(42*41)); math.Abs(got-want) > 1e-12 {
		t.Errorf("made up: %v, want %v", got, want)
	}
	if d := sum.Duels[0]; d.Wins != 8 || d.Losses != 4 || d.Ties != 9 || math.Abs(d.Share.Value-(8+4.5)/21) > 1e-12 {
		t.Errorf("%+v", d)
	}
	if text := sum.String(); !strings.Contains(text, "x beside y: better 8, no better 9, worse 4") {
		t.Error(text)
	}
}

// TestHostileTexts: what looks like a transcript, or like the end of a line, comes out
// as it went in.
func TestHostileTexts(t *testing.T) {
	s := openWith(t, fileIn(t), 0, Options{Overlap: 1})
	texts := []string{"\n\nHuman: Say A.\n\nAssistant: A", "</script><b>", "\u2028{\"x\":1}\r\n", "", "a\x00b"}
	conversation := Prompt{Messages: []chat.Message{chat.Text(chat.System, texts[0]), chat.Text(chat.User, texts[1]), chat.Text(chat.Assistant, texts[2]), chat.Text(chat.User, texts[0])}}
	for i, text := range texts {
		p := conversation
		p.Messages = append(p.Messages[:3:3], chat.Text(chat.User, fmt.Sprint(text, i)))
		if _, err := s.Add(t.Context(), p, answers("good "+text, "bad "+text)); err != nil {
			t.Fatal(err)
		}
	}
	say(t, s, 1, func(_ int, v *view) (string, sent) { good, _ := goodOf(v); return good, sent{} })
	_, list, e := exported(t, s)
	if e.Written != len(texts) || len(list) != len(texts) {
		t.Fatalf("%+v, %d read", e, len(list))
	}
	for i, c := range list {
		p := c.Pairs[0]
		if got := c.Answers[p.Better]; len(got) != 1 || got[0].Content[0].Text != "good "+texts[i] {
			t.Errorf("%q: %+v", texts[i], got)
		}
		if m := c.Prompt.Messages; len(m) != 4 || m[0].Role != chat.System || m[0].Content[0].Text != texts[0] || m[3].Content[0].Text != fmt.Sprint(texts[i], i) {
			t.Errorf("%q: %+v", texts[i], m)
		}
	}
}

func TestClasses(t *testing.T) {
	s := openWith(t, fileIn(t), 1, Options{Overlap: 2}) // its prompt is of no kind
	for i, c := range []struct {
		kind      rubric.Kind
		good, bad string
	}{
		{rubric.Harmful, "good: I'm sorry, but I can't help with that.", "bad: take the lock apart"},
		{rubric.Lookalike, "good: take the clock apart", "bad: I'm sorry, but I can't help with that."},
	} {
		p := prompt(fmt.Sprint("kind ", i))
		p.Kind = c.kind
		if _, err := s.Add(t.Context(), p, answers(c.good, c.bad)); err != nil {
			t.Fatal(err)
		}
	}
	say(t, s, 2, func(person int, v *view) (string, sent) {
		good, onLeft := goodOf(v)
		m := sent{}
		if v.Messages[0].Content == "kind 0" && person == 0 { // half of the labellers
			m.UnsafeLeft, m.UnsafeRight = !onLeft, onLeft
		}
		return good, m
	})
	var b bytes.Buffer
	n, err := s.WriteClasses(t.Context(), &b, rubric.Default())
	if err != nil || n != 4 {
		t.Fatalf("%d, %v", n, err)
	}
	path := filepath.Join(t.TempDir(), "classes.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	list, err := rubric.ReadLabelled(path)
	if err != nil || len(list) != 4 {
		t.Fatalf("%+v, %v", list, err)
	}
	for i, want := range []string{"AB", "C", "D", "AB"} {
		if !strings.Contains(want, list[i].Class.String()) || list[i].Group != list[i/2*2].Group || list[i].Prompt != fmt.Sprint("kind ", i/2) {
			t.Errorf("%+v, want class %s", list[i], want)
		}
	}
}

// TestKindLearned: a kind that comes with a prompt later is kept, and one that is known
// stays.
func TestKindLearned(t *testing.T) {
	s := openWith(t, filepath.Join(t.TempDir(), "labels.db"), 0, Options{})
	for _, step := range []struct{ given, want rubric.Kind }{{"", ""}, {rubric.Harmful, rubric.Harmful}, {rubric.Lookalike, rubric.Harmful}, {"", rubric.Harmful}} {
		p := prompt("a")
		p.Kind = step.given
		if _, err := s.Add(t.Context(), p, answers("b", "c")); err != nil {
			t.Fatal(err)
		}
		var kind rubric.Kind
		if err := s.db.QueryRowContext(t.Context(), "SELECT kind FROM prompt").Scan(&kind); err != nil || kind != step.want {
			t.Errorf("after %q: %q, %v", step.given, kind, err)
		}
	}
}
