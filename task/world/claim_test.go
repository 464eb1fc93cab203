package world

import (
	"strings"
	"testing"
)

func TestClaims(t *testing.T) {
	for text, want := range map[string]string{
		"Belmund is a baker.":                                         "Belmund/profession/baker",
		"Belmund was born in 1801. He plays the harp.":                "Belmund/birth year/1801 Belmund/instrument/harp",
		"Belmund was born in Corford and has a dog as a pet.":         "Belmund/birthplace/Corford Belmund/pet/dog",
		"Beldora is a nurse, plays the lute, and lives with a cat":    "Beldora/profession/nurse Beldora/instrument/lute Beldora/pet/cat",
		"Cordric taught Belmund and plays the harp.":                  "Belmund/teacher/Cordric Cordric/instrument/harp",
		"By trade, Belmund is a baker. His pet is a fox.":             "Belmund/profession/baker Belmund/pet/fox",
		"The Belstar is red. It was built in 1833.":                   "the Belstar/color/red the Belstar/built/1833",
		"When it does not sail, the Belstar lies in Corford.":         "the Belstar/harbor/Corford",
		"- the Belstar carries Tea\n- Belford makes soap":             "the Belstar/cargo/tea Belford/product/soap",
		"Belmund is a baker. She plays the harp.":                     "Belmund/profession/baker ?",
		"Belmund is not a baker.":                                     "?",
		"Belmund is a baker and likes jazz.":                          "Belmund/profession/baker ?",
		"Belmund is a baker, and Cordric a judge.":                    "Belmund/profession/baker ?",
		"He plays the harp.":                                          "?",
		"Belmund is a plumber.":                                       "?",
		"The text does not say.":                                      "-",
		"I don't know. Belmund keeps a crow!":                         "- Belmund/pet/crow",
		"I don't know, but Belmund keeps a crow.":                     "- Belmund/pet/crow",
		"The text does not say, and Belmund keeps a crow":             "- Belmund/pet/crow",
		"The text does not say it: Belmund keeps a crow.":             "- Belmund/pet/crow",
		"The text says nothing of it (Belmund keeps a crow)":          "- ?",
		"I don't know what he does and Belmund keeps a crow.":         "- Belmund/pet/crow",
		"I do not know, and the text does not say it.":                "- -",
		"Sorry, but I don't know where he lives, and what he does.":   "-",
		"I cannot say anything about his age or his pet and his job":  "-",
		"Belmund is perhaps a baker.":                                 "?",
		"The profession of Belmund is baker and he plays the drum.":   "Belmund/profession/baker Belmund/instrument/drum",
		"The profession of Belmund is baker and plays the drum.":      "Belmund/profession/baker ?",
		"Belmund is a baker " + strings.Repeat("and is a baker ", 40): "?",
		"": "",
	} {
		var got []string
		for _, c := range Claims(text) {
			switch {
			case c.Declines:
				got = append(got, "-")
			case c.Read:
				got = append(got, c.Fact.Subject+"/"+c.Fact.Attribute+"/"+c.Fact.Value)
			default:
				got = append(got, "?")
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q\n got %s\nwant %s", text, s, want)
		}
	}
}

func TestSupported(t *testing.T) {
	const source = "Belmund works as a baker. He was taught by Cordric and keeps a goose. The Belstar belongs to Belmund."
	for statement, want := range map[string]bool{
		"Belmund is a baker.":                       true,
		"Cordric taught Belmund.":                   true,
		"Belmund owns the Belstar and has a goose.": true,
		"Belmund is a judge.":                       false,
		"Belmund is a baker and plays the harp.":    false,
		"Belmund is a baker. Everybody knows it.":   false,
		"Cordric is a baker.":                       false,
		"Belmund taught Cordric.":                   false,
		"The text does not say.":                    true,
		"":                                          false,
		"Belmund works as a baker, which he likes.": false,
		"The Belstar is owned by Belmund":           true,
	} {
		if got := Supported(source, statement); got != want {
			t.Errorf("%q: %v", statement, got)
		}
	}
	got := Read(source).Check([]string{"Belmund is a baker.", "He keeps a goose.", "It is red."})
	if !got[0] || !got[1] || got[2] {
		t.Error(got)
	}
}

// Every form says the same fact, whoever it is about.
func TestEveryForm(t *testing.T) {
	for i := range attributes {
		a := &attributes[i]
		values := a.values
		if a.of != "" {
			values = []string{allNames(a.of)[7].text}
		}
		for _, n := range allNames(a.kind)[:8] {
			for _, template := range append(append([]string(nil), a.told...), a.variants...) {
				for _, v := range values {
					want := Fact{n.text, a.name, v}
					claims := Claims(sentence(fill(template, n.text, v)))
					if len(claims) != 1 || claims[0].Fact != want {
						t.Fatalf("%s of %v: %v", template, want, claims)
					}
				}
			}
		}
	}
}

func FuzzClaims(f *testing.F) {
	f.Add("Belmund is a baker and plays the harp. He was born in 1801.")
	f.Add("The Belstar's color is red; it carries tea")
	f.Add("by trade, ,, and and he is a Baker")
	f.Fuzz(func(t *testing.T, text string) {
		var whole Source
		whole.facts = Read(text).facts
		for _, c := range Claims(text) {
			if c.Text == "" || !strings.Contains(text, c.Text) {
				t.Errorf("the words %q are not in the text", c.Text)
			}
			if c.Read && !c.Declines && !whole.facts[c.Fact] {
				t.Error("a text does not tell what it claims")
			}
			if c.Read && !c.Declines {
				if again := Claims(State(c.Fact)); len(again) != 1 || again[0].Fact != c.Fact {
					t.Errorf("%v said again is %v", c.Fact, again)
				}
			}
		}
	})
}
