package draw

import "testing"

// Text is in the font and of the size that are asked for, and what has neither is
// refused.
func TestTextFontAndSize(t *testing.T) {
	for i := range 50 {
		o := Options{Kind: Text, Size: 72, TextFont: "mono", TextEm: 10, TextCorner: i%2 == 0}
		d, err := Make(1, i, o)
		if err != nil {
			t.Fatal(err)
		}
		const height = 12 // 1.15 of the size, rounded up
		f := d.Facts.Text
		if f.Font != "mono" || f.Box[3]-f.Box[1] != height*len(f.Lines) || o.TextCorner != (f.Box[0] == 0 && f.Box[1] == 0) {
			t.Errorf("picture %d: %+v", i, f)
		}
		if ink := d.Image.NRGBAAt(71, 71); o.TextCorner && len(f.Lines) == 1 && d.Image.NRGBAAt(0, 71) != ink {
			t.Errorf("picture %d: there is something below the text", i)
		}
	}
	for _, o := range []Options{
		{Kind: Text, TextFont: "serif"}, {Kind: Text, TextEm: 7}, {Kind: Text, Size: 64, TextEm: 17}, {Kind: Text, TextEm: -1},
	} {
		if _, err := Make(1, 0, o); err == nil {
			t.Errorf("%+v was drawn", o)
		}
	}
}
