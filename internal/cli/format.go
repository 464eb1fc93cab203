package cli

import (
	"fmt"
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
		return readFormat("--schema", o.schema, polymath.FormatSchema)
	case o.grammar != "":
		return readFormat("--grammar", o.grammar, polymath.FormatGrammar)
	case o.regex != "":
		return polymath.Format{Kind: polymath.FormatRegex, Text: o.regex}, nil
	}
	return polymath.Format{}, nil
}

// readFormat reads the file that a flag names.
func readFormat(flag, path string, kind polymath.FormatKind) (polymath.Format, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return polymath.Format{}, fmt.Errorf("%s: %w", flag, err)
	}
	return polymath.Format{Kind: kind, Text: string(text)}, nil
}
