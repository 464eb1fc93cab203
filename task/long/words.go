package long

// The parts of names that are asked for.
var (
	colors = []string{
		"red", "blue", "green", "yellow", "silver", "golden", "white", "black", "brown", "gray", "purple", "orange",
		"crimson", "amber", "ivory", "scarlet", "copper", "turquoise", "pink", "olive",
	}
	animals = []string{
		"otter", "raven", "fox", "badger", "heron", "falcon", "tiger", "lizard", "camel", "dolphin", "eagle", "panther",
		"rabbit", "salmon", "turtle", "walrus", "zebra", "beetle", "lynx", "moose", "parrot", "penguin", "spider", "wolf",
	}
	qualities = []string{"number", "weight", "price", "code", "age", "height", "score", "rank"}
	// documentQualities go with goods: "price of salt".
	documentQualities = []string{"price of", "demand for", "tax on", "supply of", "store of", "trade in"}
	goods             = []string{
		"salt", "wool", "iron", "silk", "coffee", "sugar", "pepper", "honey", "cotton", "marble", "copper", "rice",
		"barley", "timber", "leather", "paper", "glass", "coal",
	}
	ordinals = []string{
		"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth",
		"thirteenth", "fourteenth", "fifteenth", "sixteenth",
	}
	spots = []string{"gate", "lake", "tower", "crossroads", "quarry", "lighthouse", "meadow", "pier"}
)

// wordings are the ways in which a kind states and asks. {K} is the name, {V} the value,
// {D} the document, {P} a place.
type wordings struct {
	state [numWordings]string
	ask   [numWordings]string
}

var (
	passkeyWords = wordings{
		[numWordings]string{
			"The pass key is {V}. Remember it: {V} is the pass key.",
			"Keep this in mind: the pass key is {V}.",
			"Here is the pass key: {V}.",
			"Do not forget the pass key, which is {V}.",
		},
		[numWordings]string{
			"What is the pass key?", "Which number is the pass key?", "What is the pass key that the text gives?", "Which pass key stands in the text?",
		},
	}
	needleWords = wordings{
		[numWordings]string{
			"The magic number of the {K} is {V}.", "Remember that the {K} has the magic number {V}.",
			"For the {K} the magic number is {V}.", "The {K} has {V} as its magic number.",
		},
		[numWordings]string{
			"What are the magic numbers of {K}?", "Which magic numbers do {K} have?", "Give the magic numbers of {K}.", "What magic numbers belong to {K}?",
		},
	}
	// In these the number stands before the name.
	reversedWords = wordings{
		[numWordings]string{
			"{V} is the secret number of the {K}.", "{V} is what the {K} has as its secret number.",
			"The number {V} belongs to the {K}.", "The secret number {V} is that of the {K}.",
		},
		[numWordings]string{
			"What is the secret number of {K}?", "Which secret number does {K} have?", "Give the secret number of {K}.", "What secret number belongs to {K}?",
		},
	}
	distractorWords = wordings{
		[numWordings]string{
			"The {Q} of the {K} is {V}.", "Note: the {K} has the {Q} {V}.", "As to the {K}, its {Q} is {V}.", "About the {K}: the {Q} is {V}.",
		},
		[numWordings]string{
			"What is the {Q} of the {K}?", "Which {Q} does the {K} have?", "Give the {Q} of the {K}.", "What does the text say is the {Q} of the {K}?",
		},
	}
	pairWords = wordings{
		ask: [numWordings]string{
			`What is the value of the key "{K}"?`, `Which value does the key "{K}" have?`, `Give the value of "{K}".`, `What value belongs to "{K}"?`,
		},
	}
	variableWords = wordings{
		[numWordings]string{"Let {K} = {V}.", "Set {K} to {V}.", "The variable {K} is {V}.", "{K} gets the value {V}."},
		[numWordings]string{
			"What is the value of {K}?", "Which number is {K}?", "Give the value of {K}.", "What number does {K} have in the end?",
		},
	}
	countWords = wordings{
		[numWordings]string{
			"A {K} was seen at the {P}.", "At the {P} there was a {K}.", "Somebody saw a {K} at the {P}.", "A {K} came to the {P}.",
		},
		[numWordings]string{
			"How often does the text tell of a {K}?", "How many times is there a {K} in the text?", "How often is a {K} mentioned?", "In how many sentences is there a {K}?",
		},
	}
	documentWords = wordings{
		[numWordings]string{
			"The {K} is {V}.", "It is written that the {K} is {V}.", "We know the {K}: {V}.", "Here the {K} is {V}.",
		},
		[numWordings]string{
			"What does the {D} document say is the {K}?", "Which {K} does the {D} document give?", "According to the {D} document, what is the {K}?", "In the {D} document, what is the {K}?",
		},
	}
)
