package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// hashed is what of a task changes scores beside its items.
type hashed struct {
	Name          string
	Method        Method
	Unconditional string
	Norm          Norm
	Generate      Generate
	Grader        *Grading
	ByPosition    bool `json:",omitempty"`
	Whole         bool `json:",omitempty"`
}

// Hash identifies what was examined: the items, as they are put to a model and
// judged, and the task's method, generation and grader; 64 hexadecimal digits. What
// a task says for people, and where its files are, does not matter; images count by
// their content. Items in another order have another hash.
func (t *Task) Hash(items []Item) string {
	h := sha256.New()
	encoder := json.NewEncoder(h)
	write := func(value any) {
		if err := encoder.Encode(value); err != nil { // a generator's number that JSON cannot write
			fmt.Fprintf(h, "%#v\n", value)
		}
	}
	write(hashed{t.Name, t.Method, t.Choice.Unconditional, t.Choice.Norm, t.Generate, t.Grader, t.ByPosition, t.Whole})
	for i := range items {
		item := items[i]
		if len(item.imageHashes) == len(item.Images) {
			item.Images = item.imageHashes
		}
		write(&item)
	}
	return hex.EncodeToString(h.Sum(nil))
}
