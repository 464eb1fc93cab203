package constraint

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// cases are constraints with answers that meet them and answers that do not.
var cases = []struct {
	constraint string
	yes, no    []string
}{
	{
		`{"kind":"words","relation":"exactly","number":3}`,
		[]string{"one two three", " One, two;\nthree. ", "don't well-known *x*", "a - b - c", "été 你好 3.5"},
		[]string{"one two", "one two three four", "", "- - -", "onetwothree"},
	},
	{`{"kind":"words","relation":"at least","number":2}`, []string{"a b", "a b c", "a\tb"}, []string{"a", "", "! ?", "a ."}},
	{`{"kind":"words","relation":"at most","number":2}`, []string{"a b", "a", "a, b!"}, []string{"a b c", "", "a b\nc"}},
	{`{"kind":"words","relation":"between","number":2,"to":3}`, []string{"a b", "a b c", "a -- b"}, []string{"a", "a b c d", ""}},
	{
		`{"kind":"sentences","relation":"exactly","number":2}`,
		[]string{"One. Two.", "One! Two", "It costs 3.50 now. Yes?", "He said \"no.\" She left.", "What?! No…", "一つ。二つ。", "- one\n- two", "1. One.\n2. Two."},
		[]string{"One.", "One. Two. Three.", "", "...", "A.B.C", "one\ntwo\nthree"},
	},
	{`{"kind":"sentences","relation":"at most","number":1}`, []string{"One", "One...", "3.14 is it."}, []string{"One. Two.", "", "a\nb"}},
	{
		`{"kind":"paragraphs","relation":"exactly","number":2}`,
		[]string{"a\n\nb", "a\n \t\n\nb\nb", "a\n\n***\n\nb", "a\r\n\r\nb"},
		[]string{"a\nb", "a\n\nb\n\nc", "", "a"},
	},
	{
		`{"kind":"include","words":["Bee","Straße"]}`,
		[]string{"the bee in der straße", "BEE! STRAßE", "straße (bee)", "bee's straße"},
		[]string{"bees straße", "bee", "", "straßen bee"},
	},
	{
		`{"kind":"avoid","words":["bee","the hive"]}`,
		[]string{"bees", "a hive", "beet the hives", "x"},
		[]string{"A bee.", "BEE", "in The Hive!", ""},
	},
	{
		`{"kind":"frequency","text":"bee","relation":"exactly","number":2}`,
		[]string{"bee bee", "Bee-bee", "bee, bees, BEE"},
		[]string{"bee", "bee bee bee", "beebee", ""},
	},
	{
		`{"kind":"letter","text":"é","relation":"exactly","number":2}`,
		[]string{"été", "É é", "xéyéz"},
		[]string{"é", "eee", "", "ééé"},
	},
	{`{"kind":"letter","text":"q","relation":"at most","number":1}`, []string{"x", "Q", "quit"}, []string{"qQ", "", "q q q"}},
	{`{"kind":"first_word","text":"Surely"}`, []string{"Surely.", "\"surely\" x", "*SURELY* yes"}, []string{"Surelyx", "So surely", "", "!?"}},
	{`{"kind":"last_word","text":"now"}`, []string{"so much for now.", "NOW", "a now!\n"}, []string{"now then", "unknow", "", "now x"}},
	{`{"kind":"start","text":"In short:"}`, []string{"In short: x", "IN SHORT:", "\n in short: y"}, []string{"In  short: x", "So in short:", ""}},
	{`{"kind":"end","text":"Any questions?"}`, []string{"x any questions?", "Any questions?", "a\nANY QUESTIONS? "}, []string{"Any questions? No.", "Any questions", ""}},
	{`{"kind":"lower"}`, []string{"abc", "été 1 – ß", "猫 a"}, []string{"Abc", "aBc", "", "É", "ǅ"}},
	{`{"kind":"upper"}`, []string{"ABC", "ÉTÉ 1", "A!"}, []string{"ABc", "", "123", "ß", "ǅ"}},
	{`{"kind":"capitals","relation":"exactly","number":1}`, []string{"a BIG dog", "NASA", "A b CD3"}, []string{"a big Dog", "A I", "", "BIG DOG"}},
	{`{"kind":"without","text":","}`, []string{"a b", "a. b", "a，b"}, []string{"a, b", ",", "", "1,000"}},
	{
		`{"kind":"bullets","number":2}`,
		[]string{"- a\n- b", "x\n * a\n* b\ny", "• a\n+ b", "- a\n--\n- b"},
		[]string{"- a", "- a\n- b\n- c", "", "-a\n-b", "- \n- "},
	},
	{
		`{"kind":"numbered","number":2}`,
		[]string{"1. a\n2. b", "x\n 1) a\n 2) b", "1. a\ntext\n2. b"},
		[]string{"1. a", "1. a\n3. b", "2. a\n1. b", "", "1.a\n2.b", "1. a\n2. b\n3. c"},
	},
	{`{"kind":"title"}`, []string{"<<Bees>>\nx", "x <<a b>>", "<<7>>"}, []string{"<Bees>", "<<>>", "<< >>", "", "<<a\nb>>"}},
	{
		`{"kind":"sections","text":"Part","number":2}`,
		[]string{"Part 1\nx\nPart 2\ny", "## part 1: x\n**Part 2** y", "intro\nPART 1 x\nPart 2 y"},
		[]string{"Part 1 x", "Part 1\nPart 3", "Part one\nPart two", "", "Part 1x\nPart 2x", "a Part 1\nb Part 2"},
	},
	{`{"kind":"placeholders","relation":"at least","number":2}`, []string{"[a] [b]", "x[a]y[b]z[c]", "[[a]] [b c]"}, []string{"[a]", "[] [ ]", "", "[a\nb] (c)"}},
	{
		`{"kind":"highlights","relation":"exactly","number":2}`,
		[]string{"*a* *b*", "**a** and *b c*", "* x\n*a* *b*"},
		[]string{"*a*", "* a * * b *", "", "*a* *b* *c*", "**"},
	},
	{
		`{"kind":"json","words":["a","b"]}`,
		[]string{`{"a":1,"b":[]}`, "```json\n{\"b\":null,\"a\":\"x\"}\n```", "```\n{\"a\":{},\"b\":2}```"},
		[]string{`{"a":1}`, `{"a":1,"b":2,"c":3}`, `["a","b"]`, "", `{"a":1,"b":2} x`, `{"a":1,"b":}`, "a b", "null"},
	},
	{
		`{"kind":"order","words":["one","two"]}`,
		[]string{"one two", "One, and two. One.", "one. TWO"},
		[]string{"two one", "one", "", "twos one", "two one two"},
	},
	{`{"kind":"language","text":"greek"}`, []string{"Καλημέρα", "ναι 1!", "Το νερό, ναι."}, []string{"kalimera", "Καλημέρα ok", "", "123"}},
	{`{"kind":"language","text":"japanese"}`, []string{"海は広い。", "コーヒーです", "ありがとう"}, []string{"海", "바다", "海 no", ""}},
	{`{"kind":"language","text":"korean"}`, []string{"바다는 넓다.", "네", "1번"}, []string{"海", "바다 sea", ""}},
	{`{"kind":"language","text":"hebrew"}`, []string{"הים גדול.", "כן", "שלום, 1"}, []string{"sea", "הים sea", "بحر"}},
	{`{"kind":"repeat","text":"Write about bees."}`, []string{"Write about bees. Ok", "Write about bees.\n\nBees fly.", " Write about bees. x"}, []string{"Write about bees.", "write about bees. x", "", "Write about cats. x"}},
	{
		`{"kind":"two_answers"}`,
		[]string{"a\n******\nb", "a\n\n ****** \n\nb\nc", "a *\n******\na"},
		[]string{"a\n******\na", "a\n******\n", "a ****** b", "", "a\n******\nb\n******\nc", "a\n*****\nb"},
	},
	{`{"kind":"postscript","text":"P.S."}`, []string{"x\n\nP.S. y", "x\n\np.s. y", "a\n\nb\n\nP.S.y\nz"}, []string{"P.S. y", "x\nP.S. y", "x\n\nP.S.", "", "x\n\nP.S. y\n\nz"}},
	{`{"kind":"quoted"}`, []string{`"a"`, "\"a\n\nb\"", ` "x" y" `}, []string{`"a`, `a"`, `""`, "", `"`, `'a'`}},
	{`{"kind":"paragraph_word","text":"Today","number":2}`, []string{"a\n\nToday b", "a\n\n\"TODAY\"", "a\n\ntoday, b\n\nc"}, []string{"Today", "a\nToday", "", "a\n\nb\n\nToday"}},
}

