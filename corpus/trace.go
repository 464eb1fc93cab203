package corpus

import (
	"context"
	"encoding/binary"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/shard"
)

// Trace is the lineage of one document: where it was found, what was done to it
// and where it went.
type Trace struct {
	Found
	// File is the input file that holds it; nil if no segment names the file.
	File *InputFile `json:"file,omitempty"`
	// Stays is the document that stays in its place, if it is a duplicate.
	Stays *Reference `json:"stays,omitempty"`
	// StandsFor are the first of the documents that went because this one stays, and
	// Others the number of all of them.
	StandsFor []Reference `json:"stands_for,omitempty"`
	Others    int64       `json:"others,omitzero"`
	// Copies is by stage of the mixture how often training reads the document in
	// each epoch.
	Copies []StageCopies `json:"copies,omitempty"`
	// Shards is where the document's text is in the shards.
	Shards []shard.Location `json:"shards,omitempty"`
}

// Reference names another document.
type Reference struct {
	Number uint32          `json:"number"`
	ID     string          `json:"id"`
	Origin document.Origin `json:"origin"`
	// Kind is "exact" or "near".
	Kind string `json:"kind"`
}

// StageCopies is how often a document is read in a stage of the mixture.
type StageCopies struct {
	Stage  string `json:"stage"`
	Copies int    `json:"copies"`
}

// maxReferences bounds the duplicates that a trace names.
const maxReferences = 10

// Trace returns the lineage of the document of that number.
func (c *Corpus) Trace(ctx context.Context, number uint32) (*Trace, error) {
	found, err := c.Document(ctx, number)
	if err != nil {
		return nil, err
	}
	t := &Trace{Found: *found}
	if t.File, err = c.inputFile(t.Segment, t.Record.Origin.File); err != nil {
		return nil, err
	}
	if err := c.duplicatesOf(ctx, t); err != nil {
		return nil, err
	}
	id, err := document.ParseID(t.Record.Text)
	if err != nil || t.Gone != "" {
		return t, nil // it was dropped
	}
	source := c.sourceOf(t.Source)
	for s, name := range c.Manifest.Plan.Stages {
		t.Copies = append(t.Copies, StageCopies{name, c.Manifest.Plan.NumCopies(s, source, id)})
	}
	t.Shards, err = shard.Locate(ctx, filepath.Join(c.dir, ShardsDir), id)
	return t, err
}

// sourceOf is the index of the source of that name, or -1.
func (c *Corpus) sourceOf(name string) int {
	return slices.IndexFunc(c.Manifest.Sources, func(s SourceReport) bool { return s.Name == name })
}

// inputFile is what is known of an input file that has records in a segment. It
// may end in a later one.
func (c *Corpus) inputFile(segment int, path string) (*InputFile, error) {
	for ; segment < len(c.view.segments); segment++ {
		var s Summary
		if err := readMark(summaryPath(c.view.dir, segment), &s); err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(s.Read, func(f InputFile) bool { return f.Path == path }); at >= 0 {
			return &s.Read[at], nil
		}
		if s.Open == nil || s.Open.Path != path {
			break
		}
	}
	return nil, nil
}

// duplicatesOf fills in what t is a duplicate of, and what it stands for: one that
// others are equal to may itself be nearly the same as a third.
func (c *Corpus) duplicatesOf(ctx context.Context, t *Trace) error {
	if t.Gone == goneExact || t.Gone == goneNear {
		r, err := c.reference(ctx, t.Keeper, t.Gone)
		if t.Stays = r; err != nil {
			return err
		}
	}
	for _, d := range []struct {
		kind   string
		table  *duplicates
		before *duplicates // what is in it is not there any more
	}{{goneExact, c.view.exact, nil}, {goneNear, c.view.near, c.view.exact}} {
		numbers, all := d.table.of(t.Number, maxReferences-len(t.StandsFor), d.before)
		t.Others += all
		for _, number := range numbers {
			r, err := c.reference(ctx, number, d.kind)
			if err != nil {
				return err
			}
			t.StandsFor = append(t.StandsFor, *r)
		}
	}
	return nil
}

func (c *Corpus) reference(ctx context.Context, number uint32, kind string) (*Reference, error) {
	f, err := c.find(ctx, number, false)
	if err != nil {
		return nil, err
	}
	return &Reference{Number: number, ID: f.Record.ID, Origin: f.Record.Origin, Kind: kind}, nil
}

// of returns the first documents, at most so many, that go because that one
// stays, and the number of all, without those that went before. It looks at all
// rows.
func (d *duplicates) of(keeper uint32, most int, before *duplicates) (numbers []uint32, all int64) {
	if d == nil {
		return nil, 0
	}
	for at := 0; at < len(d.rows); at += duplicateRow {
		if binary.LittleEndian.Uint32(d.rows[at+4:]) != keeper {
			continue
		}
		number := binary.LittleEndian.Uint32(d.rows[at:])
		if _, gone := before.keeper(number); gone {
			continue
		}
		if all++; len(numbers) < most {
			numbers = append(numbers, number)
		}
	}
	return numbers, all
}
