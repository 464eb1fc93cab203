package cli

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/infer"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/model"
)

// evalCache is how much memory an examination has for keys and values, in bytes; 0 is
// the default. With long windows that is limited by what there is beside the weights:
// more items than fit are not worked on at a time.
func evalCache(cfg *model.Config, int8Cache bool, weights, available int64) int64 {
	o := infer.FootprintOf(cfg, infer.Options{Int8: int8Cache})
	if available == 0 {
		return 0
	}
	room := available - weights - o.WorkBytes - runtimeBytes
	room -= room / 8 // items, records and what the collector has not yet found
	if o.CacheBytes() <= room {
		return 0
	}
	return max(room, o.BlockBytes)
}

// tellCache says which items will not fit where there is no room for a full window.
func tellCache(w io.Writer, cfg *model.Config, int8Cache bool, cache int64) {
	if cache == 0 {
		return
	}
	o := infer.Options{Int8: int8Cache}
	whole := infer.FootprintOf(cfg, o)
	o.CacheBytes = cache
	window := infer.FootprintOf(cfg, o).Window
	if window >= whole.Window {
		return
	}
	fmt.Fprintf(w, "polymath: keys and values of the window of %d tokens take %s and there is room for %s: items of more than %d tokens will not be put\n",
		whole.Window, size(whole.BlockBytes/model.BlockTokens*int64(whole.Window)), size(cache), window)
}

// planEvalCache is evalCache for the model at path.
func planEvalCache(w io.Writer, path string, o *subjectFlags) (int64, error) {
	cfg, err := readConfig(path)
	if err != nil {
		return 0, err
	}
	m := plannedModel{dir: path, config: cfg, weights: model.ModelBytes(cfg, false)}
	if err := m.planWeights(int64(o.weights)); err != nil {
		return 0, err
	}
	cache := evalCache(cfg, o.int8, m.weights, memory.Available())
	tellCache(w, cfg, o.int8, cache)
	return cache, nil
}
