package align

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// ownTokenizer is the file of the model at dir.
func ownTokenizer(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"tokenizer.json": file}
}

// TestParts: every answer is in one list, and lists differ by one in length at most.
func TestParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, count := rapid.IntRange(1, 40).Draw(t, "n"), rapid.IntRange(1, 50).Draw(t, "count")
		lists := parts(n, count, rapid.Uint64().Draw(t, "seed"))
		var all []int
		for _, list := range lists {
			if len(list) != n/len(lists) && len(list) != n/len(lists)+1 {
				t.Fatalf("lists %v of %d answers", lists, n)
			}
			all = append(all, list...)
		}
		sorted := slices.Clone(all)
		slices.Sort(sorted)
		for i := range n {
			if len(sorted) != n || sorted[i] != i || count == 1 && all[i] != i {
				t.Fatalf("lists %v of %d answers", lists, n)
			}
		}
	})
	if reflect.DeepEqual(parts(20, 2, 1), parts(20, 2, 2)) {
		t.Error("the seed does not matter")
	}
}

// TestExperience: without discount the return of an answer is its score less what the
// divergence costs, and whitening is over all answers.
func TestExperience(t *testing.T) {
	e := &experience{
		sequences: []sequence{{tokens: make([]int32, 5), prompt: 2}, {tokens: make([]int32, 2), prompt: 1}},
		old:       table{{-1, -2, -0.5}, {-0.25}}, ref: table{{-1.5, -1, -0.5}, {-1.25}},
		values: table{{0.5, 0.25, -1}, {2}},
	}
	s := &PPOSpec{Gamma: 1, Lambda: 1, KLEstimator: K1}
	e.judge([]float64{3, -1}, 0.5, s)
	if want := [][]float64{{3.25, 3, 2.5 + 0.5}, {-1.5}}; !reflect.DeepEqual(e.returns, [][]float64{{3 + 0.25, 3 + 0.5, 3}, want[1]}) {
		t.Errorf("returns %v", e.returns)
	}
	if want := [][]float64{{2.75, 3.25, 4}, {-3.5}}; !reflect.DeepEqual(e.advantages, want) {
		t.Errorf("advantages %v", e.advantages)
	}
	if got, want := e.divergence(), (-0.5+1)/2.0; got != want {
		t.Errorf("divergence %v, want %v", got, want)
	}
	if e.tokens() != 4 {
		t.Errorf("%d tokens", e.tokens())
	}
	s.WhitenAdvantages = true
	e.judge([]float64{3, -1}, 0.5, s)
	sum, squares := 0.0, 0.0
	for _, row := range e.advantages {
		for _, a := range row {
			sum, squares = sum+a, squares+a*a
		}
	}
	if math.Abs(sum) > 1e-12 || math.Abs(squares/3-1) > 1e-7 {
		t.Errorf("advantages %v", e.advantages)
	}
	part := e.part([]int{1})
	if len(part.sequences) != 1 || &part.old[0][0] != &e.old[1][0] || part.returns[0][0] != e.returns[1][0] {
		t.Errorf("part %+v", part)
	}
}

