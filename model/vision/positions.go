package vision

import (
	"math"

	"github.com/polymath-lm/polymath/internal/kernel"
)

// slowest is the ratio of the fastest wave of startPositions to the slowest, that
// of the sine and cosine of Vaswani et al. (arXiv:1706.03762, 3.5).
const slowest = 10000

// startPositions fills a table [P, HiddenSize] with sines and cosines of a
// patch's column, in the first half of a row, and of its row, in the second, so
// that neighbors are alike from the start (Chen et al., MoCo v3,
// arXiv:2104.02057, 4). They are as large as what the patch embedding makes at
// the start of pixels of variance 1: place and content are then told apart alike.
func (c *Config) startPositions(master []float32) {
	d, side := c.HiddenSize, c.ImageSize/c.PatchSize
	scale := c.InitStd * math.Sqrt(float64(2*c.PatchLen()))
	waves := (d + 3) / 4 // of an axis; the last ones may not find room
	for p := range side * side {
		row := master[p*d : (p+1)*d]
		half := (d + 1) / 2
		wave(row[:half], float64(p%side), scale, waves)
		wave(row[half:], float64(p/side), scale, waves)
	}
}

// wave fills row with the sines and then the cosines of a place.
func wave(row []float32, place, scale float64, waves int) {
	for i := range row {
		sin, cos := kernel.SinCos(place / kernel.Pow(slowest, float64(i%waves)/float64(waves)))
		if i < waves {
			row[i] = float32(sin * scale)
		} else {
			row[i] = float32(cos * scale)
		}
	}
}
