package constraint

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// Base is what there is to say about a topic: what answers are made of.
type Base struct {
	// Topic is what a request is about, such as "bees".
	Topic string
	// Request is the whole request; where it is empty one is made with Topic.
	Request string
	// Title is a title of answers; where it is empty, Topic with a capital letter.
	Title string
	// Sentences are complete, with their signs, each on one line. Answers have some of
	// them in their order. At least LeastSentences.
	Sentences []string
	// Language is one of Languages, or empty for one that goes with all other constraints:
	// words that these put into answers are English.
	Language string
}

// LeastSentences is how many sentences a Base has at least.
const LeastSentences = 5

func (b *Base) check() error {
	if b.Topic == "" && b.Request == "" {
		return errors.New("it has neither topic nor request")
	}
	if len(b.Sentences) < LeastSentences {
		return fmt.Errorf("%d sentences: at least %d are needed", len(b.Sentences), LeastSentences)
	}
	for i, s := range b.Sentences {
		if err := validText(s); err != nil {
			return fmt.Errorf("sentence %d: %w", i+1, err)
		}
		if len(sentencesOf(s)) != 1 {
			return fmt.Errorf("sentence %d is no single one", i+1)
		}
	}
	if b.Language != "" && scripts[b.Language] == nil {
		return fmt.Errorf("no exact test tells the language %q", b.Language)
	}
	return nil
}

//go:embed topics.txt
var topics string

//go:embed languages.txt
var languages string

// ownBases are those of the package.
var ownBases = append(readBases(topics), readBases(languages)...)

func readBases(text string) []Base {
	var list []Base
	_, text, _ = strings.Cut(text, "\n") // the first line says what this is
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		head, rest, _ := strings.Cut(paragraph, "\n")
		b := Base{Topic: head, Sentences: strings.Split(rest, "\n")}
		if part := strings.Split(head, " | "); len(part) == 3 {
			b.Language, b.Topic, b.Title = part[0], part[1], part[2]
		}
		list = append(list, b)
	}
	return list
}

// requests are ways of asking about a topic, the last of which is of the test alone.
var requests = []string{
	"Write about %s.", "Tell me about %s.", "What should one know about %s?", "Describe %s.",
	"Write a text on %s.", "What can you say about %s?", "Give me some facts on %s.",
}

// title is the base's title.
func (b *Base) title() string {
	if b.Title != "" {
		return b.Title
	}
	if b.Topic != "" {
		return capitalized(b.Topic)
	}
	return "Answer"
}