func parse(t testing.TB, text string) []Constraint {
	t.Helper()
	list, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return list
}

// TestCheck holds each kind against answers that a person has judged.
func TestCheck(t *testing.T) {
	seen := map[Kind]bool{}
	for _, one := range cases {
		c := parse(t, "["+one.constraint+"]")[0]
		seen[c.Kind] = true
		for _, answer := range one.yes {
			if ok, why := c.Check(answer); !ok || why != "" {
				t.Errorf("%s: %q is not accepted: %s", one.constraint, answer, why)
			}
		}
		for _, answer := range one.no {
			if ok, why := c.Check(answer); ok || why == "" {
				t.Errorf("%s: %q is accepted, %q", one.constraint, answer, why)
			}
		}
		if len(one.yes) < 3 || len(one.no) < 3 {
			t.Errorf("%s has few cases", one.constraint)
		}
	}
	for _, k := range Kinds {
		if _, is := needed[k]; !seen[k] || !is {
			t.Errorf("%s has no cases", k)
		}
	}
	if len(Kinds) != len(needed) || len(Kinds) != len(phrases) {
		t.Errorf("%d kinds, %d, %d", len(Kinds), len(needed), len(phrases))
	}
}

// TestBadUTF8: what is no UTF-8 is looked at as what a reader would see.
func TestBadUTF8(t *testing.T) {
	c := parse(t, `[{"kind":"words","relation":"exactly","number":2}]`)[0]
	if ok, why := c.Check("a\xff b\xc3"); !ok {
		t.Error(why)
	}
}

