package suite

import (
	"reflect"
	"testing"

	"github.com/polymath-lm/polymath/task/world"
)

// Rewards and examinations never ask for the same name, nor in the same form, whatever
// the seeds, and rows are those of the same questions each time.
func TestHallucinationApart(t *testing.T) {
	for _, domain := range []string{"closed", "open"} {
		subjects := map[any]string{}
		for _, name := range []string{"hallucination_" + domain, "hallucination_" + domain + "_train"} {
			rows, err := Generators[name](150, 3)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Generators[name](60, 3)
			if err != nil || !reflect.DeepEqual(rows[:60], again) {
				t.Errorf("%s: the first rows of a longer list are others (%v)", name, err)
			}
			for _, row := range rows {
				if other, ok := subjects[row["subject"]]; ok && other != name {
					t.Errorf("%v is in %s and %s", row["subject"], other, name)
				}
				subjects[row["subject"]] = name
				if len(world.Unsupported(row["source"].(string), row["answer"].(string))) > 0 {
					t.Errorf("%s: the answer %q is not supported", name, row["answer"])
				}
			}
		}
	}
	if _, err := Generators["hallucination_open"](0, 1); err == nil {
		t.Error("no rows are made without an error")
	}
}
