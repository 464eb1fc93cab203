package infer

import "time"

// hook is a Mask that forbids nothing. It calls a function before each token is
// chosen, in the middle of a step, with the number of tokens so far.
type hook struct {
	n    int
	call func(n int)
}

func (h *hook) Restrict([]float32) { h.call(h.n) }
func (h *hook) Accept(int32)       { h.n++ }

// awaitWaiting returns when n sequences wait in e.
func awaitWaiting(e *Engine, n int) {
	for start := time.Now(); e.Stats().Waiting < n; time.Sleep(50 * time.Microsecond) {
		if time.Since(start) > 20*time.Second {
			panic("nobody waits")
		}
	}
}
