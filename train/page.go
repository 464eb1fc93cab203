package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/train/chart"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// Files of a run's directory.
const (
	infoFile = "run.json"
	pageFile = "run.html"
)

// runInfo is run.json: what a run is, for its page.
type runInfo struct {
	Recipe     *Recipe `json:"recipe"`
	Steps      int     `json:"steps"`
	Parameters int64   `json:"parameters"`
	Active     int64   `json:"active"`
	// Vision is what seeing takes, nil for a model that cannot.
	Vision *VisionPlan `json:"vision,omitempty"`
	// Tokens and FLOPs are those of the whole run, as planned; 0 of a run that an older
	// program made.
	Tokens int64   `json:"tokens,omitempty"`
	FLOPs  float64 `json:"flops,omitempty"`
	// Energy is that of the run until it ended or was interrupted; nil where nobody
	// measured.
	Energy *energy.Spent `json:"energy,omitempty"`
	// Began is when the first step was about to be taken, whatever was resumed since.
	Began   time.Time `json:"began,omitzero"`
	Hashes  hashes    `json:"hashes"`
	CPU     string    `json:"cpu"`
	Version string    `json:"version"`
	// Saved tells a run that has had a checkpoint.
	Saved bool `json:"saved"`
}

// hashes are the SHA-256 of what a run was made from, in hex.
type hashes struct {
	Recipe    string `json:"recipe"`
	Corpus    string `json:"corpus"`
	Tokenizer string `json:"tokenizer"`
	Parent    string `json:"parent,omitempty"`
	// Stages are those of the shards that stages read beside the recipe's data.
	Stages []string `json:"stages,omitempty"`
	Tower  string   `json:"tower,omitempty"` // where model.vision.from names one
}

func (i *runInfo) save(runDir string) error {
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(runDir, infoFile), append(text, '\n'))
	return err
}

// readInfo reads run.json; a run that has not begun has an empty one.
func readInfo(runDir string) (*runInfo, error) {
	info := &runInfo{Recipe: DefaultRecipe()}
	path := filepath.Join(runDir, infoFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return info, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, info); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return info, nil
}

// pageData is what the template shows.
type pageData struct {
	checkpoint.PageFrame
	State          string
	Facts          []fact
	Charts         []figure
	Heat           []template.HTML
	HeatLegend     template.HTML
	Samples, Older []sampleRow
	Skips          []Record
	Recipe         string
	Sources        []fact
}

type fact struct{ Name, Value, Note string }

type figure struct {
	Title, Note string
	SVG         template.HTML
}

type sampleRow struct {
	Step int
	SampleRecord
}

// maxOldSamples bounds the samples on the page.
const maxOldSamples = 60

// newPage prepares the page of a run.
func newPage(info *runInfo, records []Record, live bool) *pageData {
	p := &pageData{
		PageFrame:  checkpoint.PageFrame{Title: info.Recipe.Name, Style: template.CSS(chart.Style + chart.PageStyle), Live: live, NumRecords: len(records)},
		HeatLegend: template.HTML(chart.Legend("a quarter of its share", "even", "four times")),
	}
	if p.Title == "" {
		p.Title = "training run"
	}
	p.summarize(info, records)
	p.draw(records)
	p.drawLoad(records)
	p.collect(records)
	if text, err := yaml.Marshal(info.Recipe); err == nil {
		p.Recipe = string(text)
	}
	p.Sources = []fact{
		{"recipe", info.Hashes.Recipe, ""},
		{"corpus", info.Hashes.Corpus, ""},
		{"tokenizer", info.Hashes.Tokenizer, ""},
		{"parent model", info.Hashes.Parent, ""},
		{"tower", info.Hashes.Tower, ""},
		{"last checkpoint", lastCheckpoint(records), ""},
		{"CPU path", info.CPU, ""},
		{"program", info.Version, ""},
	}
	p.Sources = slices.DeleteFunc(p.Sources, func(f fact) bool { return f.Value == "" })
	return p
}

func lastCheckpoint(records []Record) string {
	for _, r := range slices.Backward(records) {
		if r.Kind == KindCheckpoint {
			return r.Checkpoint.Hash
		}
	}
	return ""
}

