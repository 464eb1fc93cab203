package long

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// reading is what an independent reader finds in a text: it knows wordings, and nothing
// of how a text is made.
type reading struct {
	passkey  []string
	pairs    map[string]string
	magic    map[string]string
	secret   map[string]string
	quality  map[string]string // "code of the red fox"
	variable map[string]string
	seen     map[string]int
	document map[string]string // "3 price of salt"
}

var (
	topic    = regexp.MustCompile(`^[a-z]+ (of|for|on|in) [a-z]+$`)
	patterns = map[string]*regexp.Regexp{}
)

// pattern makes an expression of a wording: names stand for what may be there.
func pattern(wording string) *regexp.Regexp {
	if p := patterns[wording]; p != nil {
		return p
	}
	text := strings.ReplaceAll(regexp.QuoteMeta(wording), `\. `, `\.\s+`)
	for name, what := range map[string]string{
		"K": `[a-z0-9]+(?:[ -][a-z0-9]+){0,3}?`, "V": `[a-z0-9]+`, "Q": `[a-z]+`, "P": `[a-z]+`, "D": `[a-z]+`,
	} {
		quoted := `\{` + name + `\}`
		text = strings.Replace(text, quoted, `(?P<`+name+`>`+what+`)`, 1)
		text = strings.ReplaceAll(text, quoted, what)
	}
	p := regexp.MustCompile(`(?i)(?:^|[\s.])` + text)
	patterns[wording] = p
	return p
}

func read(t *testing.T, text string) *reading {
	t.Helper()
	r := &reading{nil, map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}, map[string]int{}, map[string]string{}}
	set := func(m map[string]string, key, value string) {
		if old, twice := m[key]; twice && old != value {
			t.Fatalf("%s is %s and %s", key, old, value)
		}
		m[key] = value
	}
	each := func(text string, w *wordings, do func(get func(string) string)) {
		for _, state := range w.state {
			p := pattern(state)
			for _, found := range p.FindAllStringSubmatch(text, -1) {
				do(func(name string) string {
					if at := p.SubexpIndex(name); at >= 0 {
						return found[at]
					}
					return ""
				})
			}
		}
	}
	text = regexp.MustCompile(`\n\nQuestion: .*\nAnswer:.*`).ReplaceAllString(text, "")
	text = strings.ReplaceAll(text, ". ", ".\n ")
	for i, document := range regexp.MustCompile(`(?:^|\n\n)Document \d+\n`).Split(text, -1) {
		each(document, &documentWords, func(get func(string) string) {
			if topic.MatchString(get("K")) && len(get("V")) == 5 {
				set(r.document, fmt.Sprint(i, " ", get("K")), get("V"))
			}
		})
	}
	each(text, &passkeyWords, func(get func(string) string) { r.passkey = append(r.passkey, get("V")) })
	each(text, &needleWords, func(get func(string) string) { set(r.magic, get("K"), get("V")) })
	each(text, &reversedWords, func(get func(string) string) { set(r.secret, get("K"), get("V")) })
	each(text, &distractorWords, func(get func(string) string) { set(r.quality, get("Q")+" of the "+get("K"), get("V")) })
	each(text, &variableWords, func(get func(string) string) { set(r.variable, get("K"), get("V")) })
	each(text, &countWords, func(get func(string) string) { r.seen[get("K")]++ })
	for _, found := range regexp.MustCompile(`"([^"]+)": "(\d+)",`).FindAllStringSubmatch(text, -1) {
		set(r.pairs, found[1], found[2])
	}
	return r
}

// answer is the reader's own answer to a question, with its kind and the numbers of
// wordings; "" if it understands none.
func (r *reading) answer(question string) string {
	for i := range numWordings {
		find := func(w *wordings) func(string) string {
			p := pattern(w.ask[i])
			found := p.FindStringSubmatch(question)
			if found == nil {
				return nil
			}
			return func(name string) string { return found[p.SubexpIndex(name)] }
		}
		if strings.Contains(question, "pass key") {
			return r.passkey[0]
		}
		if strings.Contains(question, "magic numbers") {
			var values []string
			for _, found := range regexp.MustCompile(`the ([a-z]+ [a-z]+)(?:,| and|\.|\?| have)`).FindAllStringSubmatch(question, -1) {
				values = append(values, r.magic[found[1]])
			}
			return strings.Join(values, ", ")
		}
		if strings.Contains(question, "secret number") {
			return r.secret[regexp.MustCompile(`the ([a-z]+ [a-z]+)(?:\.|\?| have)`).FindStringSubmatch(question)[1]]
		}
		if get := find(&documentWords); get != nil {
			for n, word := range ordinals {
				if word == get("D") {
					return r.document[fmt.Sprint(n+1, " ", get("K"))]
				}
			}
		}
		if get := find(&distractorWords); get != nil {
			return r.quality[get("Q")+" of the "+get("K")]
		}
		if get := find(&countWords); get != nil {
			return strconv.Itoa(r.seen[get("K")])
		}
		if get := find(&pairWords); get != nil {
			return r.pairs[get("K")]
		}
		if get := find(&variableWords); get != nil {
			name := get("K")
			for hops := 0; hops < 10 && len(name) < 5; hops++ {
				name = r.variable[name]
			}
			return name
		}
	}
	return ""
}

