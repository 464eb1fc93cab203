package task

// Item is one question with what is right. It does not change after Load, and
// goroutines may share it.
type Item struct {
	// Task is the task's name. ID is unique in it, and the same for the same row
	// in every run.
	Task string
	ID   string
	// Number is its place among the task's items, from 0.
	Number int
	// Section and Cluster are as Data says; Cluster is ID where the item shares
	// nothing with others.
	Section, Cluster string

	System string
	// Lead is what stands before all else: the introduction, and a fixed text with
	// examples. Shots are the solved examples; Separator stands between all of them
	// and before the question.
	Shots     []Shot
	Lead      string
	Separator string
	// Prompt is the question, Turns are what the user says after each answer.
	Prompt string
	Turns  []string
	Images []string // paths of files, which were there when the item was loaded, or data: URLs

	// Choices are the texts that may follow the prompt, without Before, which
	// stands between, as it does before an answer of MethodCloze and of a shot; Gold
	// is the number of the right one, -1 if there are none.
	Choices []string
	Before  string
	Gold    int
	// Contexts, if any, take the place of Prompt, one for each choice, and Choices
	// has one text, which continues each. Gold is a number of a context.
	Contexts []string
	// Answers are the accepted answers, the main one first, each once. Where there
	// are choices it is the right one.
	Answers []string
	// Row is the row it was made of.
	Row Row

	imageHashes []string // SHA-256 of the images
}

// Shot is a solved example.
type Shot struct {
	Prompt, Answer string
}
