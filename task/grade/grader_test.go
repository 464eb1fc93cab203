package grade

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/task"
)

// grade makes a grader and lets it judge.
func grade(t *testing.T, g *task.Grading, item *task.Item, answer string) task.Verdict {
	t.Helper()
	v, err := tryGrade(t, g, Options{}, item, answer)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tryGrade(t *testing.T, g *task.Grading, o Options, item *task.Item, answer string) (task.Verdict, error) {
	t.Helper()
	grader, err := New(&task.Task{Name: "t", Grader: g}, o)
	if err != nil {
		t.Fatal(err)
	}
	return grader.Grade(context.Background(), item, answer)
}

func answers(texts ...string) *task.Item {
	return &task.Item{ID: "1", Task: "t", Gold: -1, Answers: texts}
}

func TestExact(t *testing.T) {
	loose := task.Normal{Case: true, Punctuation: true, Articles: true, Space: true}
	for _, c := range []struct {
		exact  task.Exact
		answer string
		gold   string
		right  bool
	}{
		{task.Exact{}, " Paris \n", "Paris", true},
		{task.Exact{}, "paris", "Paris", false},
		{task.Exact{}, "e\u0301", "\u00e9", true}, // composed and not
		{task.Exact{}, "Paris is", "Paris", false},
		{task.Exact{Normal: loose}, "the  PARIS!", "Paris", true},
		{task.Exact{Normal: loose}, "STRASSE", "Straße", true},
		{task.Exact{Normal: loose}, "Theatre", "atre", false}, // an article in a word is none
		{task.Exact{Normal: loose}, "«Paris»", "paris", true},
		{task.Exact{Normal: loose}, "...", "!", false}, // nothing but marks
		{task.Exact{Normal: loose}, "The", "A.", false},
		{task.Exact{Normal: loose}, "a.", "A.", true},
		{task.Exact{Normal: loose, Contains: true}, "? ) ]", "] )", false},
		{task.Exact{Contains: true}, "It is Paris, I think", "Paris", true},
		{task.Exact{Contains: true}, "Parisian", "Paris", false},
		{task.Exact{Contains: true}, "comparison Paris", "Paris", true},
		{task.Exact{Contains: true}, "anything", "", false},
		{task.Exact{Extract: task.Extract{After: []string{"####", "answer is"}}}, "The Answer is 5 #### 6", "6", true},
		{task.Exact{Extract: task.Extract{After: []string{"####", "answer is"}}}, "The Answer is 5", "5", true},
		{task.Exact{Extract: task.Extract{After: []string{"####"}}}, "5", "5", true},
		{task.Exact{Extract: task.Extract{After: []string{"####"}}}, "#### 5\nNo: #### 6", "6", true},
		{task.Exact{Extract: task.Extract{Line: true}}, "\n\nParis\nQuestion: x", "Paris", true},
		{task.Exact{Extract: task.Extract{Pattern: `<a>(.*?)</a>`}}, "<a>1</a> <a>2</a>", "2", true},
		{task.Exact{Extract: task.Extract{Pattern: `<a>(.*?)</a>`}}, "2", "2", false},
	} {
		v := grade(t, &task.Grading{Exact: &c.exact}, answers("other", c.gold), c.answer)
		if v.Right != c.right || (v.Score == 1) != c.right {
			t.Errorf("%+v of %q and %q: %+v", c.exact, c.answer, c.gold, v)
		}
	}
	if _, err := tryGrade(t, &task.Grading{Exact: &task.Exact{}}, Options{}, answers(), "x"); err == nil {
		t.Error("an item without an accepted answer is graded")
	}
}

func TestAbstain(t *testing.T) {
	g := &task.Grading{Exact: &task.Exact{Extract: task.Extract{Abstain: []string{`(?i)^i (?:do not|don't) know`}}}}
	if v := grade(t, g, answers("x"), " I don't know, maybe x"); !v.Abstained || v.Right || v.Why == "" {
		t.Errorf("%+v", v)
	}
	if v := grade(t, g, answers("x"), "x"); v.Abstained || !v.Right {
		t.Errorf("%+v", v)
	}
	if v := grade(t, g, answers("x"), "  "); v.Abstained || v.Right || v.Why != "no answer" {
		t.Errorf("%+v", v)
	}
}

func TestNumeric(t *testing.T) {
	for _, c := range []struct {
		answer, gold string
		right        bool
	}{
		{"So there are 5 + 3 = 8 apples.", "8", true},
		{"1,234.50", "1234.5", true},
		{"1.0", "1", true},
		{"1", "1.0000", true},
		{"$18", "18", true},
		{"-$5", "-5", true},
		{"-5", "5", false},
		{"10-5", "5", true},
		{"x = -5", "-5", true},
		{"(-5)", "-5", true},
		{"−5", "-5", true},
		{"答案：－１２．５", "-12.5", true},
		{"3/4", "0.75", true},
		{"50%", "50", true},
		{"6.02e23", "602000000000000000000000", true},
		{"3 × 10^8 m/s", "300000000", true},
		{`3 \times 10^{-2}`, "0.03", true},
		{"The 2nd one has 7", "7", true},
		{"version 1.2.3", "3", false},
		{"H2O", "2", false},
		{"NaN", "NaN1", false},
		{"1e999999999", "1", false},
		{"42.", "42", true},
		{"It costs 70,000 dollars", "70000", true},
		{"1,23", "23", true},
		{`\boxed{42} and 7 more`, "42", true},
		{`\boxed{\frac{1}{2}}`, "0.5", true},
		{"#### 1,000", "1000", true},
		{"5 apples and 3 pears", "5", false},
		{"5.", "5", true},
		{"12:30", "30", true},
		{".5", "0.5", true},
		{"1/0", "0", true},
		{"5km", "5", true},
		{"0.1", "0.10000000001", false},
		{"２", "2", true},
		{"²", "2", false},
		{"٢", "2", false},
	} {
		v, err := tryGrade(t, &task.Grading{Numeric: &task.Numeric{}}, Options{}, answers(c.gold), c.answer)
		if c.gold == "NaN1" {
			if err == nil && v.Right {
				t.Errorf("%q: %+v", c.answer, v)
			}
			continue
		}
		if err != nil || v.Right != c.right {
			t.Errorf("%q against %q: %+v, %v", c.answer, c.gold, v, err)
		}
	}
	after := &task.Numeric{Extract: task.Extract{After: []string{"the answer is"}}}
	if v := grade(t, &task.Grading{Numeric: after}, answers("5"), "The answer is 5. In 3 days it is 6."); !v.Right {
		t.Errorf("the first number after the words: %+v", v)
	}
	share := &task.Numeric{Percent: true, Tolerance: 0.01}
	for answer, right := range map[string]bool{"50%": true, "0.5": true, "50 percent": true, "50.4 %": true, "51%": false, "50": false, `\boxed{50\%}`: true, `\boxed{\frac{1}{2}}`: true, `\boxed{50}`: false} {
		if v := grade(t, &task.Grading{Numeric: share}, answers("50%"), answer); v.Right != right {
			t.Errorf("%s: %+v", answer, v)
		}
	}
	for _, word := range []string{"NaN", "Inf", "-inf", "nothing", ""} {
		if v := grade(t, &task.Grading{Numeric: &task.Numeric{}}, answers("5"), word); v.Right || v.Why == "" {
			t.Errorf("%q: %+v", word, v)
		}
		if _, err := tryGrade(t, &task.Grading{Numeric: &task.Numeric{}}, Options{}, answers(word), "5"); err == nil {
			t.Errorf("%q is taken for an accepted number", word)
		}
	}
}

func TestMath(t *testing.T) {
	for _, c := range []struct {
		answer, gold string
		right        bool
	}{
		{`We get $x=2$, so \boxed{\frac{1}{2}}.`, "0.5", true},
		{`First \boxed{1}, finally \boxed{2}`, "2", true},
		{"The answer is $\\frac{3}{4}$.", `\frac34`, true},
		{"Final Answer: The final answer is $2\\sqrt{3}$. I hope it is correct.", `\sqrt{12}`, true},
		{"**Answer:** 12", "12", true},
		{"三十六除以二。\n答案：１８。", "18", true},
		{`\boxed{－３／４}`, "-0.75", true},
		{"答案是18", "19", false},
		{"so $a=1$ and finally $x = 7$", "7", true},
		{"It costs $5 and then $6", "6", false}, // dollars are no formula
		{"7", "7", true},
		{`\frac{7}{2}`, "3.5", true},
		{"The answer is (3, \\infty).", "x>3", true},
		{"A long text.\nIn the end there are 12 of them.\nDone.", "12", true},
		{"", "1", false},
		{"The answer is\n\\[ 5 \\]", "5", true},
	} {
		if v := grade(t, &task.Grading{Math: &task.Math{}}, answers(c.gold), c.answer); v.Right != c.right {
			t.Errorf("%q against %q: %+v", c.answer, c.gold, v)
		}
	}
	gold := `The sum is $3$, so we get $\boxed{3}$.`
	if v := grade(t, &task.Grading{Math: &task.Math{}}, answers(gold), "3"); !v.Right {
		t.Errorf("a solution as the accepted answer: %+v", v)
	}
}

func TestRegex(t *testing.T) {
	g := &task.Grading{Regex: &task.Regex{Pattern: `(?i)\b{{regexquote .name}}\b`}}
	item := &task.Item{ID: "1", Row: task.Row{"name": "C++ (98)"[:3]}}
	g.Regex.Pattern = `^{{regexquote .name}}$`
	if v := grade(t, g, item, "C++"); !v.Right || v.Extracted != "C++" {
		t.Errorf("%+v", v)
	}
	if v := grade(t, g, item, "CCC"); v.Right {
		t.Errorf("%+v", v)
	}
	if _, err := tryGrade(t, g, Options{}, &task.Item{ID: "1", Row: task.Row{}}, "x"); err == nil || !strings.Contains(err.Error(), "item 1") {
		t.Errorf("a row without the field: %v", err)
	}
	g.Regex.Pattern = `{{.name}}`
	if _, err := tryGrade(t, g, Options{}, item, "x"); err == nil {
		t.Error("C++ as a pattern is no error")
	}
}

func TestSet(t *testing.T) {
	g := &task.Set{Normal: task.Normal{Case: true}}
	g.SetDefaults()
	for answer, want := range map[string]float64{
		"red, green": 1, "Green , RED": 1, "[red, green]": 1, "red,green,red": 1, "red": 2.0 / 3, "red, blue": 0.5, "blue": 0, "red, green, blue": 0.8, "red, green.": 1, "": 0,
	} {
		v := grade(t, &task.Grading{Set: g}, answers("red, green"), answer)
		if v.Score != want || v.Right != (want == 1) {
			t.Errorf("%q: %+v, want %g", answer, v, want)
		}
	}
	each := &task.Set{Separator: ",", Each: "[A-D]"}
	for _, answer := range []string{"ABD", "A, B and D", "D B A"} {
		if v := grade(t, &task.Grading{Set: each}, answers("A, B, D"), answer); !v.Right {
			t.Errorf("%q: %+v", answer, v)
		}
	}
}

// TestSeveralLetters: of the ready tasks with several right choices, letters of words are
// not chosen.
func TestSeveralLetters(t *testing.T) {
	for _, name := range []string{"agieval_jec_qa_kd", "agieval_jec_qa_ca", "agieval_gaokao_physics"} {
		ready, err := task.ReadFile("../suite/tasks/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, answer := range []string{
			"BD", "DB", "B、D", "B和D。", "B, D", "B and D", "选BD", "B选项和D选项", "答案：BD", "Answer: BD", "B is right, D too", "Choose B, D", "(B)(D)",
		} {
			if v := grade(t, ready.Grader, answers("BD"), answer); !v.Right {
				t.Errorf("%s: %q: %+v", name, answer, v)
			}
			if v := grade(t, ready.Grader, answers("ABD"), answer); v.Right {
				t.Errorf("%s: %q is ABD: %+v", name, answer, v)
			}
		}
		for _, answer := range []string{"", "Answer", "都不对", "B", "ABD", "BDs"} {
			if v := grade(t, ready.Grader, answers("BD"), answer); v.Right {
				t.Errorf("%s: %q: %+v", name, answer, v)
			}
		}
	}
}

func TestLetterGrader(t *testing.T) {
	item := &task.Item{ID: "1", Gold: 1, Choices: []string{"Rome", "Paris"}}
	for answer, right := range map[string]bool{"B": true, "A": false, "paris": true, "C": false, "dog": false} {
		if v := grade(t, &task.Grading{Letter: &task.Letter{}}, item, answer); v.Right != right {
			t.Errorf("%q: %+v", answer, v)
		}
	}
	if v := grade(t, &task.Grading{Letter: &task.Letter{}}, answers("(Q)"), "so the answer is (Q)."); !v.Right || v.Extracted != "Q" {
		t.Errorf("%+v", v)
	}
	if v := grade(t, &task.Grading{Letter: &task.Letter{Number: 4}}, answers("B"), "(Q)"); v.Right || v.Why == "" {
		t.Errorf("%+v", v)
	}
	if _, err := tryGrade(t, &task.Grading{Letter: &task.Letter{}}, Options{}, answers("none of these"), "A"); err == nil {
		t.Error("an accepted answer that is no letter is no error")
	}
}

func TestNewRefuses(t *testing.T) {
	for key, g := range map[string]*task.Grading{
		"grader":                          {},
		"grader.exact.extract.pattern":    {Exact: &task.Exact{Extract: task.Extract{Pattern: "("}}},
		"grader.exact.extract.abstain[1]": {Exact: &task.Exact{Extract: task.Extract{Abstain: []string{"a", "("}}}},
		"grader.math.extract.pattern":     {Math: &task.Math{Extract: task.Extract{Pattern: "no group"}}},
		"grader.numeric.tolerance":        {Numeric: &task.Numeric{Tolerance: -1}},
		"grader.f1.separator":             {F1: &task.F1{Separator: ","}},
		"grader.regex.pattern":            {Regex: &task.Regex{Pattern: "{{"}},
		"grader.set.separator":            {Set: &task.Set{}},
		"grader.set.each":                 {Set: &task.Set{Separator: ",", Each: "("}},
		"grader.letter.number":            {Letter: &task.Letter{Number: 27}},
		"grader.code.language":            {Code: &task.Code{Language: "perl"}},
		"grader.code.program":             {Code: &task.Code{Language: "go", Program: "{{.a", Timeout: 1}},
		"grader.code.timeout":             {Code: &task.Code{Language: "go", Program: "x"}},
		"grader.rubric.criteria":          {Rubric: &task.Rubric{}},
		"grader.rubric.criteria[0].text":  {Rubric: &task.Rubric{Criteria: []task.Criterion{{Name: "a", Text: "{{", Points: 1}}}},
		"grader.rubric.criteria[1].name":  {Rubric: &task.Rubric{Criteria: []task.Criterion{{Name: "a", Text: "x", Points: 1}, {Name: "a", Text: "x", Points: 1}}}},
		"grader.rubric.pass":              {Rubric: &task.Rubric{Pass: 2, Criteria: []task.Criterion{{Name: "a", Text: "x", Points: 1}}}},
	} {
		_, err := New(&task.Task{Name: "t", Grader: g}, Options{})
		var bad *recipe.ValueError
		if !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	if g, err := New(&task.Task{}, Options{}); g != nil || err != nil {
		t.Errorf("a task without a grader: %v, %v", g, err)
	}
}

// TestHuge: a very long answer is judged by its end, soon.
func TestHuge(t *testing.T) {
	long := strings.Repeat("the answer is 1 (A) $x$ ", 200_000) + "\n#### 5"
	for _, g := range []*task.Grading{{Exact: &task.Exact{Contains: true}}, {Numeric: &task.Numeric{}}, {Math: &task.Math{}}, {F1: &task.F1{}}, {F1: &task.F1{Drop: true}}, {Letter: &task.Letter{Number: 2}}} {
		item := answers("5")
		if g.Letter != nil {
			item = answers("B")
		}
		if v := grade(t, g, item, long); g.Numeric != nil && !v.Right {
			t.Errorf("%s: %+v", g.Name(), v.Why)
		}
	}
}

func FuzzGrade(f *testing.F) {
	f.Add("The answer is 5 #### 1,234.5e-3 \\boxed{\\frac{1}{2}}", "5")
	f.Add("-$1/0%", "0x1p-2_0")
	f.Fuzz(func(t *testing.T, answer, gold string) {
		for _, g := range []*task.Grading{
			{Exact: &task.Exact{Normal: task.Normal{Case: true, Punctuation: true, Articles: true, Space: true}}},
			{Math: &task.Math{}},
			{F1: &task.F1{}},
			{F1: &task.F1{Drop: true, Separator: ","}},
			{Set: &task.Set{Separator: ","}},
		} {
			v, err := tryGrade(t, g, Options{}, answers(gold), answer)
			if err != nil || !(v.Score >= 0 && v.Score <= 1) {
				t.Errorf("%s: %+v, %v", g.Name(), v, err)
			}
			if same, _ := tryGrade(t, g, Options{}, answers(gold), gold); !same.Right && strings.TrimSpace(gold) != "" && g.Set == nil && g.Math == nil {
				t.Errorf("%s: %q is not right for itself: %+v", g.Name(), gold, same)
			}
		}
		_, _ = tryGrade(t, &task.Grading{Numeric: &task.Numeric{}}, Options{}, answers(gold), answer)
		_ = Letter(answer, 26)
	})
}
