package world

import (
	"regexp"
	"slices"
	"strings"
)

// Claim is what a statement says.
type Claim struct {
	// Text are its words.
	Text string
	// Fact is what is claimed, if Read and not Declines.
	Fact Fact
	// Declines says that it claims nothing: "I don't know.", "The text does not say."
	Declines bool
	// Read is false where it is not understood.
	Read bool
}

// Bounds of a sentence that is read; what is longer is one claim that is not.
const (
	maxSentence = 1000
	maxPieces   = 16
)

// Claims reads the statements of a text: exactly those of the forms that this package
// writes and simple variants of them, with he, she, it and they in place of the last
// subject and with statements joined by commas and "and". Nothing is guessed: what is
// not of a known form in full is a claim that is not Read.
func Claims(text string) []Claim {
	var r reader
	for _, sentence := range sentences(text) {
		r.sentence(sentence)
	}
	return r.claims
}

// reader reads one sentence after the other.
type reader struct {
	claims []Claim
	topic  string // what the last statement was about
	kind   Kind
}

// ends part sentences: a mark with white space or nothing behind it, or a line's end.
var ends = regexp.MustCompile(`[.!?]+["')]*(?:\s+|$)|\s*\n\s*`)

// bullet is what may stand before an item of a list.
var bullet = regexp.MustCompile(`^(?:[-*•]|\d{1,3}[.)])\s+`)

// sentences are those of a text, without the mark at their ends.
func sentences(text string) []string {
	var list []string
	for _, line := range strings.Split(text, "\n") {
		line = bullet.ReplaceAllString(strings.TrimSpace(line), "")
		for _, s := range ends.Split(line, -1) {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
	}
	return list
}

// declining are sentences that claim nothing of the world.
var declining = regexp.MustCompile(`(?i)^((?:sorry, (?:but )?)?)(?:` +
	`(?:the|this) (?:text|passage) (?:does not|doesn't|says nothing|has nothing)\b.*|` +
	`(?:that|it|this) is not (?:said|told|in the text)(?: in the text| there)?|` +
	`(?:there is )?no (?:answer|information)|` +
	`i (?:do not|don't|cannot|can't) (?:know|say|tell|answer)\b.*|i am not sure|i'm not sure|i have no idea|unknown)$`)

// Declines reports whether a text says nothing but that there is no answer. An empty
// text does not.
func Declines(text string) bool {
	list := sentences(text)
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { declined, rest := declines(s); return declined == "" || rest != "" })
}

// goesOn is where a sentence may go on and claim something after all, and asked is how
// what is not known goes on.
var (
	goesOn = regexp.MustCompile(`(?i)\s*(?:[,;:(]+|\s[-–—]+\s)\s*(?:(?:and|but|so|though|yet)\s+)?|\s+(?:and|but|although|because|however|since|so|though|yet)\s+`)
	asked  = regexp.MustCompile(`(?i)^(?:who|whom|whose|what|which|when|where|why|how|whether|if|or)\b`)
)

// declines returns the part of a sentence that claims nothing, which may be "", and what
// comes behind it.
func declines(s string) (declined, rest string) {
	m := declining.FindStringSubmatchIndex(s)
	if m == nil {
		return "", s
	}
	for from := m[3]; ; {
		at := goesOn.FindStringIndex(s[from:])
		if at == nil {
			return s, ""
		}
		end, next := from+at[0], from+at[1]
		if rest = s[next:]; !asked.MatchString(rest) && len(strings.Fields(rest)) > 2 {
			return s[:end], rest
		}
		from = next
	}
}

// joint is what joins statements.
var joint = regexp.MustCompile(`,? and |, |; `)

// sentence reads a sentence of one statement or several.
func (r *reader) sentence(s string) {
	if len(s) > maxSentence {
		r.claims = append(r.claims, Claim{Text: s})
		return
	}
	if declined, rest := declines(s); declined != "" {
		r.claims = append(r.claims, Claim{Text: declined, Declines: true, Read: true})
		if rest != "" {
			r.sentence(rest)
		}
		return
	}
	joints := joint.FindAllStringIndex(s, maxPieces)
	if len(joints) == maxPieces {
		r.claims = append(r.claims, Claim{Text: s})
		return
	}
	begins, stops := []int{0}, []int{}
	for _, j := range joints {
		stops, begins = append(stops, j[0]), append(begins, j[1])
	}
	stops = append(stops, len(s))
	head, kind := "", Kind("")
	for i := 0; i < len(begins); {
		at := -1
		for j := len(stops) - 1; j >= i && at < 0; j-- { // the longest statement that is one
			piece := s[begins[i]:stops[j]]
			m, ok := r.match(piece, head, kind)
			if !ok {
				continue
			}
			at = j
			r.claims = append(r.claims, Claim{Text: piece, Fact: m.fact, Read: true})
			r.topic, r.kind = m.fact.Subject, m.kind
			head, kind = m.head, m.headKind
		}
		if at < 0 {
			at, head = i, ""
			if piece := strings.TrimSpace(s[begins[i]:stops[i]]); piece != "" {
				r.claims = append(r.claims, Claim{Text: piece})
			}
		}
		i = at + 1
	}
}

// matched is a statement that was read.
type matched struct {
	fact Fact
	kind Kind // of the subject
	// head is the subject of the sentence, which statements behind "and" have too;
	// "" where there is none that is clear.
	head     string
	headKind Kind
}

// match reads one statement; head is what is before "and".
func (r *reader) match(piece, head string, headKind Kind) (matched, bool) {
	lower := strings.ToLower(piece)
	for i := range patterns {
		p := &patterns[i]
		if !strings.Contains(lower, p.words) {
			continue
		}
		if m := p.whole.FindStringSubmatch(piece); m != nil {
			if found, ok := r.resolve(p, m[p.subject], m[p.value]); ok {
				return found, true
			}
		}
		if head == "" || p.predicate == nil || p.attribute.kind != headKind {
			continue
		}
		if m := p.predicate.FindStringSubmatch(piece); m != nil {
			if isPronoun(m[1]) {
				continue
			}
			return matched{Fact{head, p.attribute.name, p.attribute.canonical(m[1])}, headKind, head, headKind}, true
		}
	}
	return matched{}, false
}

// resolve finds who is meant.
func (r *reader) resolve(p *pattern, subject, value string) (matched, bool) {
	a := p.attribute
	word := strings.ToLower(strings.TrimSuffix(subject, "'s"))
	if nominative, ok := possessives[word]; ok {
		word = nominative
	}
	text := strings.TrimSuffix(subject, "'s")
	if isPronoun(word) {
		if r.kind != a.kind || !pronounFits(word, r.topic, r.kind) {
			return matched{}, false
		}
		text = r.topic
	}
	if a.kind == Ship {
		text = "the " + text[strings.LastIndex(text, " ")+1:]
	}
	if isPronoun(strings.ToLower(value)) {
		return matched{}, false
	}
	m := matched{fact: Fact{text, a.name, a.canonical(value)}, kind: a.kind}
	switch p.head {
	case headSubject:
		m.head, m.headKind = text, a.kind
	case headValue:
		m.head, m.headKind = value, a.of
	}
	return m, true
}

// possessives are pronouns by those that they are of.
var possessives = map[string]string{"his": "he", "her": "she", "its": "it", "their": "they"}

func isPronoun(word string) bool {
	switch strings.ToLower(word) {
	case "he", "she", "it", "they", "his", "her", "its", "their":
		return true
	}
	return false
}

// canonical is a value as facts have it.
func (a *attribute) canonical(value string) string {
	if a.of == "" {
		return strings.ToLower(value)
	}
	return value
}
