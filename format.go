package polymath

// FormatKind says what a completion is held to.
type FormatKind int

// The kinds of Format.
const (
	FormatText    FormatKind = iota // anything
	FormatJSON                      // a JSON object
	FormatSchema                    // JSON that a JSON Schema accepts
	FormatRegex                     // a text that a regular expression matches as a whole, in RE2's syntax
	FormatGrammar                   // a sentence of a grammar in llama.cpp's GBNF, beginning at root
)

// Format holds a completion to a form: tokens that would break it are never
// chosen. A completion that was cut at MaxTokens has Finish "length" and may be
// unfinished. The zero value allows everything.
type Format struct {
	Kind FormatKind
	// Text is the schema, pattern or grammar.
	Text string
}
