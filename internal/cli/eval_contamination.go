package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/contamination"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// dataOptions say which model's data items are looked for in, and where it may be.
func (o *evalFlags) dataOptions(s *openedSubject) contamination.Options {
	return contamination.Options{
		Model: s.path, Adapter: o.subject.adapter, Places: o.corpus,
		Shared: o.compare != "" && !isRun(o.compare), // --corpus is for both models then
	}
}

// traceData refuses a --corpus that is none of the model's before there is work to
// lose.
func traceData(s *openedSubject, o *evalFlags) error {
	if len(o.corpus) == 0 {
		return nil
	}
	_, err := contamination.Trace(o.dataOptions(s))
	var none *contamination.NotTraced
	if errors.As(err, &none) {
		return nil // the report will say it
	}
	if err != nil {
		return fmt.Errorf("--corpus: %w", err)
	}
	return nil
}

// checkContamination looks for the items in the model's corpus.
func (a *app) checkContamination(ctx context.Context, f *eval.Finished, sheets []eval.Sheet, s *openedSubject, o *evalFlags) error {
	if o.contamination == "off" {
		contamination.Leave(f, "it was switched off")
		return nil
	}
	screen := progress.NewScreen(a.Err)
	defer screen.Clear()
	options := o.dataOptions(s)
	options.Progress = func(done, all int64) {
		screen.Show(fmt.Sprintf("  %s looking for items in the model's data: %s of %s documents",
			progress.Bar(float64(done)/float64(max(all, 1)), 24), progress.Count(done), progress.Count(all)))
	}
	return contamination.Check(ctx, f, sheets, options)
}
