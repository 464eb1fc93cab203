package eval

import (
	"context"
	"testing"
)

// asked keeps the requests that it gets, one at a time.
type asked struct {
	*fake
	requests []Request
}

func (a *asked) Generate(ctx context.Context, r Request) (Answer, error) {
	a.requests = append(a.requests, r)
	return a.fake.Generate(ctx, r)
}

// TestStops: what ends a text that goes on and on would cut the answers of a
// conversation, which end by themselves.
func TestStops(t *testing.T) {
	for _, chat := range []bool{false, true} {
		sheets := exam(2)
		for i := range sheets {
			sheets[i].Task.Generate.Stop = []string{"\n\n"}
		}
		a := &asked{fake: &fake{info: SubjectInfo{Chat: chat}}}
		if _, err := Run(t.Context(), a, sheets, Options{Grader: graders, Parallel: 1}); err != nil {
			t.Fatal(err)
		}
		stops := 0
		for _, r := range a.requests {
			if len(r.Stop) > 0 {
				stops++
			}
			if chat != (len(r.Conversation.Messages) > 0) || chat != (r.Prompt == "") {
				t.Errorf("chat %v: %+v", chat, r)
			}
		}
		if len(a.requests) < 8 || chat != (stops == 0) {
			t.Errorf("chat %v: %d of %d requests have stops", chat, stops, len(a.requests))
		}
	}
}
