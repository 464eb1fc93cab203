package judge

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// model answers with a text, and keeps what it was asked.
type model struct {
	eval.Subject
	chat bool
	text string
	cut  int
	err  error

	mu    sync.Mutex // Apply asks from several goroutines
	asked []eval.Request
}

func (m *model) Info() eval.SubjectInfo { return eval.SubjectInfo{Name: "m", Chat: m.chat} }

func (m *model) Generate(_ context.Context, r eval.Request) (eval.Answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r)
	return eval.Answer{Text: m.text, Cut: m.cut}, m.err
}

const verdict = `{"criteria": [{"number": 1, "reason": "so", "points": 1}]}`

func sheet() Sheet {
	t := &task.Task{Name: "t", Grader: &task.Grading{Rubric: &task.Rubric{Pass: 0.5, Criteria: []task.Criterion{{Name: "c", Text: "is {{.want}}", Points: 2}}}}}
	s := Sheet{Task: t}
	for _, id := range []string{"a", "b"} {
		s.Items = append(s.Items, task.Item{Task: "t", ID: id, Prompt: "P" + id, Gold: -1, Row: task.Row{"want": "good " + id}})
	}
	return s
}

func TestModel(t *testing.T) {
	q, err := grade.Ask(sheet().Task, &sheet().Items[0], "X")
	if err != nil {
		t.Fatal(err)
	}
	for _, chat := range []bool{false, true} {
		m := &model{chat: chat, text: verdict}
		marks, err := Model(m).Judge(context.Background(), q)
		if err != nil || len(marks.Shares) != 1 || marks.Shares[0] != 0.5 || marks.Raw != verdict {
			t.Fatalf("%+v, %v", marks, err)
		}
		r := m.asked[0]
		prompt := r.Prompt
		if chat {
			prompt = r.Conversation.Messages[0].Content[0].Text
		}
		if r.Temperature != 0 || r.Schema == "" || (r.Prompt == "") != chat || !strings.Contains(prompt, "is good a") {
			t.Errorf("%+v", r)
		}
	}
	if _, err := Model(&model{text: verdict, cut: 5}).Judge(context.Background(), q); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a question that was cut: %v", err)
	}
	broken := errors.New("broken")
	if _, err := Model(&model{err: broken}).Judge(context.Background(), q); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestApply(t *testing.T) {
	records := func() []eval.Record {
		return []eval.Record{
			{Task: "t", Item: "a", Answer: "X", Error: "no judge"},
			{Task: "t", Item: "b", Answer: "Y", Verdict: task.Verdict{Score: 1, Right: true}},
			{Task: "t", Item: "b", Sample: 1, Error: "the model failed"},
			{Task: "other", Item: "z", Answer: "Z", Verdict: task.Verdict{Score: 0.25}},
		}
	}
	other := Sheet{Task: &task.Task{Name: "other", Grader: &task.Grading{Exact: &task.Exact{}}}}
	for _, parallel := range []int{0, 4} {
		rs, calls := records(), 0
		judged, err := Apply(context.Background(), rs, []Sheet{sheet(), other}, Model(&model{text: verdict}), Options{Parallel: parallel, Progress: func(done, total int) {
			if calls++; done != calls || total != 2 {
				t.Errorf("%d of %d", done, total)
			}
		}})
		if err != nil || judged != 2 || calls != 2 {
			t.Fatalf("%d, %v, %d", judged, err, calls)
		}
		for i, r := range rs[:2] {
			if r.Verdict.Score != 0.5 || !r.Verdict.Right || r.Error != "" || r.Verdict.Judge != verdict {
				t.Errorf("%d: %+v", i, r)
			}
		}
		if rs[2].Error != "the model failed" || rs[3].Verdict.Score != 0.25 {
			t.Errorf("%+v", rs[2:])
		}
	}

	rs := records()
	judged, err := Apply(context.Background(), rs, []Sheet{sheet()}, people{}, Options{})
	if err != nil || judged != 0 || !strings.Contains(rs[0].Error, ErrNotJudged.Error()) {
		t.Errorf("%d, %v, %+v", judged, err, rs[0])
	}
	if want := records()[1]; !reflect.DeepEqual(rs[1], want) {
		t.Errorf("a verdict that nobody gave anew is %+v, and was %+v", rs[1], want)
	}
	rs = records()
	failing := &model{err: errors.New("it is broken")}
	judged, err = Apply(context.Background(), rs, []Sheet{sheet()}, Model(failing), Options{})
	if err != nil || judged != 0 || !strings.Contains(rs[0].Error, "it is broken") || rs[1].Verdict.Score != 1 || rs[1].Error != "" {
		t.Errorf("%d, %v, %+v", judged, err, rs)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	rs = records()
	if _, err := Apply(ctx, rs, []Sheet{sheet()}, people{}, Options{}); !errors.Is(err, context.Canceled) || rs[1].Verdict.Score != 1 {
		t.Errorf("%v, %+v", err, rs[1])
	}
	rs = []eval.Record{{Task: "t", Item: "gone", Answer: "x"}}
	if _, err := Apply(context.Background(), rs, []Sheet{sheet()}, people{}, Options{}); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("%v", err)
	}
	qs, err := Questions(records(), []Sheet{sheet(), other})
	if err != nil || len(qs) != 2 || qs[0].Answer != "X" || qs[1].Criteria[0].Text != "is good b" {
		t.Errorf("%+v, %v", qs, err)
	}
}

// TestGiveUp: a judge that cannot be reached any more is not asked about all that is left.
func TestGiveUp(t *testing.T) {
	s := sheet()
	var records []eval.Record
	for i := range 20 {
		records = append(records, eval.Record{Task: "t", Item: "a", Sample: i, Answer: "X"})
	}
	gone := &model{err: fmt.Errorf("%w: no quota", eval.ErrUnavailable)}
	failed := 0
	judged, err := Apply(t.Context(), records, []Sheet{s}, Model(gone), Options{Failed: func(error) { failed++ }})
	if judged != 0 || !errors.Is(err, eval.ErrUnavailable) || !strings.Contains(err.Error(), "no quota") || failed != giveUp || len(gone.asked) > giveUp+1 { // one was on its way
		t.Errorf("%d judged, %d failed, %d asked: %v", judged, failed, len(gone.asked), err)
	}
}