// summarize fills the facts at the top.
func (p *pageData) summarize(info *runInfo, records []Record) {
	var last, eval *Record
	skipped := 0
	for i := range records {
		r := &records[i]
		switch r.Kind {
		case KindStep:
			last = r
		case KindSkip:
			last = r
			skipped++
		case KindEval:
			eval = r
		}
	}
	if last == nil {
		p.State = "not begun"
		return
	}
	p.State = "running or interrupted"
	if last.Step >= info.Steps {
		p.State = "finished"
	}
	p.add("step", fmt.Sprint(last.Step), fmt.Sprintf("of %d", info.Steps))
	p.add("tokens", chart.Number(float64(last.Tokens)), "")
	p.add("loss", fmt.Sprintf("%.4f", last.Train.Loss), "nats per token")
	if eval != nil {
		p.add("held-out loss", fmt.Sprintf("%.4f", eval.Eval.Loss), fmt.Sprintf("at step %d", eval.Step))
		if eval.Eval.SwappedLoss > 0 {
			p.add("pictures swapped", fmt.Sprintf("%.4f", eval.Eval.SwappedLoss), "held-out loss with other ones")
		}
		if s := eval.Eval.Stage; s != nil {
			p.add("the stage's own", fmt.Sprintf("%.4f", s.Loss), fmt.Sprintf("held out, rows of %s tokens", chart.Number(float64(s.Sequence))))
		}
		if eval.Eval.BitsPerByte > 0 {
			p.add("bits per byte", fmt.Sprintf("%.4f", eval.Eval.BitsPerByte), "held out")
		}
	}
	if t := last.Timing; t != nil {
		p.add("tokens/s", chart.Number(t.TokensPerSecond), "")
		if t.MFU > 0 {
			p.add("MFU", fmt.Sprintf("%.1f%%", 100*t.MFU), "of the measured peak")
		}
		if last.Step < info.Steps {
			p.add("to go", time.Duration(t.ETA*float64(time.Second)).Round(time.Second).String(), "at this rate")
		}
	}
	p.summarizeSight(info, last)
	p.summarizeEnergy(info, records, last)
	p.add("parameters", chart.Number(float64(info.Parameters)), chart.Number(float64(info.Active))+" active")
	if skipped > 0 {
		p.add("skipped steps", fmt.Sprint(skipped), "")
	}
}

// summarizeEnergy adds what the run took, where that was measured.
func (p *pageData) summarizeEnergy(info *runInfo, records []Record, last *Record) {
	spent := stepsEnergy(records, 0)
	if e := info.Energy; e != nil && e.Joules >= spent.Joules {
		spent = *e
	}
	if !spent.Known() || spent.Joules == 0 {
		return
	}
	note := energy.Text(spent.Joules/float64(last.Tokens)) + " a token"
	if grams := spent.Grams(); grams > 0 {
		note += fmt.Sprintf(", %.3g g CO₂", grams)
	}
	p.add("energy", energy.Text(spent.Joules), note)
}

// summarizeSight adds what there is to say of pictures and stages.
func (p *pageData) summarizeSight(info *runInfo, last *Record) {
	if v := info.Vision; v != nil {
		p.add("pictures", chart.Number(float64(v.Pictures)), fmt.Sprintf("an epoch, %s views", chart.Number(float64(v.Views))))
		p.add("image tokens", chart.Number(float64(v.ImageTokens)), "an epoch")
		p.add("tower", chart.Number(float64(v.Tower)), fmt.Sprintf("parameters, and %s in the projector", chart.Number(float64(v.Projector))))
	}
	if stages := info.Recipe.Stages; len(stages) > 0 {
		stage, _ := info.Recipe.stageOf(last.Step)
		p.add("stage", fmt.Sprint(stage+1), fmt.Sprintf("of %d: %s, rows of %s tokens", len(stages), strings.Join(stages[stage].Train, ", "), chart.Number(float64(info.Recipe.batchOf(stage).Sequence))))
	}
}

func (p *pageData) add(name, value, note string) {
	p.Facts = append(p.Facts, fact{name, value, note})
}

// series picks one number of each record that has it.
func series(name string, records []Record, get func(r *Record) (float64, bool)) chart.Series {
	s := chart.Series{Name: name}
	for i := range records {
		if v, ok := get(&records[i]); ok {
			s.X, s.Y = append(s.X, float64(records[i].Step)), append(s.Y, v)
		}
	}
	return s
}

// stepped picks a number of the steps that were taken.
func stepped(name string, records []Record, get func(s *StepRecord) float64) chart.Series {
	return series(name, records, func(r *Record) (float64, bool) {
		if r.Kind != KindStep {
			return 0, false
		}
		return get(r.Train), true
	})
}

// timed picks a number of the steps that were timed.
func timed(name string, records []Record, get func(t *Timing) float64) chart.Series {
	return series(name, records, func(r *Record) (float64, bool) {
		if r.Timing == nil {
			return 0, false
		}
		return get(r.Timing), true
	})
}