// TestLessonSlopes: the slopes are the derivatives of the losses, by differences.
func TestLessonSlopes(t *testing.T) {
	list := []sequence{{tokens: make([]int32, 6), prompt: 2}, {tokens: make([]int32, 4), prompt: 3}}
	e := &experience{
		sequences: list, old: table{{-1, -2, -0.5, -3}, {-0.1}}, values: table{{0.5, 1, -1, 0.25}, {2}},
		advantages: [][]float64{{0.7, -1.3, 2, 0}, {-0.5}}, returns: [][]float64{{1, 1.5, 0.5, -1}, {0}},
	}
	r := DefaultRecipe(PPO, false)
	r.PPO.EntropyCoef = 0.3
	l, err := newLesson(e, r)
	if err != nil {
		t.Fatal(err)
	}
	pack := &l.packs[0]
	for i, row := range (table{{-0.95, -2.4, -0.2, -3.001}, {-0.15}}) {
		copy(l.logProbs[i], row)
	}
	for i, row := range (table{{0.6, 1.5, -1.1, 0.3}, {1.7}}) {
		copy(l.now[i], row)
	}
	loss := func() float64 {
		return (l.policyLoss(pack, &r.PPO, true).policy + r.PPO.ValueCoef*l.valueLoss(pack, &r.PPO).value) / float64(l.tokens)
	}
	loss()
	slopes := map[string]table{}
	for name, from := range map[string]table{"log-probability": l.dLogProbs, "entropy": l.dEntropies, "value": l.dValues} {
		own := newTable(list)
		for i := range own {
			copy(own[i], from[i])
		}
		slopes[name] = own
	}
	for name, at := range map[string]table{"log-probability": l.logProbs, "entropy": l.entropies, "value": l.now} {
		for i := range at {
			for k, v := range at[i] {
				const step = 1.0 / 1024
				at[i][k] = v + step
				up := loss()
				at[i][k] = v - step
				down := loss()
				at[i][k] = v
				if d := (up - down) / (2 * step); math.Abs(d-float64(slopes[name][i][k])) > 1e-4 {
					t.Errorf("%s %d of answer %d: slope %v, and the loss goes by %v", name, k, i, slopes[name][i][k], d)
				}
			}
		}
	}
}

