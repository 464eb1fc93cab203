package long

import (
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

func (m *maker) passkey() error {
	w, at := &passkeyWords, m.depths[0]
	state := m.r.Below(numWordings)
	v := m.split.number(m.r, m.numbers)
	n := m.add(at, say(w.state[state], "{V}", v))
	m.put(w.ask[m.split.wording(m.r, state)], "The pass key is "+v, n, at, v)
	return nil
}

// keyValue makes a text of nothing but pairs.
func (m *maker) keyValue() error {
	for _, at := range m.depths {
		key, value := m.key(m.split), m.split.number(m.r, m.numbers)
		n := m.add(at, pairLine(key, value))
		m.put(say(random.Pick(m.r, pairWords.ask[:]), "{K}", key), strings.TrimSuffix(pairLine(key, value), ","), n, at, value)
	}
	m.filler = func() string {
		split := m.split
		if split == Test && m.r.Below(numWordings) > 0 {
			split = Train // what is not asked for may be known
		}
		return "\n" + pairLine(m.key(split), strconv.Itoa(m.r.Between(10000, 99999)))
	}
	return nil
}

func pairLine(key, value string) string { return `"` + key + `": "` + value + `",` }

// manyKeys is from how many keys on there are longer ones.
const manyKeys = 100_000

// key is a key that has not been used.
func (m *maker) key(s Split) string {
	for {
		i, j, n := m.r.Below(len(colors)), m.r.Below(len(animals)), m.r.Between(100, 999)
		if len(m.names) > manyKeys {
			n = m.r.Between(1000, 99_999_999)
		}
		key := colors[i] + "-" + animals[j] + "-" + strconv.Itoa(n)
		if s.has(i+j+n) && !m.names[key] {
			m.names[key] = true
			return key
		}
	}
}

// needlesAsked is how many numbers a question of MultiNeedle asks for, and needlesMore
// how many there are that none asks for.
const (
	needlesAsked = 4
	needlesMore  = 4
)

// multiNeedle asks for one statement at each depth together with others, each for its
// own.
func (m *maker) multiNeedle() error { return m.numbersOf(&needleWords, needlesAsked) }

// reversed asks for one statement at each depth.
func (m *maker) reversed() error { return m.numbersOf(&reversedWords, 1) }

// numbersOf asks for the numbers of so many names in each question.
func (m *maker) numbersOf(w *wordings, each int) error {
	asked := each * len(m.depths)
	number, err := m.afford(say(w.state[1], "{K}", "turquoise penguin", "{V}", "12345"), asked, asked+needlesMore)
	if err != nil {
		return err
	}
	state := m.r.Below(numWordings) // one for all, since a question is for several
	tell := func(at float64) (n int, name, value string) {
		name, _, _ = m.split.pair(m.r, colors, animals, m.names)
		value = m.split.number(m.r, m.numbers)
		return m.add(at, say(w.state[state], "{K}", name, "{V}", value)), "the " + name, value
	}
	for _, at := range m.depths {
		first, name, value := tell(at)
		names, values, last := []string{name}, []string{value}, at
		for range each - 1 {
			next := m.anywhere()
			_, name, value := tell(next)
			names, values, last = append(names, name), append(values, value), max(last, next)
		}
		list := strings.TrimPrefix(strings.Join(names[:each-1], ", ")+" and "+names[each-1], " and ")
		said := make([]string, each)
		for i := range said {
			said[i] = names[i] + " " + values[i]
		}
		m.put(say(w.ask[m.split.wording(m.r, state)], "{K}", list), strings.Join(said, ", "), first, last, values...)
	}
	for range number - asked {
		tell(m.anywhere())
	}
	return nil
}

// mostHops is how many variables a chain has at most between a number and what is asked.
const mostHops = 3

// variables makes a chain of assignments from each depth on, with more chains between.
func (m *maker) variables() error {
	const likely = 2 + mostHops/2 // statements of a chain
	number, err := m.afford("Set k17 to 12345.", (mostHops+1)*len(m.depths), (likely+1)*(len(m.depths)+4))
	if err != nil {
		return err
	}
	before := len(m.needles) // of other kinds
	for i := 0; i < len(m.depths) || len(m.needles)-before+mostHops < number && i < len(m.depths)+4; i++ {
		at := m.anywhere()
		if i < len(m.depths) {
			at = m.depths[i]
		}
		first, last, said, value := m.chain(at)
		if i < len(m.depths) {
			ask := variableWords.ask[m.split.wording(m.r, last.state)]
			m.put(say(ask, "{K}", last.name), said, first, last.at, value)
		}
	}
	return nil
}

// chainEnd is the last assignment of a chain.
type chainEnd struct {
	at    float64
	state int
	name  string
}

// chain gives a number to a variable at a depth, and its value to others behind it; said
// leads from the last one to the number.
func (m *maker) chain(at float64) (first int, end chainEnd, said, value string) {
	end = chainEnd{at: at, state: m.r.Below(numWordings)}
	w := variableWords.state[end.state]
	value, end.name = m.split.number(m.r, m.numbers), m.variable()
	said = end.name + " = " + value
	// The first letter is that of a name, which must stay as it is.
	first = m.place(at, say(w, "{K}", end.name, "{V}", value))
	for range m.r.Between(1, mostHops) {
		next := m.variable()
		end.at = m.later(end.at)
		m.place(end.at, say(w, "{K}", next, "{V}", end.name))
		end.name, said = next, next+" = "+said
	}
	return first, end, said, value
}

// place is add without a capital letter.
func (m *maker) place(at float64, text string) int {
	m.needles = append(m.needles, needle{at: at, text: text})
	return len(m.needles) - 1
}

// letters are those that variables begin with.
const letters = "abcdefghkmnpqrstuvwxyz"

// variable is a variable that has not been used.
func (m *maker) variable() string {
	for {
		i, n := m.r.Below(len(letters)), m.r.Between(10, 99)
		name := letters[i:i+1] + strconv.Itoa(n)
		if m.split.has(i+n) && !m.names[name] {
			m.names[name] = true
			return name
		}
	}
}

// mostCounted is how often something is said at most.
const mostCounted = 9

// counting says something from each depth on, so and so often.
func (m *maker) counting() error {
	w := &countWords
	each, err := m.afford(say(w.state[2], "{K}", "turquoise penguin", "{P}", "lighthouse"), len(m.depths), mostCounted*len(m.depths))
	if err != nil {
		return err
	}
	each /= len(m.depths)
	for _, at := range m.depths {
		name, _, _ := m.split.pair(m.r, colors, animals, m.names)
		state, number := m.r.Below(numWordings), m.r.Between(1, each)
		say := func(at float64) int {
			return m.add(at, say(w.state[state], "{K}", name, "{P}", random.Pick(m.r, spots)))
		}
		first, last := say(at), at
		for range number - 1 {
			next := m.later(at)
			last = max(last, next)
			say(next)
		}
		ask := w.ask[m.split.wording(m.r, state)]
		m.put(strings.ReplaceAll(ask, "{K}", name), strconv.Itoa(number), first, last, strconv.Itoa(number))
	}
	return nil
}

// distractors states something at each depth, and elsewhere the like of it with another
// part of the name, or of another quality.
func (m *maker) distractors() error {
	w := &distractorWords
	const around = 3 // statements that are nearly alike
	number, err := m.afford(say(w.state[1], "{K}", "turquoise penguin", "{Q}", "number", "{V}", "12345"), len(m.depths), (around+1)*len(m.depths))
	if err != nil {
		return err
	}
	state := func(at float64, quality, name string) (n, s int, value string) {
		s, value = m.r.Below(numWordings), m.split.number(m.r, m.numbers)
		return m.add(at, say(w.state[s], "{K}", name, "{Q}", quality, "{V}", value)), s, value
	}
	type place struct{ i, j int }
	var asked []place
	before := len(m.needles) // of other kinds
	for _, at := range m.depths {
		name, i, j := m.split.pair(m.r, colors, animals, m.names)
		asked = append(asked, place{i, j})
		quality := m.quality(name)
		n, s, value := state(at, quality, name)
		said := "The " + quality + " of the " + name + " is " + value
		m.put(say(w.ask[m.split.wording(m.r, s)], "{K}", name, "{Q}", quality), said, n, at, value)
	}
	for k := 0; len(m.needles)-before < number; k++ {
		near := asked[k%len(asked)]
		name := m.near(near.i, near.j)
		state(m.anywhere(), m.quality(name), name)
	}
	return nil
}

// quality is a quality that has not been told of a name, of eight at most.
func (m *maker) quality(name string) string {
	for {
		quality := random.Pick(m.r, qualities)
		if key := quality + " of " + name; !m.names[key] {
			m.names[key] = true
			return key[:len(quality)]
		}
	}
}

// near is a name of the split that has one part or both of another.
func (m *maker) near(i, j int) string {
	for {
		a, b := i, j
		switch m.r.Below(3) {
		case 0:
			a = m.r.Below(len(colors))
		case 1:
			b = m.r.Below(len(animals))
		}
		name := colors[a] + " " + animals[b]
		told := 0
		for _, q := range qualities {
			if m.names[q+" of "+name] {
				told++
			}
		}
		if m.split.has(a+b) && told < len(qualities)/2 {
			return name
		}
	}
}

// documents makes a text of several documents, each of which says of the same things
// something else.
func (m *maker) documents() error {
	w := &documentWords
	like := say(w.state[1], "{K}", "price of leather", "{V}", "12345")
	const topics = 4
	number, err := m.afford(like, max(2*topics, len(m.depths)), topics*len(ordinals))
	if err != nil {
		return err
	}
	number = m.r.Between(min(max(number/topics, 2), 6), min(number/topics, len(ordinals)))
	var names []string
	for range topics {
		name, _, _ := m.split.pair(m.r, documentQualities, goods, m.names)
		names = append(names, name)
	}
	m.headings(number)
	told := map[[2]int]int{} // document and topic: needle
	state := make([]int, topics)
	values := map[int]string{}
	for k := range state {
		state[k] = m.r.Below(numWordings)
	}
	tell := func(at float64, document, topic int) int {
		v := m.split.number(m.r, m.numbers)
		n := m.add(at, say(w.state[state[topic]], "{K}", names[topic], "{V}", v))
		told[[2]int{document, topic}], values[n] = n, v
		return n
	}
	for _, at := range m.depths {
		document, topic := int(at*float64(number)), m.r.Below(topics)
		for k := 0; k < topics && told[[2]int{document, topic}] > 0; k++ {
			topic = (topic + 1) % topics
		}
		n := told[[2]int{document, topic}]
		if n == 0 {
			n = tell(at, document, topic)
		}
		ask := w.ask[m.split.wording(m.r, state[topic])]
		said := "Document " + strconv.Itoa(document+1) + ": the " + names[topic] + " is " + values[n]
		m.put(say(ask, "{D}", ordinals[document], "{K}", names[topic]), said, n, m.needles[n].at, values[n])
	}
	for document := range number {
		for topic := range topics {
			if told[[2]int{document, topic}] == 0 {
				tell((float64(document)+unit(m.r))/float64(number), document, topic)
			}
		}
	}
	return nil
}

// headings begins documents. They are the first statements, so that what is told at the
// same depth stands below them.
func (m *maker) headings(number int) {
	for i := range number {
		m.needles = append(m.needles, needle{at: float64(i) / float64(number), text: "Document " + strconv.Itoa(i+1), alone: true})
	}
}
