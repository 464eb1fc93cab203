package eval

import "github.com/polymath-lm/polymath/task"

// Reading is how far a prompt is read; a Total of 0 says that the item is over.
type Reading struct {
	Task, Item  string
	Read, Total int // tokens
}

// progress tells of an item being read, where somebody wants to know.
func (s *sitter) progress(item *task.Item) func(read, total int) {
	if s.reading == nil {
		return nil
	}
	return func(read, total int) { s.reading(Reading{item.Task, item.ID, read, total}) }
}

// Progress is how far a task is.
type Progress struct {
	Task string
	// Done of Total answers are there, Before of them from an earlier start; Errors
	// have no verdict, and Unfit do not fit the window.
	Done, Total, Before, Errors, Unfit int
	// Work is what Done took and WorkTotal what all takes, WorkBefore of it from an
	// earlier start, by the length of the items: some are a thousand times as long as
	// others.
	Work, WorkTotal, WorkBefore int64
	// Values are the first metric's, one for each answer so far, and Clusters what the
	// items share. They grow, and must not be changed.
	Values   []float64
	Clusters []string
}

// work is what an item takes: its bytes, and what each takes that has none.
func work(item *task.Item) int64 { return int64(len(item.Prompt)) + 256 }

func (p *Progress) add(t *task.Task, item *task.Item, r *Record) {
	p.Done++
	p.Work += work(item)
	if r.Error != "" {
		p.Errors++
	}
	if r.Unfit != nil {
		p.Unfit++
		return
	}
	p.Values = append(p.Values, valueOf(t.Method, t.Grader.Name(), r))
	p.Clusters = append(p.Clusters, r.Cluster)
}
