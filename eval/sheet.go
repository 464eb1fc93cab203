package eval

import (
	"cmp"
	"slices"

	"github.com/polymath-lm/polymath/task"
)

// Sheet is a task with its items, ready to be put to a subject. Run does not
// change it.
type Sheet struct {
	Task  *task.Task
	Items []task.Item
	// Hash identifies the task's file, items and settings.
	Hash string
	// Skip says why the task cannot be run, such as data that are not there.
	Skip string
}

// samples is how many answers are drawn of each item.
func (s *Sheet) samples(settings *Settings) int {
	switch {
	case s.Task.Method != task.MethodGenerate && s.Task.Method != task.MethodExplain:
		return 1
	case settings.Samples > 0:
		return settings.Samples
	}
	return max(1, s.Task.Generate.Samples)
}

// unit is one answer to one item.
type unit struct {
	sheet, item, sample int
}

// plan returns the units that todo wants, of each task by itself, in an order in
// which prompts that begin alike follow each other.
func plan(sheets []Sheet, settings *Settings, todo func(unit) bool) []unit {
	var units []unit
	for i := range sheets {
		units = append(units, planSheet(i, &sheets[i], settings, todo)...)
	}
	return units
}

func planSheet(number int, s *Sheet, settings *Settings, todo func(unit) bool) []unit {
	type planned struct {
		unit
		text string
	}
	var list []planned
	for i := range s.Items {
		text := s.Items[i].Text()
		for sample := range s.samples(settings) {
			if u := (unit{number, i, sample}); todo(u) {
				list = append(list, planned{u, text})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b planned) int { return cmp.Compare(a.text, b.text) })
	units := make([]unit, len(list))
	for i, p := range list {
		units[i] = p.unit
	}
	return units
}

// describe is the result of a task before there is a score.
func describe(s *sheetOf, settings *Settings) TaskResult {
	t := s.Task
	result := TaskResult{
		Task: t.Name, Title: t.Title, License: t.License, Source: t.Source, Method: t.Method,
		Chance: t.Guess(s.Items), TaskHash: s.Hash, Skipped: s.Skip, Samples: s.samples(settings),
	}
	switch t.Method {
	case task.MethodChoice:
		if result.Norm = t.Choice.Norm; result.Norm == "" {
			result.Norm = task.NormNone
		}
	case task.MethodGenerate:
		result.Grader = t.Grader.Name()
	}
	return result
}
