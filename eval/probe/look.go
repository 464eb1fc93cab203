package probe

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/picture"
	"github.com/polymath-lm/polymath/tensor"
)

// table is numbers of samples [n, width].
type table struct {
	width int
	rows  [][]float64
}

// features are what is known of the pictures.
type features struct{ tower, pixels table }

// batch is how many pictures go through the tower at once.
const batch = 32

// grid is the side of the grid of mean colors.
const grid = 8

// look computes the features of all pictures.
func look(ctx context.Context, m *model.Model, samples []sample, observe func(done, all int)) (*features, error) {
	cfg := m.Config()
	f := &features{
		tower: table{cfg.Vision.HiddenSize, make([][]float64, len(samples))}, pixels: table{3 * grid * grid, make([][]float64, len(samples))},
	}
	ws := m.NewVisionWorkspace(batch)
	projected := make([]tensor.BF16, batch*cfg.Vision.Patches()*cfg.HiddenSize)
	view := cfg.Vision.Patches() * cfg.Vision.PatchLen()
	for first := 0; first < len(samples); first += batch {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		some := samples[first:min(first+batch, len(samples))]
		patches, errs := make([]tensor.BF16, len(some)*view), make([]error, len(some))
		par.For(len(some), func(_, i int) {
			var read []tensor.BF16
			read, f.pixels.rows[first+i], errs[i] = readOne(cfg.Vision, some[i].path)
			copy(patches[i*view:(i+1)*view], read)
		})
		for i, err := range errs {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", some[i].path, err)
			}
		}
		if err := m.See(ws, projected[:len(some)*cfg.Vision.Patches()*cfg.HiddenSize], patches); err != nil {
			return nil, err
		}
		for i := range some {
			f.tower.rows[first+i] = mean(ws.Rows(), i*cfg.Vision.Patches(), cfg.Vision.Patches(), f.tower.width)
		}
		if observe != nil {
			observe(first+len(some), len(samples))
		}
	}
	return f, nil
}

// readOne returns the patches of the overview of a picture, and the colors of its grid.
func readOne(cfg *vision.Config, path string) (patches []tensor.BF16, colors []float64, err error) {
	limit := picture.DefaultLimits().Bytes
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, nil, err
	}
	in, err := cfg.Read(data, picture.Low, picture.Limits{})
	if err != nil {
		return nil, nil, err
	}
	p, err := picture.Decode(data, picture.Limits{})
	if err != nil {
		return nil, nil, err
	}
	return in.Patches, colorsOf(p), nil
}

// colorsOf are the mean colors of the fields of a grid over a picture. A picture of fewer
// pixels than fields has fields that share one.
func colorsOf(p *picture.Picture) []float64 {
	colors := make([]float64, 0, 3*grid*grid)
	for y := range grid {
		for x := range grid {
			left, top := x*p.Width/grid, y*p.Height/grid
			right, bottom := max(left+1, (x+1)*p.Width/grid), max(top+1, (y+1)*p.Height/grid)
			var sum [3]float64
			for row := top; row < bottom; row++ {
				for at := left; at < right; at++ {
					for c, v := range p.Pix[3*(row*p.Width+at):][:3] {
						sum[c] += float64(v)
					}
				}
			}
			n := float64((right - left) * (bottom - top))
			colors = append(colors, sum[0]/n, sum[1]/n, sum[2]/n)
		}
	}
	return colors
}

// mean is that of some rows.
func mean(rows []tensor.BF16, first, n, width int) []float64 {
	out := make([]float64, width)
	for row := range slices.Chunk(rows[first*width:(first+n)*width], width) {
		for i, v := range row {
			out[i] += float64(v.Float32())
		}
	}
	for i := range out {
		out[i] /= float64(n)
	}
	return out
}
