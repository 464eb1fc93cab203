package conversation

import (
	"bytes"
	"fmt"
	"strings"
)

// Report counts what became of the objects of all files.
type Report struct {
	Objects int `json:"objects"`
	// Examples are in the shards. Tokens of them are read in an epoch, and Learned
	// of those predict a token that is learned.
	Examples int   `json:"examples"`
	Tokens   int64 `json:"tokens"`
	Learned  int64 `json:"learned"`
	// CutShort examples are longer than a row and end with it; Dropped ones are
	// left out for their length. Split are texts that go on in further rows.
	CutShort int `json:"cut_short"`
	Dropped  int `json:"dropped"`
	Split    int `json:"split"`
	// Pictures are those of the examples, each as often as it is used, ImageTokens
	// what they take of Tokens. PictureFiles of them are in files of their own, which
	// are no part of the objects' hash. Of Shrunk ones the shards have views in the
	// tower's size instead of the file.
	Pictures     int   `json:"pictures,omitempty"`
	PictureFiles int   `json:"picture_files,omitempty"`
	ImageTokens  int64 `json:"image_tokens,omitempty"`
	Shrunk       int   `json:"shrunk,omitempty"`
	// Bad objects could not be read; BadLines says why of the first of them.
	Bad      int      `json:"bad"`
	BadLines []string `json:"bad_lines,omitempty"`
	// Forms counts the objects of each form, Ignored the keys that have no meaning
	// here.
	Forms   map[string]int `json:"forms"`
	Ignored map[string]int `json:"ignored,omitempty"`
}

// BadLinesError refuses files with objects that cannot be read.
type BadLinesError struct {
	Files   []string
	Objects int
	Bad     int
	Lines   []string // the first of them, as file:line: field: problem
	Key     string   // of the recipe, and the flag if there is one, that skips them
}

// Error lists them.
func (e *BadLinesError) Error() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %d of %d objects cannot be used:", strings.Join(e.Files, ", "), e.Bad, e.Objects)
	for _, line := range e.Lines {
		b.WriteString("\n  " + line)
	}
	if e.Bad > len(e.Lines) {
		fmt.Fprintf(&b, "\n  and %d more", e.Bad-len(e.Lines))
	}
	fmt.Fprintf(&b, "\nMend them, or skip them with %s", e.Key)
	return b.String()
}

// maxListed is how many bad lines are told.
const maxListed = 10

// maxIgnored is how many keys without a meaning are counted by name; the rest is
// under otherKeys, so that a file whose keys are data does not fill the report.
const (
	maxIgnored = 100
	otherKeys  = "(other keys)"
)
