package problem

// ask is what stands before and behind a problem.
type ask struct{ before, after string }

// asks are the ways of asking. What stands behind an order is of ordering.asked. The
// second half of those of brackets asks where it goes wrong.
var asks = map[Kind][numAsks]ask{
	Arithmetic: {
		{"", " What is the result?"},
		{"Work this out: ", ""},
		{"Solve this step by step. ", ""},
		{"", " Find the number at the end."},
		{"Here is a problem. ", " What is the result?"},
		{"", " How much is it in the end?"},
		{"Solve this step by step. ", " Find the number at the end."},
		{"Work this out: ", " How much is it in the end?"},
	},
	Boolean: {
		{"", " Which of A, B and C are true? Say true or false of each in turn."},
		{"Evaluate these in turn: ", ""},
		{"Say true or false of each of A, B and C. ", ""},
		{"", " What are the values of A, B and C, in turn?"},
		{"Here is a problem. ", " What are the values of A, B and C, in turn?"},
		{"", " Evaluate A, B and C."},
		{"Say true or false of each of A, B and C. ", " Evaluate A, B and C."},
		{"Evaluate these in turn: ", " Which of A, B and C are true? Say true or false of each in turn."},
	},
	Ordering: {
		{},
		{},
		{},
		{},
		{before: "Here is a problem. "},
		{before: "Think about this. "},
		{before: "Here is a problem. "},
		{before: "Think about this. "},
	},
	Brackets: {
		{"", " What closes all that is open, in order?"},
		{"Close what is open: ", ""},
		{"Here is a problem. ", " Which ones are missing at the end?"},
		{"", " Which ones are missing at the end?"},
		{"", " Which one is the first that is wrong? Give its number, or say balanced."},
		{"Find the number of the first that closes another, or say balanced: ", ""},
		{"Here is a problem. ", " Where does it go wrong first? Give the number, or say balanced."},
		{"", " Where does it go wrong first? Give the number, or say balanced."},
	},
	Cycle: {
		{"", " What is it then?"},
		{"Work this out: ", ""},
		{"Solve this step by step. ", ""},
		{"", " Where does this end?"},
		{"Here is a problem. ", " What is it then?"},
		{"", " What comes out?"},
		{"Solve this step by step. ", " Where does this end?"},
		{"Work this out: ", " What comes out?"},
	},
}

// names of people, and other words of problems.
var (
	names    = []string{"Ann", "Bob", "Carl", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jana", "Kurt", "Lea", "Max", "Nina", "Otto", "Pia"}
	things   = []string{"apples", "books", "coins", "pens", "cards", "shells", "stamps", "eggs"}
	vehicles = []string{"bus", "train", "ship", "ferry", "boat", "plane"}
)
