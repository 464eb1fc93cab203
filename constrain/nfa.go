package constrain

// condition says where an empty edge may be taken.
type condition uint8

const (
	always  condition = iota
	atBegin           // before the first byte
	atEnd             // after the last byte
)

type nfaEdge struct {
	lo, hi byte
	to     int32
}

type nfaEmpty struct {
	when condition
	to   int32
}

// call enters rule; its text is followed by the text from state to on.
type call struct {
	rule, to int32
}

type nfaState struct {
	edges []nfaEdge
	empty []nfaEmpty
	calls []call
}

// nfa is one rule under construction. State 0 is where it starts, state 1 where
// it accepts.
type nfa struct {
	states      []nfaState
	edges       int  // of all kinds
	full        bool // maxStates or maxEdges was reached; no more are made
	conditional bool // some empty edge has a condition
}

const (
	nfaStart  int32 = 0
	nfaAccept int32 = 1
)

func newNFA() *nfa {
	return &nfa{states: make([]nfaState, 2, 16)}
}

// state makes a state.
func (n *nfa) state() int32 {
	if n.full || len(n.states) >= maxStates {
		n.full = true
		return nfaAccept
	}
	n.states = append(n.states, nfaState{})
	return int32(len(n.states) - 1)
}

// more counts an edge, if there is room for it.
func (n *nfa) more() bool {
	n.edges++
	n.full = n.full || n.edges > maxEdges
	return !n.full
}

func (n *nfa) skip(from, to int32) {
	n.skipWhen(from, to, always)
}

func (n *nfa) skipWhen(from, to int32, when condition) {
	if !n.more() {
		return
	}
	s := &n.states[from]
	s.empty = append(s.empty, nfaEmpty{when, to})
	n.conditional = n.conditional || when != always
}

func (n *nfa) edge(from int32, lo, hi byte, to int32) {
	if !n.more() {
		return
	}
	s := &n.states[from]
	s.edges = append(s.edges, nfaEdge{lo, hi, to})
}

func (n *nfa) call(from, rule, to int32) {
	if !n.more() {
		return
	}
	s := &n.states[from]
	s.calls = append(s.calls, call{rule, to})
}

// text leads from one state to another over the bytes of text.
func (n *nfa) text(from int32, text string, to int32) {
	if text == "" {
		n.skip(from, to)
		return
	}
	for i := range len(text) - 1 {
		next := n.state()
		n.edge(from, text[i], text[i], next)
		from = next
	}
	last := text[len(text)-1]
	n.edge(from, last, last, to)
}

// repeat leads from one state to another over least to most times what piece
// adds between two states; most < 0 means without bound. piece must not accept
// the empty text in a way that matters: empty rounds change nothing.
func (n *nfa) repeat(from int32, least, most int, to int32, piece func(from, to int32)) {
	for range least {
		if n.full {
			return
		}
		next := n.state()
		piece(from, next)
		from = next
	}
	if most < 0 {
		loop := n.state()
		n.skip(from, loop)
		piece(loop, loop)
		n.skip(loop, to)
		return
	}
	n.skip(from, to)
	for range most - least {
		if n.full {
			return
		}
		next := n.state()
		piece(from, next)
		n.skip(next, to)
		from = next
	}
}
