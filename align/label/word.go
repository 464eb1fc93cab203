package label

import (
	"crypto/rand"
	"crypto/sha256"
	"regexp"
)

// newWord makes a word that cannot be guessed: of a page, or of a labeller.
func newWord() string { return rand.Text() }

var wordForm = regexp.MustCompile("^[A-Z2-7]{26}$")

// isWord tells whether a text is a word as newWord makes them.
func isWord(s string) bool { return wordForm.MatchString(s) }

// labeller is the hash of a labeller's word: who reads the file cannot label in
// another's name.
type labeller [sha256.Size]byte

func labellerOf(word string) labeller { return sha256.Sum256([]byte("labeller " + word)) }
