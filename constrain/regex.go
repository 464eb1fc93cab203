package constrain

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// encoding says how text is written and what of it a pattern must match.
type encoding int

const (
	wholeText  encoding = iota // plain text, all of it
	wholeInner                 // the inside of a JSON string, all of it
	partInner                  // the inside of a JSON string, some part of it
)

// maxPatternStates bounds the automaton of one pattern.
const maxPatternStates = 1 << 15

// compileRegex makes the automaton of a pattern in RE2's syntax.
func compileRegex(pattern string, e encoding, l limit) (*dfa, error) {
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	r := &regexNFA{nfa: newNFA(), json: e != wholeText}
	from, to := nfaStart, nfaAccept
	if e == partInner {
		any := func(from, to int32) { r.runes(from, 0, utf8.MaxRune, to) }
		from, to = r.nfa.state(), r.nfa.state()
		r.nfa.repeat(nfaStart, 0, -1, from, any)
		r.nfa.repeat(to, 0, -1, nfaAccept, any)
	}
	if err := r.add(tree, from, to); err != nil {
		return nil, err
	}
	l.states = min(l.states, maxPatternStates)
	d, err := determinize(r.nfa, l)
	if err != nil {
		return nil, err
	}
	return trimmed(d), nil
}

// regexNFA builds the nfa of a parsed pattern.
type regexNFA struct {
	nfa  *nfa
	json bool
}

func (r *regexNFA) runes(from int32, lo, hi rune, to int32) {
	if r.json {
		r.nfa.jsonRunes(from, lo, hi, to)
	} else {
		r.nfa.runes(from, lo, hi, to)
	}
}

// add leads from one state to another over what re matches.
func (r *regexNFA) add(re *syntax.Regexp, from, to int32) error {
	if r.nfa.full {
		return errSize
	}
	switch re.Op {
	case syntax.OpNoMatch:
	case syntax.OpEmptyMatch:
		r.nfa.skip(from, to)
	case syntax.OpLiteral:
		r.literal(re, from, to)
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			r.runes(from, re.Rune[i], re.Rune[i+1], to)
		}
	case syntax.OpAnyCharNotNL:
		r.runes(from, 0, '\n'-1, to)
		r.runes(from, '\n'+1, utf8.MaxRune, to)
	case syntax.OpAnyChar:
		r.runes(from, 0, utf8.MaxRune, to)
	case syntax.OpBeginText:
		r.nfa.skipWhen(from, to, atBegin)
	case syntax.OpEndText:
		r.nfa.skipWhen(from, to, atEnd)
	case syntax.OpCapture:
		return r.add(re.Sub[0], from, to)
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return r.repeat(re, from, to)
	case syntax.OpConcat:
		return r.concat(re.Sub, from, to)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if err := r.add(sub, from, to); err != nil {
				return err
			}
		}
	case syntax.OpBeginLine, syntax.OpEndLine:
		return errors.New("^ and $ of single lines, (?m), are not supported")
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return errors.New(`\b and \B are not supported`)
	default:
		return fmt.Errorf("%v is not supported", re)
	}
	return nil
}

func (r *regexNFA) literal(re *syntax.Regexp, from, to int32) {
	for i, c := range re.Rune {
		next := to
		if i < len(re.Rune)-1 {
			next = r.nfa.state()
		}
		r.runes(from, c, c, next)
		if re.Flags&syntax.FoldCase != 0 {
			for f := unicode.SimpleFold(c); f != c; f = unicode.SimpleFold(f) {
				r.runes(from, f, f, next)
			}
		}
		from = next
	}
}

func (r *regexNFA) concat(subs []*syntax.Regexp, from, to int32) error {
	for i, sub := range subs {
		next := to
		if i < len(subs)-1 {
			next = r.nfa.state()
		}
		if err := r.add(sub, from, next); err != nil {
			return err
		}
		from = next
	}
	return nil
}

func (r *regexNFA) repeat(re *syntax.Regexp, from, to int32) (err error) {
	least, most := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		least, most = 0, -1
	case syntax.OpPlus:
		least, most = 1, -1
	case syntax.OpQuest:
		least, most = 0, 1
	}
	r.nfa.repeat(from, least, most, to, func(from, to int32) {
		if err == nil {
			err = r.add(re.Sub[0], from, to)
		}
	})
	return err
}
