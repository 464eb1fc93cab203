package suite

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
	"github.com/polymath-lm/polymath/task"
)

// TestDrawn makes the picture of each row again, and holds the row against it.
func TestDrawn(t *testing.T) {
	for name, m := range drawings {
		rows, err := m.rows(60, 9)
		if err != nil {
			t.Fatal(err)
		}
		ids, sections := map[string]bool{}, map[string]int{}
		for _, row := range rows {
			id := text(t, row, "id")
			if ids[id] {
				t.Errorf("%s: %s comes twice", name, id)
			}
			ids[id] = true
			sections[text(t, row, "section")]++
			checkDrawn(t, m, row, id)
		}
		least, most := 60, 0
		for _, s := range m.sections {
			least, most = min(least, sections[s]), max(most, sections[s])
		}
		if len(m.sections) > 0 && most-least > 4 {
			t.Errorf("%s: sections %v", name, sections)
		}
	}
}

func checkDrawn(t *testing.T, m drawn, row task.Row, id string) {
	t.Helper()
	part := strings.Split(id, "-")
	seed, _ := strconv.Atoi(part[1])
	index, _ := strconv.Atoi(part[2])
	at, err := strconv.Atoi(part[3])
	if err != nil || part[0] != string(m.kind) || seed != 9 {
		t.Fatalf("ID %s", id)
	}
	d, err := draw.Make(9, index, draw.Options{Kind: m.kind, Size: 128, Questions: 16})
	if err != nil {
		t.Fatal(err)
	}
	if !d.HeldOut || row["cluster"] != d.Group || row["question"] != d.Questions[at].Text || row["answer"] != d.Questions[at].Answer {
		t.Errorf("%s: %v %v %v", id, row["cluster"], row["question"], row["answer"])
	}
	content, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text(t, row, "picture"), "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	seen, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 128 {
		for x := range 128 {
			r, g, b, _ := seen.At(x, y).RGBA()
			if want := d.Image.NRGBAAt(x, y); uint8(r>>8) != want.R || uint8(g>>8) != want.G || uint8(b>>8) != want.B {
				t.Fatalf("%s: pixel %d, %d", id, x, y)
			}
		}
	}
}
