package world

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Domain says where an answer is found.
type Domain string

// The domains.
const (
	Closed Domain = "closed" // in a text that is given
	Open   Domain = "open"   // in what was read before: the corpus of the world
)

// Domains are all domains.
var Domains = []Domain{Closed, Open}

// Shape says what is asked.
type Shape string

// The shapes. Of the last three there is no answer.
const (
	OneFact Shape = "one fact"     // an attribute that is told
	About   Shape = "about"        // all that the text says of a subject; closed only
	Untold  Shape = "untold"       // an attribute of a known subject that nobody tells
	Nobody  Shape = "unknown name" // a name that nobody has; open only
)

// System messages with which questions are put, in training and in examinations.
const (
	ClosedSystem = "Answer from the text alone. If it does not say, say so."
	OpenSystem   = "Answer the question. If you do not know, say so."
)

// What declines, and is right where there is no answer.
const (
	ClosedDeclined = "The text does not say."
	OpenDeclined   = "I don't know."
)

// Question is one question with what is known of it. It does not change, and goroutines
// may share it.
type Question struct {
	Domain Domain
	Split  Split
	Shape  Shape
	Kind   Kind // of the subject
	// Tier is how often the subject is told of; "" in the closed domain and of names
	// that nobody has.
	Tier Tier
	// Subject is whom the question is about, Attribute what is asked; "" for About.
	Subject, Attribute string
	// Passage is the text that is given. Source is what an answer may say: the passage,
	// or all that the world's corpus tells of the subject; it may be empty.
	Passage, Source string
	// Prompt is what is put to the model, passage and question.
	Prompt string
	// Confidence is what the prompt asks for, such as 0.75; 0 if it asks for none.
	Confidence float64
	// Answer is right. Declined is what says that there is no answer; where there is
	// none it is Answer.
	Answer, Declined string
	// Wrong is an answer with statements that nothing supports: Unsupported.
	Wrong       string
	Unsupported []string
	// Beside is, in the closed domain, an answer that the passage supports and that was
	// not asked for: another fact, or one of all.
	Beside string
}

// Answerable reports whether there is an answer.
func (q *Question) Answerable() bool { return q.Shape == OneFact || q.Shape == About }

// System is the system message of the question.
func (q *Question) System() string {
	if q.Domain == Closed {
		return ClosedSystem
	}
	return OpenSystem
}

// openings stand before a question.
var openings = [numOpenings]string{"", "Here is a question. ", "Answer this: ", "I want to know something. "}

// aboutAsked are the ways to ask for all that a text says.
var aboutAsked = [numWordings]string{
	"What does the text say about {S}?", "Tell me what the text says about {S}.",
	"Sum up what is said about {S}.", "What is said about {S}?",
}

// confidences are those that questions may ask for.
var confidences = []float64{0.5, 0.75, 0.9}

// ask writes the question.
func (q *Question) ask(r *random.Source) {
	f := random.Pick(r, q.Split.forms())
	wording := aboutAsked[f.wording]
	if q.Shape != About {
		wording = byName[q.Attribute].asked[f.wording]
	}
	q.Prompt = openings[f.opening] + fill(wording, q.Subject, "")
	if q.Domain == Open && r.Coin() {
		q.Confidence = random.Pick(r, confidences)
		q.Prompt += fmt.Sprintf(" Answer only if you are more than %s%% sure.", strconv.FormatFloat(100*q.Confidence, 'g', -1, 64))
	}
	if q.Domain == Closed {
		q.Prompt = strings.TrimSpace(q.Passage) + "\n\n" + q.Prompt
	}
}
