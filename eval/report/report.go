// Package report shows what came of an examination: as one HTML file that needs
// nothing outside itself, and as Markdown.
//
// The page holds the scores with their intervals, the comparison with a second run,
// calibration, examinations beside published scores, contamination, the model's card,
// settings, and every item with what the model read, wrote and found probable. It
// shows all but the items without JavaScript, and its security policy allows nothing
// but its own script and style. Texts of models and data are made visible (control
// characters, marks that turn the direction of a line) and are never markup.
package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/train/chart"
)

// Data is what a report is of.
type Data struct {
	Run *eval.Finished
	// Other is the run that Run is compared with, and Comparison the result; nil if
	// there is none. Run is the comparison's A, Other its B.
	Other      *eval.Finished
	Comparison *eval.Comparison
	// MaxBytes bounds what the items take in the HTML file; 0 is DefaultMaxBytes. If
	// they take more, each task shows its first items, and the page says how many.
	MaxBytes int64
}

// DefaultMaxBytes is the size that items take at most, unless Data says otherwise.
const DefaultMaxBytes = 30 << 20

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

//go:embed script.js
var scriptText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// Write writes the HTML file and, beside it, the same in Markdown without the items:
// report.html and report.md. A file that is there is replaced when the new one is
// whole.
func Write(path string, d *Data) error {
	for _, f := range []struct {
		path  string
		write func(io.Writer, *Data) error
	}{{path, HTML}, {MarkdownPath(path), Markdown}} {
		var b bytes.Buffer
		if err := f.write(&b, d); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		if _, err := atomicfile.WriteBytes(f.path, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// MarkdownPath is where Write puts the Markdown of a report.
func MarkdownPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ".md"
}

// HTML writes the page.
func HTML(w io.Writer, d *Data) error {
	p := newPage(d)
	items, err := pack(d)
	if err != nil {
		return err
	}
	p.Items = items
	p.Style = template.CSS(chart.Style + styleText)
	p.Script = template.JS(scriptText)
	p.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		hashOf(string(p.Style)), hashOf(scriptText))
	return pageTemplate.Execute(w, p)
}

// hashOf is the source of a policy that allows one text.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
