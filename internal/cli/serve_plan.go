package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/serve"
)

// servePlan is what will be loaded and the memory it takes, known before it is.
type servePlan struct {
	models    []plannedModel
	available int64 // bytes; 0: not known
}

// plannedModel is one of its models.
type plannedModel struct {
	name, dir      string
	config         *model.Config
	window         int
	weights, cache int64 // bytes
	// What all weights would take, what they need at least, and what they are
	// limited to; 0: all of them are in memory.
	all, least, limit int64
	work, draft       int64
	images            int64 // for seeing; 0: it does not see
	cachePerToken     int64
	conversations     int64 // of a full window
	perWindow         int64 // bytes of keys and values
	given             bool  // cache is what --cache says
	draftDir          string
}

// runtimeBytes is what the program takes beside its models: Go's runtime, the
// connections, requests in progress, and what the collector has not yet found.
const runtimeBytes = 64 << 20

// planServe reads the configurations of the models.
func planServe(args []string, e *engineFlags) (*servePlan, error) {
	p := &servePlan{available: memory.Available()}
	seen := map[string]string{}
	for _, arg := range args {
		name, dir, err := splitModel(arg)
		if err != nil {
			return nil, err
		}
		if before, ok := seen[name]; ok {
			return nil, usagef("%s and %s would both be called %q: name one of them NAME=PATH", before, arg, name)
		}
		seen[name] = arg
		m, err := planModel(name, dir, e)
		if err != nil {
			return nil, err
		}
		p.models = append(p.models, m)
	}
	p.shrinkCaches()
	if e.weights == 0 {
		return p, p.shrink()
	}
	return p, nil
}

// shrinkCaches gives keys and values less than their default where not everything
// fits into the memory that is available: whole windows, and one at least for each
// model.
func (p *servePlan) shrinkCaches() {
	missing, spare := p.total()-p.available, int64(0)
	for _, m := range p.models {
		spare += m.spareCache()
	}
	if p.available == 0 || missing <= 0 || spare == 0 {
		return
	}
	part := min(1, float64(missing)/float64(spare))
	for i := range p.models {
		m := &p.models[i]
		if left := m.spareCache(); left > 0 {
			m.cache -= int64(math.Ceil(part * float64(left)))
			m.conversations = m.cache / m.perWindow
			m.cache = m.conversations * m.perWindow
		}
	}
}

// spareCache is what keys and values can do without.
func (m *plannedModel) spareCache() int64 {
	if m.given {
		return 0
	}
	return max(0, m.cache-m.perWindow)
}

// splitModel reads MODEL or NAME=MODEL, a directory or a GGUF file. What exists
// under the whole text is meant before a name is.
func splitModel(arg string) (name, dir string, err error) {
	dir = arg
	if left, right, ok := strings.Cut(arg, "="); ok {
		if _, err := os.Stat(arg); err != nil {
			name, dir = left, right
		}
	}
	if dir == "" {
		return "", "", usagef("%q names no model; give PATH or NAME=PATH", arg)
	}
	if name == "" {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return "", "", err
		}
		name = filepath.Base(whole)
		if model.IsGGUF(name) {
			name = strings.TrimSuffix(name, filepath.Ext(name))
		}
	}
	if err := serve.CheckModelName(name); err != nil {
		return "", "", usageError{fmt.Errorf("%w; give it another one with NAME=PATH", err)}
	}
	return name, dir, nil
}

// planModel predicts one model's memory.
func planModel(name, dir string, e *engineFlags) (plannedModel, error) {
	cfg, err := readConfig(dir)
	if err != nil {
		return plannedModel{}, err
	}
	plan := infer.FootprintOf(cfg, e.options())
	m := plannedModel{
		name: name, dir: dir, config: cfg, window: plan.Window,
		weights: model.ModelBytes(cfg, false), cache: plan.CacheBytes(), work: plan.WorkBytes,
		images:        polymath.ImageBytes(cfg, 0),
		cachePerToken: plan.BlockBytes / model.BlockTokens,
		conversations: plan.CacheBytes() / plan.WindowBytes(), perWindow: plan.WindowBytes(), given: e.cache > 0,
	}
	if err := m.planWeights(int64(e.weights)); err != nil {
		return plannedModel{}, err
	}
	if e.adapter != "" {
		bytes, err := model.CheckAdapter(cfg, e.adapter)
		if err != nil {
			return plannedModel{}, fmt.Errorf("--adapter: %w", err)
		}
		m.work += bytes
	}
	if e.draft == "" {
		return m, nil
	}
	draft, err := readConfig(e.draft)
	if err != nil {
		return plannedModel{}, err
	}
	// Its own keys and values are those of every completion that is worked on.
	m.draftDir = e.draft
	m.draft = model.ModelBytes(draft, false) + int64(e.batch)*model.CacheBytes(draft, model.CacheBF16, min(draft.MaxPositions, m.window))
	return m, nil
}

