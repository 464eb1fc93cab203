package page

import (
	"fmt"
	"html/template"

	"github.com/polymath-lm/polymath/plan"
	"github.com/polymath-lm/polymath/train/chart"
)

// paramsChart shows which parts the parameters are in.
func paramsChart(r *plan.Report) drawing {
	b := chart.Bars{Title: "parameters by part", Names: []string{"work on a token", "wait or are looked up"}, Format: count}
	for _, p := range r.Params.Parts {
		b.Rows = append(b.Rows, chart.Bar{Name: p.Name, Values: []float64{float64(p.Active), float64(p.Total - p.Active)}})
	}
	return drawing{"Parameters", "by part", template.HTML(b.SVG())}
}

// memoryChart shows what training keeps, by part, in the usual formats, and what
// weights alone take.
func memoryChart(r *plan.Report) drawing {
	b := chart.Bars{Title: "memory of weights and of training by part", Names: []string{"weights", "gradients", "optimizer"}, Format: size}
	for _, s := range r.States {
		b.Rows = append(b.Rows, chart.Bar{Name: "train " + s.Name, Values: []float64{s.WeightBytes, s.GradientBytes, s.OptimizerBytes}})
	}
	for _, s := range r.Weights {
		b.Rows = append(b.Rows, chart.Bar{Name: "run in " + string(s.Precision), Values: []float64{s.Bytes}})
	}
	return drawing{"Memory by part", "all devices together, without activations", template.HTML(b.SVG())}
}

// lengths are the lengths of text that a line is drawn through: 64 from a
// sixty-fourth of the longest window of the report.
func lengths(r *plan.Report) []int {
	longest := r.Windows[len(r.Windows)-1].Tokens
	var list []int
	for i := 1; i <= 64; i++ {
		if n := longest * i / 64; n > 0 {
			list = append(list, n)
		}
	}
	return list
}

// costChart shows what a token costs by the length of the text before it.
func costChart(m *plan.Model, r *plan.Report) drawing {
	mean, last, dense := chart.Series{Name: "mean of all tokens"}, chart.Series{Name: "last token"}, chart.Series{Name: "weights alone"}
	for _, n := range lengths(r) {
		x := float64(n)
		at := m.FLOPsAt(n)
		mean.X, mean.Y = append(mean.X, x), append(mean.Y, m.FLOPsPerToken(n, false).Total)
		last.X, last.Y = append(last.X, x), append(last.Y, at.Total)
		dense.X, dense.Y = append(dense.X, x), append(dense.Y, at.Total-at.Part(plan.PartScores))
	}
	line := chart.Line{Title: "operations of a token by the length of the text", X: "tokens of text", FromZero: true, NamesLeft: true, Series: []chart.Series{last, mean, dense}}
	note := "FLOP of the forward pass for one token"
	if m.Attention.Latent != nil {
		note += "; the last one reads compressed keys, as in decoding"
	}
	return drawing{"Cost against the window", note, template.HTML(line.SVG())}
}

// cacheChart shows the memory of keys and values by the length of the text.
func cacheChart(m *plan.Model, r *plan.Report) drawing {
	line := chart.Line{Title: "memory of keys and values by the length of the text", X: "tokens of text", FromZero: true, NamesLeft: true}
	for _, p := range []plan.Precision{plan.BF16, plan.FP8} {
		s := chart.Series{Name: string(p)}
		for _, n := range lengths(r) {
			s.X, s.Y = append(s.X, float64(n)), append(s.Y, m.KVBytes(n, p)/(1<<30))
		}
		line.Series = append(line.Series, s)
	}
	return drawing{"Keys and values", "GiB of one text", template.HTML(line.SVG())}
}

// decodeChart shows what a step of decoding reads for each token.
func decodeChart(r *plan.Report) drawing {
	b := chart.Bars{Title: "bytes read for each token by how many are decoded at once", Names: []string{"weights", "keys and values"}, Format: size}
	for _, d := range r.Decode {
		n := float64(d.Batch)
		b.Rows = append(b.Rows, chart.Bar{Name: fmt.Sprintf("%d at once", d.Batch), Values: []float64{d.Weights / n, d.KV / n}})
	}
	return drawing{"Decoding reads", "bytes for each token, in bf16, texts of " + window(r.Decode[0].Context), template.HTML(b.SVG())}
}
