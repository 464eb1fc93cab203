package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// Stretch is a part of a text, by how many of its tokens stand before it: From to To,
// the latter not included. A text that ends in it, or a window, has not all of it.
type Stretch struct {
	From      int     `json:"from"`
	To        int     `json:"to"`
	Logprob   float64 `json:"logprob"`
	NumTokens int     `json:"num_tokens"`
	NumBytes  int     `json:"num_bytes"`
}

// whole says that the text has all of it.
func (s *Stretch) whole() bool { return s.NumTokens == s.To-s.From }

// Positions are the scores of texts by position.
type Positions struct {
	Stretches []PositionScore `json:"stretches"`
	// Trend is what becomes of the perplexity with the position; nil where no stretch
	// from 4096 tokens on is full.
	Trend *Trend `json:"trend,omitempty"`
}

// PositionScore is the scores of one stretch, over the texts that have all of it.
type PositionScore struct {
	From int `json:"from"`
	To   int `json:"to"`
	// Nats are per token; perplexity is their exponential.
	Nats stat.Estimate `json:"nats_per_token"`
	Bits stat.Estimate `json:"bits_per_byte"`
}

// Trend compares stretches over the texts that have all up to the last one, so that
// nothing but the position differs. Changes of perplexity are shares: 0.01 is 1% more.
// Their intervals are over texts.
type Trend struct {
	NumTexts int `json:"num_texts"`
	// Until is where the stretch ends that the others are compared with, that to 8192
	// tokens or, in smaller windows, the last; End is where the last ends.
	Until int `json:"until"`
	End   int `json:"end"`
	// Falls says that each stretch up to Until has a lower perplexity than that before
	// it; Fall is the change from the first to that.
	Falls bool          `json:"falls"`
	Fall  stat.Estimate `json:"fall"`
	// Rise is the change from there to the stretch behind it that has the highest
	// perplexity, which ends at RiseAt, and Last to the last one; nil without any.
	Rise   *stat.Estimate `json:"rise,omitempty"`
	RiseAt int            `json:"rise_at,omitempty"`
	Last   *stat.Estimate `json:"last,omitempty"`
}

// Of positions: the first stretch, from which on each ends at twice the tokens, and
// where the trend turns.
const (
	firstStretch = 256
	turn         = 8192
)

// byPosition measures the beginning of a text, as much as the window holds, in one
// reading.
func (s *sitter) byPosition(ctx context.Context, item *task.Item, r *Record, spent *took) error {
	scorer, ok := s.subject.(BeginningScorer)
	if !ok {
		return fmt.Errorf("%w: it does not tell the probabilities of a text in one reading", ErrUnsupported)
	}
	r.Prompt = item.Text()
	if r.Prompt == "" {
		return errors.New("the text is empty")
	}
	score, left, err := scorer.ScoreBeginning(ctx, r.Prompt, s.progress(item))
	if _, err = finite(score, err); err != nil {
		return err
	}
	spent.cached += score.CachedTokens
	r.PromptTokens, r.Unread = score.PromptTokens, left
	r.Positions = stretches(score.Tokens, s.info.ContextWindow)
	for _, p := range r.Positions {
		r.Logprob += p.Logprob
		r.NumTokens += p.NumTokens
		r.NumBytes += p.NumBytes
	}
	return nil
}

// stretches puts tokens, which begin a text, together. The last stretch ends with the
// window, if that is known.
func stretches(tokens []TokenScore, window int) []Stretch {
	var list []Stretch
	for from, to := 0, firstStretch; from < len(tokens); from, to = to, 2*to {
		if window > from {
			to = min(to, window)
		}
		p := Stretch{From: from, To: to}
		for _, t := range tokens[from:min(to, len(tokens))] {
			p.Logprob += t.Logprob
			p.NumBytes += len(t.Text)
			p.NumTokens++
		}
		list = append(list, p)
	}
	return list
}

// positionsOf are the scores by position; nil where no text has them.
func positionsOf(list []answers) *Positions {
	var with []answers
	longest := 0
	for _, samples := range list {
		r := &samples[0]
		if r.Error != "" || len(r.Positions) == 0 {
			continue
		}
		with, longest = append(with, samples), max(longest, len(r.Positions))
	}
	if len(with) == 0 {
		return nil
	}
	p := &Positions{}
	for i := range longest {
		if s, ok := positionScore(with, i); ok {
			p.Stretches = append(p.Stretches, s)
		}
	}
	p.Trend = trendOf(with, len(p.Stretches)-1)
	return p
}

