package align

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/par"
)

// TestReplayEqualsRollout: the log-probabilities that the engine had as it drew the
// answers are those of the training pass, to the bit: with and without experts, of
// all weights and of an adapter, whatever the microbatch.
func TestReplayEqualsRollout(t *testing.T) {
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		for _, lora := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s lora=%v", kind, lora), func(t *testing.T) {
				m, s := openPolicy(t, dir, lora)
				for _, d := range []drawing{
					{answers: 3, maxTokens: 24, temperature: 1, topP: 1, seed: 5},
					{answers: 2, maxTokens: 24, temperature: 0.7, topP: 0.8, seed: 6, batch: 3},
				} {
					rollouts, speed, err := s.draw(t.Context(), m, asked(t, s, 7), d)
					if err != nil {
						t.Fatal(err)
					}
					list, engine := sequences(rollouts)
					if speed.tokens == 0 || speed.took <= 0 {
						t.Errorf("speed %+v", speed)
					}
					for _, room := range []int{64, 1000} {
						packs, err := packSequences(list, room)
						if err != nil {
							t.Fatal(err)
						}
						trainer := newTable(list)
						if err := newLearner(m, room, false).measure(t.Context(), packs, trainer); err != nil {
							t.Fatal(err)
						}
						if d := engine.difference(trainer); d != 0 {
							t.Errorf("microbatches of %d tokens: log-probabilities differ by %v", room, d)
						}
						for i, row := range trainer {
							for k, v := range row {
								if !(v < 0) {
									t.Fatalf("answer %d: log-probability %d is %v", i, k, v)
								}
							}
						}
					}
				}
			})
		}
	}
}

// TestRolloutsAreSame: what is drawn does not hang on threads, nor on what is worked
// on together.
func TestRolloutsAreSame(t *testing.T) {
	m, s := openPolicy(t, smallModel(t, experts), false)
	questions := asked(t, s, 5)
	d := drawing{answers: 4, maxTokens: 16, temperature: 1, topP: 1, seed: 5}
	want, _, err := s.draw(t.Context(), m, questions, d)
	if err != nil {
		t.Fatal(err)
	}
	threads := par.Threads()
	defer par.SetThreads(threads)
	for _, n := range []int{1, 3} {
		par.SetThreads(n)
		for _, d.batch = range []int{0, 1, 7} {
			got, _, err := s.draw(t.Context(), m, questions, d)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d threads, %d at a time: other answers", n, d.batch)
			}
		}
	}
	// A part of the questions has the answers that it has among the others.
	d.first = 2 * d.answers
	got, _, err := s.draw(t.Context(), m, questions[2:4], d)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want[2*d.answers:4*d.answers]) {
		t.Error("two of the questions have other answers than among five")
	}
	seen := map[string]int{}
	for i := range want {
		seen[fmt.Sprint(want[i].Answer)]++
	}
	if len(seen) < len(want)/2 {
		t.Errorf("%d different answers of %d", len(seen), len(want))
	}
	d.seed++
	if got, _, err = s.draw(t.Context(), m, questions[2:4], d); err != nil || reflect.DeepEqual(got, want[2*d.answers:4*d.answers]) {
		t.Errorf("another seed gives the same answers (%v)", err)
	}
}

// TestRolloutEnds: an answer that the policy ended has the token that ended it and
// not its name in the text, and no row beyond the vocabulary is ever drawn.
func TestRolloutEnds(t *testing.T) {
	m, s := openPolicy(t, smallModel(t, dense), false)
	rollouts, _, err := s.draw(t.Context(), m, asked(t, s, 20), drawing{answers: 20, maxTokens: 40, temperature: 1, seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	for i := range rollouts {
		r := &rollouts[i]
		last := r.Answer[len(r.Answer)-1]
		if isEnd := slices.Contains(s.ends, last); isEnd != r.ended() {
			t.Errorf("answer %d ends with token %d, and finished by %q", i, last, r.Finish)
		}
		if slices.ContainsFunc(r.Answer[:len(r.Answer)-1], func(id int32) bool { return slices.Contains(s.ends, id) }) {
			t.Errorf("answer %d goes on after its end", i)
		}
		if r.ended() {
			ended++
		} else if r.Finish != infer.FinishLength || len(r.Answer) != 40 {
			t.Errorf("answer %d has %d tokens and finished by %q", i, len(r.Answer), r.Finish)
		}
		if len(r.LogProbs) != len(r.Answer) {
			t.Errorf("answer %d: %d log-probabilities of %d tokens", i, len(r.LogProbs), len(r.Answer))
		}
		if strings.Contains(r.Text, "<|") {
			t.Errorf("answer %d is %q", i, r.Text)
		}
		for _, id := range r.Answer {
			if int(id) >= s.text.VocabSize() {
				t.Errorf("answer %d has token %d, which there is not", i, id)
			}
		}
	}
	if ended == 0 || ended == len(rollouts) {
		t.Errorf("%d of %d answers ended", ended, len(rollouts))
	}
}

func TestRolloutCanceled(t *testing.T) {
	m, s := openPolicy(t, smallModel(t, dense), false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.draw(ctx, m, asked(t, s, 3), drawing{answers: 2, maxTokens: 8}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
