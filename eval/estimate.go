package eval

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath/task"
)

// TaskCost is what a task will take.
type TaskCost struct {
	Task           string
	Items, Answers int
	// ReadTokens are read, those that prompts have in common with the one before left
	// out; WriteTokens are written at most. Both are estimates.
	ReadTokens, WriteTokens int64
	// Took is an estimate from a sample of the items.
	Took time.Duration
	// Skipped says why it cannot be run; empty if it can.
	Skipped string
}

// Bounds of what Estimate tries out.
const (
	sampleUnits = 16
	sampleBytes = 256 << 10 // of prompts
	sampleTime  = 20 * time.Second
)

// Estimate says what a run of the sheets will take, by putting a few items of each task
// to the subject. Nothing is graded or kept.
func Estimate(ctx context.Context, subject Subject, sheets []Sheet, settings *Settings) ([]TaskCost, error) {
	s := &sitter{subject: subject, info: subject.Info(), settings: settings}
	deadline := time.Now().Add(sampleTime)
	var costs []TaskCost
	var took time.Duration // of all samples, for as much work as tried says
	var tried int64
	for i := range sheets {
		sheet := &sheets[i]
		if sheet.Skip != "" {
			continue
		}
		units := planSheet(i, sheet, settings, func(unit) bool { return true })
		bytes := readBytes(sheet, units)
		c := TaskCost{Task: sheet.Task.Name, Items: len(sheet.Items), Answers: len(units)}
		c.WriteTokens = int64(len(units)) * maxWritten(sheet.Task)
		few := fewUnits(sheet, units)
		if len(few) > 0 && time.Now().Before(deadline) {
			start := time.Now()
			err := s.try(ctx, sheet, few)
			if errors.Is(err, ErrUnsupported) {
				costs = append(costs, TaskCost{Task: c.Task, Items: c.Items, Skipped: err.Error()})
				continue
			}
			if err != nil {
				return nil, err
			}
			spent := time.Since(start)
			c.Took = time.Duration(float64(spent) * float64(workOf(sheet, units)) / float64(workOf(sheet, few)))
			took += spent
			tried += readBytes(sheet, few)
		} else if tried > 0 {
			c.Took = time.Duration(float64(took) * float64(bytes) / float64(tried))
		}
		c.ReadTokens = int64(float64(bytes) / s.bytesPerToken(ctx, sheet))
		costs = append(costs, c)
	}
	return costs, nil
}

// fewUnits are some to try: the first ones that are together not too long, or the
// shortest.
func fewUnits(sheet *Sheet, units []unit) []unit {
	var few []unit
	var shortest unit
	size := 0
	for i, u := range units {
		n := len(sheet.Items[u.item].Prompt)
		if i == 0 || n < len(sheet.Items[shortest.item].Prompt) {
			shortest = u
		}
		if len(few) < sampleUnits && size+n <= sampleBytes {
			few, size = append(few, u), size+n
		}
	}
	if len(few) == 0 && len(units) > 0 {
		few = append(few, shortest)
	}
	return few
}

// workOf is what units take, see work.
func workOf(sheet *Sheet, units []unit) (sum int64) {
	for _, u := range units {
		sum += work(&sheet.Items[u.item])
	}
	return sum
}

// try puts units to the subject, all at once, and does not look at the answers.
func (s *sitter) try(ctx context.Context, sheet *Sheet, units []unit) error {
	own := &sheetOf{Sheet: sheet, grader: noGrader{}}
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	for _, u := range units {
		wg.Go(func() {
			if _, _, err := s.answer(ctx, own, u); err != nil {
				failed.Store(&err)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

type noGrader struct{}

func (noGrader) Grade(context.Context, *task.Item, string) (task.Verdict, error) {
	return task.Verdict{}, nil
}

// readBytes is how much text units read, one after the other.
func readBytes(s *Sheet, units []unit) int64 {
	var sum int64
	last := ""
	for _, u := range units {
		item := &s.Items[u.item]
		text := item.Text()
		sum += int64(len(text) - commonPrefix(last, text))
		last = text
		if s.Task.Method == task.MethodChoice || s.Task.Method == task.MethodPair {
			for _, c := range item.Choices {
				sum += int64(len(c) + len(item.Before))
			}
		}
		for _, c := range item.Contexts {
			sum += int64(len(c))
		}
	}
	return sum
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// maxWritten is how many tokens an answer may have.
func maxWritten(t *task.Task) int64 {
	switch t.Method {
	case task.MethodGenerate:
		return int64(cmp.Or(t.Generate.MaxTokens, generateTokens) * (len(t.Turns) + 1))
	case task.MethodExplain:
		return int64(cmp.Or(t.Generate.MaxTokens, explainTokens) + 1)
	}
	return 0
}

// bytesPerToken counts the tokens of some items' texts; 4 where they cannot be counted.
func (s *sitter) bytesPerToken(ctx context.Context, sheet *Sheet) float64 {
	const usual, some = 4, 512
	for i := range sheet.Items {
		text := sheet.Items[i].Prompt
		if len(text) < 2 {
			continue
		}
		score, err := s.subject.Score(ctx, "", text[:partEnd(text, 0, some)])
		if err != nil || len(score.Tokens) == 0 {
			return usual
		}
		return max(1, float64(min(len(text), some))/float64(len(score.Tokens)))
	}
	return usual
}
