package constrain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// letterVocabulary has the bytes, and all words of two and three small letters.
func letterVocabulary() *Vocabulary {
	var words []string
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			words = append(words, string([]rune{a, b}))
			for c := 'a'; c <= 'z'; c++ {
				words = append(words, string([]rune{a, b, c}))
			}
		}
	}
	return byteVocabulary(words...)
}

// alike is a grammar of n rules that no letter tells apart.
func alike(n int) string {
	var root, rules strings.Builder
	for i := range n {
		fmt.Fprintf(&root, "|a%d", i)
		fmt.Fprintf(&rules, "a%d ::= [a-z] a%d | [a-z]\n", i, i)
	}
	return "root ::= (" + root.String()[1:] + ")+\n" + rules.String()
}

// TestTooAmbiguous: a grammar that takes minutes to follow by one token ends its
// own mask, at once and with an error, and no other.
func TestTooAmbiguous(t *testing.T) {
	defer soon(t, time.Now())
	v := letterVocabulary()
	g := must(v.GBNF(t.Context(), alike(300)))(t)
	m := g.NewMask()
	m.Accept('a')
	if m.Err() != nil {
		t.Fatalf("one letter: %v", m.Err())
	}
	if allowed := allowedIDs(m, len(v.tokens)); !errors.Is(m.Err(), ErrAmbiguous) || allowed != nil || m.Complete() {
		t.Errorf("%v, %d tokens are allowed, complete %v", m.Err(), len(allowed), m.Complete())
	}
	m.Accept('a')
	if allowed := allowedIDs(m, len(v.tokens)); !errors.Is(m.Err(), ErrAmbiguous) || allowed != nil {
		t.Errorf("later: %v, %d tokens are allowed", m.Err(), len(allowed))
	}
	// The walker that was exhausted is used again.
	other := must(v.GBNF(t.Context(), alike(3)))(t).NewMask()
	for _, id := range []int32{'a', 300, 301} {
		other.Accept(id)
		if allowed := allowedIDs(other, len(v.tokens)); other.Err() != nil || len(allowed) != 26+26*26+26*26*26+1 {
			t.Fatalf("another mask: %v, %d tokens are allowed", other.Err(), len(allowed))
		}
	}
}

// TestAcceptAmbiguous: one token, too, may take only so long to accept.
func TestAcceptAmbiguous(t *testing.T) {
	defer soon(t, time.Now())
	long := strings.Repeat("a", 4000)
	v := byteVocabulary(long)
	m := must(v.GBNF(t.Context(), alike(300)))(t).NewMask()
	m.Accept(256)
	if !errors.Is(m.Err(), ErrAmbiguous) || m.Complete() || allowedIDs(m, len(v.tokens)) != nil {
		t.Errorf("%v, complete %v", m.Err(), m.Complete())
	}
	if over := m.stepper.work - m.stepper.limit; over > 1000 {
		t.Errorf("%d steps more than there may be", over)
	}
	m = must(v.GBNF(t.Context(), alike(2)))(t).NewMask()
	m.Accept(256)
	if m.Err() != nil || !m.Complete() {
		t.Errorf("few rules: %v, complete %v", m.Err(), m.Complete())
	}
}

// TestExhausted: a walk ends when its work is done, and what it has found until
// then is not kept.
func TestExhausted(t *testing.T) {
	v := letterVocabulary()
	m := must(v.GBNF(t.Context(), alike(300)))(t).NewMask()
	m.Accept('a')
	walk := func(limit int) *walker {
		w := &walker{trie: v.trie}
		w.p = m.grammar.program
		w.limit = limit
		for _, it := range m.items {
			if it.state >= numReserved {
				r := v.reach(w, it.state)
				w.begin(newBitset(len(v.tokens)))
				w.resume(r.leaves, it.frame)
			}
		}
		return w
	}
	for _, limit := range []int{1, 5000, 1 << 20} {
		if w := walk(limit); !w.exhausted() || w.work > limit+400*maxItems {
			t.Errorf("a limit of %d: %d steps", limit, w.work)
		}
	}
	w := walk(1)
	w.allow()
	last := m.items[len(m.items)-1].state
	if r := v.reach(w, last); len(r.leaves) != 26+26*26 {
		t.Errorf("%d nodes are known to be left at", len(r.leaves))
	}
}

