package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/task"
)

// Options are the settings of Run.
type Options struct {
	// Version is the program's, Suite the name of what is run, for the results.
	Version, Suite string
	Settings       Settings
	// Grader makes the grader of a task that has one.
	Grader func(*task.Task) (task.Grader, error)
	// Parallel is how many items are worked on at a time; 0 is as many as the
	// subject says. It changes nothing but the time.
	Parallel int
	// Dir keeps the run: what is there of the same run is not done again. Empty
	// keeps nothing. Fresh removes what is there. A second Run in the directory, of
	// this process or another, is an error while the first works in it.
	Dir   string
	Fresh bool
	// Begin, if not nil, is told of all tasks before the first answer, and Progress of
	// each answer; they are called by one goroutine at a time and should return soon.
	Begin    func([]Progress)
	Progress func(Progress)
	// Reading, if not nil, is told how far long prompts are read, by several goroutines;
	// it should return at once.
	Reading func(Reading)
	// Meter, if not nil, measures the energy of the work; Carbon is the intensity of the
	// electricity in grams of carbon dioxide per kilowatt-hour, 0 where it is not known.
	Meter  *energy.Meter
	Carbon float64
	// Finish, if not nil, adds to a result what this package does not know, before it
	// is kept: examinations, contamination. It is called for a run that was over, too,
	// and its result has what an earlier call left there.
	Finish func(*Finished) error

	arrange func([]unit) // for tests: another order
}

// Run puts the sheets to the subject and sums up what came of it. The answers do not
// hang on the order in which they come or on how many are worked on at a time.
//
// When ctx ends, Run returns its error and keeps what there is in Options.Dir, and the
// same call goes on from there; so it does after a crash, with the last second lost.
// Items that failed are tried again. Errors wrap ErrOther, if the directory holds
// another run, ErrUnavailable, or tell of the disk. What is wrong with an item is in its
// record, and why a task was not run in its result.
func Run(ctx context.Context, subject Subject, sheets []Sheet, o Options) (*Finished, error) {
	r := &run{
		o: o, started: time.Now(),
		sitter: &sitter{subject: subject, info: subject.Info(), settings: &o.Settings, reading: o.Reading},
	}
	if r.parallel = o.Parallel; r.parallel <= 0 {
		r.parallel = max(1, r.sitter.info.Parallel)
	}
	for i := range sheets {
		r.sheets = append(r.sheets, r.prepare(&sheets[i]))
	}
	if o.Dir != "" {
		unlock, err := lock(o.Dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = unlock() }() // the system has let go of it
	}
	if err := r.open(sheets); err != nil {
		return nil, err
	}
	if o.Meter != nil {
		defer o.Meter.Watch()()
	}
	err := r.work(ctx)
	if closed := r.close(); closed != nil && (err == nil || ctx.Err() != nil) {
		err = closed
	}
	var f *Finished
	if err == nil {
		f, err = r.finish()
	}
	if err != nil && ctx.Err() == nil {
		err = r.advise(err)
	}
	return f, err
}

// run is a run at work.
type run struct {
	o        Options
	sitter   *sitter
	parallel int
	started  time.Time
	sheets   []*sheetOf
	journal  *journal // nil: nothing is kept

	mu       sync.Mutex
	known    map[unit]Record
	begun    time.Time     // of the first start
	took     time.Duration // of the starts before
	spent    *energy.Spent // of the starts before; nil: none
	cached   int64
	summed   int // the last journal that is in the results that are there
	changed  bool
	state    []Progress // of each sheet
	failures int        // in a row
}

// prepare makes the grader.
func (r *run) prepare(s *Sheet) *sheetOf {
	own := *s
	sheet := &sheetOf{Sheet: &own}
	if own.Skip != "" || own.Task.Method != task.MethodGenerate {
		return sheet
	}
	if r.o.Grader == nil {
		own.Skip = "no graders are at hand"
		return sheet
	}
	g, err := r.o.Grader(own.Task)
	if err != nil {
		own.Skip = err.Error()
	}
	sheet.grader = g
	return sheet
}

// count says how far each sheet is.
func (r *run) count() {
	r.state = make([]Progress, len(r.sheets))
	for i, s := range r.sheets {
		p := &r.state[i]
		p.Task = s.Task.Name
		if s.Skip == "" {
			p.Total = len(s.Items) * s.samples(&r.o.Settings)
			for k := range s.Items {
				p.WorkTotal += work(&s.Items[k]) * int64(s.samples(&r.o.Settings))
			}
		}
	}
	for u, record := range r.known {
		if r.sheets[u.sheet].Skip == "" {
			p, s := &r.state[u.sheet], r.sheets[u.sheet]
			p.add(s.Task, &s.Items[u.item], &record)
			p.Before, p.WorkBefore = p.Done, p.Work
		}
	}
}

