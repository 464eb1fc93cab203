package align

import (
	"context"
	"testing"

	"github.com/polymath-lm/polymath/model"
)

// TestReferenceIsTheBase: the reference of an adapter, which has no weights of its own,
// says to the bit what a second copy of the model would say, also where the adapter
// has left its beginning; and the policy is as it was.
func TestReferenceIsTheBase(t *testing.T) {
	for _, kind := range []string{dense, experts} {
		dir := smallModel(t, kind)
		policy, s := openPolicy(t, dir, true)
		r := lettersPPO(t, dir, true)
		run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		run.phases = map[string]Phase{}
		rollouts, _, err := s.draw(t.Context(), policy, asked(t, s, 6), drawing{answers: 1, maxTokens: 12, temperature: 1, seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		list, drawn := sequences(rollouts)
		packs, err := packSequences(list, run.tokens())
		if err != nil {
			t.Fatal(err)
		}
		base, err := model.Load(dir, false)
		if err != nil {
			t.Fatal(err)
		}
		defer base.Close()
		want := newTable(list)
		if err := newReplay(base, run.tokens()).measure(t.Context(), packs, want); err != nil {
			t.Fatal(err)
		}
		learner := newLearner(policy, run.tokens(), false)
		f, err := run.openReference(learner)
		if err != nil {
			t.Fatal(err)
		}
		got, err := f.refer(t.Context(), run, list)
		if err != nil {
			t.Fatal(err)
		}
		if d := got.difference(want); f.own || d != 0 {
			t.Errorf("%s: the reference is the base but for %v (its own model: %v)", kind, d, f.own)
		}
		if d := got.difference(drawn); d == 0 {
			t.Errorf("%s: the adapter does nothing", kind)
		}
		now := newTable(list)
		if err := learner.measure(t.Context(), packs, now); err != nil {
			t.Fatal(err)
		}
		if d := now.difference(drawn); d != 0 {
			t.Errorf("%s: the policy is another one after the reference: %v", kind, d)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.refer(ended, run, list); err == nil {
			t.Errorf("%s: the reference goes on after the end", kind)
		}
		if err := f.close(); err != nil {
			t.Error(err)
		}
	}
}
