package language

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// Sample is a text whose language is known.
type Sample struct {
	// Language is an ISO 639 code, or "" for what is no language of the model:
	// code, noise, other languages.
	Language string
	Text     []byte
}

// TrainOptions says how to train a model.
type TrainOptions struct {
	// Seed decides the order of the samples and where they are cut.
	Seed uint64
	// Bits is the number of bits of a bucket of n-grams, from 8 to 18.
	Bits int
	// Epochs is how often each language is gone through, Draws how many pieces of
	// text are taken from each of them in an epoch.
	Epochs, Draws int
	// Rate is the step of AdaGrad and Decay what weights lose in an update.
	Rate, Decay float32
	// Shortest and Longest are the bytes of a piece.
	Shortest, Longest int
	// Step is the size of a step of the rounded weights: coarser weights need
	// less space in the file.
	Step float32
}

// Check returns an error if the options cannot be used.
func (o *TrainOptions) Check() error {
	switch {
	case o.Bits < minBits || o.Bits > maxBits:
		return fmt.Errorf("bits is %d; %d to %d are possible", o.Bits, minBits, maxBits)
	case o.Epochs < 1 || o.Draws < 1:
		return fmt.Errorf("epochs is %d and draws %d; both are at least 1", o.Epochs, o.Draws)
	case o.Rate <= 0 || o.Decay < 0 || o.Step <= 0:
		return fmt.Errorf("rate and step are above 0 and decay is not below it")
	case o.Shortest < 1 || o.Longest < o.Shortest:
		return fmt.Errorf("pieces of %d to %d bytes cannot be cut", o.Shortest, o.Longest)
	}
	return nil
}

// trainer is a model whose weights still change.
type trainer struct {
	o       TrainOptions
	model   *Model
	weights []float32 // of a bucket: lanes
	squares []float32 // sums of the squares of the gradients
	random  *rand.Rand
	buckets []uint32
}

// Train trains a model: logistic regression over hashed n-grams. The languages
// count the same, whatever the number of their samples. The result depends on
// the samples, their order and the options alone.
func Train(o TrainOptions, samples []Sample, report func(epoch int, loss float64)) (*Model, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	t := &trainer{o: o, random: rand.New(rand.NewPCG(o.Seed, 1))}
	byClass, err := t.classes(samples)
	if err != nil {
		return nil, err
	}
	t.weights = make([]float32, lanes<<o.Bits)
	t.squares = make([]float32, lanes<<o.Bits)
	for epoch := range o.Epochs {
		loss := t.epoch(byClass, o.Rate*(1-float32(epoch)/float32(o.Epochs)))
		report(epoch+1, loss)
	}
	t.round()
	return t.model, nil
}

// classes sorts the samples by language.
func (t *trainer) classes(samples []Sample) ([][]Sample, error) {
	known := map[string][]Sample{}
	for _, s := range samples {
		if len(s.Language) > maxCode {
			return nil, fmt.Errorf("the code %q of a language has more than %d letters", s.Language, maxCode)
		}
		known[s.Language] = append(known[s.Language], s)
	}
	t.model = &Model{bits: t.o.Bits, heat: 1}
	for code := range known {
		t.model.codes = append(t.model.codes, code)
	}
	slices.Sort(t.model.codes)
	if n := len(known); n < 2 || n > lanes {
		return nil, fmt.Errorf("there are samples of %d languages; 2 to %d are possible", n, lanes)
	}
	var byClass [][]Sample
	for _, code := range t.model.codes {
		byClass = append(byClass, known[code])
	}
	return byClass, nil
}

// epoch draws from every class in turn and returns the mean loss.
func (t *trainer) epoch(byClass [][]Sample, rate float32) (loss float64) {
	for range t.o.Draws {
		for class, samples := range byClass {
			loss += t.learn(class, t.piece(samples[t.random.IntN(len(samples))].Text), rate)
		}
	}
	return loss / float64(t.o.Draws*len(byClass))
}

