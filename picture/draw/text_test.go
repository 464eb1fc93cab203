package draw

import "testing"

// Text is in the font and of the size that are asked for, and what has neither is
// refused.
func TestTextFontAndSize(t *testing.T) {
	for i := range 50 {
		d, err := Make(1, i, Options{Kind: Text, Size: 64, TextFont: "mono", TextEm: 10})
		if err != nil {
			t.Fatal(err)
		}
		const height = 12 // 1.15 of the size, rounded up
		f := d.Facts.Text
		if f.Font != "mono" || f.Box[3]-f.Box[1] != height*len(f.Lines) {
			t.Errorf("picture %d: %+v", i, f)
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
