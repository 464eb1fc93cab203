package corpus

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Recipe returns the recipe that the corpus was built by, as the manifest holds
// it: without what does not change the result.
func (c *Corpus) Recipe() (*Recipe, error) {
	r := DefaultRecipe()
	if err := json.Unmarshal(c.Manifest.Recipe, r, json.WithUnmarshalers(asWritten)); err != nil {
		return nil, fmt.Errorf("%s: recipe: %w", filepath.Join(c.dir, ManifestName), err)
	}
	r.Out = c.dir
	return r, nil
}

// asWritten reads values whose form in JSON is not that of a recipe's text.
var asWritten = json.JoinUnmarshalers(
	sizes,
	json.UnmarshalFunc(func(text []byte, t *TokenizerSpec) error {
		type fields TokenizerSpec
		return json.Unmarshal(text, (*fields)(t), json.WithUnmarshalers(sizes))
	}),
)

// sizes reads sizes, which are written as numbers.
var sizes = json.UnmarshalFunc(func(text []byte, b *recipe.Bytes) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	*b = recipe.Bytes(n)
	return err
})
