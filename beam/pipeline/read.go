package pipeline

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/go-json-experiment/json"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/source"
)

func init() {
	register.DoFn3x1[context.Context, int, func([]byte), error](&listFn{})
	register.DoFn7x1[context.Context, []byte, func([]byte, []byte), func(int, []byte), func([]byte, []byte), func([]byte, []byte), func(int, []byte), error](&readFn{})
	register.DoFn3x1[context.Context, int, []byte, error](&reportFn{})
	register.Function2x2(mergeReports)
	register.Emitter1[[]byte]()
	register.Emitter2[[]byte, []byte]()
	register.Emitter2[int, []byte]()
}

// found is what the steps made of all records.
type found struct {
	// docs are those kept, by rank; dropped are lines of decisions, by file.
	docs, dropped beam.PCollection
	// texts and bands are ranks of documents by what duplicates have in common.
	texts, bands beam.PCollection
}

// read lists the files, deals them out to all machines and takes what they hold
// through the steps.
func read(s beam.Scope, j Job, sources int) found {
	numbers := make([]int, sources)
	for i := range numbers {
		numbers[i] = i
	}
	files := beam.ParDo(s, &listFn{Job: j}, beam.CreateList(s, numbers))
	docs, dropped, texts, bands, reports := beam.ParDo5(s, &readFn{Job: j}, beam.Reshuffle(s, files))
	beam.ParDo0(s, &reportFn{Job: j}, beam.CombinePerKey(s, mergeReports, reports))
	return found{docs: docs, dropped: dropped, texts: texts, bands: bands}
}

// input is a file that was listed.
type input struct {
	Source, Index int
	File          source.File
}

// listFn lists the files of a source.
type listFn struct{ Job Job }

// ProcessElement emits inputs.
func (f *listFn) ProcessElement(ctx context.Context, index int, emit func([]byte)) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	files, err := r.Files(ctx, index)
	if err != nil {
		return err
	}
	for i, file := range files {
		text, err := json.Marshal(input{index, i, file})
		if err != nil {
			return fmt.Errorf("%s: %w", file.Path, err)
		}
		emit(text)
	}
	return nil
}

// readFn takes the records of a file through the steps.
type readFn struct {
	Job Job

	worker *corpus.FileWorker
}

// Setup loads what the steps need.
func (f *readFn) Setup() error {
	m, err := machineOf(&f.Job)
	if err == nil {
		f.worker = m.Worker()
	}
	return err
}

// ProcessElement reads one file.
func (f *readFn) ProcessElement(ctx context.Context, element []byte,
	docs func(rank, doc []byte), dropped func(int, []byte), texts, bands func(key, rank []byte), reports func(int, []byte),
) error {
	var in input
	if err := json.Unmarshal(element, &in); err != nil {
		return err
	}
	report, err := f.worker.Read(ctx, in.Source, in.Index, in.File, func(m *corpus.Made) error {
		if !m.Kept() {
			return decide(&f.Job, m.Rank, m.Line, nil, dropped)
		}
		rank := append([]byte(nil), m.Rank...)
		d := doc{text: m.Text, line: m.Line, content: m.Content}
		docs(rank, d.encode())
		texts(append([]byte(nil), m.Text[:]...), rank)
		for _, band := range m.Bands {
			bands(binary.BigEndian.AppendUint64(nil, band), rank)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", in.File.Path, err)
	}
	text, err := json.Marshal(report)
	if err != nil {
		return err
	}
	reports(in.Source, text)
	return nil
}

// mergeReports adds up what became of files of one source.
func mergeReports(a, b []byte) ([]byte, error) {
	if len(a) == 0 { // what adding up begins with
		return b, nil
	}
	if len(b) == 0 {
		return a, nil
	}
	var x, y corpus.Report
	if err := json.Unmarshal(a, &x); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &y); err != nil {
		return nil, err
	}
	if err := x.Merge(&y); err != nil {
		return nil, err
	}
	return json.Marshal(&x, json.Deterministic(true))
}

// reportFn keeps the report on a source, unless too much of it is bad.
type reportFn struct{ Job Job }

// ProcessElement writes one report.
func (f *reportFn) ProcessElement(ctx context.Context, index int, text []byte) error {
	r, err := f.Job.recipe()
	if err != nil {
		return err
	}
	var report corpus.Report
	if err := json.Unmarshal(text, &report); err != nil {
		return err
	}
	if err := report.Check(r); err != nil {
		return err
	}
	return write(ctx, f.Job.path(reportName(index)), text)
}

func reportName(source int) string { return fmt.Sprintf("report-%03d.json", source) }
