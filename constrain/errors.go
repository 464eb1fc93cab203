package constrain

import (
	"errors"
	"fmt"
)

// Errors that a grammar can be refused with.
var (
	// ErrSchema: the JSON Schema is malformed, too large, unsatisfiable, or
	// uses what cannot be enforced; the message names the keyword and its
	// JSON pointer.
	ErrSchema = errors.New("JSON schema refused")
	// ErrRegex: the pattern is malformed, too large, or uses what cannot be
	// enforced.
	ErrRegex = errors.New("regular expression refused")
	// ErrGrammar: the grammar is malformed, too large or left-recursive, or
	// derives no text.
	ErrGrammar = errors.New("grammar refused")
	// ErrAmbiguous: there are so many ways to read the text that those that go on
	// take too long to follow. It is found out as late as that: see Mask.Err.
	ErrAmbiguous = fmt.Errorf("so many rules may be under way at once that it takes more than %d steps to go on by one token; let fewer alternatives begin alike", maxMaskWork)
)

// Limits of what is compiled.
const (
	maxSourceBytes = 1 << 20 // of a schema, pattern or grammar
	maxStates      = 1 << 17 // of all automata of one grammar
	maxMade        = 1 << 18 // with those that only lead to them
	maxTable       = 1 << 23 // transitions of all automata of one grammar
	maxEdges       = 1 << 21 // of an automaton under construction
	maxWork        = 1 << 26 // steps of compiling one grammar
	maxRules       = 1 << 14
	maxRepeat      = 1 << 13 // maxLength, maxItems, {m,n}
)

// errSize is returned by the builders; callers add the place.
var errSize = errors.New("it needs too many states")

// errWork is for what is small and takes long all the same.
var errWork = fmt.Errorf("it takes more than %d steps to compile", maxWork)