// TestWorkOfKnown: what is known of a state counts as if it were found anew, so
// that no mask depends on those before it.
func TestWorkOfKnown(t *testing.T) {
	v := letterVocabulary()
	g := must(v.GBNF(t.Context(), alike(3)))(t)
	var works []int
	for range 2 {
		w := &walker{trie: v.trie}
		w.p = g.program
		w.allow()
		v.reach(w, g.start[len(g.start)-1].state)
		works = append(works, w.work)
	}
	if works[0] == 0 || works[0] != works[1] {
		t.Errorf("%v steps", works)
	}
}

// TestCompileChains: rules of which each waits for the next take time by their
// number, not by its square.
func TestCompileChains(t *testing.T) {
	const n = maxRules - 2
	build := func(last, rule string, up bool) string {
		var b strings.Builder
		b.WriteString("root ::=")
		for i := range n {
			if up {
				i = n - 1 - i
			}
			fmt.Fprintf(&b, " a%d", i)
		}
		for i := range n - 1 {
			fmt.Fprintf(&b, "\na%d ::= %s a%d | \"y\" a%d", i, rule, i+1, i)
		}
		fmt.Fprintf(&b, "\na%d ::= %s | \"y\" a%d\n", n-1, last, n-1)
		return b.String()
	}
	for grammar, empty := range map[string]bool{
		build(`""`, "", false):    true,
		build(`"z"`, `"x"`, true): false,
	} {
		start := time.Now()
		g := must(byteVocabulary().GBNF(t.Context(), grammar))(t)
		soon(t, start)
		for r, got := range g.program.nullable {
			if got != empty {
				t.Fatalf("rule %d accepts the empty text: %v, want %v", r, got, empty)
			}
		}
	}
}

// TestTrimmed has states of which each leads back to the one before it.
func TestTrimmed(t *testing.T) {
	defer soon(t, time.Now())
	const n = 1 << 17
	d := &dfa{width: 1, table: make([]int32, n), final: make([]bool, n), calls: make([][]call, n)}
	for s := range d.table {
		d.table[s] = int32(s - 1)
	}
	d.table[n-1] = n - 1 // leads nowhere
	d.final[0] = true
	trimmed(d)
	for s, to := range d.table {
		if want := int32(s - 1); s < n-1 && to != want || s == n-1 && to != none {
			t.Fatalf("state %d leads to %d", s, to)
		}
	}
}

// TestCompileWork: the steps of all rules of a grammar are counted together.
func TestCompileWork(t *testing.T) {
	heavy := func(rules int) string {
		var b strings.Builder
		b.WriteString("root ::= \"z\"")
		for i := range rules {
			fmt.Fprintf(&b, " | a%d", i)
		}
		for i := range rules {
			fmt.Fprintf(&b, "\na%d ::= (\"%d\" a%d)? (\"a\"?){1000}", i, i, i)
		}
		return b.String() + "\n"
	}
	v := byteVocabulary()
	must(v.GBNF(t.Context(), heavy(2)))(t)
	if _, err := v.GBNF(t.Context(), heavy(80)); !errors.Is(err, ErrGrammar) || !errors.Is(err, errWork) || !strings.Contains(err.Error(), fmt.Sprintf("%d steps", maxWork)) {
		t.Errorf("%v, want an ErrGrammar that names the limit", err)
	}
}

