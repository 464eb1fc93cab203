package cli

import (
	"context"
	"errors"

	"github.com/polymath-lm/polymath/eval"
)

// againstBlind puts the items that have images once more, without them, and says what
// seeing adds: f less that.
func (a *app) againstBlind(ctx context.Context, model string, f *eval.Finished, sheets []eval.Sheet, o *evalFlags) error {
	ran := map[string]bool{}
	for i := range f.Result.Tasks {
		ran[f.Result.Tasks[i].Task] = f.Result.Tasks[i].Skipped == ""
	}
	var some []eval.Sheet
	for i := range sheets {
		if ran[sheets[i].Task.Name] && hasImages(&sheets[i]) {
			some = append(some, sheets[i])
		}
	}
	if len(some) == 0 {
		return errors.Join(a.conclude(f, f, nil, nil, o), errors.New("--against-blind: no task that was run has images"))
	}
	flags := *o
	flags.blind, flags.againstBlind = true, false
	blind, err := a.examine(ctx, model, some, &flags, o.out+blindRun)
	if err != nil {
		return err
	}
	c, err := eval.Compare(blind, f)
	if err != nil {
		return err
	}
	return a.conclude(f, blind, f, c, o)
}

func hasImages(s *eval.Sheet) bool {
	for i := range s.Items {
		if len(s.Items[i].Images) > 0 {
			return true
		}
	}
	return false
}
