package grade

import (
	"maps"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/task"
)

// newTemplate reads a template of the file; mistakes are those of the key.
func newTemplate(key, text string) (*task.Template, error) {
	t, err := task.NewTemplate(text)
	if err != nil {
		return nil, recipe.Bad(key, "%v", err)
	}
	return t, nil
}

// with returns the row with further fields.
func with(row task.Row, fields map[string]any) map[string]any {
	all := maps.Clone(map[string]any(row))
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, fields)
	return all
}
