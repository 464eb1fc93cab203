// Package task is questions and how their answers are judged: what a model is
// examined on, and what it is rewarded for.
//
// A Task is one YAML file. It names the data, says by templates what of a row is
// put to the model and what is right, and which grader judges. Load makes Items
// of it, which know nothing of any model; package eval puts them to one.
package task

import (
	"fmt"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// Task is one examination, as its file describes it. What is called a template
// is a Template over a Row. A Task does not change after Parse, and goroutines
// may share it.
type Task struct {
	// Name identifies the task: small letters, digits and underscores.
	Name string `yaml:"name"`
	// Title and About are for people; License is that of the data, and Source
	// says where the data is from.
	Title   string `yaml:"title"`
	About   string `yaml:"about"`
	License string `yaml:"license"`
	Source  string `yaml:"source"`

	Data Data `yaml:"data"`

	Method Method `yaml:"method"`
	// System is the system message where the model is put questions as a
	// conversation. Base models do not see it.
	System string `yaml:"system"`
	// Prompt is the template of what is put to the model. White space at its end is
	// left out, since tokens would differ from those of a text that goes on, but for
	// MethodText and for code, which keep it.
	Prompt string `yaml:"prompt"`
	// Turns are the templates of what the user says next, each after the model's
	// answer to the one before. What is graded is the last answer.
	Turns []string `yaml:"turns"`
	// Images are the templates of the paths of images, below the data directory or,
	// if they begin with "./", below the task's own file, that stand before the
	// prompt; or of images as data: URLs. A template that gives nothing names none.
	Images []string `yaml:"images"`

	Choice Choice `yaml:"choice"`
	// Answer is the template of what is right: where there are choices the number of
	// the choice from 0, its letter, or its text; else a text.
	Answer string `yaml:"answer"`
	// AcceptedFrom is the field, or the path of one with dots, with a list of answers
	// that are as right; null is none.
	AcceptedFrom string `yaml:"accepted_from"`

	FewShot  FewShot  `yaml:"few_shot"`
	Generate Generate `yaml:"generate"`
	Grader   *Grading `yaml:"grader"`
	// ByPosition measures a text by how much of it stands before, from its beginning to
	// the window's end, read as one. It is for MethodText.
	ByPosition bool `yaml:"by_position"`
	// Whole says that an item that does not fit the model's window is not put, where
	// others lose their beginning: what is asked for may stand there. Items that say
	// their length are always so.
	Whole bool `yaml:"whole"`
	// Chance is the score of one who guesses; 0 to 1. Tasks of choices need not
	// say it: see Guess.
	Chance float64 `yaml:"chance"`

	places *recipe.Places // of the keys in the file it was read from, if any
	dir    string         // of that file
}

// Data says where the rows of a task are.
type Data struct {
	// Files are paths and patterns below the data directory, or below the task's
	// own file if they begin with "./". They may be packed as .gz, .zst or .zip.
	Files []string `yaml:"files"`
	// Members is a pattern for the files of a .zip.
	Members string `yaml:"members"`
	// Format is jsonl, json, csv, tsv, text, whole, entries or paths; default: by the file's
	// ending. A file of entries is one JSON object, each entry of which is a row with
	// key and value. Files of the format paths are not read: each is a row with its
	// path, and as folder the name of the directory that it is in.
	Format string `yaml:"format"`
	// Items is the path of the list of rows in a JSON file that is no list itself.
	Items string `yaml:"items"`
	// NoHeader says that the first line of a table is a row. Columns without a name
	// are called c1, c2 and so on.
	NoHeader bool `yaml:"no_header"`
	// Generator names a maker of rows in place of files, Number how many it makes,
	// Seed which.
	Generator string `yaml:"generator"`
	Number    int    `yaml:"number"`
	Seed      uint64 `yaml:"seed"`
	// Where is a template; rows for which it gives anything but "true" are left out.
	// Present is the template of a file's path; rows for which there is no such file
	// are left out.
	Where   string `yaml:"where"`
	Present string `yaml:"present"`
	// Copies is how often each row comes, with its number among them, from 0, in
	// copy; 0 is once, without a number.
	Copies int `yaml:"copies"`
	// ID, Section and Cluster are templates: the row's name, which no two may share
	// (default: a hash of its content, with a number behind it if it comes again), the
	// part of the task it belongs to, and what it shares with others, such as a
	// passage. Errors of the items of a cluster go together,
	// so standard errors are computed over clusters (Miller, arXiv:2411.00640).
	ID      string `yaml:"id"`
	Section string `yaml:"section"`
	Cluster string `yaml:"cluster"`
}

// Row is the fields of one row: texts, numbers (json.Number, as written; float64 or
// int of a Generator), booleans, nil, []any and map[string]any, as JSON has them. A
// row that is a text by itself has the field text. Besides, it has the fields file
// (the name of its file without directory and endings) and number (its place in it,
// from 0), unless it has fields with these names of its own.
type Row map[string]any

// Generator makes n rows; the same for the same seed.
type Generator func(n int, seed uint64) ([]Row, error)

// Method says how an item is put to a model and what counts as its answer.
type Method string

// The methods.
const (
	// MethodChoice takes the choice that the model finds most probable after the
	// prompt (Brown et al., arXiv:2005.14165, 2.4).
	MethodChoice Method = "choice"
	// MethodExplain lets the model write an explanation and then asks for a letter
	// (GPT-4 Technical Report, arXiv:2303.08774, appendix A.3).
	MethodExplain Method = "explain"
	// MethodCloze is right where the greedy continuation of the prompt is the answer
	// (LAMBADA: Paperno et al., arXiv:1606.06031).
	MethodCloze Method = "cloze"
	// MethodPair is right where the first choice, as a whole text, is more probable
	// than the second. A tie is wrong (BLiMP: Warstadt et al., arXiv:1912.00582).
	MethodPair Method = "pair"
	// MethodText measures bits per byte of the prompt as a whole, or by position.
	MethodText Method = "text"
	// MethodGenerate lets the model write, and a grader judge it. Code is graded by
	// running it.
	MethodGenerate Method = "generate"
)

// UnmarshalText reads the name of a method.
func (m *Method) UnmarshalText(text []byte) error {
	switch Method(text) {
	case MethodChoice, MethodExplain, MethodCloze, MethodPair, MethodText, MethodGenerate:
		*m = Method(text)
		return nil
	}
	return fmt.Errorf("no method is called %q: choice, explain, cloze, pair, text or generate", text)
}

// Choice says what the choices of a row are.
type Choice struct {
	// From is the field, or the path of one with dots, with the list of choices, Each
	// the template of one, with {{.}} the element; List has a template over the row
	// for each choice. With both, those of List come first. Empty elements at the end
	// of a list are no choices.
	From string   `yaml:"from"`
	Each string   `yaml:"each"`
	List []string `yaml:"list"`
	// Contexts is the field with a list of beginnings of which each takes the place
	// of the prompt; there is one choice then, which continues all of them
	// (WinoGrande, WSC).
	Contexts string `yaml:"contexts"`
	// Shuffle puts the choices into an order that hangs on the item's ID alone.
	// Templates find them as ._choices.
	Shuffle bool `yaml:"shuffle"`
	// AnswerIs says what Answer gives: index, letter or text; default: any of them,
	// and where one reading contradicts another an error.
	AnswerIs string `yaml:"answer_is"`
	// Verbatim keeps the white space at both ends of choices and answers, which is
	// left out else.
	Verbatim bool `yaml:"verbatim"`
	// Before stands between the prompt and a choice or answer; default: a space. It
	// is nothing behind a prompt that keeps white space at its end.
	Before string `yaml:"before"`
	// Unconditional is the prompt without the question, against which choices are
	// normed by NormUnconditional; default: "Answer:".
	Unconditional string `yaml:"unconditional"`
	// Norm is the norm whose score is the task's; the others are reported beside it.
	Norm Norm `yaml:"norm"`
}

// Norm says how log-probabilities of choices of different lengths are compared.
type Norm string

// The norms.
const (
	NormNone          Norm = "none"          // as they are
	NormTokens        Norm = "tokens"        // divided by the number of tokens
	NormBytes         Norm = "bytes"         // divided by the number of bytes
	NormUnconditional Norm = "unconditional" // less the log-probability after Choice.Unconditional
)

// Norms are all norms, in the order in which they are reported.
var Norms = []Norm{NormNone, NormTokens, NormBytes, NormUnconditional}

// UnmarshalText reads the name of a norm.
func (n *Norm) UnmarshalText(text []byte) error {
	for _, known := range Norms {
		if Norm(text) == known {
			*n = known
			return nil
		}
	}
	return fmt.Errorf("no norm is called %q: none, tokens, bytes or unconditional", text)
}

// FewShot says which solved examples stand before the question. An example has
// never the question, nor the cluster, of the item it is for; where the task has
// sections, and Data too, it is of the item's own.
type FewShot struct {
	// Number is how many there are. An item has fewer where too many of the rows are
	// its own question or cluster, but not none.
	Number int `yaml:"number"`
	// Intro is the template of a text that stands before them, or where there are
	// none before the question.
	Intro string `yaml:"intro"`
	// Data is where they are from; default: the task's own rows.
	Data *Data `yaml:"data"`
	// Same takes the first rows for every item, so that all prompts begin alike and
	// are read once; else they are drawn for each item by its ID and Seed.
	Same bool   `yaml:"same"`
	Seed uint64 `yaml:"seed"`
	// Text is a fixed text with the examples, in place of rows; File is the path
	// of such a text, a template over the row, of which After and all that stands
	// before it is left out.
	Text  string `yaml:"text"`
	File  string `yaml:"file"`
	After string `yaml:"after"`
	// Answer is the template of an example's answer, in which ._answer is the main
	// answer, ._gold the number of the right choice and ._letter its letter; default:
	// the right choice's letter for MethodExplain, else the answer or choice.
	Answer string `yaml:"answer"`
	// Separator stands between examples; default: an empty line.
	Separator string `yaml:"separator"`
}

// Generate says how the model writes.
type Generate struct {
	// MaxTokens is 256 by default, and 512 for MethodExplain; Temperature 0, which several
	// samples may not have, and 0.3 for MethodExplain; TopP 1.
	MaxTokens   int     `yaml:"max_tokens"`
	Temperature float64 `yaml:"temperature"`
	TopP        float64 `yaml:"top_p"`
	// Stop are texts that end the answer.
	Stop []string `yaml:"stop"`
	// Choices are texts of which a model of this program writes one, exactly and no more;
	// one behind an API is not held to them. So guessing is worth Chance, and a model that
	// answers with something else is not taken for one that sees or knows less. Of
	// MethodGenerate alone.
	Choices []string `yaml:"choices" json:",omitempty"` // absent from hashes of tasks without
	// Samples is how many answers are drawn of each item, for pass@k and votes;
	// default 1.
	Samples int `yaml:"samples"`
}

// Grading names one grader; exactly one field is set. Package task/grade makes
// it.
type Grading struct {
	Exact   *Exact   `yaml:"exact"`
	Numeric *Numeric `yaml:"numeric"`
	Math    *Math    `yaml:"math"`
	F1      *F1      `yaml:"f1"`
	Regex   *Regex   `yaml:"regex"`
	Set     *Set     `yaml:"set"`
	Letter  *Letter  `yaml:"letter"`
	Code    *Code    `yaml:"code"`
	Rubric  *Rubric  `yaml:"rubric"`

	// Those who came later are not in the JSON of a Grading without them, so that
	// hashes of tasks stay what they were.
	Characters *Characters `yaml:"characters" json:",omitempty"`
	Scene      *Scene      `yaml:"scene" json:",omitempty"`
	Safety     *Safety     `yaml:"safety" json:",omitempty"`

	Instructions *Instructions `yaml:"instructions" json:",omitempty"`
	Grounded     *Grounded     `yaml:"grounded" json:",omitempty"`
}
