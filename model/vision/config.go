package vision

import (
	"fmt"

	"github.com/polymath-lm/polymath/picture"
)

// Config is the shape of a tower and how pictures come to it. It is plain data;
// package model reads and writes it, in the names of LLaVA's config.json.
type Config struct {
	ImageSize        int // pixels of a side of a view
	PatchSize        int // pixels of a side of a patch; divides ImageSize
	HiddenSize       int // width of the tower
	IntermediateSize int // width of its feed-forward
	NumLayers        int
	NumHeads         int // divides HiddenSize
	LayerNormEps     float64
	InitStd          float64
	// FeatureLayer says which layer's output goes to the projector: -1 the last
	// one's, -2 that of the one before.
	FeatureLayer int
	// ProjectorErf is the exact GELU in the projector, LLaVA's "gelu", instead of its
	// tanh form, which the tower has.
	ProjectorErf bool
	// ImageTokenID stands for one row of features in the decoder's tokens.
	ImageTokenID int
	// Box and Short bound the size at which high detail looks at a picture, see
	// picture.Resolution. Where they are ImageSize, or 0, one view is all.
	Box, Short int
	// Mean and Std are those of the channels of pictures whose bytes go from 0 to 1.
	Mean, Std [3]float32
}

// Default returns what configurations leave out: all but the sizes.
func Default() Config {
	return Config{
		LayerNormEps: 1e-6, InitStd: 0.02, FeatureLayer: -1,
		Mean: [3]float32{0.5, 0.5, 0.5}, Std: [3]float32{0.5, 0.5, 0.5},
	}
}

// No file's numbers make sizes overflow, or a tower of no tensors large.
const (
	maxSide   = 1 << 12 // of a view
	maxSize   = 1 << 20
	maxLayers = 1 << 12
	maxHeads  = 1 << 14
	maxTiles  = 1 << 16
)

// Validate returns an error that names the first field whose value is
// impossible, by its name in config.json.
func (c *Config) Validate() error {
	for _, f := range []struct {
		name       string
		value, max int
	}{
		{"image_size", c.ImageSize, maxSide},
		{"patch_size", c.PatchSize, maxSide},
		{"hidden_size", c.HiddenSize, maxSize},
		{"intermediate_size", c.IntermediateSize, maxSize},
		{"num_hidden_layers", c.NumLayers, maxLayers},
		{"num_attention_heads", c.NumHeads, maxHeads},
	} {
		if f.value < 1 || f.value > f.max {
			return fmt.Errorf("vision_config.%s is %d: it must be from 1 to %d", f.name, f.value, f.max)
		}
	}
	switch {
	case c.ImageSize%c.PatchSize != 0:
		return fmt.Errorf("vision_config.image_size is %d: it must be a multiple of patch_size, %d", c.ImageSize, c.PatchSize)
	case c.HiddenSize%c.NumHeads != 0:
		return fmt.Errorf("vision_config.hidden_size is %d: it must be a multiple of num_attention_heads, %d", c.HiddenSize, c.NumHeads)
	case !(c.LayerNormEps > 0):
		return fmt.Errorf("vision_config.layer_norm_eps is %v: it must be above 0", c.LayerNormEps)
	case c.FeatureLayer > -1 || c.FeatureLayer < -c.NumLayers:
		return fmt.Errorf("vision_feature_layer is %d: it must be from %d, the first layer's output, to -1, the last one's", c.FeatureLayer, -c.NumLayers)
	case c.ImageTokenID < 0:
		return fmt.Errorf("image_token_id is %d: it must be a token", c.ImageTokenID)
	}
	for i := range c.Std {
		if !(c.Std[i] > 0) || !finite(c.Mean[i]) || !finite(1/c.Std[i]) {
			return fmt.Errorf("image_mean is %v and image_std %v: they must be finite, and each of image_std above 0", c.Mean, c.Std)
		}
	}
	r := c.Resolution()
	if err := r.Check(); err != nil {
		return fmt.Errorf("image_box and image_short: %w", err)
	}
	if r.Short < r.Side {
		return fmt.Errorf("image_short is %d, below image_size, %d: a closer look would show less than the whole does", r.Short, r.Side)
	}
	if columns, rows := (r.Box-1)/r.Side+1, (r.Short-1)/r.Side+1; columns > maxTiles/rows {
		return fmt.Errorf("image_box is %d and image_short %d: pictures could have more than %d tiles of image_size, %d", r.Box, r.Short, maxTiles, r.Side)
	}
	return nil
}

func finite(v float32) bool { return v-v == 0 }

// Patches returns P, the patches of a view, which is the tokens that it takes.
func (c *Config) Patches() int { return (c.ImageSize / c.PatchSize) * (c.ImageSize / c.PatchSize) }

// PatchLen returns the numbers of a patch.
func (c *Config) PatchLen() int { return 3 * c.PatchSize * c.PatchSize }

// Resolution says how pictures are cut into views.
func (c *Config) Resolution() picture.Resolution {
	r := picture.Resolution{
		Side: c.ImageSize, Box: c.ImageSize, Short: c.ImageSize,
		OverviewTokens: c.Patches(), TileTokens: c.Patches(),
	}
	if c.Box > 0 {
		r.Box = c.Box
	}
	if c.Short > 0 {
		r.Short = c.Short
	}
	return r
}
