package pipeline

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"

	"github.com/polymath-lm/polymath/corpus"
)

func init() {
	register.DoFn3x1[context.Context, int, func(*[]byte) bool, error](&decisionsFn{})
}

// Place names a record as a decision does: by the index of its source in the
// recipe, that of its file in the list of the source's files, and its number
// among the file's records.
type Place [3]int64

// Decision is a line of a file of decisions.
type Decision struct {
	Place Place `json:"place"`
	// Gone is "exact" or "near" for a duplicate of the document at Keeper.
	Gone   string `json:"gone,omitempty"`
	Keeper *Place `json:"keeper,omitempty"`
	// Record is the segment.Record that a build on one machine has.
	Record jsontext.Value `json:"record"`
}

func placeOf(rank []byte) (Place, error) {
	p, err := corpus.ParseRank(rank)
	return Place{int64(p.Source), int64(p.File), p.Record}, err
}

// decide emits the decision on a document: its place in the file of decisions,
// and the line. why is nil for one that is no duplicate.
func decide(j *Job, rank, line, why []byte, emit func(int, []byte)) error {
	place, err := placeOf(rank)
	if err != nil {
		return err
	}
	d := Decision{Place: place, Record: bytes.TrimSpace(line)}
	if why != nil {
		keeper, err := placeOf(why[1:])
		if err != nil {
			return err
		}
		d.Keeper, d.Gone = &keeper, "exact"
		if why[0] == goneNear {
			d.Gone = "near"
		}
	}
	text, err := json.Marshal(&d)
	if err != nil {
		return fmt.Errorf("record %d of file %d of source %d: %w", place[2], place[1], place[0], err)
	}
	emit(j.decisionsFile(place), append(place.key(), text...))
	return nil
}

// key sorts places.
func (p Place) key() []byte {
	b := make([]byte, 0, placeKey)
	for _, n := range p {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

const placeKey = 3 * 8

// decisionsFile is the same for all records of an input file.
func (j *Job) decisionsFile(p Place) int {
	h := fnv.New64a()
	h.Write(p.key()[:2*8])
	return int(h.Sum64() % uint64(j.Decisions))
}

func decisionsName(number int) string { return fmt.Sprintf("decisions-%05d.jsonl.zst", number) }

// decisions writes files of decisions.
func decisions(s beam.Scope, j Job, lines beam.PCollection) {
	beam.ParDo0(s, &decisionsFn{Job: j}, beam.GroupByKey(s, lines))
}

// decisionsFn writes one file of decisions.
type decisionsFn struct{ Job Job }

// ProcessElement sorts the lines of a file and writes them.
func (f *decisionsFn) ProcessElement(ctx context.Context, number int, lines func(*[]byte) bool) error {
	var all [][]byte
	var line []byte
	for lines(&line) {
		all = append(all, bytes.Clone(line))
	}
	slices.SortFunc(all, bytes.Compare)
	var packed bytes.Buffer
	z, err := zstd.NewWriter(&packed, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	for i, line := range all {
		if _, err := z.Write(append(line[placeKey:], '\n')); err != nil {
			return err
		}
		all[i] = nil
	}
	if err := z.Close(); err != nil {
		return err
	}
	return write(ctx, f.Job.path(decisionsName(number)), packed.Bytes())
}
