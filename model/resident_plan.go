package model

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/kernel"
	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model/nn"
)

// WeightsPlan says what of a model's weights is in memory under a budget, in
// bytes.
type WeightsPlan struct {
	All    int64 // what all weights take in memory, embeddings looked up in the file excepted
	Least  int64 // the least budget, at most All
	Budget int64 // what is allowed; All or more = everything is in memory
	Held   int64 // what is taken of it, with the buffers through which weights are read
	// Streamed is the memory of the weights that are brought in for each token
	// of a single sequence; StreamedFile is their size in the file. For experts
	// it is what a router would need that chooses all alike: real ones choose
	// some more often, and those stay in memory.
	Streamed, StreamedFile int64
	// PerToken is the memory of all weights that a token is multiplied with.
	PerToken int64
}

// Whole reports whether everything is in memory.
func (p *WeightsPlan) Whole() bool { return p.Budget >= p.All }

// residentPlan is a WeightsPlan with its classes and units.
type residentPlan struct {
	WeightsPlan
	fixed   int64 // norms, biases, vision tower and buffers
	needed  int64 // the least that the classes can be given
	classes []*class
	pages   []*paged
	experts []layerExperts // by layer

	raw, numbers int // size of a rowBuffer
}

// newResidentPlan cuts m, of which nothing is in memory yet, into units. files
// holds the files that are open, and grows.
func newResidentPlan(m *Model, w *Weights, files map[string]*weightFile) (*residentPlan, error) {
	p := &residentPlan{}
	byKey := map[string]*class{}
	for _, param := range m.params[m.decoder:] {
		p.fixed += param.SizeBytes(false)
	}
	for _, param := range productOrder(m) {
		parts, err := fileParts(param, w, files)
		if err != nil {
			return nil, err
		}
		if param.Forms&(nn.Product|nn.Lookup) == 0 || isVector(param) {
			p.fixed += param.SizeBytes(false)
			continue
		}
		page := &paged{param: param, order: len(p.pages)}
		p.pages = append(p.pages, page)
		if param.Forms&nn.Lookup != 0 {
			page.table = parts[0]
			p.fit(parts[:1], 1, param.In)
		}
		if param.Forms&nn.Product != 0 {
			p.addUnits(page, parts, byKey)
		}
	}
	p.link(m)
	p.All = p.fixed
	p.fixed += int64(loaderLimit()+1)*rowBufferBytes(p.raw, p.numbers) + expectBytes(m)
	p.needed = p.fixed
	for _, c := range p.classes {
		p.All += c.total()
		p.needed += c.bytes
	}
	p.Least = min(p.needed, p.All)
	return p, nil
}

// loaderLimit is the most goroutines that read and pack at a time: more would
// only wait for the disk or for memory.
func loaderLimit() int { return min(par.Threads(), 8) }

// productOrder returns the decoder's Params in the order in which a pass needs them.
func productOrder(m *Model) []*Param {
	order := slices.Clone(m.params[:m.decoder])
	if head := m.head.Weight; head.Forms&nn.Lookup != 0 { // tied: its product is the last
		i := slices.Index(order, head)
		order = append(slices.Delete(order, i, i+1), head)
	}
	return order
}

func isVector(p *Param) bool { return p.Out == 1 && p.Forms&nn.Product == 0 }

// addUnits makes each group of a Param a unit of a class.
func (p *residentPlan) addUnits(page *paged, parts []filePart, byKey map[string]*class) {
	param := page.param
	seen := map[*class]bool{}
	if param.Groups > 1 {
		page.all = kernel.NewQuantized(param.Groups, param.In, param.Out)
	}
	for g := range param.Groups {
		u := &unit{group: g, order: page.order}
		for i, part := range param.Parts {
			if part.Group == g {
				u.parts = append(u.parts, parts[i])
			}
		}
		formats := u.panelFormats(param.Out)
		key := classKey(param.In, param.Out, formats, param.Groups > 1)
		c := byKey[key]
		if c == nil {
			c = &class{k: param.In, n: param.Out, formats: formats, expert: param.Groups > 1}
			c.bytes = c.memoryBytes()
			for i := range u.parts {
				c.read += int64(u.parts[i].rows) * int64(u.parts[i].rowBytes())
			}
			byKey[key] = c
			p.classes = append(p.classes, c)
		}
		if !seen[c] {
			seen[c] = true
			c.params++
		}
		u.class = c
		c.units = append(c.units, u)
		page.units = append(page.units, u)
		p.fit(u.parts, min(u.chunkRows(), param.Out), u.roundedRows(min(u.chunkRows(), param.Out))*param.In)
	}
}

// fit makes the buffers large enough for rows of parts, and for numbers that are
// rounded.
func (p *residentPlan) fit(parts []filePart, rows, numbers int) {
	p.numbers = max(p.numbers, numbers)
	for i := range parts {
		p.raw = max(p.raw, rows*parts[i].rowBytes())
	}
}

