package serve

import "github.com/polymath-lm/polymath"

// promptProgress says how much of a prompt is read, in the names of llama.cpp's
// server. It comes in pieces of a stream of their own, before the first token of
// the choice that reads it.
type promptProgress struct {
	Total     int   `json:"total"`     // tokens of the prompt
	Cache     int   `json:"cache"`     // of them, those that were in the cache
	Processed int   `json:"processed"` // those that are read, cached ones included
	TimeMS    int64 `json:"time_ms"`   // since the work on it began
}

// promptReader is the choice whose reading of the prompt is told: the first that
// begins, which reads it for all. Zero is none yet.
type promptReader int

// is reports whether choice index is the one.
func (r *promptReader) is(index int) bool {
	if *r == 0 {
		*r = promptReader(index + 1)
	}
	return *r == promptReader(index+1)
}

func newPromptProgress(p *polymath.Progress) *promptProgress {
	return &promptProgress{Total: p.Total, Cache: p.Cached, Processed: p.Read, TimeMS: p.Time.Milliseconds()}
}

// readReturnProgress reads return_progress.
func readReturnProgress(v value, stream bool, o *polymath.GenerateOptions) {
	if !v.present() {
		return
	}
	o.Progress = v.boolean()
	if o.Progress && !stream {
		v.invalid("it is allowed with 'stream' only.")
	}
}