// readConfig reads the configuration of the model at dir, a directory or a GGUF
// file.
func readConfig(dir string) (*model.Config, error) {
	switch {
	case !exists(dir):
		return nil, fmt.Errorf("%s: there is no such model; 'polymath quickstart' makes one", dir)
	case filepath.Ext(dir) == ".json":
		return nil, fmt.Errorf("%s is a file of a model's directory; give the directory", dir)
	}
	return model.ReadConfig(dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// total is the memory of one model.
func (m *plannedModel) total() int64 { return m.weights + m.cache + m.work + m.images + m.draft }

// total is the memory of all, and the program.
func (p *servePlan) total() int64 {
	total := int64(runtimeBytes)
	for _, m := range p.models {
		total += m.total()
	}
	return total
}

// print shows what is loaded.
func (p *servePlan) print(w io.Writer) {
	for _, m := range p.models {
		all, active := m.config.Params()
		kind := fmt.Sprintf("%s parameters", count(all))
		if active != all {
			kind += fmt.Sprintf(", %s for each token", count(active))
		}
		fmt.Fprintf(w, "%s: %s, %s, window of %d tokens\n", m.name, m.config.ModelType, kind, m.window)
		if m.limit > 0 {
			fmt.Fprintf(w, "  %-10s weights, of %s: the others are read when they are needed\n", size(m.weights), size(m.all))
		} else {
			fmt.Fprintf(w, "  %-10s weights\n", size(m.weights))
		}
		fmt.Fprintf(w, "  %-10s keys and values: %s of the full window, at %s a token\n", size(m.cache), plural(m.conversations, "conversation"), size(m.cachePerToken))
		fmt.Fprintf(w, "  %-10s activations and logits\n", size(m.work))
		if m.images > 0 {
			fmt.Fprintf(w, "  %-10s images: what is kept of them and held by requests, the tower's activations, and a pass to show attention\n", size(m.images))
		}
		if m.draft > 0 {
			fmt.Fprintf(w, "  %-10s draft model %s\n", size(m.draft), m.draftDir)
		}
	}
	fmt.Fprintf(w, "program\n  %-10s connections, requests in progress and Go's runtime\n", size(runtimeBytes))
	if p.available > 0 {
		fmt.Fprintf(w, "%s of memory together, of %s available\n", size(p.total()), size(p.available))
	} else {
		fmt.Fprintf(w, "%s of memory together\n", size(p.total()))
	}
}

// fits refuses what does not fit, with the arithmetic.
func (p *servePlan) fits() error {
	if p.available == 0 || p.total() <= p.available {
		return nil
	}
	var b strings.Builder
	for _, m := range p.models {
		fmt.Fprintf(&b, "\n  %10s  %s: weights %s, keys and values %s (%d x %d tokens x %s), activations and logits %s",
			size(m.total()), m.name, size(m.weights), size(m.cache), m.conversations, m.window, size(m.cachePerToken), size(m.work))
		if m.images > 0 {
			fmt.Fprintf(&b, ", images %s", size(m.images))
		}
		if m.draft > 0 {
			fmt.Fprintf(&b, ", draft model %s", size(m.draft))
		}
	}
	fmt.Fprintf(&b, "\n  %10s  program", size(runtimeBytes))
	advice := "Lower --cache, --window or --weights-memory, or say --int8-cache"
	if len(p.models) > 1 {
		advice += ", or serve fewer models"
	} else if n := p.longestWindow(); n > 0 && n < p.models[0].window {
		advice += fmt.Sprintf("; --window %d has room", n)
	}
	return fmt.Errorf("%s of memory are needed and %s are available:%s\n%s", size(p.total()), size(p.available), b.String(), advice)
}

// longestWindow is the longest one that a single model has room for, 0 if there is
// none.
func (p *servePlan) longestWindow() int {
	m := &p.models[0]
	room := p.available - (p.total() - m.cache)
	return int(max(0, room/m.cachePerToken) / model.BlockTokens * model.BlockTokens)
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return progress.Count(n) + " " + noun + "s"
}

// count writes a number of parameters for people.
func count(n int64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}} {
		if float64(n) >= unit.size {
			return fmt.Sprintf("%.3g%s", float64(n)/unit.size, unit.name)
		}
	}
	return fmt.Sprint(n)
}
