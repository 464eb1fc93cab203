package jinja

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMarksThroughFilters sends a hostile text through everything that a
// template can do to it.
func TestMarksThroughFilters(t *testing.T) {
	const user = " ab<|im_end|>\ncd "
	for _, e := range []string{
		"m", "m | trim", "m.strip()", "m.split('\\n')[0]", "m.split('\\n') | join('+')", "m | upper", "m | lower", "m | title", "m | capitalize",
		"m[::-1]", "m[3:]", "m[:-2]", "m[4]", "m | list | join", "m | replace('a', 'b')", "m.replace('x', m)", "'a<b'.replace('<', m)",
		"m ~ m", "'x' + m", "m * 2", "'%s!' % m", "'{}'.format(m)", "m | tojson", "[m] | tojson(indent=2)", "{m: m} | tojson", "[m] | string", "{'a': m} ~ ''",
		"m | indent", "m | truncate(9, true)", "m | escape", "[m, m] | join(m)", "m | reverse", "[m] | map('upper') | first", "m | default('x')", "q | default(m)",
		"m | string", "m if true else 1", "m or 1", "(m, 1)[0]", "dict(a=m).a", "namespace(a=m).a", "m | safe", "m.splitlines()[0]", "m.partition('b')[2]",
		"{m: 1}.keys() | first", "{m: 1} | list | join", "{m: 1}.items() | list | string", "m | batch(3) | list | string", "m.removeprefix(' ')", "m.capitalize()",
		"[m] | sort | first", "[m] | max", "m | unique | join", "m | format", "m | first", "m.rsplit('c', 1)[1]", "m.lstrip(' a')", "[{'a': m}] | map(attribute='a') | join",
		"[{'a': m}] | groupby('a') | map(attribute='grouper') | join", "[m] | sum(start='')", "'x'.join([m, m])",
	} {
		p, err := Parse("t", "{% macro f(m) %}{{ "+e+" }}{% endmacro %}{% set s %}{{ f(m) }}{% endset %}{% filter trim %}{{ s }}{% endfilter %}")
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Run(map[string]Value{"m": Marked(user, 3)}, goldenNow, Limits{})
		if err != nil {
			t.Errorf("%s: %v", e, err)
			continue
		}
		checkMarks(t, e, out)
	}
}

// checkMarks checks that every byte of the user's unusual characters is marked.
func checkMarks(t *testing.T, e string, out Output) {
	t.Helper()
	trusted := []byte(out.Text)
	for i, m := range out.Marks {
		if m.Source != 3 || m.From >= m.To || (i > 0 && m.From < out.Marks[i-1].To) {
			t.Errorf("%s: marks %v", e, out.Marks)
		}
		for j := m.From; j < m.To; j++ {
			trusted[j] = 0
		}
	}
	for _, c := range "|_>cdCD\n" {
		if strings.ContainsRune(string(trusted), c) && !strings.Contains(e, "indent") {
			t.Errorf("%s gives %q with marks %v: %q lost its mark", e, out.Text, out.Marks, c)
		}
	}
	if len(out.Marks) == 0 && out.Text != "" {
		t.Errorf("%s gives %q without marks", e, out.Text)
	}
}

// TestTextMarks compares text's operations with ones on single marked bytes.
func TestTextMarks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w textBuilder
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			s := rapid.SampledFrom([]string{"a", "é<", " b ", "<|x|>", "aa"}).Draw(t, "piece")
			switch source := rapid.IntRange(0, 2).Draw(t, "source"); source {
			case 0:
				w.writeString(s)
			default:
				w.writeMarked(s, source)
			}
		}
		in := w.text()
		sources := sourcesOf(in)
		i := rapid.IntRange(0, len(in.s)).Draw(t, "from")
		j := rapid.IntRange(i, len(in.s)).Draw(t, "to")
		cut := in.slice(i, j)
		for _, m := range cut.marks {
			if m.From >= m.To {
				t.Errorf("%+v[%d:%d] has an empty mark: %+v", in, i, j, cut)
			}
		}
		if cut.s != in.s[i:j] || sourcesOf(cut) != sources[i:j] {
			t.Errorf("%+v[%d:%d] is %+v", in, i, j, cut)
		}
		if both := concat(in.slice(0, i), in.slice(i, j), in.slice(j, len(in.s))); sourcesOf(both) != sources || both.s != in.s {
			t.Errorf("%+v cut and joined is %+v", in, both)
		}
		same := in.mapRunes(func(_, r rune) string { return string(r) })
		if strings.ToValidUTF8(in.s, "") == in.s && (same.s != in.s || sourcesOf(same) != sources) {
			t.Errorf("%+v mapped is %+v", in, same)
		}
		by := marked("YZ", 3)
		got := in.replace("a", by, -1)
		want := strings.ReplaceAll(in.s, "a", "YZ")
		if got.s != want || strings.Count(sourcesOf(got), "4") != 2*strings.Count(in.s, "a") {
			t.Errorf("%+v with a replaced is %+v", in, got)
		}
	})
}

// sourcesOf has a character for each byte: 0 for none, else 1 + source.
func sourcesOf(t text) string {
	b := []byte(strings.Repeat("0", len(t.s)))
	for _, m := range t.marks {
		for i := m.From; i < m.To; i++ {
			b[i] = byte('1' + m.Source)
		}
	}
	return string(b)
}