func TestJudgeReadsLoosely(t *testing.T) {
	list := parse(t, `[{"kind":"start","text":"Bees"},{"kind":"lower"},{"kind":"last_word","text":"now"},{"kind":"words","relation":"exactly","number":2}]`)
	for answer, want := range map[string][2]int{
		"":                               {0, 0},
		"bees now":                       {4, 4},
		"Sure:\nbees now":                {1, 4},
		"Sure:\nbees now\nHope it helps": {0, 4},
		"bees now\nBye":                  {1, 4},
		"*bees* now":                     {3, 4},
		"Sure:\n**bees** now":            {1, 4},
		"Sure: bees now":                 {1, 1},
	} {
		r := Judge(list, answer)
		if r.Strict != want[0] || r.Loose != want[1] {
			t.Errorf("%q: %+v, want %v", answer, r, want)
		}
		if n := len(slices.DeleteFunc(slices.Clone(r.Why), func(w string) bool { return w == "" })); n != 4-r.Strict || len(r.Why) != 4 {
			t.Errorf("%q: %q", answer, r.Why)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "constraints: EOF",
		`{}`:                            "constraints",
		`[]`:                            "0 constraints",
		`null`:                          "0 constraints",
		`[{"kind":"lower"}] x`:          "behind the list",
		`[{"kind":"lower"}][]`:          "behind the list",
		`[{"kind":"nothing"}]`:          "no such kind",
		`[{"kind":"Lower"}]`:            "no such kind",
		`[{"kind":"lower","x":1}]`:      "unknown field",
		`[{"kind":"lower","number":1}]`: "it has no use for a number",
		`[{"kind":"words"}]`:            "it needs a relation",

		`[{"kind":"words","relation":"at least"}]`:                      "it needs a number",
		`[{"kind":"words","relation":"over","number":1}]`:               `"over" is no relation`,
		`[{"kind":"words","relation":"at least","number":-1}]`:          "it needs a number",
		`[{"kind":"words","relation":"at least","number":1.5}]`:         "constraints",
		`[{"kind":"words","relation":"at least","number":1000001}]`:     "it needs a number",
		`[{"kind":"words","relation":"between","number":3,"to":3}]`:     "larger than number",
		`[{"kind":"words","relation":"at most","number":3,"to":4}]`:     "it has no use for to",
		`[{"kind":"words","relation":"at most","number":3,"text":"a"}]`: "it has no use for a text",

		`[{"kind":"include"}]`:                                                                                          "it needs words",
		`[{"kind":"include","words":["a","A"]}]`:                                                                        "twice",
		`[{"kind":"include","words":[""]}]`:                                                                             "empty",
		`[{"kind":"include","words":[" a"]}]`:                                                                           "white space",
		`[{"kind":"include","words":["a!"]}]`:                                                                           "no letter or digit at both ends",
		`[{"kind":"letter","text":"ab","relation":"at least","number":1}]`:                                              "no letter",
		`[{"kind":"letter","text":"1","relation":"at least","number":1}]`:                                               "no letter",
		`[{"kind":"language","text":"english"}]`:                                                                        "no exact test tells",
		`[{"kind":"first_word","text":"two words"}]`:                                                                    "is no word",
		`[{"kind":"first_word","text":"Yes!"}]`:                                                                         "is no word",
		`[{"kind":"start","text":"` + strings.Repeat("a", 5000) + `"}]`:                                                 "5000 bytes",
		`[{"kind":"lower"},{"kind":"lower"}]`:                                                                           "two of one kind",
		`[{"kind":"lower"},{"kind":"upper"}]`:                                                                           "constraints 1 and 2, lower and upper",
		`[{"kind":"json","words":["a"]},{"kind":"title"}]`:                                                              "do not go together",
		`[{"kind":"bullets","number":2},{"kind":"numbered","number":2}]`:                                                "one layout",
		`[{"kind":"avoid","words":["a"]},{"kind":"include","words":["A"]}]`:                                             "must be there and must not",
		`[{"kind":"start","text":"in short"},{"kind":"avoid","words":["short"]}]`:                                       "must be there and must not",
		`[{"kind":"words","relation":"at most","number":3},{"kind":"sentences","relation":"exactly","number":4}]`:       "so few words",
		`[{"kind":"sentences","relation":"at most","number":2},{"kind":"bullets","number":3}]`:                          "more items than sentences",
		`[{"kind":"paragraphs","relation":"at least","number":3},{"kind":"sentences","relation":"at most","number":2}]`: "so few sentences",
		`[` + strings.Repeat(`{"kind":"lower"},`, 40) + `{"kind":"lower"}]`:                                             "41 constraints",
		strings.Repeat("[", 2000):                                                                                       "constraints",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.90s: %v; want it to say %q", text, err, want)
		}
	}
	if _, err := Parse(make([]byte, mostSource+1)); err == nil {
		t.Error("more than a megabyte is read")
	}
}

