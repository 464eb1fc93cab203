package grade

import (
	"strings"
	"testing"
	"time"
)

func TestLetter(t *testing.T) {
	for _, c := range []struct {
		text string
		want string // "" for none
	}{
		{"B", "B"},
		{"b", "B"},
		{"(B)", "B"},
		{"因为（A）不对，故选：B。", "B"},
		{"答案是 C", "C"},
		{"答案：A或B", ""},
		{"答案：B 答案：C", ""},
		{"B.", "B"},
		{"B)", "B"},
		{" [C] ", "C"},
		{"**B**", "B"},
		{"$\\boxed{B}$", "B"},
		{`\boxed{\text{(C)}}`, "C"},
		{"`D`", "D"},
		{"The answer is **B**", "B"},
		{"answer: b", "B"},
		{"Answer: (b)", "B"},
		{"ANSWER:C", "C"},
		{"The correct answer is B.", "B"},
		{"The answer is (A).", "A"},
		{"The answer is A because of that.", "A"},
		{"The answer is A, since it says so", "A"},
		{"The correct option is D", "D"},
		{"Therefore, option C is correct.", "C"},
		{"I choose B", "B"},
		{"The answer to this question is B", "B"},
		{"Answer: Option B", "B"},
		{"The answer is option (B)", "B"},
		{"**Answer:** B", "B"},
		{"B. Paris", "B"},
		{"B) Paris", "B"},
		{"(B) Paris", "B"},
		{"B: Paris", "B"},
		{"B - Paris", "B"},
		{"C\nbecause", "C"},
		{"It is a long story.\nIn the end it is\nD", "D"},
		{"First (A) looks right, but the final answer is B", "B"},
		{"The answer is A. No, wait: the final answer is C.", "C"},
		{"so it must be (C)", "C"},
		{"The answer is not A. The answer is B.", "B"},
		{"答案：B", "B"},
		{"Answer：B", "B"},
		{"The answer is:\n\nB", "B"},
		{"Answer is C.\n\nQuestion: What is", "C"},
		// No letter, or several.
		{"", ""},
		{"A dog is an animal.", ""},
		{"I think so.", ""},
		{"Because", ""},
		{"The answer is a dog", ""},
		{"The answer is A dog", ""},
		{"The answer is A or B", ""},
		{"The answer is A and C", ""},
		{"(A) or (B)", ""},
		{"The answer is A. The answer is B.", ""},
		{"Z", ""},
		{"E", ""},
		{"The answer is E", ""},
		{"Answer: dog", ""},
		{"Answers vary", ""},
		{"Vitamin C is good", ""},
		{"A", "A"},
		{"The answer is Apple", ""},
		{"An answer", ""},
		{"option", ""},
		{"both (A) and (B) are right", ""},
		{"The answer isn't B", ""},
		{"I'd say the answer is I", ""},
		{"A'", ""},
	} {
		want := -1
		if c.want != "" {
			want = int(c.want[0] - 'A')
		}
		if got := Letter(c.text, 4); got != want {
			t.Errorf("Letter(%q) = %d, want %d", c.text, got, want)
		}
	}
}

func TestLetterOf(t *testing.T) {
	choices := []string{"Paris", "A dog", "New York City", "E. coli", "paris of the north"}
	for text, want := range map[string]int{
		"Paris": 0, "paris.": 0, "The answer is Paris": 0, "The answer is a dog.": 1, "The answer is: new york city. It is big.": 2,
		"The answer is E. coli": 3, "The answer is E.": 4, "B. Paris": 1, "Rome": -1, "Paris or a dog": -1, "C": 2, "New York": -1,
	} {
		if got := LetterOf(text, choices); got != want {
			t.Errorf("LetterOf(%q) = %d, want %d", text, got, want)
		}
	}
	if got := LetterOf("same", []string{"same", "same"}); got != -1 {
		t.Errorf("two choices of one text: %d", got)
	}
}

// TestLetterOfLetters: where choices are letters themselves, a letter is that of a choice.
func TestLetterOfLetters(t *testing.T) {
	choices := []string{"O", "A", "B", "AB"}
	for text, want := range map[string]int{
		"B": 1, "(A)": 0, "**D**": 3, "The answer is B": 1, "The answer is: (C).": 2, "AB": 3, "The answer is AB.": 3, "O": 0, "The answer is O": 0, "X": -1,
		"\\boxed{B}": 1, "It is O, so\nB": 1,
	} {
		if got := LetterOf(text, choices); got != want {
			t.Errorf("LetterOf(%q) = %d, want %d", text, got, want)
		}
	}
}

// TestLetterInText: a letter in ordinary words is never taken for a choice.
func TestLetterInText(t *testing.T) {
	const text = `A man and a woman went to a market, and I saw them. Plan B failed; vitamin C helped.
It was a cold day. "I am a bee," said B. Franklin to Mr. C. Darwin, who had an A-class ship.`
	if got := Letter(text, 26); got != -1 {
		t.Errorf("found %c", 'A'+got)
	}
}

func FuzzLetter(f *testing.F) {
	f.Add("The answer is **B**", "Paris", "Rome")
	f.Add(`\boxed{(A)}`, "A", "B")
	f.Add(strings.Repeat("answer: ", 50), "", "")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		start := time.Now()
		if i := LetterOf(text, []string{a, b}); i < -1 || i > 1 {
			t.Errorf("choice %d of 2", i)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%d bytes took %v", len(text), took)
		}
	})
}
