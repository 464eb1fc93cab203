package code

import (
	"cmp"
	_ "embed"
	"encoding/binary"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// licenseData has the fingerprints of the licenses' texts. To make it again from
// the texts of the SPDX list:
//
//	npm pack spdx-license-list && tar xzf spdx-license-list-*.tgz
//	POLYMATH_SPDX=package/licenses go test ./corpus/code -run TestFingerprints -update
//
//go:embed licenses.bin
var licenseData []byte

// A fingerprint is a license's text as hashes of its runs of words. Of long
// texts only those below a bound are kept, the same bound for all runs, which
// leaves shares as they are.
type fingerprint struct {
	id     string
	bound  uint32   // hashes are not above
	hashes []uint32 // ascending
}

const (
	fnvPrime  = 0x100000001b3
	runWords  = 3   // words of a run
	maxHashes = 512 // of a fingerprint
	// minShare is the share of a license's runs that a text with it has. Names and
	// addresses differ.
	minShare = 0.8
	// minRest is the share that licenses found before must have left.
	minRest = 0.7
)

// weight is the number of runs that the fingerprint stands for.
func (f *fingerprint) weight(hashes int) float64 {
	return float64(hashes) * (1 << 32) / (float64(f.bound) + 1)
}

// holderLine is a line of a license's text that names who holds the rights.
var holderLine = regexp.MustCompile(`(?im)^\W*copyright\W.*(\(c\)|©|\d{4}|year|yyyy|[<\[{]).*$|^\W*all rights reserved\W*$`)

// newFingerprint makes that of a text.
func newFingerprint(id, text string) fingerprint {
	f := fingerprint{id: id, bound: 1<<32 - 1, hashes: runsOf(wordsOf(holderLine.ReplaceAllString(text, "")))}
	if len(f.hashes) > maxHashes {
		f.hashes = f.hashes[:maxHashes]
		f.bound = f.hashes[maxHashes-1]
	}
	return f
}

// wordsOf returns the words of a text. Case, marks and ways to spell do not
// matter.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	words = slices.DeleteFunc(words, func(word string) bool { return word == "http" || word == "https" || word == "www" })
	for i, word := range words {
		if strings.HasPrefix(word, "licence") {
			words[i] = "license" + word[len("licence"):]
		}
	}
	return words
}

