package train

import (
	"cmp"
	"slices"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/conversation"
)

// StagePlan is what a stage will take.
type StagePlan struct {
	// Batch is that of the stage, with what the recipe leaves to it.
	Batch BatchSpec
	// Steps is the length, Tokens all that the stage will see.
	Steps  int
	Tokens int64
	// Sources are what it reads.
	Sources []SourcePlan
	// Context is how many positions the model has in it, RopeTheta their base, and
	// RopeScaling how they are stretched, nil = not.
	Context     int
	RopeTheta   float64
	RopeScaling *model.RopeScaling
	// FLOPs is what its products take, Again what is computed again besides. Memory is
	// the peak in it.
	FLOPs, Again float64
	Memory       int64
}

// SourcePlan is what a stage takes of a directory of shards.
type SourcePlan struct {
	Shards string
	// Share is the source's part of the stage's rows.
	Share float64
	// Tokens is what the shards hold for training, RowTokens the rows of an epoch of
	// them, with what fills them up, and Read what the stage reads of them.
	Tokens, RowTokens, Read int64
	// HeldOut is the number of documents that measure.
	HeldOut int64
	// Conversations are the files that the shards are made of, nil where the recipe names
	// shards, and Data what became of them where the stage names them: of the recipe's own
	// the plan has it. Pictures are those of an epoch.
	Conversations Files
	Data          *conversation.Report
	Pictures      int64
}

// planStages plans each stage, and takes the memory of the largest.
func (t *Trainer) planStages() {
	p, r := &t.plan, t.recipe
	p.FLOPs, p.Again, p.Stages = 0, 0, nil
	for i := range t.legs {
		l := &t.legs[i]
		s := StagePlan{
			Batch: l.batch, Steps: l.steps, Tokens: int64(l.steps) * int64(l.batch.Tokens), Sources: t.sources(i),
			Context: t.shapes[i].MaxPositions, RopeTheta: t.shapes[i].RopeTheta, RopeScaling: t.shapes[i].RopeScaling,
		}
		s.FLOPs, s.Again = t.stageFLOPs(i)
		p.FLOPs, p.Again = p.FLOPs+s.FLOPs, p.Again+s.Again
		if r.Lora.Rank == 0 {
			memory, seeing := t.planMemory(&l.batch)
			l.feed.eyes.plan(&memory, &l.batch)
			if s.Memory = memory.Total; s.Memory > p.Memory.Total {
				p.Memory = memory
				if p.Vision != nil {
					p.Vision.MemoryBytes = seeing
				}
			}
		}
		p.Stages = append(p.Stages, s)
	}
	p.FLOPsPerToken = p.FLOPs / float64(p.Tokens)
	if len(r.Stages) == 0 {
		p.Stages = nil
	}
}

// sources are what a stage reads.
func (t *Trainer) sources(stage int) (list []SourcePlan) {
	l, specs := &t.legs[stage], t.recipe.reads(stage)
	last := l.rowAfter(l.end())
	for i, d := range l.feed.sources {
		list = append(list, SourcePlan{
			Shards: d.dir, Share: float64(l.feed.weights[i]) / float64(len(l.feed.turns)),
			Tokens: d.trainSet.Tokens(), RowTokens: d.train.Rows() * int64(l.batch.Sequence),
			Read:    (l.feed.count(i, last) - l.feed.count(i, l.row)) * int64(l.batch.Sequence),
			HeldOut: d.set.Docs() - d.trainSet.Docs(), Pictures: d.pictures,
		})
		p := &list[i]
		switch {
		case len(specs) == 0:
			p.Conversations = t.recipe.Data.Conversations
		case len(specs[i].Conversations) > 0:
			p.Conversations = specs[i].Conversations
			p.Data = t.reports[t.recipe.talkDir(p.Conversations, l.batch.Sequence)]
		}
	}
	return list
}

// stageFLOPs is what the products of a stage take, with its share of pictures, and
// what of it is computed again.
func (t *Trainer) stageFLOPs(stage int) (once, again float64) {
	l := &t.legs[stage]
	token, view := 0.0, 0.0
	for i, d := range l.feed.sources {
		share := float64(l.feed.weights[i]) / float64(len(l.feed.turns))
		token += share * d.flops(t.cfg, l.batch.Sequence)
		if d.views > 0 {
			view += share * t.cfg.ViewFLOPs() * float64(d.views) / float64(d.train.Rows()*int64(l.batch.Sequence))
		}
	}
	decoder, tower := t.recipe.passes(stage)
	tokens := float64(l.steps) * float64(l.batch.Tokens)
	if l.batch.Recompute {
		again = tokens * token
	}
	return tokens * (decoder*token + tower*view), again
}

// stageWork is all that a stage computes.
func (t *Trainer) stageWork(stage int) float64 {
	once, again := t.stageFLOPs(stage)
	return once + again
}

// flops is what the forward pass of a token takes: in documents of the mean length,
// or where a stage has rows of its own in documents as long as they are, since
// attention in a few long ones outweighs that in many short ones.
func (d *dataset) flops(cfg *model.Config, sequence int) float64 {
	if d.lengths == nil {
		return cfg.FLOPs(min(sequence, d.meanDoc))
	}
	total, tokens := 0.0, 0.0
	for _, l := range d.lengths {
		n := float64(l.tokens) * float64(l.docs)
		total, tokens = total+n*cfg.FLOPs(l.tokens), tokens+n
	}
	return total / tokens
}

// length counts documents, or pieces of such, of so many tokens.
type length struct{ tokens, docs int }

// measure counts the lengths of what rows hold of the documents. Lengths are rounded
// to an eighth.
func (d *dataset) measure(sequence int) {
	counts := map[int]int{}
	for doc := range d.set.NumDocs() {
		if !d.trainSet.Holds(doc) {
			continue
		}
		n := d.set.Len(doc)
		counts[sequence] += n / sequence
		if rest := n % sequence; rest > 0 {
			step := max(rest/8, 1)
			counts[min((rest+step/2)/step*step, sequence)]++
		}
	}
	for n, docs := range counts {
		if docs > 0 {
			d.lengths = append(d.lengths, length{n, docs})
		}
	}
	slices.SortFunc(d.lengths, func(a, b length) int { return cmp.Compare(a.tokens, b.tokens) })
}
