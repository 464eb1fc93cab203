package eval

import "github.com/polymath-lm/polymath/task"

// Progress is how far a task is.
type Progress struct {
	Task string
	// Done of Total answers are there, Before of them from an earlier start; Errors
	// have no verdict.
	Done, Total, Before, Errors int
	// Values are the first metric's, one for each answer so far, and Clusters what the
	// items share. They grow, and must not be changed.
	Values   []float64
	Clusters []string
}

func (p *Progress) add(t *task.Task, r *Record) {
	p.Done++
	if r.Error != "" {
		p.Errors++
	}
	p.Values = append(p.Values, valueOf(t.Method, t.Grader.Name(), r))
	p.Clusters = append(p.Clusters, r.Cluster)
}
