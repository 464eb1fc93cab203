package constrain

import "testing"

func TestJSON(t *testing.T) {
	g := must(testVocabulary().JSON(t.Context()))(t)
	for _, text := range []string{
		`{}`, `{"a":1}`, `{"a": -0.5e+10, "b": [1, 2, {"c": null}], "d": "x\"\u00e9\ud83d\ude00é😀"}`,
		"{\n  \"a\": [\n    true,\n    false\n  ]\n}", `{"":""}`, `{ "a": [ 1 ] }`,
	} {
		if !accepts(g, text) {
			t.Errorf("%s is not accepted", text)
		}
	}
	for _, text := range []string{
		``, `1`, `[]`, `{`, `{"a"}`, `{"a":01}`, `{"a":1,}`, `{"a":1} `, `{"a":"` + "\xff" + `"}`, `{"a":"` + "\n" + `"}`, `{"a":"\ud83d"}`,
		`{"a":1e999}`, `{"a":.5}`, `{"a":tru}`, "{\n\n}", `{"a":  1}`, `{"a":"\x"}`,
	} {
		if accepts(g, text) {
			t.Errorf("%q is accepted", text)
		}
	}
}
