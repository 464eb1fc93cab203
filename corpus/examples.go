package corpus

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
)

// Pair is a document that went because another one is nearly the same.
type Pair struct {
	Kept, Gone Found
	Size       uint32 // documents that are alike
}

// Pairs returns some documents that went because they are nearly the same as
// another, at even distances, with the beginnings of their texts.
func (c *Corpus) Pairs(ctx context.Context, most int) ([]Pair, error) {
	d := c.view.near
	if d == nil {
		return nil, nil
	}
	var pairs []Pair
	n := len(d.rows) / duplicateRow
	for i := 0; i < n && len(pairs) < most; i += max(n/(4*most), 1) {
		row := d.rows[i*duplicateRow:]
		number, keeper := binary.LittleEndian.Uint32(row), binary.LittleEndian.Uint32(row[4:])
		if _, gone := c.view.exact.keeper(number); gone {
			continue // it is the same as another one
		}
		gone, err := c.find(ctx, number, true)
		if err != nil {
			return nil, err
		}
		kept, err := c.find(ctx, keeper, true)
		if err != nil {
			return nil, err
		}
		gone.Text, kept.Text = excerpt(gone.Text), excerpt(kept.Text)
		pairs = append(pairs, Pair{Kept: *kept, Gone: *gone, Size: binary.LittleEndian.Uint32(row[8:])})
	}
	return pairs, nil
}

// BadReason is a reason for which records could not be read.
type BadReason struct {
	// Reason is what the problems have in common: each number in them stands as N.
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
	// Origin is where the first of them is, and Problem what is wrong there.
	Origin  document.Origin `json:"origin"`
	Problem string          `json:"problem"`
}

// Bounds of what Quarantine looks at: records, and segments that hold some.
const (
	maxBad         = 10000
	maxBadSegments = 200
)

// Quarantine returns why records could not be read, the most frequent reason
// first, and of how many records that is: the first of the corpus or of a source,
// of a large one not all. It reads only segments that have some.
func (c *Corpus) Quarantine(ctx context.Context, source string) (reasons []BadReason, seen int64, err error) {
	at, read := map[string]int{}, 0
	err = eachSummary(c.view.dir, c.view.key, func(s *Summary) error {
		if s.Funnel.Bad.Docs == 0 || seen >= maxBad || read >= maxBadSegments || source != "" && c.sourceOf(source) != s.Source {
			return ctx.Err()
		}
		read++
		return c.records(ctx, s.Number, func(_ int64, r *segment.Record) {
			if r.Bad == "" || seen >= maxBad {
				return
			}
			seen++
			key := withoutNumbers(r.Bad)
			i, ok := at[key]
			if !ok {
				i = len(reasons)
				at[key] = i
				reasons = append(reasons, BadReason{Reason: key, Origin: r.Origin, Problem: r.Bad})
			}
			reasons[i].Count++
		})
	})
	slices.SortStableFunc(reasons, func(a, b BadReason) int { return int(b.Count - a.Count) })
	return reasons, seen, err
}

// withoutNumbers replaces each run of digits.
func withoutNumbers(text string) string {
	var b strings.Builder
	digits := false
	for _, r := range text {
		d := unicode.IsDigit(r)
		if d && !digits {
			b.WriteByte('N')
		} else if !d {
			b.WriteRune(r)
		}
		digits = d
	}
	return b.String()
}