func (p *pageData) draw(records []Record) {
	const step = "step"
	heldOut := series("held out", records, func(r *Record) (float64, bool) {
		if r.Eval == nil {
			return 0, false
		}
		return r.Eval.Loss, true
	})
	loss := []chart.Series{stepped("training", records, func(s *StepRecord) float64 { return s.Loss }), heldOut}
	own := series("held out, the stage's own", records, func(r *Record) (float64, bool) {
		if r.Eval == nil || r.Eval.Stage == nil {
			return 0, false
		}
		return r.Eval.Stage.Loss, true
	})
	if len(own.Y) > 0 {
		loss = append(loss, own)
	}
	swapped := series("held out, pictures swapped", records, func(r *Record) (float64, bool) {
		if r.Eval == nil || r.Eval.SwappedLoss == 0 {
			return 0, false
		}
		return r.Eval.SwappedLoss, true
	})
	if len(swapped.Y) > 0 {
		loss = append(loss, swapped)
	}
	rate := []chart.Series{stepped("rate", records, func(s *StepRecord) float64 { return s.LR })}
	norm := []chart.Series{stepped("norm", records, func(s *StepRecord) float64 { return s.GradNorm })}
	speed := []chart.Series{timed("tokens/s", records, func(t *Timing) float64 { return t.TokensPerSecond })}
	p.figure("Loss", "nats per token", chart.Line{X: step, Series: loss, Robust: true})
	p.figure("Learning rate", "before the groups' scales", chart.Line{X: step, Series: rate, FromZero: true})
	p.figure("Gradient norm", "before clipping", chart.Line{X: step, Series: norm, FromZero: true, Robust: true})
	p.figure("Throughput", "tokens per second", chart.Line{X: step, Series: speed, FromZero: true})
	if mfu := timed("MFU", records, func(t *Timing) float64 { return t.MFU }); anyPositive(mfu.Y) {
		p.figure("MFU", "share of the machine's measured peak", chart.Line{X: step, Series: []chart.Series{mfu}, FromZero: true, Percent: true})
	}
	entropy := stepped("entropy", records, func(s *StepRecord) float64 { return routerEntropy(s) })
	if anyPositive(entropy.Y) {
		p.figure("Router entropy", "nats, mean over layers with experts", chart.Line{X: step, Series: []chart.Series{entropy}, FromZero: true})
	}
}

func (p *pageData) figure(title, note string, l chart.Line) {
	l.Title = title
	p.Charts = append(p.Charts, figure{title, note, template.HTML(l.SVG())})
}

func anyPositive(v []float64) bool {
	return slices.ContainsFunc(v, func(x float64) bool { return x > 0 })
}

// routerEntropy is the mean of the layers that have a router.
func routerEntropy(s *StepRecord) float64 {
	sum, layers := 0.0, 0
	for l, x := range s.RouterEntropy {
		if l < len(s.ExpertLoad) && len(s.ExpertLoad[l]) > 0 {
			sum, layers = sum+x, layers+1
		}
	}
	return sum / float64(layers)
}

// drawLoad draws a heat map for each layer that has experts.
func (p *pageData) drawLoad(records []Record) {
	var steps []float64
	var loads [][][]int
	for i := range records {
		if r := &records[i]; r.Kind == KindStep && r.Train.ExpertLoad != nil {
			steps, loads = append(steps, float64(r.Step)), append(loads, r.Train.ExpertLoad)
		}
	}
	if len(loads) == 0 {
		return
	}
	last := len(loads[0]) - 1
	for last >= 0 && len(loads[0][last]) == 0 {
		last--
	}
	for layer := range last + 1 {
		heat := chart.Heat{Title: fmt.Sprintf("expert load of layer %d", layer), Label: fmt.Sprintf("layer %d", layer), X: steps, RowHeight: 5}
		if layer == last {
			heat.XName = "step"
		}
		for _, load := range loads {
			if layer < len(load) && len(load[layer]) == len(loads[0][layer]) {
				heat.Values = append(heat.Values, shares(load[layer]))
			}
		}
		if len(loads[0][layer]) > 0 {
			p.Heat = append(p.Heat, template.HTML(heat.SVG()))
		}
	}
}

// shares divides each expert's load by the even share.
func shares(load []int) []float64 {
	total := 0
	for _, n := range load {
		total += n
	}
	out := make([]float64, len(load))
	for i, n := range load {
		out[i] = float64(n) * float64(len(load)) / float64(max(total, 1))
	}
	return out
}

// collect gathers samples, the newest first, and skipped steps.
func (p *pageData) collect(records []Record) {
	for _, r := range slices.Backward(records) {
		switch r.Kind {
		case KindSkip:
			p.Skips = append(p.Skips, r)
		case KindSample:
			row := sampleRow{r.Step, *r.Sample}
			if len(p.Samples) == 0 || p.Samples[0].Step == r.Step {
				p.Samples = append(p.Samples, row)
			} else if len(p.Older) < maxOldSamples {
				p.Older = append(p.Older, row)
			}
		}
	}
	slices.Reverse(p.Samples)
}

// write renders the page, or with name "body" the part that changes.
func (p *pageData) write(w io.Writer, name string) error {
	return pageTemplate.ExecuteTemplate(w, name, p)
}

// savePage writes run.html. The page stands alone: no script, no reference to
// anything outside it.
func savePage(runDir string, info *runInfo, records []Record) error {
	var b bytes.Buffer
	if err := newPage(info, records, false).write(&b, "page"); err != nil {
		return err
	}
	_, err := atomicfile.WriteBytes(filepath.Join(runDir, pageFile), b.Bytes())
	return err
}