// TestAvoidEvenIfFew: what may be absent does not conflict.
func TestAvoidEvenIfFew(t *testing.T) {
	parse(t, `[{"kind":"frequency","text":"bee","relation":"at most","number":2},{"kind":"avoid","words":["bee"]}]`)
	parse(t, `[{"kind":"words","relation":"at most","number":4},{"kind":"sentences","relation":"at least","number":4}]`)
}

func TestDescribe(t *testing.T) {
	for _, one := range []struct{ constraint, want string }{
		{`{"kind":"words","relation":"between","number":3,"to":5}`, "Use between 3 and 5 words."},
		{`{"kind":"sentences","relation":"at most","number":1}`, "Use at most 1 sentence."},
		{`{"kind":"include","words":["a"]}`, `Use the word "a".`},
		{`{"kind":"order","words":["a","b","c"]}`, `Use the words "a", "b" and "c" in this order.`},
		{`{"kind":"sections","text":"Part","number":2}`, "Divide the answer into 2 sections. Begin each with its mark: Part 1, Part 2 and so on."},
		{`{"kind":"language","text":"greek"}`, "Answer in Greek only."},
	} {
		c := parse(t, "["+one.constraint+"]")[0]
		if got := c.Describe(0); got != one.want {
			t.Errorf("%s: %q, want %q", one.constraint, got, one.want)
		}
	}
	for _, one := range cases { // forms differ, are sentences, and say all that there is to say
		c := parse(t, "["+one.constraint+"]")[0]
		seen := map[string]bool{}
		for form := range Forms {
			text := c.Describe(form)
			if seen[text] || strings.ContainsAny(text, "{}") || strings.TrimSpace(text) != text || text == "" {
				t.Errorf("%s in form %d: %q", one.constraint, form, text)
			}
			seen[text] = true
			for _, w := range append(slices.Clone(c.Words), c.Text) {
				if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
					t.Errorf("%s in form %d does not say %q: %q", one.constraint, form, w, text)
				}
			}
		}
		if c.Describe(-1) != c.Describe(Forms-1) || c.Describe(Forms) != c.Describe(0) {
			t.Error("forms are not taken modulo their number")
		}
	}
}

