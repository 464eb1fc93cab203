package align

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// comparison is a comparison of answers in tokens, with what the method knows of
// it.
type comparison struct {
	preference.Encoded
	reference []float64 // [answers] log-probability by the reference, of dpo
}

// comparisons are what reward and dpo learn from.
type comparisons struct {
	train, held []comparison // those that are held out in an order by their groups' hashes
	order       order
}

// planComparisons reads the comparisons of a run's recipe and adds to its plan what
// they tell.
func planComparisons(ctx context.Context, r *Run, p *Plan) (*comparisons, error) {
	if r.recipe.Batch.Rows < 2 {
		return nil, recipe.Bad("batch.rows", "both answers of a pair are in one microbatch: use 2 at least")
	}
	set, err := loadComparisons(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := r.checkRankings(set.Train, set.HeldOut); err != nil {
		return nil, err
	}
	c := &comparisons{train: divide(set.Train, r.tokens()), held: divide(set.HeldOut, r.tokens())}
	slices.SortStableFunc(c.held, func(a, b comparison) int { return byHash(a.Group, b.Group) })
	c.order = order{seed: r.recipe.Seed, n: len(c.train)}
	r.hashes.Data = set.Hash()
	p.Data, p.Items, p.HeldOut = &set.Report, len(c.train), len(c.held)
	if p.Steps == 0 {
		p.Steps = int(math.Ceil(r.recipe.Epochs * float64(p.Items) / float64(r.recipe.Batch.Pairs)))
	}
	const tokenBytes = 4 + 1 // with its mask
	p.Memory.Add("comparisons", set.Report.Tokens*tokenBytes, "%d tokens x %d bytes", set.Report.Tokens, tokenBytes)
	return c, nil
}

// checkRankings refuses microbatches that are too small for rankings whose loss is that
// of the whole order: in parts they would have the loss of pairs.
func (r *Run) checkRankings(lists ...[]preference.Encoded) error {
	if r.recipe.Method != Reward {
		return nil
	}
	rankings, large, most := 0, 0, 0
	for _, list := range lists {
		for i := range list {
			c := comparison{Encoded: list[i]}
			if c.ranking(&r.recipe.Reward) == nil {
				continue
			}
			rankings++
			most = max(most, c.Tokens())
			if c.Tokens() > r.tokens() {
				large++
			}
		}
	}
	if large == 0 {
		return nil
	}
	return recipe.Bad("batch.rows", "%d of %d rankings have more tokens than a microbatch, the largest %d, and reward.ranking %s takes them whole: %d rows are enough",
		large, rankings, most, RankPlackettLuce, (most+r.recipe.Batch.Sequence-1)/r.recipe.Batch.Sequence)
}

func loadComparisons(ctx context.Context, r *Run) (*preference.Set, error) {
	s := &r.recipe.Preferences
	files, err := s.Files.Expand()
	if err != nil {
		return nil, fmt.Errorf("preferences.files: %w", err)
	}
	text, err := tokenizer.Parse(r.files["tokenizer.json"])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.recipe.Model, err)
	}
	template, err := modelfile.Template(r.recipe.Model)
	if err != nil {
		return nil, err
	}
	return preference.Load(files, preference.Options{
		Encoder: preference.Encoder{Tokenizer: text, Template: template, MaxTokens: r.recipe.Batch.Sequence, TooLong: s.TooLong, EndToken: r.recipe.Method == Reward},
		HeldOut: s.HeldOut, SkipBad: s.SkipBad, Check: ctx.Err,
	})
}

// divide makes comparisons that fit into a microbatch. Any pair does: a microbatch
// has two rows at least.
func divide(list []preference.Encoded, tokens int) []comparison {
	var all []comparison
	for i := range list {
		for _, x := range list[i].Divide(tokens) {
			all = append(all, comparison{Encoded: x})
		}
	}
	return all
}

// pick returns the comparisons of step n.
func (c *comparisons) pick(n, count int) []*comparison {
	list := make([]*comparison, count)
	for i := range list {
		list[i] = &c.train[c.order.at((n-1)*count+i)]
	}
	return list
}

// sample returns those that measure: the first few that are held out, or all of them
// where most is 0.
func (c *comparisons) sample(most int) []*comparison {
	if most == 0 || most > len(c.held) {
		most = len(c.held)
	}
	return pointers(c.held[:most])
}

func pointers(list []comparison) []*comparison {
	all := make([]*comparison, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}

// bundle is a microbatch of whole comparisons: each answer with its prompt is a
// span. Of the answers' tokens those that are learned are targets.
type bundle struct {
	pack
	list []*comparison
	ends []int32 // [answers] the token that ends the turn
}

// bundles lays comparisons out in microbatches of up to tokens tokens, in their
// order: a function of them and of tokens alone.
func bundles(list []*comparison, tokens int) []bundle {
	var all []bundle
	for _, c := range list {
		if len(all) == 0 || len(all[len(all)-1].batch.Tokens)+c.Tokens() > tokens {
			all = append(all, bundle{})
		}
		all[len(all)-1].add(c)
	}
	return all
}

func (b *bundle) add(c *comparison) {
	b.list = append(b.list, c)
	for i := range c.Answers {
		s := &c.Answers[i]
		k := len(b.ends)
		b.pack.add(&sequence{tokens: s.Tokens, prompt: s.Start}, k)
		for t, learned := range s.Learned {
			if !learned {
				b.targets[b.first[k]+t] = -1
				b.counted--
			}
		}
		b.ends = append(b.ends, int32(len(b.batch.Tokens)-1))
	}
}

// learned is the number of learned tokens of answer k.
func (b *bundle) learned(k int) (n int) {
	for _, target := range b.targets[b.first[k] : b.ends[k]+1] {
		if target >= 0 {
			n++
		}
	}
	return n
}

// tokensOf is the number of tokens of all bundles.
func tokensOf(all []bundle) (n int) {
	for i := range all {
		n += len(all[i].batch.Tokens)
	}
	return n
}

// average is a weighted mean, which of equal numbers is that number to the bit.
type average struct{ value, weight float64 }

func (a *average) add(v, weight float64) {
	a.weight += weight
	a.value += float64((v - a.value) * (weight / a.weight))
}

// pair is two answers of a comparison.
type pair = preference.Pair

// routerSums are means over microbatches of what the routers' auxiliary losses are.
type routerSums struct {
	balance, zloss average
	sparse         bool
}

func (s *routerSums) add(stats *model.Stats) {
	s.sparse = s.sparse || slices.ContainsFunc(stats.ExpertLoad, func(load []int) bool { return load != nil })
	s.balance.add(stats.BalanceLoss, 1)
	s.zloss.add(stats.RouterZLoss, 1)
}

func (s *routerSums) measure(m Measures) {
	if s.sparse {
		m["balance_loss"], m["router_z_loss"] = s.balance.value, s.zloss.value
	}
}
