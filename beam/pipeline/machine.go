package pipeline

import (
	"context"
	"sync"

	"github.com/polymath-lm/polymath/corpus"
)

// machines are those of this process, by the text of their recipe. What their
// steps load takes seconds and memory, so that it is loaded once for all workers
// of the process and stays.
var machines sync.Map // of *machine

type machine struct {
	once   sync.Once
	recipe *corpus.Recipe
	*corpus.Machine
	err error
}

// machineOf returns the machine of a job.
func machineOf(j *Job) (*machine, error) {
	found, _ := machines.LoadOrStore(j.Name+"\n"+j.Recipe, &machine{})
	m := found.(*machine)
	m.once.Do(func() {
		if m.recipe, m.err = j.recipe(); m.err == nil {
			m.Machine, m.err = corpus.NewMachine(context.Background(), m.recipe, corpus.Options{})
		}
	})
	return m, m.err
}