// FuzzCheck: no answer makes a check panic, or an empty one accepted; the loose reading
// accepts what the strict one does.
func FuzzCheck(f *testing.F) {
	for i, one := range cases {
		for _, answer := range append(one.yes, one.no...) {
			f.Add(i, answer)
		}
	}
	f.Fuzz(func(t *testing.T, i int, answer string) {
		one := cases[uint(i)%uint(len(cases))]
		list := parse(t, "["+one.constraint+"]")
		ok, why := list[0].Check(answer)
		if ok != (why == "") || ok && strings.TrimSpace(answer) == "" {
			t.Errorf("%q: %v, %q", answer, ok, why)
		}
		if again, _ := list[0].Check(" " + answer + "\n"); again != ok {
			t.Errorf("%q: white space around it counts", answer)
		}
		if r := Judge(list, answer); r.Strict > r.Loose || r.Strict == 1 != ok || r.Loose > 1 {
			t.Errorf("%q: %+v", answer, r)
		}
	})
}

// FuzzParse: what is accepted is written and read again the same, and can be checked and
// described.
func FuzzParse(f *testing.F) {
	for _, one := range cases {
		f.Add("[" + one.constraint + "]")
	}
	f.Add(`[{"kind":"lower"},{"kind":"words","relation":"at least","number":3}]`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := Parse([]byte(text))
		if err != nil {
			return
		}
		written, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil || len(again) != len(list) {
			t.Fatalf("%s: %v", written, err)
		}
		Judge(list, text)
		for i := range list {
			if list[i].Describe(i) == "" {
				t.Errorf("%+v has no words", list[i])
			}
		}
	})
}

// TestJSONEscapes: words in JSON are what its escapes stand for, so that spelling one
// otherwise neither hides a word nor makes one.
func TestJSONEscapes(t *testing.T) {
	list := parse(t, `[{"kind":"json","words":["a"]},{"kind":"avoid","words":["bucket"]},{"kind":"include","words":["spade"]}]`)
	for answer, want := range map[string]int{
		`{"a":"One.\nspade"}`:                 3,
		`{"a":"One.\nspade\nbucket"}`:         2,
		`{"a":"One. sp\u0061de b\u0075cket"}`: 2,
		`{"a":"One.\\nspade"}`:                2, // a backslash, and one word
		`{"a":"\ud83d\ude00spade \"x\""}`:     3,
	} {
		if r := Judge(list, answer); r.Strict != want {
			t.Errorf("%s: %+v, want %d", answer, r, want)
		}
	}
}

func TestCarriageReturns(t *testing.T) {
	if list, err := Parse([]byte(`[{"kind":"repeat","text":"One.\r\nTwo."}]`)); err == nil {
		t.Errorf("%+v is accepted, and no answer has it", list)
	}
}
