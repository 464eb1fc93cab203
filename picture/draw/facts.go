package draw

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Facts are what a picture shows. Of the parts, those of its kind are set.
type Facts struct {
	Kind Kind `json:"kind"`
	// Size is the side of the picture in pixels; boxes are in such pixels, too.
	Size    int           `json:"size"`
	Objects []Object      `json:"objects,omitempty"` // of Scene and Boxes
	Panels  []Box         `json:"panels,omitempty"`  // of Boxes, from left to right
	Chart   *ChartFacts   `json:"chart,omitempty"`
	Table   *TableFacts   `json:"table,omitempty"`
	Clock   *ClockFacts   `json:"clock,omitempty"`
	Map     *MapFacts     `json:"map,omitempty"`
	Text    *TextFacts    `json:"text,omitempty"`
	Diagram *DiagramFacts `json:"diagram,omitempty"`
}

// Object is a shape of a scene. How objects stand to each other follows from
// their boxes: one is left of another if its box ends at least Margin before the
// other's begins, and inside another if its box lies in that one's.
type Object struct {
	Shape string `json:"shape"`
	Color string `json:"color"`
	Size  string `json:"size"` // small, medium or large
	Box   Box    `json:"box"`
}

// Margin is how many pixels must be between things in a picture of a size before
// their relation is asked about.
func Margin(size int) int { return max(3, size/32) }

// ChartFacts are those of a chart.
type ChartFacts struct {
	Type  string `json:"type"` // bar, line or pie
	Title string `json:"title"`
	// Max is the highest number of the axis and Step what is between two lines
	// of it; a pie has neither. Its values are hundredths of the whole.
	Max  int `json:"max,omitempty"`
	Step int `json:"step,omitempty"`
	// Quantum divides all values; it is at least 4 pixels high.
	Quantum int     `json:"quantum,omitempty"`
	Printed bool    `json:"printed"` // values are written at the bars, points or slices
	Plot    Box     `json:"plot"`    // from the axis' zero to Max
	Points  []Datum `json:"points"`
}

// Datum is a value of a chart.
type Datum struct {
	Label string `json:"label"`
	Value int    `json:"value"`
	Color string `json:"color"`
	// Box is that of the bar, or of the point of a line; a slice of a pie has none.
	Box *Box `json:"box,omitempty"`
}

// TableFacts are those of a table: the first column names the rows.
type TableFacts struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// ClockFacts are those of a clock with twelve hours.
type ClockFacts struct {
	Hour   int    `json:"hour"` // 1 to 12
	Minute int    `json:"minute"`
	Center [2]int `json:"center"`
	Radius int    `json:"radius"`
}

// MapFacts are those of a map whose upper side is north. A place is north of
// another if it is higher by Margin.
type MapFacts struct {
	Regions []Region    `json:"regions"`
	Places  []Place     `json:"places"`
	Roads   [][2]string `json:"roads"` // names of the places at the ends
}

// Region is a part of a map.
type Region struct {
	Color string `json:"color"`
	Box   Box    `json:"box"`
}

// Place is a named point of a map.
type Place struct {
	Name string `json:"name"`
	At   [2]int `json:"at"` // x and y in pixels
}

// TextFacts are those of rendered text.
type TextFacts struct {
	Text  string   `json:"text"`  // words with single spaces between them
	Lines []string `json:"lines"` // as it is broken
	Font  string   `json:"font"`
	Color string   `json:"color"`
	Box   Box      `json:"box"`
}

// DiagramFacts are those of boxes and arrows.
type DiagramFacts struct {
	Nodes  []Node      `json:"nodes"`
	Arrows [][2]string `json:"arrows"` // labels: from, to
}

// Node is a box of a diagram.
type Node struct {
	Label string `json:"label"`
	Color string `json:"color"`
	Shape string `json:"shape"` // rectangle or oval
	Box   Box    `json:"box"`
}

// heldOutShare of 256 groups are held out.
const heldOutShare = 26

// groupOf returns the hash of what is shown, and on which side it is.
func groupOf(f *Facts) (group string, heldOut bool) {
	var parts []string
	switch {
	case f.Chart != nil:
		for _, p := range f.Chart.Points {
			parts = append(parts, fmt.Sprint(p.Label, p.Value))
		}
	case f.Table != nil:
		for _, row := range f.Table.Rows {
			for i, cell := range row[1:] {
				parts = append(parts, strings.Join([]string{f.Table.Columns[i+1], row[0], cell}, "\t"))
			}
		}
	case f.Clock != nil:
		parts = append(parts, fmt.Sprint(f.Clock.Hour, f.Clock.Minute))
	case f.Map != nil:
		for _, p := range f.Map.Places {
			parts = append(parts, p.Name)
		}
		parts = append(parts, links(f.Map.Roads, false)...)
	case f.Text != nil:
		parts = append(parts, f.Text.Text)
	case f.Diagram != nil:
		for _, n := range f.Diagram.Nodes {
			parts = append(parts, n.Label)
		}
		parts = append(parts, links(f.Diagram.Arrows, true)...)
	default:
		parts = objectParts(f)
	}
	slices.Sort(parts)
	data, err := json.Marshal(append(parts, string(f.Kind)))
	if err != nil {
		panic(err) // strings always marshal
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12]), sum[12] < heldOutShare
}

// objectParts returns the objects, those of a panel together.
func objectParts(f *Facts) []string {
	panels := make([][]string, max(len(f.Panels), 1))
	for _, o := range f.Objects {
		at := max(panelOf(f.Panels, o.Box), 0)
		panels[at] = append(panels[at], o.Size+" "+o.Color+" "+o.Shape)
	}
	var parts []string
	for _, p := range panels {
		slices.Sort(p)
		parts = append(parts, strings.Join(p, ", "))
	}
	return parts
}

// links returns pairs as text; those without a direction in the order of names.
func links(pairs [][2]string, directed bool) []string {
	var parts []string
	for _, p := range pairs {
		if !directed && p[0] > p[1] {
			p[0], p[1] = p[1], p[0]
		}
		parts = append(parts, p[0]+"\t"+p[1])
	}
	return parts
}

// panelOf returns which panel a box lies in, or -1.
func panelOf(panels []Box, b Box) int {
	return slices.IndexFunc(panels, func(p Box) bool { return p.holds(b) })
}
