package serve

import "github.com/polymath-lm/polymath"

// promptProgress says how much of a prompt is read, in the names of llama.cpp's
// server. It comes in pieces of a stream of their own, before the first token.
type promptProgress struct {
	Total     int   `json:"total"`     // tokens of the prompt
	Cache     int   `json:"cache"`     // of them, those that were in the cache
	Processed int   `json:"processed"` // those that are read, cached ones included
	TimeMS    int64 `json:"time_ms"`   // since the work on it began
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
