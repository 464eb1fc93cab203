package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus/dedup"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"

	"github.com/go-json-experiment/json"
)

// Summary is what is known of one segment. It is written after the segment's
// files, which are not there without it.
type Summary struct {
	// Number is that of the segment, from 0; Before is the hash of the summary
	// before, or of the stage for the first.
	Number int    `json:"number"`
	Before string `json:"before"`
	// Source is the index of the recipe's source.
	Source int `json:"source"`
	// Files are the segment's, and Facts is the SHA-256 of the file of facts.
	Files segment.Hashes `json:"files"`
	Facts string         `json:"facts"`
	// MinHash says which band keys the segment holds; nil is none.
	MinHash *dedup.NearOptions `json:"minhash,omitempty"`
	// First is the number of the first document, Records how many there are and
	// Kept how many of them stayed, with TextBytes of text.
	First     int64 `json:"first"`
	Records   int64 `json:"records"`
	Kept      int64 `json:"kept"`
	TextBytes int64 `json:"text_bytes"`
	// End is the place in the source at which the next segment begins.
	End Place `json:"end"`
	// Read are the input files that were read to their end within this segment, and
	// Open is the one that is not.
	Read []InputFile `json:"read,omitempty"`
	Open *InputFile  `json:"open,omitempty"`
	// Funnel, Samples and Tallies are those of the segment. Tallies are by the
	// pipeline whose decontamination they belong to.
	Funnel  Funnel                    `json:"funnel"`
	Samples Samples                   `json:"samples,omitempty"`
	Tallies map[string]jsontext.Value `json:"tallies,omitempty"`

	hash string
}

// Place is a place between two records of a source.
type Place struct {
	// Last says that nothing comes after it.
	Last bool `json:"last,omitempty"`
	// File is the index of the file in the source's list.
	File     int             `json:"file"`
	Position reader.Position `json:"position"`
}

// InputFile is one input file as it was read.
type InputFile struct {
	// Index is that of the file in the source's list.
	Index int    `json:"index"`
	Name  string `json:"name"`
	Path  string `json:"path"`
	// Size, Tag and Time are those of package source: -1 or zero if unknown.
	Size int64     `json:"size"`
	Tag  string    `json:"tag,omitempty"`
	Time time.Time `json:"time,omitzero"`
	// SHA256 is that of the file as it is stored, for files on this machine.
	SHA256 string `json:"sha256,omitempty"`
	// Records is the number of records and Bytes that of their contents.
	Records int64 `json:"records"`
	Bytes   int64 `json:"bytes"`
	// Kept is the number of those that the steps kept.
	Kept int64 `json:"kept"`
	// Contents is the SHA-256 over the ids of all documents in order; of a file that
	// is open it is the state of that hash.
	Contents string `json:"contents"`
	// Left says that the source's sample was complete before the file's end.
	Left bool `json:"left,omitzero"`
	// Failed says why the file was not read to its end.
	Failed string `json:"failed,omitempty"`
}

func summaryPath(dir string, number int) string {
	return filepath.Join(dir, fmt.Sprintf("%06d.json", number))
}

// write stores the summary and sets its hash.
func (s *Summary) write(dir string) error {
	data, err := marshal(s)
	if err != nil {
		return fmt.Errorf("segment %d: %w", s.Number, err)
	}
	data = append(data, '\n')
	if len(data) > maxMark {
		return fmt.Errorf("segment %d: its summary has %d bytes, and %d at most can be read again; make segment in the recipe smaller", s.Number, len(data), maxMark)
	}
	s.hash = hexHash(data)
	_, err = atomicfile.WriteBytes(summaryPath(dir, s.Number), data)
	return err
}

// readSummary reads the summary of that number, which follows the one of the
// hash before.
func readSummary(dir string, number int, before string) (*Summary, error) {
	path := summaryPath(dir, number)
	data, err := atomicfile.ReadSmall(path, maxMark)
	if err != nil {
		return nil, err
	}
	s := &Summary{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Number != number || s.Before != before {
		return nil, fmt.Errorf("%s does not follow the summary before it: a file was changed; build with --fresh", path)
	}
	s.hash = hexHash(data)
	return s, nil
}

// eachSummary calls do with the summaries in order, up to the first that is not
// there. key is that of the stage.
func eachSummary(dir, key string, do func(*Summary) error) error {
	before := key
	for number := 0; ; number++ {
		s, err := readSummary(dir, number, before)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(s); err != nil {
			return err
		}
		before = s.hash
	}
}
