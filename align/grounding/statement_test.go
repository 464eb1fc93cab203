package grounding

import (
	"slices"
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	for _, c := range []struct {
		answer string
		want   []string
	}{
		{"", nil},
		{" \n ... \n", nil},
		{"Mara is a baker. She lives in Torv.", []string{"Mara is a baker.", "She lives in Torv."}},
		{"Mara is a baker.\nShe lives\nin Torv!", []string{"Mara is a baker.", "She lives in Torv!"}},
		{"Dr. Orn has 3.5 boats. The U.S. has none.", []string{"Dr. Orn has 3.5 boats.", "The U.S. has none."}},
		{"She said \"It is red.\" Then she left", []string{"She said \"It is red.\"", "Then she left"}},
		{"# Mara\nA baker.\n\n- born in Torv\n- **owns** a boat\n2) aged 40", []string{"Mara", "A baker.", "born in Torv", "owns a boat", "aged 40"}},
		{"- born in Torv,\n  which is small\n- aged 40", []string{"born in Torv, which is small", "aged 40"}},
		{"Is she a baker? No.", []string{"Is she a baker?", "No."}},
	} {
		if got := Statements(c.answer); !slices.Equal(got, c.want) {
			t.Errorf("%q:\ngot  %q\nwant %q", c.answer, got, c.want)
		}
	}
}

func TestSilent(t *testing.T) {
	for _, s := range []string{
		"", "Is she a baker?", "I don't know.", "I do not know where she lives.", "Sorry, I'm not sure.", "The text does not say where she was born.",
		"This passage doesn’t mention her age.", "It is not stated.", "That is not said in the text.", "Not mentioned.", "Unknown.", "Yes.", "Sure!",
		"Here is what the text says:", "Unfortunately, the source says nothing about it.", "There is no information about her age in the text.", "The context has no information on that.",
		"I don't know, and the text does not say it.", "I do not know where she lives and what she does.", "The text does not tell her age and job.",
		"I don't know, to be honest.", "I'm not sure, the text does not say it.", "It is not said where Mara, a baker, lives.",
	} {
		if !Silent(s) {
			t.Errorf("%q is said to state something", s)
		}
	}
	for _, s := range []string{
		"She is a baker.", "She was born in Rome, right?", "I don't know, but she was probably born in Rome.", "The text does not say it; she is a baker.",
		"The text says she is a baker.", "I know that she is a baker.", "Yes, she is a baker.", "Unknown to all, she was born in Rome.",
		"It is not known where she was born, though her mother came from Rome.", "No, she is 40.", "Here is Mara, a baker.", "There is no boat in Torv.",
		"The text does not say it, and she is a baker.", "I don't know who she is and she was born in Rome.",
		"I don't know, Mara is a baker.", "I don't know, she was born in Rome.", "It is not said - the baker is Mara.", "The text does not say it (Mara was born in Rome).",
		"The text does not say where, " + strings.Repeat("and she has a boat ", 20) + ".",
	} {
		if Silent(s) {
			t.Errorf("%q is said to state nothing", s)
		}
	}
}

// FuzzStatements: statements have their words from the answer, in its order, and are
// divided no further.
func FuzzStatements(f *testing.F) {
	for _, s := range []string{"Mara is a baker. She lives in Torv.", "- a\n- b\n\n# c | d |\n> e", "1) x\n2) y.z", "\"A.\" B?! C…", "中文。句子", "a.\n\nb", "* *\n**", "\xff\xfe. a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		answer = strings.ToValidUTF8(answer[:min(len(answer), 1<<12)], "?")
		rest := strings.Join(strings.Fields(emphasis.Replace(strings.ReplaceAll(answer, "\n", " "))), " ")
		for _, s := range Statements(answer) {
			s = strings.Join(strings.Fields(s), " ")
			if s == "" {
				t.Fatalf("%q has an empty statement", answer)
			}
			at := strings.Index(rest, s)
			if at < 0 {
				return // a mark of a list was taken from within; what follows stands elsewhere
			}
			rest = rest[at+len(s):]
			Silent(s)
		}
	})
}