// distribute gives the budget to the classes: first what every class needs, then
// a second unit where some are read ahead, then all of what every token is
// multiplied with, and the rest to the experts, each class the same part.
func (p *residentPlan) distribute(budget int64, perToken int) error {
	p.Budget = budget
	if p.Whole() {
		p.Held = p.All
		return nil
	}
	if budget < p.needed {
		return p.tooSmall(budget)
	}
	left := budget - p.needed
	add := func(c *class, n int) {
		n = max(0, min(n, len(c.units)-c.slots, int(left/c.bytes)))
		c.slots += n
		left -= int64(n) * c.bytes
	}
	bySize := slices.SortedFunc(slices.Values(p.classes), func(a, b *class) int { return cmp.Compare(a.total(), b.total()) })
	for _, c := range bySize {
		c.slots = 1
	}
	for _, c := range bySize {
		add(c, 1)
	}
	for _, c := range bySize {
		if !c.expert {
			add(c, len(c.units))
		}
	}
	for {
		var least *class
		for _, c := range bySize {
			if c.expert && c.slots < len(c.units) && c.bytes <= left && (least == nil || c.filled() < least.filled()) {
				least = c
			}
		}
		if least == nil {
			break
		}
		add(least, 1)
	}
	p.settle(perToken)
	return nil
}

func (c *class) total() int64    { return c.bytes * int64(len(c.units)) }
func (c *class) filled() float64 { return float64(c.slots) / float64(len(c.units)) }

// settle chooses the units that stay in memory, and predicts what is streamed.
// Of a class that every token needs they are spread over the layers, so that
// there is time to read ahead between the others. perToken is how many experts
// a token has in a layer.
func (p *residentPlan) settle(perToken int) {
	p.Held, p.Streamed, p.StreamedFile, p.PerToken = p.fixed, 0, 0, 0
	for _, c := range p.classes {
		p.Held += int64(c.slots) * c.bytes
		n, pinned := len(c.units), c.slots
		streamed := 0.0
		if c.expert {
			used := min(float64(perToken*c.params), float64(n))
			p.PerToken += int64(used) * c.bytes
			if c.slots < n {
				pinned = 0
				streamed = used * (1 - c.filled())
			}
		} else {
			p.PerToken += c.total()
			if c.slots < n {
				c.transit = min(2, c.slots)
				pinned -= c.transit
				streamed = float64(n - pinned)
			}
		}
		p.Streamed += int64(streamed * float64(c.bytes))
		p.StreamedFile += int64(streamed * float64(c.read))
		c.choose(pinned)
	}
}

func (c *class) choose(pinned int) {
	n := len(c.units)
	c.ring = c.ring[:0]
	for i, u := range c.units {
		u.pinned = (i+1)*pinned/n > i*pinned/n
		if !u.pinned && !c.expert {
			u.index = len(c.ring)
			c.ring = append(c.ring, u)
		}
	}
}

// tooSmall refuses a budget with the arithmetic.
func (p *residentPlan) tooSmall(budget int64) error {
	var b strings.Builder
	for _, c := range p.classes {
		fmt.Fprintf(&b, "\n  + %d (%s)", c.bytes, c.units[0].name())
	}
	const mib = 1 << 20
	return fmt.Errorf("%d bytes of memory for the weights are too few: the least is %d, %d MiB, which is one matrix of each kind:\n  %d (norms, biases, vision and buffers)%s\nAll weights take %d, %d MiB",
		budget, p.needed, (p.needed+mib-1)/mib, p.fixed, b.String(), p.All, (p.All+mib-1)/mib)
}

// fileParts returns where the parts of a Param lie.
func fileParts(param *Param, w *Weights, files map[string]*weightFile) ([]filePart, error) {
	parts := make([]filePart, len(param.Parts))
	for i, part := range param.Parts {
		t, err := w.stored(part.Name)
		if err != nil {
			return nil, err
		}
		if t.at.Path == "" {
			return nil, fmt.Errorf("tensor %s is in no file, and weights that do not fit into memory are read from one", part.Name)
		}
		file := files[t.at.Path]
		if file == nil {
			if file, err = openWeightFile(t.at.Path); err != nil {
				return nil, err
			}
			files[t.at.Path] = file
		}
		f := filePart{file: file, name: part.Name, offset: t.at.Offset, dtype: t.DType}
		f.rows, f.cols = t.rowShape()
		if t.heads > 0 {
			f.order = t.order
		}
		parts[i] = f
	}
	return parts, nil
}

// PlanWeights returns what a budget of bytes means for the model at path, which
// is not verified. A budget that is too small is an error with the arithmetic.
func PlanWeights(path string, budget int64) (WeightsPlan, error) {
	w, err := openWeights(path, false)
	if err != nil {
		return WeightsPlan{}, err
	}
	p, err := planWeights(w, budget)
	if _, closeErr := w.orClose(err); closeErr != nil {
		return WeightsPlan{}, closeErr
	}
	return p, w.Close()
}

func planWeights(w *Weights, budget int64) (WeightsPlan, error) {
	files := map[string]*weightFile{}
	p, err := newResidentPlan(build(w.cfg), w, files)
	if err == nil {
		err = p.distribute(budget, w.cfg.NumExpertsPerTok)
	}
	if err = errors.Join(err, closeFiles(slices.Collect(maps.Values(files)))); err != nil {
		return WeightsPlan{}, err
	}
	return p.WeightsPlan, nil
}
