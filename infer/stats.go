package infer

import (
	"time"

	"github.com/polymath-lm/polymath/model"
)

// Stats is what an Engine does now, and has done so far.
type Stats struct {
	Running, Waiting int // sequences
	// Keys and values: positions of a block, blocks that the budget has room
	// for, blocks of running sequences, and of ended ones that are kept.
	BlockTokens, NumBlocks, UsedBlocks, KeptBlocks int
	BlockBytes                                     int64 // memory of a block

	Steps         uint64        // forward passes
	PrefixQueries uint64        // prompt tokens that were looked for in the prefix cache
	PrefixHits    uint64        // those that were found
	Preemptions   uint64        // sequences that gave up their memory for a while
	Drafted       uint64        // guessed tokens
	Accepted      uint64        // those that were right
	PassTime      time.Duration // in forward passes and sampling, of StepTime
	StepTime      time.Duration // in steps

	// Weights is what happened to weights that are not all in memory, by every
	// engine of the model.
	Weights model.WeightsStats
}

// CacheUsage returns the part of the budget that running sequences use, 0 to 1.
func (s Stats) CacheUsage() float64 {
	if s.NumBlocks == 0 {
		return 0
	}
	return float64(s.UsedBlocks) / float64(s.NumBlocks)
}

// Stats returns what the engine does now and has done so far.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.stats
	s.Waiting = len(e.waiting)
	s.Weights = e.model.WeightsStats()
	return s
}
