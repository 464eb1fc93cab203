package chat

import "github.com/polymath-lm/polymath/tokenizer"

// Specials returns the special tokens of the vocabularies that this program makes:
// what ends a text, begins and ends the turns of Default, and stands for pictures.
func Specials() []string { return []string{tokenizer.EndOfText, turnBegin, turnEnd, ImageToken} }
