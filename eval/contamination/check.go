package contamination

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// maxSightings bounds the items of a task that are listed with a document.
const maxSightings = 200

// Lengths of the rules, in characters and words.
const (
	substringLength = 50
	gramWords       = 13
)

// rules are those of the GPT-4 Technical Report (appendix C: of each item three
// substrings of 50 characters at random, without spaces and symbols) and of GPT-3
// (arXiv:2005.14165, appendix C: 13 words in a row), and neither minds the case of
// letters. An item shorter than that is looked for as a whole, down to 25 characters
// and 8 words.
func rules() decontaminate.Options {
	var o decontaminate.Options
	o.SetDefaults()
	o.FoldCase = true
	o.Action = decontaminate.ActionReport
	return o
}

// Check looks for the items of all sheets in what the model was trained on, and
// writes what it found into the results of their tasks, the scores of clean items
// included. Where the lineage cannot be followed the result says why, and no task
// is said to be clean. Errors are those of Trace, but for *NotTraced, and of reading
// the shards; the end of ctx is one.
func Check(ctx context.Context, f *eval.Finished, sheets []eval.Sheet, o Options) error {
	l, err := Trace(o)
	var none *NotTraced
	if errors.As(err, &none) {
		Leave(f, none.Why)
		return nil
	}
	if err != nil {
		return err
	}
	found, err := l.Search(ctx, sheets, o.Progress)
	if err != nil {
		return err
	}
	for i := range f.Result.Tasks {
		t := &f.Result.Tasks[i]
		t.Contamination = nil
		at := slices.IndexFunc(sheets, func(s eval.Sheet) bool { return s.Task.Name == t.Task })
		if at >= 0 && t.Skipped == "" {
			t.Contamination = found[at]
		}
	}
	f.Result.Checked, f.Result.NotChecked = true, ""
	eval.Summarize(f.Result, f.Records)
	return nil
}

// Leave writes into the results why items were not looked for, and takes out what an
// earlier Check found.
func Leave(f *eval.Finished, why string) {
	f.Result.Checked, f.Result.NotChecked = false, why
	for i := range f.Result.Tasks {
		f.Result.Tasks[i].Contamination = nil
	}
	eval.Summarize(f.Result, f.Records)
}

// Search looks for the items of the sheets in all that the model was trained on. It
// returns what was found of each sheet, without scores; nil of one that is skipped, or
// where the words do not say that an item is known: what is asked of one picture is
// asked of many, and so are the few words of suite.Apart. It reads all shards and
// verifies them.
func (l *Lineage) Search(ctx context.Context, sheets []eval.Sheet, progress func(done, all int64)) ([]*eval.Contamination, error) {
	o := rules()
	found := make([]*eval.Contamination, len(sheets))
	owners := map[string][]int{} // by set, the item of each text
	var sets []decontaminate.Loaded
	for i := range sheets {
		s := &sheets[i]
		if s.Skip != "" || aboutImages(s) || suite.Apart(s.Task.Data.Generator) {
			continue
		}
		c := &eval.Contamination{Items: len(s.Items), Rules: map[string]int{}}
		set := decontaminate.Loaded{Name: s.Task.Name}
		for item, texts := range textsOf(s.Task, s.Items, &o) {
			n := len(set.Items)
			for _, text := range texts {
				if o.Checkable(text) { // of pairs one may be
					set.Items = append(set.Items, text)
					owners[set.Name] = append(owners[set.Name], item)
				}
			}
			if len(set.Items) == n {
				c.ShortItems = append(c.ShortItems, s.Items[item].ID)
			}
		}
		slices.Sort(c.ShortItems)
		c.Checkable = c.Items - len(c.ShortItems)
		if len(set.Items) > 0 {
			sets = append(sets, set)
		}
		found[i] = c
	}
	if len(sets) == 0 {
		return found, nil
	}
	items, err := decontaminate.NewItems(sets, o)
	if err != nil {
		return nil, err
	}
	look := &search{items: items, links: l.Links, found: map[target]place{}}
	if err := look.run(ctx, progress); err != nil {
		return nil, err
	}
	for i := range sheets {
		if found[i] != nil {
			found[i].Documents = look.documents
			look.report(found[i], &sheets[i], owners[sheets[i].Task.Name])
		}
	}
	return found, nil
}

func aboutImages(s *eval.Sheet) bool {
	return slices.ContainsFunc(s.Items, func(i task.Item) bool { return len(i.Images) > 0 })
}

// report writes down what was found of a sheet, in the order of its items.
func (s *search) report(c *eval.Contamination, sheet *eval.Sheet, owners []int) {
	type sight struct {
		item int
		rule string
		place
	}
	var sights []sight
	for t, p := range s.found {
		if t.set == sheet.Task.Name {
			sights = append(sights, sight{owners[t.item], t.rule, p})
		}
	}
	slices.SortFunc(sights, func(a, b sight) int {
		return cmp.Or(cmp.Compare(a.item, b.item), -cmp.Compare(a.rule, b.rule), cmp.Compare(a.link, b.link), cmp.Compare(a.doc, b.doc))
	})
	for i, x := range sights {
		sameItem := i > 0 && sights[i-1].item == x.item
		id := sheet.Items[x.item].ID
		if !sameItem || sights[i-1].rule != x.rule {
			c.Rules[x.rule]++
		}
		if sameItem {
			continue
		}
		c.Dirty++
		c.DirtyItems = append(c.DirtyItems, id)
		if len(c.Found) < maxSightings {
			c.Found = append(c.Found, eval.Sighting{Item: id, Document: x.id, Origin: x.origin, Rule: x.rule})
		}
	}
	slices.Sort(c.DirtyItems)
}