// positionScore is that of one stretch; false if no text has all of it.
func positionScore(list []answers, at int) (PositionScore, bool) {
	var nats, bits, tokens, bytes []float64
	full := through(list, at)
	if len(full) == 0 {
		return PositionScore{}, false
	}
	for _, samples := range full {
		s := &samples[0].Positions[at]
		nats, bits = append(nats, -s.Logprob), append(bits, -s.Logprob/math.Ln2)
		tokens, bytes = append(tokens, float64(s.NumTokens)), append(bytes, float64(max(1, s.NumBytes)))
	}
	of, s := clusters(full), &full[0][0].Positions[at]
	return PositionScore{From: s.From, To: s.To, Nats: stat.Ratio(nats, tokens, of), Bits: stat.Ratio(bits, bytes, of)}, true
}

// through are the texts that have all of a stretch, and so of those before it.
func through(list []answers, at int) []answers {
	return slices.DeleteFunc(slices.Clone(list), func(a answers) bool {
		return at >= len(a[0].Positions) || !a[0].Positions[at].whole()
	})
}

// trendOf compares the stretches up to the last one that a text has all of.
func trendOf(list []answers, last int) *Trend {
	full := through(list, last)
	if last < 0 || len(full) == 0 || full[0][0].Positions[last].To < turn/2 {
		return nil
	}
	at := func(i int) *Stretch { return &full[0][0].Positions[i] }
	until := 0
	for until < last && at(until+1).To <= turn {
		until++
	}
	c := changes{full: full, of: clusters(full)}
	t := &Trend{NumTexts: len(full), Until: at(until).To, End: at(last).To, Falls: true, Fall: c.estimate(0, until)}
	for i := range until {
		t.Falls = t.Falls && c.value(i, i+1) < 0
	}
	if last == until {
		return t
	}
	worst := until + 1
	for i := worst; i <= last; i++ {
		if c.value(until, i) > c.value(until, worst) {
			worst = i
		}
	}
	rise, end := c.estimate(until, worst), c.estimate(until, last)
	t.Rise, t.RiseAt, t.Last = &rise, at(worst).To, &end
	return t
}

// changes compares stretches of the same texts.
type changes struct {
	full []answers
	of   []string
}

// value is the change of perplexity from one stretch to another.
func (c *changes) value(from, to int) float64 {
	return c.weighed(from, to, func(int) float64 { return 1 })
}

func (c *changes) estimate(from, to int) stat.Estimate {
	return stat.Bootstrap(len(c.full), c.of, func(weights []float64) float64 {
		return c.weighed(from, to, func(i int) float64 { return weights[i] })
	})
}

func (c *changes) weighed(from, to int, weight func(int) float64) float64 {
	var nats, tokens [2]float64
	for i, samples := range c.full {
		for k, at := range []int{from, to} {
			s := &samples[0].Positions[at]
			nats[k] -= weight(i) * s.Logprob
			tokens[k] += weight(i) * float64(s.NumTokens)
		}
	}
	return math.Expm1(nats[1]/tokens[1] - nats[0]/tokens[0])
}

// inCommon is the log-probability and the bytes of a text as far as another model has
// measured it too: of windows of two lengths, the stretches that both have all of. As many
// tokens of another tokenizer are other bytes, so that stretches count only as long as they
// end at the same byte. No bytes are in common where not even the first one does.
func inCommon(r, other *Record) (logprob float64, numBytes int) {
	if r.NumBytes == other.NumBytes || len(r.Positions) == 0 || len(other.Positions) == 0 {
		return r.Logprob, r.NumBytes
	}
	for i := range min(len(r.Positions), len(other.Positions)) {
		s, o := &r.Positions[i], &other.Positions[i]
		if !s.whole() || !o.whole() || s.To != o.To || s.NumBytes != o.NumBytes {
			break
		}
		logprob += s.Logprob
		numBytes += s.NumBytes
	}
	return logprob, numBytes
}

// Perplexity is the exponential of Nats.
func (p *PositionScore) Perplexity() stat.Estimate { return exponential(p.Nats) }

// Text is the trend in a sentence.
func (t *Trend) Text() string {
	text := fmt.Sprintf("perplexity falls in each step to %d tokens, ", t.Until)
	if !t.Falls {
		text = fmt.Sprintf("perplexity does not fall in each step to %d tokens, ", t.Until)
	}
	text += change(t.Fall) + " in all"
	if t.Rise != nil {
		text += fmt.Sprintf("; behind that it is at most %s, in the stretch that ends at %d, and %s in the last, which ends at %d",
			change(*t.Rise), t.RiseAt, change(*t.Last), t.End)
	}
	if t.NumTexts == 1 {
		return text + " (one text)"
	}
	return fmt.Sprintf("%s (%d texts)", text, t.NumTexts)
}

// change writes a change with its interval: +0.41% (-0.10 to +0.92).
func change(e stat.Estimate) string {
	text := fmt.Sprintf("%+.2f%%", 100*e.Value)
	if e.Available() {
		text += fmt.Sprintf(" (%+.2f to %+.2f)", 100*e.Low, 100*e.High)
	}
	return text
}
