package report

import (
	"fmt"
	"html/template"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/train/chart"
)

// calibration is how far confidence and being right go together in one task.
type calibration struct {
	Task, Summary     string
	Reliability, Risk template.HTML
	Measures          []scoreRow // without drawings; the first is ECE
	Selective         []selective
	// Compared says that the measures have a last value, what they differ by.
	Compared bool
}

// selective is the accuracy over the most confident share of the items.
type selective struct {
	Coverage string
	Accuracy []string
}

func calibrations(runs []*eval.Finished, c *eval.Comparison) []calibration {
	changes := changesOf(c)
	order, by := tasksOf(runs)
	var out []calibration
	for _, name := range order {
		c := calibration{Compared: c != nil}
		reliability := chart.Square{X: "confidence", Y: "accuracy", Diagonal: true}
		risk := chart.Square{X: "share answered, the surest first", Y: "wrong among them"}
		found := false
		for i := range runs {
			t := by[i][name]
			if t == nil || t.Calibration == nil {
				reliability.Series, risk.Series = append(reliability.Series, chart.Curve{}), append(risk.Series, chart.Curve{})
				c.add(nil)
				continue
			}
			found = true
			c.Task = title(*t)
			reliability.Series = append(reliability.Series, bins(t.Calibration))
			risk.Series = append(risk.Series, riskOf(t.Calibration))
			c.add(t.Calibration)
		}
		if !found {
			continue
		}
		c.summarize()
		c.compare(changes[name])
		reliability.Title = c.Task + ": accuracy by confidence"
		risk.Title = c.Task + ": share of wrong answers by coverage"
		c.Reliability, c.Risk = template.HTML(reliability.SVG()), template.HTML(risk.SVG())
		out = append(out, c)
	}
	return out
}

// coverages are those of which the page has the accuracy in numbers.
var coverages = []float64{0.1, 0.25, 0.5, 0.75, 1}

func (c *calibration) add(k *stat.Calibration) {
	if c.Selective == nil {
		const less = "less is better"
		c.Measures = []scoreRow{
			{Name: "ECE", Note: less},
			{Name: "ECE less what chance adds", Note: less},
			{Name: "ECE by chance alone", Note: "p: of as much or more"},
			{Name: "Brier", Note: less},
			{Name: "AURC", Note: less},
			{Name: "AUROC"},
		}
		for _, at := range coverages {
			c.Selective = append(c.Selective, selective{Coverage: fmt.Sprintf("%g%%", 100*at)})
		}
	}
	none := scoreValue{"–", "", ""}
	values := []scoreValue{none, none, none, none, none, none}
	if k != nil {
		values = []scoreValue{
			measure(k.ECE),
			{decimal(k.ECEDebiased), "", ""},
			{decimal(k.ECENoise), "p\u00a0" + equals(probability(k.ECEP)), ""},
			measure(k.Brier), measure(k.AURC), none,
		}
		if k.AUROC != nil {
			values[5] = measure(*k.AUROC)
		}
	}
	for i, v := range values {
		c.Measures[i].Values = append(c.Measures[i].Values, v)
	}
	if k == nil {
		for i := range c.Selective {
			c.Selective[i].Accuracy = append(c.Selective[i].Accuracy, "–")
		}
		return
	}
	for i, at := range coverages {
		c.Selective[i].Accuracy = append(c.Selective[i].Accuracy, accuracyAt(k.Selective, at))
	}
}

// summarize writes the ECE of each run in a line.
func (c *calibration) summarize() {
	c.Summary = "ECE "
	for i, v := range c.Measures[0].Values {
		if i > 0 {
			c.Summary += " / "
		}
		c.Summary += v.Score
	}
}

// changesOf are the changes of calibration by task.
func changesOf(c *eval.Comparison) map[string]*stat.CalibrationChange {
	changes := map[string]*stat.CalibrationChange{}
	if c != nil {
		for _, t := range c.Tasks {
			changes[t.Task] = t.Calibration
		}
	}
	return changes
}

// compare adds to the measures what they differ by over the items that both runs have.
func (c *calibration) compare(change *stat.CalibrationChange) {
	if !c.Compared {
		return
	}
	values := make([]scoreValue, len(c.Measures))
	if change != nil {
		difference := func(d stat.Difference) scoreValue {
			v := measure(d.Estimate)
			if d.Value > 0 {
				v.Score = "+" + v.Score
			}
			return v
		}
		values[0], values[3], values[4] = difference(change.ECE), difference(change.Brier), difference(change.AURC)
		if change.AUROC != nil {
			values[5] = difference(*change.AUROC)
		}
	}
	for i, v := range values {
		c.Measures[i].Values = append(c.Measures[i].Values, v)
	}
	for i := range c.Selective {
		c.Selective[i].Accuracy = append(c.Selective[i].Accuracy, "")
	}
}

func measure(e stat.Estimate) scoreValue {
	v := scoreValue{decimal(e.Value), "no interval", plural(e.N, "item")}
	if e.Available() {
		v.Interval = decimal(e.Low) + " to " + decimal(e.High)
	}
	return v
}

// accuracyAt is the accuracy at the first point that covers as much.
func accuracyAt(points []stat.Coverage, coverage float64) string {
	for _, p := range points {
		if p.Coverage >= coverage-1e-9 {
			return percent(p.Accuracy)
		}
	}
	return "–"
}

func bins(k *stat.Calibration) chart.Curve {
	c := chart.Curve{Dots: true}
	for _, b := range k.Bins {
		c.X, c.Y = append(c.X, b.Confidence), append(c.Y, b.Accuracy)
		c.Low, c.High = append(c.Low, b.Low), append(c.High, b.High)
	}
	return c
}

// maxRisk is how many points of a curve are drawn.
const maxRisk = 200

func riskOf(k *stat.Calibration) chart.Curve {
	c := chart.Curve{}
	step := max(1, (len(k.Selective)+maxRisk-1)/maxRisk)
	for i, p := range k.Selective {
		if i%step == 0 || i == len(k.Selective)-1 {
			c.X, c.Y = append(c.X, p.Coverage), append(c.Y, 1-p.Accuracy)
		}
	}
	return c
}
