package scene

import (
	"fmt"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
)

// TestDrawnDescriptions: each sentence that package draw writes is true, so every fact
// that is found in it must be, and those that list all objects name all.
func TestDrawnDescriptions(t *testing.T) {
	for _, k := range []draw.Kind{draw.Scene, draw.Boxes} {
		stated, sentences, found := 0, 0, 0
		for i := range 300 {
			d, err := draw.Make(31, i, draw.Options{Kind: k})
			if err != nil {
				t.Fatal(err)
			}
			for n, description := range d.Descriptions {
				text := strings.Join(description, " ")
				r := Judge(text, &d.Facts)
				if r.True != r.Stated {
					t.Errorf("%s %d: %q: %d of %d, false: %q", k, i, text, r.True, r.Stated, r.False)
				}
				if n == 0 && r.Named != r.Objects {
					t.Errorf("%s %d: %q names %d of %d objects", k, i, text, r.Named, r.Objects)
				}
				stated += r.True
				for _, s := range description {
					sentences++
					if one := Judge(s, &d.Facts); one.True > 0 {
						found++
					}
				}
			}
		}
		if found < sentences*99/100 {
			t.Errorf("%s: facts in %d of %d sentences", k, found, sentences)
		}
		t.Logf("%s: %d facts", k, stated)
	}
}

// street is a picture of 128 pixels: a small red circle at the left, a large blue square
// at the right with a small yellow star inside, and two green hearts, medium, at the
// bottom in the middle.
var street = draw.Facts{Kind: draw.Scene, Size: 128, Objects: []draw.Object{
	{Shape: "circle", Color: "red", Size: "small", Box: draw.Box{5, 10, 21, 26}},
	{Shape: "square", Color: "blue", Size: "large", Box: draw.Box{85, 5, 123, 43}},
	{Shape: "star", Color: "yellow", Size: "small", Box: draw.Box{97, 17, 111, 31}},
	{Shape: "heart", Color: "green", Size: "medium", Box: draw.Box{35, 95, 60, 120}},
	{Shape: "heart", Color: "green", Size: "medium", Box: draw.Box{65, 95, 90, 120}},
}}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		text                string
		stated, true, named int
	}{
		{"There is a red circle.", 1, 1, 1},
		{"There is a red circle and a blue square.", 2, 2, 2},
		{"There is a small, red circle. A big blue square is to the right of it.", 2, 2, 2},
		{"The picture shows a small red circle, a large blue square, a small yellow star and 2 medium green hearts.", 4, 4, 5},
		{"There are 5 objects.", 1, 1, 0},
		{"There are five shapes: two green hearts, a circle, a star and a square.", 5, 5, 2},
		{"there are 3 green hearts", 1, 0, 0},
		{"There are two hearts. Both hearts are green.", 2, 2, 2},
		{"All hearts are green", 1, 1, 2},
		{"Every object is green.", 1, 0, 0},
		{"The circle is red.", 1, 1, 1},
		{"The circle is red and small and to the left of the blue square.", 3, 3, 2},
		{"The circle is large", 1, 0, 0},
		{"The circle is red or blue.", 2, 1, 1},
		{"There is a red or blue circle.", 1, 0, 0},
		{"There is a red, blue, green, yellow and pink circle.", 1, 0, 0},
		{"A yellow star is inside a blue square.", 1, 1, 2},
		{"Inside the square is a yellow star.", 1, 1, 1},
		{"The blue square contains a star.", 1, 1, 1},
		{"a blue square with a yellow star inside", 1, 1, 2},
		{"The square is inside the star.", 1, 0, 0},
		{"The red circle is above the green hearts.", 1, 1, 3},
		{"The green heart is below the red circle.", 1, 1, 3},
		{"A yellow star is above a blue square.", 3, 2, 2},
		{"The hearts are between the circle and the square.", 1, 1, 0},
		{"The circle is between the hearts and the star.", 1, 0, 0},
		{"In the upper left corner there is a red circle.", 1, 1, 1},
		{"On the left is a red circle and on the right is a blue square.", 2, 2, 2},
		{"A red circle is at the bottom.", 2, 1, 1},
		{"The blue square is larger than the red circle.", 1, 1, 2},
		{"The red circle is bigger than the blue square.", 1, 0, 0},
		{"There are more hearts than circles.", 1, 1, 0},
		{"There are fewer hearts than circles.", 1, 0, 0},
		{"The largest object is a blue square.", 1, 1, 1},
		{"The leftmost object is the blue square.", 1, 0, 0},
		{"There is a circle. It is red. It is small. It is to the left of the square.", 3, 3, 1},
		{"There are red and blue shapes.", 2, 2, 0},
		{"There are a red and a blue circle.", 2, 1, 1},
		{"The background is white.", 1, 0, 0}, // nothing is stated
		{"The picture shows a red circle on a white background.", 1, 1, 1},
		// nothing, and nonsense
		{"", 1, 0, 0},
		{"   \n", 1, 0, 0},
		{"I cannot see the picture.", 1, 0, 0},
		{"asdf jkl 77 , , . ; and or not a the", 1, 0, 0},
		{"There is a dog.", 1, 0, 0},
		{"There is a red dragon and a red circle.", 2, 1, 1},
		{"There is a brown circle", 1, 0, 0},
		{"A red rectangle", 1, 0, 0},
		// repetition
		{strings.Repeat("There is a red circle. ", 50), 1, 1, 1},
		{"There is a red circle, a red circle and a red circle.", 1, 0, 0},
		{strings.Repeat("The circle is to the left of the square. The square is to the right of the circle. ", 3), 1, 1, 0},
		{"There is a circle. There is a red circle. There is a small circle. There is a small red circle.", 1, 1, 1},
		{"The circle is red. The red circle is red. The red circle is a circle.", 1, 1, 1},
		{"The red circle is red. All hearts are hearts.", 2, 2, 1},
		// contradictions
		{"The red circle is not red.", 1, 0, 0},
		{"The dragon is a dragon.", 1, 0, 0},
		{"The circle is red. The circle is blue.", 2, 1, 1},
		{"There are 2 hearts. There are 3 hearts. There are 4 hearts.", 3, 1, 0},
		{"The circle is above the heart. The circle is below the heart.", 2, 1, 0},
		{"There is a red circle. There is no red circle.", 2, 1, 1},
		{"The circle is not red.", 1, 0, 0},
		// what cannot be wrong
		{"There is no dragon. There are no triangles, no rings and no crosses. There is at least one heart. There are at most 20 objects. There is an object.", 1, 0, 0},
		{"There are no hearts.", 1, 0, 0},
		{"There are at least 3 hearts.", 1, 0, 0},
		{"An object is to the left of another object.", 1, 0, 0},
		{"The largest object is larger than the smallest object.", 1, 0, 0},
		{"There are more objects than triangles. There are more objects than red pentagons. There are more hearts than rings.", 1, 0, 0},
		{"There are more triangles than hearts. There are fewer objects than circles.", 2, 0, 0},
	} {
		r := Judge(c.text, &street)
		if r.Stated != c.stated || r.True != c.true || r.Named != c.named || r.Objects != 5 {
			t.Errorf("%q: %d of %d true, %d named; want %d of %d, %d; false: %q", c.text, r.True, r.Stated, r.Named, c.true, c.stated, c.named, r.False)
		}
	}
}

