package judge

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/grade"
)

// Sheet is a task with its items, as task.Load returned them.
type Sheet struct {
	Task  *task.Task
	Items []task.Item
}

// graded is a record with what it takes to judge it.
type graded struct {
	record *eval.Record
	task   *task.Task
	item   *task.Item
}

// find returns the records of tasks with a rubric, in order, without those that have
// no answer because of an error.
func find(records []eval.Record, sheets []Sheet) ([]graded, error) {
	type key struct{ task, item string }
	items := map[key]graded{}
	rubric := map[string]bool{}
	for _, s := range sheets {
		if s.Task.Grader == nil || s.Task.Grader.Rubric == nil {
			continue
		}
		rubric[s.Task.Name] = true
		for i := range s.Items {
			items[key{s.Task.Name, s.Items[i].ID}] = graded{task: s.Task, item: &s.Items[i]}
		}
	}
	var all []graded
	for i := range records {
		r := &records[i]
		if !rubric[r.Task] || r.Answer == "" && r.Error != "" {
			continue
		}
		g, ok := items[key{r.Task, r.Item}]
		if !ok {
			return nil, fmt.Errorf("task %s has no item %s any more: its data is not that of the run", r.Task, r.Item)
		}
		g.record = r
		all = append(all, g)
	}
	return all, nil
}

// set writes down what a judge said, and says whether that was a verdict.
func (g *graded) set(v task.Verdict, err error) bool {
	switch {
	case err == nil:
		g.record.Verdict, g.record.Error = v, ""
	case g.record.Error != "":
		g.record.Verdict, g.record.Error = v, err.Error()
	}
	return err == nil
}

// Questions returns what a judge is asked about the records of tasks that are
// graded by a rubric.
func Questions(records []eval.Record, sheets []Sheet) ([]grade.Question, error) {
	all, err := find(records, sheets)
	if err != nil {
		return nil, err
	}
	var questions []grade.Question
	for _, g := range all {
		q, err := grade.Ask(g.task, g.item, g.record.Answer)
		if err != nil {
			return nil, fmt.Errorf("task %s, item %s: %w", g.record.Task, g.record.Item, err)
		}
		questions = append(questions, q)
	}
	return questions, nil
}

// Options say how Apply works.
type Options struct {
	// Parallel is how many judgments are asked for at once; 0 is one.
	Parallel int
	// Progress is called after each judgment, and Failed with the error of each that
	// failed, from one goroutine at a time; nil: not.
	Progress func(done, total int)
	Failed   func(error)
}

// giveUp is after how many judgments in a row that found the judge unavailable Apply ends.
const giveUp = 4

// Apply judges the records of tasks that are graded by a rubric anew, and sets
// their Verdict and Error. A record whose judge fails, or has not judged it, keeps the
// verdict that it has. Apply returns how many were judged, and ctx's error where that
// ended it, or that of a judge which cannot be reached any more; records that it did not
// come to stay as they were. Eval.Summarize makes the scores of them.
func Apply(ctx context.Context, records []eval.Record, sheets []Sheet, judge grade.Judge, o Options) (judged int, err error) {
	all, err := find(records, sheets)
	if err != nil {
		return 0, err
	}
	graders := map[string]task.Grader{}
	for _, s := range sheets {
		if graders[s.Task.Name], err = grade.New(s.Task, grade.Options{Judge: judge}); err != nil {
			return 0, fmt.Errorf("task %s: %w", s.Task.Name, err)
		}
	}
	next := make(chan graded)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done, failures := 0, 0
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	settle := func(g graded, v task.Verdict, err error) {
		mu.Lock()
		defer mu.Unlock()
		if failures++; !errors.Is(err, eval.ErrUnavailable) {
			failures = 0
		}
		if failures == giveUp {
			cancel(fmt.Errorf("%d judgments in a row failed, the last: %w", failures, err))
		}
		if err != nil && o.Failed != nil {
			o.Failed(err)
		}
		if g.set(v, err) {
			judged++
		}
		if done++; o.Progress != nil {
			o.Progress(done, len(all))
		}
	}
	for range max(1, o.Parallel) {
		wg.Go(func() {
			for g := range next {
				v, err := graders[g.task.Name].Grade(ctx, g.item, g.record.Answer)
				if err == nil || ctx.Err() == nil {
					settle(g, v, err)
				}
			}
		})
	}
	for _, g := range all {
		if ctx.Err() != nil {
			break
		}
		next <- g
	}
	close(next)
	wg.Wait()
	return judged, context.Cause(ctx)
}
