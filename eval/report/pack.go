package report

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/visible"
)

// pack embeds the items of the first run with the answers of the second.
func pack(d *Data) (*packed, error) {
	p := &packer{budget: d.MaxBytes, index: index{Models: names(d)}, sections: map[string]int{}, found: map[string][]string{}}
	if p.budget == 0 {
		p.budget = DefaultMaxBytes
	}
	if d.Other != nil {
		p.other = map[recordKey]*eval.Record{}
		for i := range d.Other.Records {
			r := &d.Other.Records[i]
			p.other[recordKey{r.Task, r.Item, r.Sample}] = r
		}
	}
	by := map[string][]*eval.Record{}
	for i := range d.Run.Records {
		r := &d.Run.Records[i]
		by[r.Task] = append(by[r.Task], r)
	}
	out := &packed{All: len(d.Run.Records)}
	var queue [][]*eval.Record
	for i := range d.Run.Result.Tasks {
		t := &d.Run.Result.Tasks[i]
		if len(by[t.Task]) == 0 {
			continue
		}
		p.index.Tasks = append(p.index.Tasks, newIndexTask(t))
		queue = append(queue, by[t.Task])
		if t.Contamination != nil {
			for _, item := range t.Contamination.DirtyItems {
				p.found[t.Task+"\x00"+item] = []string{}
			}
			for _, f := range t.Contamination.Found {
				key := t.Task + "\x00" + f.Item
				p.found[key] = append(p.found[key], visible.Text(f.Document+", "+f.Origin+" ("+f.Rule+")"))
			}
		}
	}
	if err := p.packAll(queue); err != nil {
		return nil, err
	}
	out.Chunks, out.Shown = p.chunks, len(p.index.Items)
	out.Count = plural(out.Shown, "answer")
	if out.Shown < out.All {
		out.Cut = fmt.Sprintf("These are %s of %s answers, the first of each task: more would make this file larger than %s. All are in records.jsonl.",
			count(out.Shown), count(out.All), megabytes(p.budget))
	}
	var err error
	out.Index, _, err = squeeze(p.index)
	return out, err
}

func megabytes(n int64) string { return strconv.FormatFloat(float64(n)/(1<<20), 'g', 3, 64) + " MiB" }

type recordKey struct {
	task, item string
	sample     int
}

type packer struct {
	budget   int64
	index    index
	chunks   []template.JS
	sections map[string]int
	found    map[string][]string
	other    map[recordKey]*eval.Record
}

// packAll takes a chunk of each task in turn, until all are packed or there is no
// room: so the tasks show about the same number of items.
func (p *packer) packAll(queue [][]*eval.Record) error {
	rows := make([][][7]int, len(queue)) // of each task
	full := false
	for left := len(queue); left > 0 && !full; {
		left = 0
		for k, records := range queue {
			if len(records) == 0 {
				continue
			}
			items, some, size := p.take(k, records)
			chunk, bytes, err := squeeze(items)
			if err != nil {
				return err
			}
			if size > 0 && int64(bytes) > p.budget {
				full = true
				break
			}
			p.budget -= int64(bytes)
			p.chunks = append(p.chunks, chunk)
			rows[k] = append(rows[k], some...)
			queue[k] = records[len(items):]
			left += len(queue[k])
		}
	}
	for _, r := range rows {
		p.index.Items = append(p.index.Items, r...)
	}
	return nil
}

// take makes the next chunk of a task's items, and their rows of the index.
func (p *packer) take(k int, records []*eval.Record) (items []itemJSON, rows [][7]int, size int) {
	for _, r := range records {
		if len(items) == maxChunkItems || size > maxChunkBytes {
			break
		}
		other := p.other[recordKey{r.Task, r.Item, r.Sample}]
		item := newItem(r, other)
		item.Found = p.found[r.Task+"\x00"+r.Item]
		row := [7]int{k, p.section(r.Section), len(p.chunks), len(items), verdictOf(r), -1, 0}
		if other != nil {
			row[5] = verdictOf(other)
		}
		if item.Found != nil {
			row[6] = 1
		}
		items, rows = append(items, item), append(rows, row)
		size += len(item.Prompt) + len(item.Answer.Text) + 200
	}
	return items, rows, size
}

func (p *packer) section(name string) int {
	if name == "" {
		return -1
	}
	i, ok := p.sections[name]
	if !ok {
		i = len(p.index.Sections)
		p.sections[name] = i
		p.index.Sections = append(p.index.Sections, visible.Text(name))
	}
	return i
}

// squeeze makes v a JSON string of compressed JSON in base64, and says how long it is.
func squeeze(v any) (template.JS, int, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", 0, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		return "", 0, err
	}
	if err := z.Close(); err != nil {
		return "", 0, err
	}
	out := `"` + base64.StdEncoding.EncodeToString(b.Bytes()) + `"`
	return template.JS(out), len(out), nil
}
