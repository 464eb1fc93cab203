package jinja

import "testing"

// TestInput prints values that a caller made, zero ones too.
func TestInput(t *testing.T) {
	arguments, err := ParseArguments(`{"b":1,"a":"x"}`, 7)
	if err != nil {
		t.Fatal(err)
	}
	var d, empty Dict
	d.Put("z", Bool(true))
	d.Put("a", Value{})
	d.Put("z", List(String("s"), Marked("m", 7)))
	p, err := Parse("t", "{{ none_ is none }} {{ d | tojson }} {{ empty }} {{ '' + arguments }} {{ arguments.a }}")
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Run(map[string]Value{"none_": {}, "d": d.Value(), "empty": empty.Value(), "arguments": arguments}, goldenNow, Limits{})
	if want := `True {"z": ["s", "m"], "a": null} {} {"b":1,"a":"x"} x`; err != nil || out.Text != want {
		t.Errorf("%q, %v; want %q", out.Text, err, want)
	}
	from := ""
	for _, m := range out.Marks {
		if m.Source != 7 {
			t.Errorf("marks %v", out.Marks)
		}
		from += out.Text[m.From:m.To] + "|"
	}
	if want := `m|{"b":1,"a":"x"}|x|`; from != want {
		t.Errorf("%q came from outside, want %q", from, want)
	}
	if text, err := arguments.JSON(); err != nil || text != `{"b": 1, "a": "x"}` || !arguments.IsDict() || String("").IsDict() {
		t.Errorf("%q, %v", text, err)
	}
}
