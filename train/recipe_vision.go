package train

import (
	"cmp"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/model/vision"
)

// VisionSpec is the shape of the tower that reads pictures, in the names of
// SigLIP's vision_config, or the directory to take it from. Left out, the model
// does not see, or as the one to go on from does.
type VisionSpec struct {
	// From is the directory of a tower, or of a model with one, in the
	// ecosystem's format, whose shape and weights are taken. A projector of the
	// decoder's width comes along; otherwise it is new. With From set, all other
	// fields but Box and Short stay unset.
	From string `yaml:"from" json:"from"`
	// ImageSize is the side of a view and PatchSize that of a patch, in pixels: a
	// view takes (ImageSize / PatchSize)² tokens.
	ImageSize int `yaml:"image_size" json:"image_size"`
	PatchSize int `yaml:"patch_size" json:"patch_size"`
	// HiddenSize is the width of the tower, IntermediateSize that of its
	// feed-forward (0: four times the width).
	HiddenSize       int `yaml:"hidden_size" json:"hidden_size"`
	IntermediateSize int `yaml:"intermediate_size" json:"intermediate_size"`
	Layers           int `yaml:"num_hidden_layers" json:"num_hidden_layers"`
	Heads            int `yaml:"num_attention_heads" json:"num_attention_heads"`
	// Box and Short bound the size at which details are looked at, as further
	// views of ImageSize: the longest side and the longest shorter side, in
	// pixels. 0: one view is all.
	Box   int `yaml:"image_box" json:"image_box"`
	Short int `yaml:"image_short" json:"image_short"`
	// Mean and Std are what is taken from, and divides, the channels of pictures,
	// which go from 0 to 1. nil: 0.5. Pictures that are mostly white are learned from
	// sooner if white comes out near 0.
	Mean *float64 `yaml:"image_mean" json:"image_mean,omitzero"`
	Std  *float64 `yaml:"image_std" json:"image_std,omitzero"`
}

// given tells whether the recipe has a tower of its own.
func (v *VisionSpec) given() bool { return *v != VisionSpec{} }

// config is the tower's shape as package vision has it, without the token.
func (v *VisionSpec) config() (*vision.Config, error) {
	c := vision.Default()
	c.ImageSize, c.PatchSize, c.HiddenSize, c.IntermediateSize = v.ImageSize, v.PatchSize, v.HiddenSize, v.IntermediateSize
	c.NumLayers, c.NumHeads, c.Box, c.Short = v.Layers, v.Heads, v.Box, v.Short
	if c.IntermediateSize == 0 {
		c.IntermediateSize = 4 * c.HiddenSize
	}
	for i := range c.Mean {
		if v.Mean != nil {
			c.Mean[i] = float32(*v.Mean)
		}
		if v.Std != nil {
			c.Std[i] = float32(*v.Std)
		}
	}
	if err := c.Validate(); err != nil {
		problem := strings.TrimPrefix(err.Error(), "vision_config.")
		key, _, _ := strings.Cut(problem, " ")
		return nil, &ValueError{Key: "model.vision." + strings.TrimSuffix(key, ":"), Problem: "model.vision." + problem}
	}
	return &c, nil
}

// between checks a number that may be left out.
func between(key string, value *float64, low, high float64) error {
	if value == nil {
		return nil
	}
	return recipe.Between("model.vision."+key, *value, low, high)
}

// checkVision refuses a tower that cannot be.
func (r *Recipe) checkVision() error {
	v := &r.Model.Vision
	if !v.given() {
		return nil
	}
	if r.Lora.Rank > 0 {
		return recipe.Bad("model.vision", "an adapter holds no tower: train all of the model, or remove one of lora and model.vision")
	}
	err := cmp.Or(between("image_mean", v.Mean, 0, 1), between("image_std", v.Std, math.SmallestNonzeroFloat64, 10))
	if v.From == "" && err == nil {
		_, err = v.config()
	}
	if v.From == "" || err != nil {
		return err
	}
	empty := VisionSpec{From: v.From, Box: v.Box, Short: v.Short}
	if *v != empty {
		return recipe.Bad("model.vision.from", "the tower brings its own shape: remove the other keys of model.vision but image_box and image_short")
	}
	return nil
}
