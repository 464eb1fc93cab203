package mixture

import (
	"fmt"
	"math"
	"slices"
)

// stageWeights returns the share of all text that each stage takes of each
// source: all together are 1.
func stageWeights(o Options, stages []Stage, sources []Source) ([][]float64, error) {
	own, weighted := make([]float64, len(sources)), false
	for i, s := range sources {
		own[i] = s.Weight
		weighted = weighted || s.Weight > 0
	}
	if !weighted {
		for i, s := range sources {
			if s.Bytes > 0 {
				own[i] = float64(float32(math.Pow(float64(s.Bytes), 1/o.Temperature))) // machines differ in the last bits
			}
		}
	}
	var shares float64
	for _, s := range stages {
		shares += s.Share
	}
	out := make([][]float64, len(stages))
	for s, stage := range stages {
		row := slices.Clone(own)
		if stage.Weights != nil {
			for i, src := range sources {
				row[i] = stage.Weights[src.Name]
			}
		}
		var sum float64
		for i, w := range row {
			if w > 0 && sources[i].Bytes == 0 {
				return nil, fmt.Errorf("source %s has a weight, and no text is left of it: the filters dropped everything, or it was empty", sources[i].Name)
			}
			sum += w
		}
		for i := range row {
			row[i] *= stage.Share / shares / sum
		}
		out[s] = row
	}
	return out, nil
}

// largestSize is the most text for which no source is read beyond its epochs,
// with the source that decides it, unless it leaves no text out.
func largestSize(weights [][]float64, sources []Source) (size float64, limit string) {
	share := make([]float64, len(sources)) // of all that is read
	size = math.Inf(1)
	for i, src := range sources {
		for s := range weights {
			share[i] += weights[s][i]
		}
		if most := float64(src.Bytes) * src.epochs() / share[i]; share[i] > 0 && most < size {
			size, limit = most, src.Name
		}
	}
	for i, src := range sources {
		if share[i]*size < float64(src.Bytes)*(1-1e-9) {
			return size, limit
		}
	}
	return size, ""
}

// Unread returns how much text of source i no stage reads, in bytes, on average.
func (p *Plan) Unread(i int) int64 {
	copies := float64(p.Copies[len(p.Copies)-1][i]) / one
	return int64(float64(p.Sources[i].Bytes) * max(0, 1-copies))
}

// limit keeps each source within its epochs and gives what is missing in a
// stage to its other sources, in proportion to their weights, as far as there
// is text. Each round exhausts one more source or ends.
func (p *Plan) limit(demand, weights [][]float64) {
	exhausted := make([]bool, len(p.Sources))
	for {
		missing, found := make([]float64, len(demand)), false
		for i, src := range p.Sources {
			var sum float64
			for s := range demand {
				sum += demand[s][i]
			}
			most := float64(src.Bytes) * src.epochs()
			if exhausted[i] || sum <= most*(1+1e-12) {
				continue
			}
			exhausted[i], found = true, true
			p.Short = append(p.Short, src.Name)
			for s := range demand {
				keep := float64(demand[s][i] * (most / sum)) // not fused, as on every machine
				missing[s] += demand[s][i] - keep
				demand[s][i] = keep
			}
		}
		if !found {
			return
		}
		for s := range demand {
			var open float64
			for i, w := range weights[s] {
				if !exhausted[i] {
					open += w
				}
			}
			for i, w := range weights[s] {
				if !exhausted[i] && open > 0 {
					demand[s][i] += float64(missing[s] * (w / open))
				}
			}
		}
	}
}
