package suite

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task"
)

// drawn makes questions about pictures of a kind that are held out, which no training
// on drawn pictures sees whatever its seed (draw.Drawing.HeldOut). Besides the fields
// of all rows, they have id, picture, the picture as a data: URL, and facts, what it
// shows.
type drawn struct {
	kind draw.Kind
	// sections are the names of the sections that are asked from, each as often as the
	// others; none takes all.
	sections []string
	// section says in which section a question is, or "" to leave it out.
	section func(d *draw.Drawing, q *draw.Question) string
	// each is how many questions a picture has at most.
	each int
}

// drawnSize is the side of the pictures in pixels.
const drawnSize = 128

// drawnQuestions is how many questions are made of a picture, to choose from.
const drawnQuestions = 16

// rows implements task.Generator.
func (m drawn) rows(n int, seed uint64) ([]task.Row, error) {
	if err := checkNumber(n); err != nil {
		return nil, err
	}
	var rows []task.Row
	asked := map[string]int{} // in each section
	const batch = 512
	for first := 0; len(rows) < n; first += batch {
		pictures, err := m.heldOut(seed, first, batch)
		if err != nil {
			return nil, err
		}
		for _, d := range pictures {
			made, err := m.ask(d, asked)
			if err != nil {
				return nil, err
			}
			rows = append(rows, made...)
		}
		if first > maxDrawn {
			return nil, fmt.Errorf("of %d pictures of kind %s only %d questions could be made", first, m.kind, len(rows))
		}
	}
	return rows[:n], nil
}

// maxDrawn bounds the pictures that are looked through.
const maxDrawn = 1 << 26

// heldOut draws those of some pictures that are held out.
func (m drawn) heldOut(seed uint64, first, number int) ([]*draw.Drawing, error) {
	o := draw.Options{Kind: m.kind, Size: drawnSize, Questions: drawnQuestions}
	made, errs := make([]*draw.Drawing, number), make([]error, number)
	par.For(number, func(_, i int) {
		held, err := draw.HeldOut(seed, first+i, o)
		if err == nil && held {
			made[i], err = draw.Make(seed, first+i, o)
		}
		errs[i] = err
	})
	if at := slices.IndexFunc(errs, func(err error) bool { return err != nil }); at >= 0 {
		return nil, errs[at]
	}
	return slices.DeleteFunc(made, func(d *draw.Drawing) bool { return d == nil }), nil
}

