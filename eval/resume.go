package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// open reads what is there of the run.
func (r *run) open(sheets []Sheet) error {
	r.known, r.begun = map[unit]Record{}, r.started
	if r.o.Dir == "" {
		r.count()
		return nil
	}
	if err := claim(r.o.Dir, keyOf(r.sitter.info, sheets, &r.o), r.o.Fresh); err != nil {
		return err
	}
	if err := atomicfile.RemoveLeftovers(r.o.Dir); err != nil {
		return err
	}
	places := r.places()
	keep := func(record Record) {
		u, ok := places[place{record.Task, record.Item}]
		if u.sample = record.Sample; ok && record.Error == "" {
			r.known[u] = record
		}
	}
	if err := r.reopen(keep); err != nil {
		return err
	}
	if err := r.tidy(); err != nil {
		return err
	}
	entries, err := readJournals(r.o.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if r.took += e.Took; e.Took > 0 {
			r.addEnergy(e.Energy)
		}
		r.cached += int64(e.Cached)
		r.changed = true
		if e.Record != nil {
			keep(*e.Record)
		}
	}
	r.count()
	return nil
}

// place is where a record belongs.
type place struct{ task, item string }

func (r *run) places() map[place]unit {
	places := map[place]unit{}
	for i, s := range r.sheets {
		for k := range s.Items {
			places[place{s.Items[k].Task, s.Items[k].ID}] = unit{sheet: i, item: k}
		}
	}
	return places
}

// reopen takes what a finished run of the same key has.
func (r *run) reopen(keep func(Record)) error {
	f, err := OpenRun(r.o.Dir)
	if err != nil {
		journals, listed := journalFiles(r.o.Dir)
		_, statErr := readLimited(filepath.Join(r.o.Dir, resultsFile), maxJournal)
		if errors.Is(statErr, fs.ErrNotExist) || listed == nil && len(journals) > 0 {
			return nil // not over: a crash may have come between the two files
		}
		return fmt.Errorf("%w; begin anew", err)
	}
	r.begun, r.took, r.cached, r.summed = f.Result.Started, f.Result.Took, f.Result.CachedTokens, f.Result.Journals
	if f.Result.Energy != nil {
		r.addEnergy(&f.Result.Energy.Spent)
	} else if r.took > 0 {
		r.addEnergy(nil)
	}
	r.o.Settings.Judge = cmp.Or(f.Result.Settings.Judge, r.o.Settings.Judge) // whose verdicts are there
	for _, record := range f.Records {
		if record.Error != "" {
			r.changed = true
		}
		keep(record)
	}
	return nil
}

// tidy ends what a crash broke off behind the results: the records get their name, and the
// journals that are summed up go.
func (r *run) tidy() error {
	left, err := journalFiles(r.o.Dir)
	if err != nil || r.summed == 0 || len(left) == 0 {
		return err
	}
	if err := settle(r.o.Dir); err != nil {
		return err
	}
	return removeJournals(r.o.Dir, r.summed)
}

// keep saves what the run came to. The journals are not needed then, and the results say
// so: a crash may leave them.
func (r *run) keep(f *Finished) error {
	last, err := lastJournal(r.o.Dir, r.summed)
	if err != nil {
		return err
	}
	f.Result.Journals = last
	if err := f.Save(); err != nil {
		return err
	}
	return removeJournals(r.o.Dir, last)
}

// renew is a run that was over with nothing left to do: what Options.Finish makes of its
// records is made anew, for the tasks that are asked for now. It keeps the scores and
// what they took.
func (r *run) renew(tasks []TaskResult) (*Finished, error) {
	f, err := OpenRun(r.o.Dir)
	if err != nil {
		return nil, err
	}
	before, err := json.Marshal(f.Result)
	if err != nil {
		return nil, err
	}
	for i := range tasks {
		had := slices.IndexFunc(f.Result.Tasks, func(t TaskResult) bool { return t.Task == tasks[i].Task && t.Skipped == "" })
		if had >= 0 {
			tasks[i] = f.Result.Tasks[had]
		}
	}
	f.Result.Suite, f.Result.Tasks = r.o.Suite, tasks
	if r.o.Finish != nil {
		if err := r.o.Finish(f); err != nil {
			return nil, err
		}
	}
	after, err := json.Marshal(f.Result)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(before, after) {
		err = f.saveResult()
	}
	return f, err
}

// advise adds to what ended a run that what is kept of it is not lost.
func (r *run) advise(err error) error {
	if r.o.Dir == "" {
		return err
	}
	return fmt.Errorf("%w; what was answered is kept: once that is mended, the same command goes on", err)
}
