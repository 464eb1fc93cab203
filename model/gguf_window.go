package model

// Keys of an architecture whose layers are of two kinds of attention: how many
// keys a sliding layer sees, which layers slide (a list, or the period of which the
// last layer does not), and their theta.
const (
	keyWindow       = "attention.sliding_window"
	keyPattern      = "attention.sliding_window_pattern"
	keySlidingTheta = "rope.freq_base_swa"
)

// ggufPeriod is the period of files that say none.
const ggufPeriod = 4

// ggufWindow reads the window, and which layers have it.
func (c *Config) ggufWindow(k *keys) {
	k.number(keyWindow, &c.SlidingWindow)
	v, ok := k.take(keyPattern)
	if c.SlidingWindow <= 0 || c.NumLayers < 1 || c.NumLayers > maxLayers { // Validate says so
		return
	}
	slides, isList := v.([]bool)
	if ok && !isList {
		slides = nil
	}
	period := ggufPeriod
	if ok && !isList {
		n, err := wholeNumber(v)
		if err != nil || n < 0 {
			k.fail(keyPattern, "%s is neither a list of truth values nor a number of layers", brief(v))
			return
		}
		period = n
	}
	if isList && len(slides) != c.NumLayers {
		k.fail(keyPattern, "tells of %d layers; block_count is %d", len(slides), c.NumLayers)
		return
	}
	kinds := make([]string, c.NumLayers)
	for l := range kinds {
		kinds[l] = FullAttention
		if isList && slides[l] || !isList && (period == 0 || l%period < period-1) {
			kinds[l] = SlidingAttention
		}
	}
	c.setLayerTypes(kinds)
}