// ask makes the rows of a picture, of the sections that have been asked from least.
func (m drawn) ask(d *draw.Drawing, asked map[string]int) ([]task.Row, error) {
	type candidate struct {
		at      int
		section string
	}
	var list []candidate
	for i := range d.Questions {
		if s := m.section(d, &d.Questions[i]); s != "" {
			list = append(list, candidate{i, s})
		}
	}
	var rows []task.Row
	for len(rows) < m.each && len(list) > 0 {
		best := 0
		for i, c := range list {
			if asked[c.section] < asked[list[best].section] {
				best = i
			}
		}
		chosen := list[best]
		if len(rows) > 0 && m.ahead(asked, chosen.section) {
			break // what is left would only add to what there is most of
		}
		list = slices.DeleteFunc(list, func(c candidate) bool { return c.section == chosen.section })
		asked[chosen.section]++
		row, err := m.row(d, chosen.at, chosen.section)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// ahead reports whether a section has been asked from more than another.
func (m drawn) ahead(asked map[string]int, section string) bool {
	return slices.ContainsFunc(m.sections, func(s string) bool { return asked[s] < asked[section] })
}

func (m drawn) row(d *draw.Drawing, at int, section string) (task.Row, error) {
	picture, err := pictureURL(d)
	if err != nil {
		return nil, err
	}
	facts, err := fieldsOf(&d.Facts)
	if err != nil {
		return nil, err
	}
	q := &d.Questions[at]
	return task.Row{
		"id": fmt.Sprintf("%s-%d-%d-%d", m.kind, d.Seed, d.Index, at), "section": section, "cluster": d.Group,
		"question": q.Text, "answer": q.Answer, "picture": picture, "facts": facts,
	}, nil
}

// pictureURL is a picture as a data: URL of a PNG.
func pictureURL(d *draw.Drawing) (string, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&b, d.Image); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// fieldsOf is what a picture shows as a row has it.
func fieldsOf(f *draw.Facts) (map[string]any, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(data, &fields)
}

// Names of sections.
const (
	sectionShape      = "shape"
	sectionColor      = "color"
	sectionSize       = "size"
	sectionCount      = "count"
	sectionRelation   = "relation"
	sectionYesNo      = "yes or no"
	sectionComparison = "comparison"
	sectionPrinted    = "printed values"
	sectionAxis       = "values read from the axis"
)

// typeNames are the sections of types of questions.
var typeNames = map[draw.QuestionType]string{
	draw.YesNo: sectionYesNo, draw.Count: sectionCount, draw.Attribute: "attribute", draw.Relation: sectionRelation,
	draw.Comparison: sectionComparison, draw.Value: "value", draw.ReadOut: "read out",
}

// byType puts questions into the section of their type, those for a description into
// none.
func byType(_ *draw.Drawing, q *draw.Question) string { return typeNames[q.Type] }

// ofScene is the section of a question about a scene.
func ofScene(_ *draw.Drawing, q *draw.Question) string {
	if q.Type != draw.Attribute {
		return typeNames[q.Type]
	}
	switch {
	case strings.Contains(q.Text, " color"):
		return sectionColor
	case strings.Contains(q.Text, " shape"):
		return sectionShape
	}
	return sectionSize
}

// ofBars is the section of a question for the value of a bar.
func ofBars(d *draw.Drawing, q *draw.Question) string {
	c := d.Facts.Chart
	if c == nil || c.Type != "bar" || !asksValue(q) {
		return ""
	}
	if c.Printed {
		return sectionPrinted
	}
	return sectionAxis
}

// asksValue reports whether a question is for one value of a chart.
func asksValue(q *draw.Question) bool {
	return strings.HasPrefix(q.Text, "What is the value of ") || strings.HasPrefix(q.Text, "Which value does ") || strings.HasPrefix(q.Text, "How much is ")
}

// ofChart is the section of any other question about a chart: those for values of
// bars are in a task of their own.
func ofChart(d *draw.Drawing, q *draw.Question) string {
	if ofBars(d, q) != "" || q.Type == draw.Description {
		return ""
	}
	return d.Facts.Chart.Type
}

// ofText is the section of a question for the whole of a text, by its length.
func ofText(d *draw.Drawing, q *draw.Question) string {
	if q.Answer != d.Facts.Text.Text || q.Type != draw.ReadOut || strings.Contains(q.Text, "word") {
		return ""
	}
	if len([]rune(q.Answer)) <= 12 {
		return "up to 12 characters"
	}
	return "13 to 24 characters"
}

// ofBoxes is the section of a statement about boxes, or of a number.
func ofBoxes(_ *draw.Drawing, q *draw.Question) string {
	if q.Type == draw.YesNo {
		return "true or false"
	}
	return typeNames[q.Type]
}

// ofDescription is the section of a request for a description, by how many objects
// there are.
func ofDescription(d *draw.Drawing, q *draw.Question) string {
	if q.Type != draw.Description {
		return ""
	}
	switch n := len(d.Facts.Objects); {
	case n <= 3:
		return "up to 3 objects"
	case n <= 6:
		return "4 to 6 objects"
	}
	return "7 objects and more"
}

// drawings are the generators of questions about pictures.
var drawings = map[string]drawn{
	"draw_scene": {
		draw.Scene,
		[]string{sectionShape, sectionColor, sectionSize, sectionCount, sectionRelation, sectionYesNo, sectionComparison},
		ofScene, 3,
	},
	"draw_bars":        {draw.Chart, nil, ofBars, 1},
	"draw_chart":       {draw.Chart, nil, ofChart, 2},
	"draw_table":       {draw.Table, nil, byType, 3},
	"draw_clock":       {draw.Clock, nil, byType, 1},
	"draw_map":         {draw.Map, nil, byType, 3},
	"draw_diagram":     {draw.Diagram, nil, byType, 3},
	"draw_text":        {draw.Text, nil, ofText, 1},
	"draw_boxes":       {draw.Boxes, nil, ofBoxes, 2},
	"draw_description": {draw.Scene, nil, ofDescription, 1},
}

// Drawn reports whether a generator draws pictures. That takes seconds and needs
// nothing, so who only wants to know whether the rows can be had need not make them.
func Drawn(generator string) bool {
	_, ok := drawings[generator]
	return ok
}

func init() {
	for name, m := range drawings {
		Generators[name] = m.rows
	}
}