// answered is a run before its first step, and answers that it could learn from.
func answered(t *testing.T, r *Recipe) (*Run, *ppo, *experience) {
	t.Helper()
	run, err := New(t.Context(), r, Options{RunDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	p := run.method.(*ppo)
	if err := p.load(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	rollouts, _, err := p.draw(t.Context(), p.policy, p.questions.train[:16], drawing{answers: 2, maxTokens: 6, temperature: 1, seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	e := &experience{}
	e.sequences, e.old = sequences(rollouts)
	e.values = newTable(e.sequences)
	packs, err := packSequences(e.sequences, run.tokens())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.critic.measure(t.Context(), packs, e.values); err != nil {
		t.Fatal(err)
	}
	return run, p, e
}

// TestPPOKeepsAuxiliaryLosses: where there is nothing to learn from the answers, the
// gradients are those of the routers' losses, as pretraining weighs them.
func TestPPOKeepsAuxiliaryLosses(t *testing.T) {
	r := lettersPPO(t, smallModel(t, experts), false)
	r.Batch.Rows = 1 // several packs
	run, p, e := answered(t, r)
	e.judge(make([]float64, len(e.sequences)), 0, &r.PPO)
	for i := range e.advantages {
		clear(e.advantages[i])
		e.returns[i] = float64s(e.values[i])
	}
	l, err := newLesson(e, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.gradient(t.Context(), l, &r.PPO, true); err != nil {
		t.Fatal(err)
	}
	var got [][]float32
	for _, param := range p.part.params {
		got = append(got, slices.Clone(param.Grad))
	}
	run.zeroGradients()
	for i := range l.packs {
		pack := &l.packs[i]
		weights := make([]float32, len(pack.targets))
		if _, err := p.policy.LossBackward(p.learner.ws, &pack.batch, pack.targets, weights, 1/float32(l.tokens)); err != nil {
			t.Fatal(err)
		}
	}
	routed := false
	for k, param := range p.part.params {
		for i, want := range param.Grad {
			routed = routed || want != 0
			if d := math.Abs(float64(got[k][i] - want)); d > 1e-5*math.Abs(float64(want))+1e-9 {
				t.Fatalf("%s: gradient %d is %v, want %v", param.Name, i, got[k][i], want)
			}
		}
	}
	if len(l.packs) < 2 || !routed {
		t.Errorf("%d packs; there are gradients: %v", len(l.packs), routed)
	}
}

// TestPPOGradient: the gradient of a minibatch is the slope of its loss along itself,
// for the policy and the critic, once both have left where the answers were drawn.
// The passes round to bf16, so differences are large and so is what is allowed.
func TestPPOGradient(t *testing.T) {
	dir := smallModel(t, dense)
	r := lettersPPO(t, dir, false)
	r.PPO.EntropyCoef, r.PPO.ClipRange, r.PPO.ClipRangeValue = 0.1, 0.9, 5
	r.Batch.Rows = 8
	run, p, e := answered(t, r)
	scores := make([]float64, len(e.sequences))
	for i := range scores {
		scores[i] = float64(i%5) - 2
	}
	e.judge(scores, 0, &r.PPO)
	// Leave the beginning, and the numbers that bf16 has: small steps would round away.
	for _, part := range run.parts {
		for k, param := range part.params {
			for i := range param.Master {
				param.Master[i] += float32(float64(mix(uint64(i)<<8^uint64(k))>>11)/(1<<53)-0.5) * 0.01
			}
		}
		part.sync()
	}
	l, err := newLesson(e, r)
	if err != nil {
		t.Fatal(err)
	}
	gradient := func() (policy, critic float64) {
		for _, part := range run.parts {
			part.optimizer.ZeroGrad()
		}
		sum, err := p.gradient(t.Context(), l, &r.PPO, true)
		if err != nil {
			t.Fatal(err)
		}
		return sum.policy / float64(l.tokens), r.PPO.ValueCoef * sum.value / float64(l.tokens)
	}
	for which, part := range run.parts {
		gradient()
		norm := part.optimizer.GradNorm()
		var start, along [][]float32
		for _, param := range part.params {
			start, along = append(start, slices.Clone(param.Master)), append(along, slices.Clone(param.Grad))
		}
		at := func(step float64) float64 {
			for k, param := range part.params {
				for i := range param.Master {
					param.Master[i] = start[k][i] + float32(step/norm*float64(along[k][i]))
				}
			}
			part.sync()
			policy, critic := gradient()
			return []float64{policy, critic}[which]
		}
		const step = 0.02
		slope := (at(step) - at(-step)) / (2 * step)
		at(0)
		t.Logf("%s: gradient's norm %.4f, slope along it %.4f", part.name, norm, slope)
		if !(math.Abs(slope/norm-1) < 0.05) {
			t.Errorf("%s: the gradient's norm is %v, and along it the loss goes by %v", part.name, norm, slope)
		}
	}
}

// TestPPOMicrobatches: the gradients of a step do not hang on how many answers share a
// pass, but for how sums are rounded.
func TestPPOMicrobatches(t *testing.T) {
	dir := smallModel(t, dense)
	var norms [2][]float64
	for k, rows := range []int{1, 8} {
		r := lettersPPO(t, dir, false)
		r.Batch.Rows, r.Steps, r.PPO.Epochs = rows, 1, 1
		_, records := runGRPO(t, t.Context(), r, Options{})
		m := stepsOf(records)[0]
		norms[k] = []float64{m["grad_norm/policy"], m["grad_norm/critic"], m["policy_loss"], m["value_loss"], m["reward"], m["kl"]}
	}
	for i, a := range norms[0] {
		if b := norms[1][i]; math.Abs(a-b) > 2e-3*math.Abs(a)+1e-9 {
			t.Errorf("number %d is %v with small microbatches and %v with large ones", i, a, b)
		}
	}
}

// TestPPORestore: a state that is not this recipe's is refused.
func TestPPORestore(t *testing.T) {
	p := &ppo{actor: &actor{}}
	p.kl.Coef = 0.1
	for _, state := range []string{`{`, `{"kl": {"coef": -1}}`, `{"kl": {"coef": 0.1, "target": 2, "horizon": 3}}`, `{"reward_size": {"count": -1}}`, `{"reward_size": {"count": 3, "squares": -1}}`} {
		if err := p.restore(json.RawMessage(state)); err == nil {
			t.Errorf("%s is taken", state)
		}
	}
	p.rewardSize.Add(2)
	p.kept.Alarm.History = map[string][]float64{"x": {1, 2}}
	text, err := json.Marshal(p.state())
	if err != nil {
		t.Fatal(err)
	}
	q := &ppo{actor: &actor{}}
	if err := q.restore(text); err != nil || !reflect.DeepEqual(p.state(), q.state()) {
		t.Errorf("state %+v is %+v (%v)", p.state(), q.state(), err)
	}
}
