package page

import (
	"fmt"
	"html/template"
	"slices"

	"github.com/polymath-lm/polymath/plan/cluster"
	"github.com/polymath-lm/polymath/train/chart"
)

// kinds are the kinds of events that a timeline shows, in the order of its colors.
// Messages between stages take no stage's time and are left out.
var kinds = []string{cluster.KindForward, cluster.KindBackward, cluster.KindReduce, cluster.KindUpdate}

// Bounds of a timeline, so that a page stays small.
const (
	maxRows  = 64
	maxSpans = 20000
)

// timeline draws one training step: a row for each stage of the pipeline.
func timeline(d *Data) drawing {
	t := chart.Timeline{Title: "a training step, stage by stage", X: "seconds", Kinds: []string{"forward", "backward", "gradients summed", "optimizer"}}
	stages := 0
	for _, e := range d.Step.Events {
		stages = max(stages, e.Stage+1)
	}
	shown := min(stages, maxRows)
	for s := range shown {
		t.Rows = append(t.Rows, fmt.Sprintf("stage %d", s))
	}
	left := 0
	for _, e := range d.Step.Events {
		kind := slices.Index(kinds, e.Kind)
		if kind < 0 || e.Stage >= shown || !(e.End > e.Start) {
			continue
		}
		if len(t.Spans) == maxSpans {
			left++
			continue
		}
		span := chart.Span{Row: e.Stage, Kind: kind, Start: e.Start, End: e.End}
		if kind < 2 {
			span.Label = fmt.Sprint(e.Micro)
		}
		t.Spans = append(t.Spans, span)
	}
	note := fmt.Sprintf("%s on %s: %.3g s, %.1f%% of the peak; what is pale waits", d.Layout.String(), d.Cluster, d.Step.Seconds, 100*d.Step.Utilization)
	if stages > shown || left > 0 {
		note += fmt.Sprintf("; the first %d of %d stages", shown, stages)
		if left > 0 {
			note += fmt.Sprintf(", without the last %d passes", left)
		}
	}
	return drawing{"A step of the pipeline", note, template.HTML(t.SVG())}
}

// deviceChart shows the memory of the device that needs most, in parts.
func deviceChart(s *cluster.Step) drawing {
	m := s.Memory
	b := chart.Bars{Title: "memory of one device by part", Format: size, Rows: []chart.Bar{
		{Name: "weights", Values: []float64{m.Weights}},
		{Name: "gradients", Values: []float64{m.Gradients}},
		{Name: "optimizer", Values: []float64{m.Optimizer}},
		{Name: "activations", Values: []float64{m.Activations}},
		{Name: "logits", Values: []float64{m.Logits}},
		{Name: "runtime", Values: []float64{m.Reserve}},
		{Name: "together", Values: []float64{m.Sum()}},
		{Name: "the device has", Values: []float64{m.Capacity}},
	}}
	return drawing{"Memory of a device", fmt.Sprintf("stage %d, which needs most", m.Stage), template.HTML(b.SVG())}
}

// layout is a row of the table of layouts.
type layout struct{ Name, Devices, Seconds, Utilization, Memory, Waste string }

func layouts(found []cluster.Found) []layout {
	var rows []layout
	for i := range found {
		f := &found[i]
		rows = append(rows, layout{
			f.Layout.String(), fmt.Sprint(f.Devices), fmt.Sprintf("%.3g", f.Step.Seconds), fmt.Sprintf("%.1f%%", 100*f.Step.Utilization),
			size(f.Step.Memory.Sum()), fmt.Sprintf("%.1f%%", 100*f.Step.Bubble/f.Step.Seconds),
		})
	}
	return rows
}

// layoutChart compares layouts by what their steps are made of.
func layoutChart(found []cluster.Found) drawing {
	b := chart.Bars{
		Title: "layouts by the time of a step", Names: []string{"forward", "backward", "waiting", "gradients, optimizer"},
		Format: func(v float64) string { return fmt.Sprintf("%.3g s", v) },
	}
	for i := range found {
		s := found[i].Step
		b.Rows = append(b.Rows, chart.Bar{Name: short(&found[i].Layout), Values: []float64{s.Forward.Sum(), s.Backward.Sum(), s.Bubble, s.Reduce + s.Update}})
	}
	return drawing{"Layouts that fit", "seconds of a step, the cheapest first", template.HTML(b.SVG())}
}

// short names a layout where there is little room.
func short(l *cluster.Layout) string {
	name := fmt.Sprintf("dp%d tp%d pp%d", l.Data, l.Tensor, l.Pipeline)
	if l.Expert > 1 {
		name += fmt.Sprintf(" ep%d", l.Expert)
	}
	if l.Context > 1 {
		name += fmt.Sprintf(" cp%d", l.Context)
	}
	return name
}