// TestNamingEverything: who names all that there could be names all that there is, and
// is wrong in nearly all of it.
func TestNamingEverything(t *testing.T) {
	var all []string
	for _, shape := range []string{"circle", "square", "triangle", "star", "diamond", "cross", "ring", "heart"} {
		for _, color := range []string{"red", "orange", "yellow", "green", "blue", "purple", "pink", "black"} {
			all = append(all, fmt.Sprintf("There is a %s %s.", color, shape))
		}
	}
	r := Judge(strings.Join(all, " "), &street)
	if r.Stated != 64 || r.True != 4 || r.Named != 4 {
		t.Errorf("%+v", r)
	}
}

// FuzzJudge says that no text leads to a panic, or to more than there can be.
func FuzzJudge(f *testing.F) {
	f.Add("The red circle is between the star and the 2 hearts; in the left box there are more squares than circles, and it is not the largest.")
	f.Add("a and a and the of above below it no all each 9999 red or")
	boxes, err := draw.Make(1, 1, draw.Options{Kind: draw.Boxes})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, shown := range []*draw.Facts{&street, &boxes.Facts} {
			r := Judge(text, shown)
			if r.True < 0 || r.True > r.Stated || r.Named > r.Objects || r.Stated < 1 || r.True == 0 && r.Named > 0 {
				t.Errorf("%+v", r)
			}
			if again := Judge(text+". "+text, shown); len(text) < 1000 && again.Stated < r.Stated-1 {
				t.Errorf("said twice: %+v, once: %+v", again, r)
			}
		}
	})
}
