package grounding

import (
	"regexp"
	"strings"

	"github.com/polymath-lm/polymath/corpus/words"
)

// Statements divides an answer into its statements, in order: its sentences, as
// package words has them. What a blank line parts, and lines of lists, headings and
// tables, are divided in any case; other ends of lines are spaces. The marks of lists,
// headings and emphasis are left out, and so is what has neither a letter nor a
// digit.
func Statements(answer string) []string {
	var all []string
	for _, block := range blocks(answer) {
		all = append(all, Sentences(block)...)
	}
	return all
}

// Sentences divides a text that is one paragraph into its sentences.
func Sentences(text string) []string {
	b := []byte(text)
	var list words.List
	list.Split(b)
	var all []string
	starts := words.SentenceStarts(b, list.Words, nil)
	for i, first := range starts {
		last := len(list.Words)
		if i+1 < len(starts) {
			last = starts[i+1]
		}
		said := false
		for _, w := range list.Words[first:last] {
			said = said || w.Class != words.Symbol
		}
		if said {
			all = append(all, text[list.Words[first].Start:list.Words[last-1].End])
		}
	}
	return all
}

// lineMark is what makes a line begin anew: the mark of a list, a heading, a quotation
// or a table.
var lineMark = regexp.MustCompile(`^(?:[-*+•–]\s+|\(?\d{1,3}[.)]\s+|#{1,6}\s+|>\s*|\|)`)

// emphasis are the marks of Markdown that stand around words.
var emphasis = strings.NewReplacer("**", "", "__", "", "`", "")

// blocks are the paragraphs of an answer, each in one line.
func blocks(answer string) []string {
	var all []string
	var open strings.Builder
	end := func() {
		if open.Len() > 0 {
			all = append(all, open.String())
			open.Reset()
		}
	}
	for line := range strings.Lines(answer) {
		line = strings.TrimSpace(emphasis.Replace(line))
		mark := lineMark.FindString(line)
		if line == "" || mark != "" {
			end()
		}
		if line = strings.TrimSpace(line[len(mark):]); line == "" {
			continue
		}
		if open.Len() > 0 {
			open.WriteByte(' ')
		}
		open.WriteString(line)
		if strings.HasPrefix(mark, "#") || mark == "|" {
			end()
		}
	}
	end()
	return all
}

// silent is a statement that tells nothing: of not knowing, of a text that does not
// tell, and what is polite.
var silent = regexp.MustCompile(`(?i)^(?:(?:sorry|i'?m sorry|i am sorry|unfortunately|no|well)[,.;:]?\s+)?(?:but\s+)?(?:` + strings.Join([]string{
	`i (?:do not|don[’']t|cannot|can[’']t|can not) (?:know|tell|say|answer|find|see)\b`,
	`i(?: am|[’']m) not (?:sure|certain|aware|able)\b`, `i have no idea\b`,
	`(?:the|this|that|my|your) (?:given |provided )?(?:text|passage|source|document|article|context|information|story)(?: (?:above|provided|given))? (?:does not|doesn[’']t|do not|did not|never|says? nothing|tells? nothing|has nothing|gives? no|contains? no|has no)\b`,
	`(?:it|that|this) (?:is|was) not (?:said|told|stated|mentioned|known|given|clear|specified)\b`,
	`(?:nothing|no information|no answer)\b.{0,40}\b(?:is|are|was) (?:said|told|stated|given|known|found|available|mentioned)\b`,
	`there is (?:no information|nothing|no answer|no mention)\b`,
	`(?:not|never) (?:stated|mentioned|said|told|given|known|specified)\b`,
	`unknown\W*$`, `(?:yes|no|sure|certainly|of course|sorry|i[’']?m sorry|okay|ok)\W*$`,
	`here (?:is|are) .*:$`, `(?:i hope|let me know|feel free)\b`,
}, "|") + `)`)

// question is how a sentence begins that asks.
var question = regexp.MustCompile(`(?i)^(?:and |but |so )?(?:who|whom|whose|what|which|when|where|why|how|is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might)\b`)

// andYet is how a statement goes on that tells something after all.
var andYet = regexp.MustCompile(`(?i)[;:]\s|\b(?:but|however|although|though|yet|except|probably|likely|maybe|perhaps|because|since|so|is it)\b`)

// along joins what is not known, or a statement that tells something.
var along = regexp.MustCompile(`(?i)\band\s+`)

// beside is what else may join them, and telling is how a statement then looks: a
// courtesy has no name and no subject.
var (
	beside  = regexp.MustCompile(`,\s+|\s[-–—]+\s+|\s\(`)
	telling = regexp.MustCompile(`\b[A-Z][a-z]|^(?i:he|she|it|they|his|her|its|their|there|the|an?)\b`)
)

// asked is how what is not known goes on.
var asked = regexp.MustCompile(`(?i)^(?:who|whom|whose|what|which|when|where|why|how|whether|if)\b`)

// maxSilent is the longest statement, in bytes, that may state nothing.
const maxSilent = 200

// Silent says that a statement states nothing that could be right or wrong: a
// question, a courtesy, that one does not know, that the text does not tell. One that
// goes on and tells something ("I don't know, but ...", "I don't know, and he ...") does
// state it. English only; what is not recognized counts as a statement.
func Silent(statement string) bool {
	s := strings.TrimRight(strings.TrimSpace(statement), `"')”’`)
	switch {
	case s == "":
		return true
	case len(s) > maxSilent:
		return false
	case strings.HasSuffix(s, "?"):
		return question.MatchString(s)
	}
	found := silent.FindString(s)
	if found == "" || andYet.MatchString(s[len(found):]) {
		return false
	}
	for _, rest := range along.Split(s[len(found):], -1)[1:] {
		if len(strings.Fields(rest)) > 2 && !asked.MatchString(rest) && !Silent(rest) {
			return false
		}
	}
	for _, rest := range beside.Split(s[len(found):], -1)[1:] {
		if len(strings.Fields(rest)) > 2 && telling.MatchString(rest) && !asked.MatchString(rest) && !Silent(rest) {
			return false
		}
	}
	return true
}
