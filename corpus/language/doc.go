// Package language finds the language that a text is written in.
//
// The model is logistic regression over hashed n-grams of characters, trained
// by `make language-model` on the translated manuals, help texts and messages of
// Debian's packages (train/sources.txt) and carried by the program. A text that
// is in none of its languages, is code or is noise gets a low score.
package language
