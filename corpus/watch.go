package corpus

import (
	"time"

	"github.com/polymath-lm/polymath/corpus/reader"
)

// Progress is how far a build has come.
type Progress struct {
	// Stage is what is being done: "ingest", "index", "dedup", "lines",
	// "substrings", "tokenizer", "pack" or "shards".
	Stage string
	// Share of the stage that is done, in [0, 1]; -1 is not known.
	Share float64
	// Begun is when this stage began, and StartShare what was done then already.
	Begun      time.Time
	StartShare float64
	// Files and TotalFiles count input files, and File is the one being read.
	Files, TotalFiles int
	File              string
	// Content is the bytes of all records so far, Records their number, and Kept
	// that of the documents that stayed, with Text bytes of text. Since counts the
	// content that this call of Build has read.
	Content, Records, Kept, Text int64
	Since                        int64
}

// Remaining estimates the time to the end of the stage; negative is not known.
func (p *Progress) Remaining(now time.Time) time.Duration {
	done := p.Share - p.StartShare
	if p.Share < 0 || done <= 0 {
		return -1
	}
	return time.Duration(float64(now.Sub(p.Begun)) * (1 - p.Share) / done)
}

// watch reports progress, not too often.
type watch struct {
	report func(Progress)
	now    Progress
	last   time.Time
	before [][]int64 // the bytes of all files before each
	total  int64
	sample int64 // of the only source; 0 is none
}

var watchEvery = 50 * time.Millisecond // tests stop builds at a place, not at a time

// begin is called when reading begins or goes on.
func (w *watch) begin(stage string, sources []*openSource, c *collector) {
	w.now = Progress{Stage: stage, Begun: time.Now()}
	for _, s := range sources {
		before := make([]int64, len(s.files)+1)
		for i, f := range s.files {
			before[i] = w.total
			w.total += max(f.Size, 1)
		}
		before[len(s.files)] = w.total
		w.before = append(w.before, before)
		w.now.TotalFiles += len(s.files)
	}
	if len(sources) == 1 {
		w.sample = int64(sources[0].spec.Sample)
	}
	for i := range c.totals {
		f := &c.totals[i]
		w.now.Content += f.Read.Bytes
		w.now.Records += f.Read.Docs
		w.now.Kept += f.Kept.Docs
		w.now.Text += f.Kept.Bytes
		w.now.Files += int(c.files[i])
	}
	if c.source < len(w.before) && c.place.File < len(w.before[c.source]) {
		w.now.StartShare = float64(w.before[c.source][c.place.File]+storedAt(c.place.Position)) / float64(max(w.total, 1))
	}
	w.now.Share = w.now.StartShare
	w.tell(true)
}

// storedAt is about how many bytes of the stored file are before a position.
func storedAt(p reader.Position) int64 {
	if p.Member > 0 {
		return p.Member
	}
	return p.Offset
}

// batch takes the result of a batch.
func (w *watch) batch(r *result) {
	p := &w.now
	p.Content += r.funnel.Read.Bytes
	p.Since += r.funnel.Read.Bytes
	p.Records += r.funnel.Read.Docs
	p.Kept += r.funnel.Kept.Docs
	p.Text += r.funnel.Kept.Bytes
	for i := range r.batch.items {
		it := &r.batch.items[i]
		if it.ended {
			p.Files++
		}
		p.File = it.file.Path
	}
	if n := len(r.batch.items); n > 0 {
		w.place(r.batch.source.index, &r.batch.items[n-1])
	}
	w.tell(false)
}

// place reckons the share from the last record.
func (w *watch) place(source int, it *item) {
	at := it.file.Index
	before, size := w.before[source][at], w.before[source][at+1]-w.before[source][at]
	within := min(it.stored, size)
	if it.ended {
		within = size
	}
	w.now.Share = float64(before+within) / float64(max(w.total, 1))
	if w.sample > 0 {
		w.now.Share = max(w.now.Share, min(float64(w.now.Text)/float64(w.sample), 1))
	}
}

// stage begins a stage of which nothing is done.
func (w *watch) stage(name string) {
	now := w.now
	now.Stage, now.Share, now.StartShare, now.Begun = name, 0, 0, time.Now()
	w.now = now
	w.tell(true)
}

// share tells how much of a stage is done.
func (w *watch) share(done, all int64) {
	w.now.Share = float64(done) / float64(max(all, 1))
	w.tell(false)
}

func (w *watch) tell(now bool) {
	if w.report == nil || !now && time.Since(w.last) < watchEvery {
		return
	}
	w.last = time.Now()
	w.report(w.now)
}
