package grade

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

func groundedTask(options string) string {
	return "name: t\ndata: {files: [x.jsonl]}\nmethod: generate\nprompt: '{{.q}}'\nanswer: '{{.a}}'\ngrader:\n  grounded: " + options + "\n"
}

func graderOf(t *testing.T, source string, o Options) task.Grader {
	t.Helper()
	parsed, err := task.Parse("t.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(parsed, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

const groundedPassage = "Belmund works as a baker and keeps a goose. He was born in 1801. The Belstar is red."

func TestGrounded(t *testing.T) {
	g := graderOf(t, groundedTask("{source: '{{.p}}', subject: '{{.s}}', attribute: '{{.k}}'}"), Options{})
	const job, nothing, all = "Belmund is a baker.", "The text does not say.", "Belmund is a baker. He keeps a goose. He was born in 1801."
	for _, c := range []struct {
		gold, answer                   string
		right, abstained, hallucinated bool
		unsupported, stated            int
	}{
		{job, "Belmund is a baker.", true, false, false, 0, 1},
		{job, "A baker.", true, false, false, 0, 1},
		{job, "a judge", false, false, true, 1, 1},
		{job, "Belmund is a judge.", false, false, true, 1, 1},
		{job, "Belmund is a baker. He plays the harp.", false, false, true, 1, 2},
		{job, "Belmund is a baker. Belmund is a judge. Belmund is a nurse.", false, false, true, 2, 3},
		{job, "The Belstar is red.", false, false, false, 0, 1}, // true and beside the question
		{job, "The text does not say.", false, true, false, 0, 0},
		{job, "I don't know.", false, true, false, 0, 0},
		{job, "", false, false, false, 0, 0},
		{job, "Dear me, that is a long story about bakers.", false, false, true, 1, 1},
		{nothing, "The text does not say.", false, true, false, 0, 0},
		{nothing, "Belmund is a baker.", false, false, false, 0, 1},
		{nothing, "Belmund plays the harp.", false, false, true, 1, 1},
		{all, "Belmund is a baker. He was born in 1801.", true, false, false, 0, 2},
		{all, "Belmund is a baker.", false, false, false, 0, 1},
		{all, "Belmund is a baker. He was born in 1801. He plays the harp.", false, false, true, 1, 3},
	} {
		item := &task.Item{ID: "1", Answers: []string{c.gold}, Row: task.Row{"p": groundedPassage, "s": "Belmund", "k": "profession"}}
		v, err := g.Grade(context.Background(), item, c.answer)
		if err != nil {
			t.Fatal(err)
		}
		if v.Right != c.right || v.Abstained != c.abstained || (v.Score == 1) != c.right {
			t.Errorf("%q to %q: %+v", c.answer, c.gold, v)
		}
		want := []task.Share{{Name: Hallucinated, Part: one(c.hallucinated), Whole: 1, Lower: true}}
		if c.stated > 0 {
			want = append(want, task.Share{Name: UnsupportedStatements, Part: c.unsupported, Whole: c.stated, Lower: true})
		}
		if len(v.Shares) != len(want) || v.Shares[0] != want[0] || len(want) > 1 && v.Shares[1] != want[1] {
			t.Errorf("%q: %+v", c.answer, v.Shares)
		}
	}
}

// lister supports the statements that its text has word for word.
type lister struct{ asked int }

func (l *lister) Judge(_ context.Context, q Question) (Marks, error) {
	l.asked++
	var m Marks
	for _, c := range q.Criteria {
		_, statement, _ := strings.Cut(c.Text, "otherwise: ")
		share := 0.0
		if strings.Contains(q.Prompt, statement) {
			share = 1
		}
		m.Shares = append(m.Shares, share)
	}
	return m, nil
}

func TestGroundedByJudge(t *testing.T) {
	source := groundedTask("{source: '{{.p}}', checker: judge}")
	item := &task.Item{ID: "1", Answers: []string{"Rain fell."}, Row: task.Row{"p": "It was late. Rain fell."}}
	judge := &lister{}
	g := graderOf(t, source, Options{Judge: judge})
	for answer, want := range map[string]string{"Rain fell.": "right", "Rain fell. Snow fell.": "wrong", "I do not know.": "abstained", "It was late.": "wrong"} {
		v, err := g.Grade(context.Background(), item, answer)
		got := "wrong"
		if v.Right {
			got = "right"
		} else if v.Abstained {
			got = "abstained"
		}
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", answer, v, err)
		}
	}
	long := strings.Repeat("Snow fell. ", 45)
	before := judge.asked
	v, err := g.Grade(context.Background(), item, long)
	if err != nil || judge.asked-before != 3 || v.Shares[1].Part != 45 {
		t.Errorf("%d questions to the judge, %+v, %v", judge.asked-before, v.Shares, err)
	}
	if _, err := graderOf(t, source, Options{}).Grade(context.Background(), item, "Rain fell."); !errors.Is(err, ErrNoJudge) {
		t.Errorf("without a judge: %v", err)
	}
}

func TestGroundedMistakes(t *testing.T) {
	for key, options := range map[string]string{
		"grader.grounded.source":    "{covered: 0.2}",
		"grader.grounded.checker":   "{source: x, checker: me}",
		"grader.grounded.attribute": "{source: x, subject: y}",
		"grader.grounded.covered":   "{source: x, covered: 2}",
		"grader.grounded.subject":   "{source: x, subject: '{{.', attribute: x}",
	} {
		if _, err := task.Parse("t.yaml", []byte(groundedTask(options))); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