// TestSchemaWork has schemas whose parts must all be compared with one another,
// which would take minutes.
func TestSchemaWork(t *testing.T) {
	list := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, ","+format, i)
		}
		return b.String()[1:]
	}
	v := byteVocabulary()
	for _, schema := range []string{
		`{"type":"object","required":[` + list(100000, `"%d"`) + `]}`,
		`{"oneOf":[{"enum":[` + list(30000, `%d`) + `]},{"enum":[` + list(30000, `"%d"`) + `]}]}`,
		`{"pattern":"` + strings.Repeat("a?", 2000) + `$","enum":[` + list(1000, `"`+strings.Repeat("a", 100)+`%d"`) + `]}`,
		`{"properties":{` + list(1000, `"p%d":{}`) + `},"patternProperties":{` + list(1000, `"^x%d":{}`) + `}}`,
		`{"enum":[{` + list(40000, `"p%d":1`) + `}],"required":[` + list(40000, `"p%d"`) + `]}`,
		`{"enum":[{` + list(5000, `"k%d":0`) + `}],"patternProperties":{` + list(3000, `"x%d":{}`) + `}}`,
		`{"allOf":[` + list(5000, `{"additionalProperties":{"minimum":%d}}`) + `,` + list(5000, `{"properties":{"p%d":{}}}`) + `]}`,
		`{"allOf":[` + list(5000, `{"items":{"minimum":%d}}`) + strings.Repeat(`,{"prefixItems":[{}`+strings.Repeat(",{}", 999)+`]}`, 20) + `]}`,
	} {
		start := time.Now()
		if _, err := v.Schema(t.Context(), []byte(schema)); !errors.Is(err, ErrSchema) || !errors.Is(err, errWork) {
			t.Errorf("%.40s: %v, want an ErrSchema that names the limit", schema, err)
		}
		soon(t, start)
	}
	for _, schema := range []string{ // too many patterns, however they are looked at
		`{"patternProperties":{` + list(3000, `"x%d":{}`) + `},"unevaluatedProperties":false,"anyOf":[{}` + strings.Repeat(",{}", 255) + `]}`,
		`{"allOf":[{"patternProperties":{` + list(1000, `"x%d":{}`) + `}}` + strings.Repeat(",{}", 30000) + `]}`,
	} {
		start := time.Now()
		if _, err := v.Schema(t.Context(), []byte(schema)); !errors.Is(err, ErrSchema) {
			t.Errorf("%.40s: %v, want an ErrSchema", schema, err)
		}
		soon(t, start)
	}
	start := time.Now()
	numbers := list(50000, `%d`)
	if g := must(v.Schema(t.Context(), []byte(`{"allOf":[{"enum":[`+numbers+`]},{"enum":[`+numbers[:50]+`0]}]}`)))(t); !accepts(g, "11") || accepts(g, "2000") {
		t.Error("lists together are not followed")
	}
	soon(t, start)
	few := `{"oneOf":[{"enum":[` + list(1000, `%d`) + `]},{"enum":[` + list(1000, `"%d"`) + `]}]}`
	if g := must(v.Schema(t.Context(), []byte(few)))(t); !accepts(g, "999") || !accepts(g, `"999"`) || accepts(g, "1000") {
		t.Error("alternatives of some size are not followed")
	}
}

// TestCompileCancelled: compiling ends with the context, and so does waiting for
// others to be compiled. What is known is there at once.
func TestCompileCancelled(t *testing.T) {
	v := byteVocabulary()
	known := must(v.Regex(t.Context(), "ab"))(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newBuilder(ended).finish(0, newNFA()); !errors.Is(err, context.Canceled) {
		t.Errorf("compiling: %v", err)
	}
	for range 20 { // whether it is its turn or not
		if _, err := v.Regex(ended, "cd"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrRegex) {
			t.Errorf("after the end: %v", err)
		}
	}
	v.compiler <- struct{}{}
	brief, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := v.Regex(brief, "cd"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrRegex) {
		t.Errorf("waiting: %v", err)
	}
	if g, err := v.Regex(t.Context(), "ab"); g != known || err != nil {
		t.Errorf("a known grammar: %v", err)
	}
	<-v.compiler
	if !accepts(must(v.Regex(t.Context(), "cd"))(t), "cd") {
		t.Error("nothing is compiled any more")
	}
}

// TestCompileOnce: several who wait for the same grammar get the same.
func TestCompileOnce(t *testing.T) {
	v := byteVocabulary()
	v.compiler <- struct{}{}
	got := make(chan *Grammar)
	for range 4 {
		go func() {
			g, _ := v.Regex(context.Background(), "ab")
			got <- g
		}()
	}
	time.Sleep(20 * time.Millisecond)
	<-v.compiler
	var all []*Grammar
	for range 4 {
		all = append(all, <-got)
	}
	if all[0] == nil || slices.ContainsFunc(all, func(g *Grammar) bool { return g != all[0] }) {
		t.Errorf("%v", all)
	}
}
