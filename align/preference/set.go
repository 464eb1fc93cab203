package preference

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"strings"

	"github.com/polymath-lm/polymath/internal/par"
)

// Options says how files become a Set.
type Options struct {
	Encoder
	// HeldOut is the share of the groups that is held out, from 0 to 1.
	HeldOut float64
	// SkipBad leaves out objects that cannot be read or encoded; else they are an
	// error.
	SkipBad bool
	// Check, if not nil, is asked before each part of the work; an error ends it.
	Check func() error
}

// Set is comparisons in tokens, divided by their groups, in the order of the files.
type Set struct {
	Train, HeldOut []Encoded
	Report         Report
}

// encodedAtOnce is how many comparisons are encoded between two questions to Check.
const encodedAtOnce = 1024

// Load reads the comparisons of the files and encodes them. Nothing is left out
// without being counted in the report. A set without anything to train on is an
// error, and so is one without anything held out where a share is to be.
func Load(files []string, o Options) (*Set, error) {
	list, report, err := Read(files, o.SkipBad)
	if err != nil {
		return nil, err
	}
	s := &Set{Report: *report}
	groups := map[string]bool{}
	for len(list) > 0 {
		if o.Check != nil {
			if err := o.Check(); err != nil {
				return nil, err
			}
		}
		n := min(len(list), encodedAtOnce)
		s.encode(list[:n], &o, groups)
		clear(list[:n])
		list = list[n:]
	}
	if err := s.Report.refuse(files, o.SkipBad); err != nil {
		return nil, err
	}
	s.Report.Groups = len(groups)
	return s, s.check(files, &o)
}

func (s *Set) encode(list []*Comparison, o *Options, groups map[string]bool) {
	encoded, errs := make([]*Encoded, len(list)), make([]error, len(list))
	par.For(len(list), func(_, i int) { encoded[i], errs[i] = o.Encode(list[i]) })
	r := &s.Report
	for i, x := range encoded {
		switch {
		case errs[i] != nil:
			r.bad(list[i].Where, errs[i])
			continue
		case x == nil:
			r.Dropped++
			continue
		case x.Cut:
			r.CutShort++
		}
		r.Comparisons++
		r.Pairs += len(x.Pairs)
		r.Tokens += int64(x.Tokens())
		groups[x.Group] = true
		if !heldOut(x.Group, o.HeldOut) {
			s.Train = append(s.Train, *x)
			continue
		}
		r.HeldOut++
		r.HeldOutPairs += len(x.Pairs)
		s.HeldOut = append(s.HeldOut, *x)
	}
}

func (s *Set) check(files []string, o *Options) error {
	r, names := &s.Report, strings.Join(files, ", ")
	switch {
	case r.Comparisons == 0:
		return fmt.Errorf("%s: no comparison is left: %d objects, %d pairs of which are ties, %d of identical answers, %d too long for %d tokens, %d that cannot be used",
			names, r.Objects, r.Ties, r.Identical, r.Dropped, o.MaxTokens, r.Bad)
	case len(s.Train) == 0:
		return fmt.Errorf("%s: a share of %v of %d groups leaves none to train on: lower preferences.held_out", names, o.HeldOut, r.Groups)
	case o.HeldOut > 0 && len(s.HeldOut) == 0:
		return fmt.Errorf("%s: a share of %v of %d groups holds none: raise preferences.held_out, or set it to 0 to measure nothing", names, o.HeldOut, r.Groups)
	}
	return nil
}

// Hash is 64 hexadecimal digits that identify the comparisons in tokens, on both
// sides of the split and in order.
func (s *Set) Hash() string {
	h := sha256.New()
	for _, list := range [][]Encoded{s.Train, s.HeldOut} {
		writeNumbers(h, uint64(len(list)))
		for i := range list {
			list[i].write(h)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *Encoded) write(h hash.Hash) {
	writeNumbers(h, uint64(len(c.Answers)), uint64(len(c.Pairs)), math.Float64bits(c.Weight))
	for _, p := range c.Pairs {
		writeNumbers(h, uint64(p.Better), uint64(p.Worse), math.Float64bits(p.Margin), math.Float64bits(p.Gap))
	}
	for i := range c.Answers {
		a := &c.Answers[i]
		writeNumbers(h, uint64(len(a.Tokens)), uint64(a.Start))
		line := make([]byte, 0, 5*len(a.Tokens))
		for t, id := range a.Tokens {
			line = binary.LittleEndian.AppendUint32(line, uint32(id))
			if t >= a.Start && a.Learned[t-a.Start] {
				line = append(line, 1)
			} else {
				line = append(line, 0)
			}
		}
		h.Write(line)
	}
}

func writeNumbers(h hash.Hash, list ...uint64) {
	var b [8]byte
	for _, v := range list {
		binary.LittleEndian.PutUint64(b[:], v)
		h.Write(b[:])
	}
}
