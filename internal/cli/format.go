package cli

import (
	"os"

	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath"
)

// formatFlags say what a completion must keep to.
type formatFlags struct{ schema, regex, grammar string }

func (o *formatFlags) add(f *pflag.FlagSet) {
	f.StringVar(&o.schema, "schema", "", "write JSON that keeps to the JSON Schema in this file")
	f.StringVar(&o.regex, "regex", "", "write a text that this regular expression matches whole")
	f.StringVar(&o.grammar, "grammar", "", "write a text of the GBNF grammar in this file")
}

// read returns the format, with the file that it is in.
func (o *formatFlags) read() (polymath.Format, error) {
	given := 0
	for _, s := range []string{o.schema, o.regex, o.grammar} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return polymath.Format{}, usagef("--schema, --regex and --grammar exclude each other")
	case o.schema != "":
		text, err := os.ReadFile(o.schema)
		return polymath.Format{Kind: polymath.FormatSchema, Text: string(text)}, err
	case o.grammar != "":
		text, err := os.ReadFile(o.grammar)
		return polymath.Format{Kind: polymath.FormatGrammar, Text: string(text)}, err
	case o.regex != "":
		return polymath.Format{Kind: polymath.FormatRegex, Text: o.regex}, nil
	}
	return polymath.Format{}, nil
}