func TestAnswers(t *testing.T) {
	for _, kind := range Kinds[:len(Kinds)-1] {
		for seed := range uint64(25) {
			r := random.At(99, seed)
			o := Options{Kind: kind, Split: random.Pick(r, Splits), Tokens: r.Between(1600, 3000), Room: 32}
			for range 10 {
				o.Depths = append(o.Depths, unit(r))
			}
			if kind == Passkey {
				o.Depths = o.Depths[:1]
			}
			d, err := Make(seed, o)
			if err != nil {
				t.Fatal(err)
			}
			own := read(t, d.Text)
			for i := range d.Questions {
				q := &d.Questions[i]
				if got := own.answer(q.Text); got != q.Answer() || got == "" {
					t.Fatalf("%s, seed %d: %q is %q, the reader finds %q in\n%s", kind, seed, q.Text, q.Answer(), got, d.Text)
				}
			}
			if kind == Passkey && len(own.passkey) != 1 {
				t.Fatalf("seed %d: pass keys %v", seed, own.passkey)
			}
		}
	}
}

// TestTraining reads documents to train on, asks the questions that stand in them, and
// looks for what the test alone may have.
func TestTraining(t *testing.T) {
	book := strings.Repeat("It was late. \"Who is there?\" asked the old man, and nobody spoke.\nThe moon rose over the sea.\n\n", 300)
	w := Writing{Seed: 5, Shortest: 256, Longest: 2048, Texts: []string{book}, Prose: 0.5, Kinds: Kinds[:len(Kinds)-1]}
	asked := map[Kind]int{}
	for i := range 98 {
		text, err := w.Document(i)
		if err != nil {
			t.Fatal(err)
		}
		if n := (len(text) + 3) / 4; n > w.Longest {
			t.Fatalf("document %d has %d tokens", i, n)
		}
		own := read(t, text)
		for k, found := range regexp.MustCompile(`\nQuestion: (.*)\nAnswer: (.*)`).FindAllStringSubmatchIndex(text, -1) {
			question, answer := text[found[2]:found[3]], numbersOf(text[found[4]:found[5]])
			if got := own.answer(question); got != answer || got == "" {
				t.Fatalf("document %d: %q is %q, the reader finds %q in\n%s", i, question, answer, got, text)
			}
			asked[w.Kinds[i%len(w.Kinds)]]++
			if k > 0 { // what is asked for first must have been told
				continue
			}
			if got := read(t, text[:found[0]]).answer(question); got != answer {
				t.Fatalf("document %d: %q is asked too early", i, question)
			}
		}
		for _, number := range regexp.MustCompile(`\b\d{5}\b`).FindAllString(text, -1) {
			sum := 0
			for _, c := range number {
				sum += int(c - '0')
			}
			if !Train.has(sum) && !strings.Contains(text, `"`+number+`"`) {
				t.Fatalf("document %d has %s, which is the test's", i, number)
			}
		}
		for _, name := range regexp.MustCompile(`\b([a-z]+)[ -]([a-z]+)(?:-\d+)?\b`).FindAllStringSubmatch(text, -1) {
			i, j := index(colors, name[1]), index(animals, name[2])
			if i >= 0 && j >= 0 && !strings.Contains(name[0], "-") && !Train.has(i+j) {
				t.Fatalf("document has %s, which is the test's", name[0])
			}
		}
	}
	for _, kind := range w.Kinds {
		if asked[kind] == 0 {
			t.Errorf("of kind %s nothing is asked", kind)
		}
	}
}

// numbersOf is what an answer that says its question again comes to: its numbers of five
// digits, or a count.
func numbersOf(said string) string {
	if all := regexp.MustCompile(`\b\d{5}\b`).FindAllString(said, -1); len(all) > 0 {
		return strings.Join(all, ", ")
	}
	return said
}

func index(list []string, word string) int {
	for i, w := range list {
		if w == word {
			return i
		}
	}
	return -1
}