// work puts all that is not known to the subject.
func (r *run) work(ctx context.Context) error {
	sheets := make([]Sheet, len(r.sheets))
	for i, s := range r.sheets {
		if sheets[i] = *s.Sheet; s.Skip != "" {
			sheets[i].Items = nil
		}
	}
	units := plan(sheets, &r.o.Settings, func(u unit) bool {
		_, known := r.known[u]
		return !known
	})
	if r.o.Begin != nil {
		r.o.Begin(slices.Clone(r.state))
	}
	if len(units) == 0 {
		return ctx.Err()
	}
	if r.o.arrange != nil {
		r.o.arrange(units)
	}
	if r.o.Dir != "" {
		var err error
		if r.journal, err = openJournal(r.o.Dir, r.summed); err != nil {
			return err
		}
	}
	r.changed = true
	return r.workers(ctx, units)
}

// workers work on the units, in order, several at a time.
func (r *run) workers(ctx context.Context, units []unit) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(r.parallel, len(units)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= len(units) {
					return
				}
				if err := r.one(ctx, units[n]); err != nil {
					cancel(err)
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// giveUp is after how many items in a row that found the model unavailable the run
// ends.
const giveUp = 4

// one works on one unit.
func (r *run) one(ctx context.Context, u unit) error {
	sheet := r.sheets[u.sheet]
	if r.skipped(u.sheet) {
		return nil
	}
	answer, spent, err := r.sitter.answer(ctx, sheet, u)
	if r.o.Reading != nil {
		r.o.Reading(Reading{Task: answer.Task, Item: answer.Item})
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	answer.Prompt = shortened(answer.Prompt)
	record, malformed := asWritten(&answer)
	if malformed != nil {
		return malformed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, ErrUnsupported) {
		sheet.Skip = err.Error()
		r.state[u.sheet].Total, r.state[u.sheet].WorkTotal = 0, 0
		return nil
	}
	if r.failures++; !errors.Is(err, ErrUnavailable) {
		r.failures = 0
	}
	r.known[u] = record
	r.cached += int64(spent.cached)
	if r.journal != nil {
		if err := r.journal.add(entry{Record: &record, Cached: spent.cached}); err != nil {
			return err
		}
	}
	if r.failures >= giveUp {
		return fmt.Errorf("%d items in a row failed, the last: %w", r.failures, err)
	}
	r.state[u.sheet].add(sheet.Task, &sheet.Items[u.item], &record)
	if r.o.Progress != nil {
		r.o.Progress(r.state[u.sheet])
	}
	return nil
}

func (r *run) skipped(sheet int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sheets[sheet].Skip != ""
}

// close writes what is left of the journal.
func (r *run) close() error {
	elapsed := time.Since(r.started)
	r.took += elapsed
	var spent *energy.Spent
	if r.o.Meter != nil {
		now := r.o.Meter.Spent(r.o.Carbon)
		spent = &now
	}
	r.addEnergy(spent)
	if r.journal == nil {
		return nil
	}
	return errors.Join(r.journal.add(entry{Took: elapsed, Energy: spent}), r.journal.close())
}

// finish sums the run up and keeps it.
func (r *run) finish() (*Finished, error) {
	f := &Finished{Dir: r.o.Dir, Result: &Result{
		Version: r.o.Version, Subject: r.sitter.info, Suite: r.o.Suite, Settings: r.o.Settings,
		Started: r.begun.UTC().Truncate(time.Second), Took: r.took, CachedTokens: r.cached,
	}}
	for i, s := range r.sheets {
		f.Result.Tasks = append(f.Result.Tasks, describe(s, &r.o.Settings))
		if s.Skip != "" {
			continue
		}
		for k := range s.Items {
			for sample := range s.samples(&r.o.Settings) {
				if record, ok := r.known[unit{i, k, sample}]; ok {
					f.Records = append(f.Records, record)
				}
			}
		}
	}
	if !r.changed && r.o.Dir != "" {
		return r.renew(f.Result.Tasks)
	}
	sortRecords(f.Records)
	f.Result.Energy = r.energyUse(f.Records)
	Summarize(f.Result, f.Records)
	if r.o.Finish != nil {
		if err := r.o.Finish(f); err != nil {
			return nil, err
		}
	}
	if r.o.Dir == "" {
		return f, nil
	}
	if err := r.keep(f); err != nil {
		return nil, err
	}
	return f, nil
}