// runsOf returns the hashes of the runs of words, ascending, each once.
func runsOf(words []string) []uint32 {
	hashes := make([]uint32, 0, len(words))
	for i := range len(words) - runWords + 1 {
		sum := uint64(0xcbf29ce484222325) // FNV-1a of the words, each with a zero byte
		for _, word := range words[i : i+runWords] {
			for _, b := range []byte(word) {
				sum = (sum ^ uint64(b)) * fnvPrime
			}
			sum *= fnvPrime
		}
		sum ^= sum >> 32
		sum *= 0x9e3779b97f4a7c15 // the low bits of FNV follow the last letters
		hashes = append(hashes, uint32(sum>>32))
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// common returns how many of the fingerprint's hashes are among those.
func (f *fingerprint) common(hashes []uint32) int {
	n, i := 0, 0
	for _, h := range f.hashes {
		for i < len(hashes) && hashes[i] < h {
			i++
		}
		if i < len(hashes) && hashes[i] == h {
			n++
		}
	}
	return n
}

// maxLicense bounds the text that a license is looked for in, in bytes.
const maxLicense = 256 << 10

// License returns the SPDX expression of the licenses whose texts are in a text,
// with AND between several, and the smallest share of one of them that is there.
// It is "" if there is none that is known. What the text alone does not say, such
// as whether later versions of the GPL may be used, is left open: GPL-3.0.
func License(text []byte) (expression string, score float64) {
	found, score := licensesIn(wordsOf(string(text[:min(len(text), maxLicense)])))
	return strings.Join(found, " AND "), score
}

// licensesIn returns the licenses of which these are words.
func licensesIn(words []string) (ids []string, score float64) {
	whole := runsOf(words)
	candidates := likely(whole)
	score = 1
	for rest := whole; len(rest) > 0; {
		var best *fingerprint
		var most, share float64
		for _, c := range candidates {
			// A license that has much of others' text must not pass for them.
			n := c.common(rest)
			if w := c.weight(n) * c.part * c.part; w > most && float64(n) > minRest*float64(len(c.hashes)) {
				best, most, share = c.fingerprint, w, c.part
			}
		}
		if best == nil {
			break
		}
		ids = append(ids, best.id)
		score = min(score, share)
		rest = best.without(rest)
	}
	if len(ids) == 0 {
		return nil, 0
	}
	slices.Sort(ids)
	return slices.Compact(ids), score
}

// candidate is a license of which a text has enough.
type candidate struct {
	*fingerprint
	part float64 // its share that is there
}

// likely returns the licenses of which at least minShare is among the hashes.
func likely(hashes []uint32) []candidate {
	all, counts := fingerprints(), map[uint16]int{}
	for _, h := range hashes {
		at, _ := slices.BinarySearch(hashIndex(), uint64(h)<<16)
		for ; at < len(hashIndex()) && uint32(hashIndex()[at]>>16) == h; at++ {
			counts[uint16(hashIndex()[at])]++
		}
	}
	var list []candidate
	for _, i := range slices.Sorted(maps.Keys(counts)) {
		if part := float64(counts[i]) / float64(len(all[i].hashes)); part >= minShare {
			list = append(list, candidate{&all[i], part})
		}
	}
	return list
}

// hashIndex has the hashes of all fingerprints in order, each above the 16 bits
// of the fingerprint's number.
var hashIndex = sync.OnceValue(func() []uint64 {
	var index []uint64
	for i, f := range fingerprints() {
		for _, h := range f.hashes {
			index = append(index, uint64(h)<<16|uint64(uint16(i)))
		}
	}
	slices.Sort(index)
	return index
})

// without returns the hashes but for those of the fingerprint. As those of all
// long texts are the lowest, licenses that share text are not found in each
// other's again.
func (f *fingerprint) without(hashes []uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(hashes), func(h uint32) bool {
		_, ok := slices.BinarySearch(f.hashes, h)
		return ok
	})
}

// fingerprints are those of all licenses that are known.
var fingerprints = sync.OnceValue(func() []fingerprint {
	all, err := decodeFingerprints(licenseData)
	if err != nil {
		return nil // a test sees to it that they are there
	}
	return all
})

// encodeFingerprints writes, for each, the name, the bound, and the hashes as
// their differences.
func encodeFingerprints(all []fingerprint) []byte {
	slices.SortStableFunc(all, func(a, b fingerprint) int { return cmp.Compare(a.id, b.id) })
	var out []byte
	for _, f := range all {
		out = binary.AppendUvarint(out, uint64(len(f.id)))
		out = append(out, f.id...)
		out = binary.AppendUvarint(out, uint64(f.bound))
		out = binary.AppendUvarint(out, uint64(len(f.hashes)))
		last := uint32(0)
		for _, h := range f.hashes {
			out = binary.AppendUvarint(out, uint64(h-last))
			last = h
		}
	}
	return out
}

var errFingerprints = errors.New("the fingerprints of licenses are damaged")

func decodeFingerprints(data []byte) ([]fingerprint, error) {
	var all []fingerprint
	failed := false
	next := func() uint64 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			failed = true
			return 0
		}
		data = data[n:]
		return v
	}
	for len(data) > 0 {
		size := next()
		if failed || size > uint64(len(data)) {
			return nil, errFingerprints
		}
		f := fingerprint{id: string(data[:size])}
		data = data[size:]
		f.bound = uint32(next())
		count := next()
		if failed || count > maxHashes {
			return nil, errFingerprints
		}
		last := uint32(0)
		for range count {
			last += uint32(next())
			f.hashes = append(f.hashes, last)
		}
		if failed {
			return nil, errFingerprints
		}
		all = append(all, f)
	}
	return all, nil
}