// piece cuts a piece of a random length out of a text, at spaces if there are
// some nearby.
func (t *trainer) piece(text []byte) []byte {
	spread := math.Log(float64(t.o.Longest) / float64(t.o.Shortest))
	size := int(float64(t.o.Shortest) * math.Exp(t.random.Float64()*spread))
	if len(text) <= size {
		return text
	}
	at := t.random.IntN(len(text) - size + 1)
	return whole(text, at, at+size)
}

// learn takes one step of gradient descent and returns the loss.
func (t *trainer) learn(class int, text []byte, rate float32) float64 {
	t.buckets = t.buckets[:0]
	for g := newGrams(text, t.o.Bits); !g.done(); {
		t.buckets = slices.Grow(t.buckets, batch)
		t.buckets = g.next(t.buckets)
	}
	if len(t.buckets) == 0 {
		return 0
	}
	var p [lanes]float32
	for _, b := range t.buckets {
		for i, w := range t.row(t.weights, b) {
			p[i] += w
		}
	}
	per := float32(1 / math.Sqrt(float64(len(t.buckets))))
	n := len(t.model.codes)
	for i := range n {
		p[i] *= per
	}
	t.model.probabilities(p[:n], 1)
	loss := -kernel.Log(float64(max(p[class], 1e-30)))
	p[class]--
	for i := range n {
		p[i] *= per
	}
	clear(p[n:])
	for _, b := range t.buckets {
		t.update(b, &p, rate)
	}
	return loss
}

func (t *trainer) row(of []float32, bucket uint32) *[lanes]float32 {
	return (*[lanes]float32)(of[int(bucket)*lanes:])
}

// update moves the weights of one bucket against the gradient.
func (t *trainer) update(bucket uint32, gradient *[lanes]float32, rate float32) {
	w, s := t.row(t.weights, bucket), t.row(t.squares, bucket)
	for i, g := range gradient {
		if g > -1e-5 && g < 1e-5 {
			continue
		}
		g += float32(t.o.Decay * w[i])
		s[i] += float32(g * g)
		w[i] -= float32(rate * g / float32(math.Sqrt(float64(s[i])+1e-8)))
	}
}

// round makes the rows of the model of the weights.
func (t *trainer) round() {
	m := t.model
	m.scale = t.o.Step
	m.rows = make([]row, 1<<m.bits)
	for i, weight := range t.weights {
		w := math.RoundToEven(float64(weight / t.o.Step))
		m.rows[i/lanes][i%lanes/8] |= uint64(max(-unpackAdd, min(unpackAdd-1, w))+unpackAdd) << (i % 8 * 8)
	}
}

// Calibrate sets the two numbers that make probabilities of scores, so that the
// samples, which the model has not seen, become likeliest. It returns the mean
// loss.
func (m *Model) Calibrate(samples []Sample) (loss float64) {
	best := math.Inf(1)
	samples = slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return !slices.Contains(m.codes, s.Language) })
	var heat, growth float32
	for h := float32(0.2); h < 4; h *= 1.1 {
		for g := float32(-0.6); g <= 0.61; g += 0.1 {
			m.heat, m.growth = h/power(100, g), g
			if loss := m.loss(samples); loss < best {
				best, heat, growth = loss, m.heat, g
			}
		}
	}
	m.heat, m.growth = heat, growth
	return best
}

func power(n, g float32) float32 { return float32(math.Exp(float64(g) * math.Log(float64(n)))) }

func (m *Model) loss(samples []Sample) (loss float64) {
	var logits [lanes]float32
	for _, s := range samples {
		var sums [lanes]int64
		p := logits[:len(m.codes)]
		n := m.read(&sums, s.Text)
		m.logits(p, &sums, n)
		m.probabilities(p, n)
		loss -= math.Log(float64(max(p[slices.Index(m.codes, s.Language)], 1e-30)))
	}
	return loss / float64(len(samples))
}
