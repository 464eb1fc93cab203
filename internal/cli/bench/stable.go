package bench

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// variable are the fields of answers that differ from one time to the next:
// names and dates, and how much was in the cache.
var variable = []string{"id", "created", "prompt_tokens_details", "system_fingerprint"}

// stable returns an answer, or an event of one, without what is variable.
func stable(data []byte) (string, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		return "", err
	}
	strip(value)
	text, err := json.Marshal(value)
	return string(text), err
}

func strip(value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range variable {
			delete(v, name)
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			strip(v[name])
		}
	case []any:
		for _, e := range v {
			strip(e)
		}
	}
}

// joinEvents puts the events of an answer together. Choices come in any order
// among each other, so events are ordered by their choice.
func joinEvents(parts []string) string {
	choice := func(part string) string {
		_, after, _ := strings.Cut(part, `"index":`)
		return after[:min(1, len(after))]
	}
	slices.SortStableFunc(parts, func(a, b string) int { return strings.Compare(choice(a), choice(b)) })
	return strings.Join(parts, "\n")
}
