package world

import "strconv"

// attribute is what can be told of the subjects of a kind.
type attribute struct {
	name string
	kind Kind
	// values are what it can be; or of says that it is a name of that kind.
	values []string
	of     Kind
	// told are the ways to tell it, without the full stop: S is the subject, V the
	// value. Those from numTrainTold on are of the test. variants are only read.
	told, variants []string
	asked          [numWordings]string
}

// attributes are all of them. No two values of a kind's attributes are of one type, so
// that a value shows what it is of.
var attributes = []attribute{
	{
		name: "profession", kind: Person,
		values:   []string{"baker", "carpenter", "doctor", "farmer", "gardener", "hunter", "judge", "lawyer", "miner", "nurse", "painter", "printer", "sailor", "tailor", "teacher", "weaver"},
		told:     []string{"{S} is a {V}", "{S} works as a {V}", "The profession of {S} is {V}", "{S} earns a living as a {V}", "By trade, {S} is a {V}"},
		variants: []string{"{S} was a {V}", "{S}'s profession is {V}", "{S} makes a living as a {V}"},
		asked:    [4]string{"What is the profession of {S}?", "What does {S} work as?", "What is {S} by trade?", "How does {S} earn a living?"},
	},
	{
		name: "birthplace", kind: Person, of: Place,
		told:     []string{"{S} was born in {V}", "{S} comes from {V}", "The birthplace of {S} is {V}", "{S} is a native of {V}", "The place where {S} was born is {V}"},
		variants: []string{"{S} is from {V}", "{S}'s birthplace is {V}"},
		asked:    [4]string{"Where was {S} born?", "Where does {S} come from?", "What is the birthplace of {S}?", "What place is {S} a native of?"},
	},
	{
		name: "birth year", kind: Person, values: years(),
		told:     []string{"{S} was born in {V}", "{S} has lived since {V}", "The birth year of {S} is {V}", "{S} came into the world in {V}", "The year of birth of {S} is {V}"},
		variants: []string{"{S}'s year of birth is {V}", "{S}'s birth year is {V}"},
		asked:    [4]string{"When was {S} born?", "What is the birth year of {S}?", "In which year did {S} come into the world?", "What is the year of birth of {S}?"},
	},
	{
		name: "instrument", kind: Person,
		values:   []string{"bassoon", "cello", "clarinet", "drum", "fiddle", "flute", "guitar", "harp", "horn", "lute", "piano", "trumpet"},
		told:     []string{"{S} plays the {V}", "{S} is good at the {V}", "The instrument of {S} is the {V}", "{S} makes music on the {V}", "In the evening, {S} plays the {V}"},
		variants: []string{"{S} can play the {V}", "{S}'s instrument is the {V}"},
		asked:    [4]string{"Which instrument does {S} play?", "What is the instrument of {S}?", "What does {S} make music on?", "Which instrument is {S} good at?"},
	},
	{
		name: "pet", kind: Person,
		values:   []string{"bear", "camel", "cat", "crow", "dog", "fox", "goose", "hare", "lizard", "monkey", "parrot", "tortoise"},
		told:     []string{"{S} keeps a {V}", "{S} has a {V} as a pet", "The pet of {S} is a {V}", "{S} lives with a {V}", "At home, {S} has a {V}"},
		variants: []string{"{S} has a {V}", "{S}'s pet is a {V}"},
		asked:    [4]string{"Which pet does {S} have?", "Which animal does {S} keep?", "What is the pet of {S}?", "Which animal does {S} live with?"},
	},
	{
		name: "teacher", kind: Person, of: Person,
		told:     []string{"{S} was taught by {V}", "{S} has {V} for a teacher", "The teacher of {S} is {V}", "{S} is a pupil of {V}", "{V} taught {S}"},
		variants: []string{"{V} is the teacher of {S}", "{S}'s teacher is {V}", "{S} was a pupil of {V}"},
		asked:    [4]string{"Who taught {S}?", "Who is the teacher of {S}?", "Whose pupil is {S}?", "By whom was {S} taught?"},
	},
	{
		name: "founded", kind: Place, values: years(),
		told:     []string{"{S} was founded in {V}", "{S} dates from {V}", "The year in which {S} was founded is {V}", "{S} has stood since {V}", "People first settled in {S} in {V}"},
		variants: []string{"{S} was settled in {V}"},
		asked:    [4]string{"When was {S} founded?", "From which year does {S} date?", "In which year was {S} founded?", "Since when has {S} stood?"},
	},
	{
		name: "product", kind: Place,
		values:   []string{"bread", "butter", "candles", "cheese", "glass", "honey", "knives", "lace", "paper", "pots", "shoes", "soap"},
		told:     []string{"{S} is known for its {V}", "{S} makes {V}", "The main product of {S} is {V}", "{S} lives by its {V}", "All over the country, {S} sells {V}"},
		variants: []string{"{S} is famous for its {V}", "{S}'s main product is {V}", "{S} produces {V}"},
		asked:    [4]string{"What is {S} known for?", "What does {S} make?", "What is the main product of {S}?", "What does {S} sell?"},
	},
	{
		name: "landmark", kind: Place,
		values:   []string{"bridge", "castle", "chapel", "fountain", "garden", "gate", "library", "market", "mill", "palace", "theater", "tower"},
		told:     []string{"{S} has an old {V}", "{S} is proud of its {V}", "The landmark of {S} is its {V}", "{S} is built around a {V}", "In the middle of {S} stands a {V}"},
		variants: []string{"{S} has a {V}", "{S}'s landmark is a {V}"},
		asked:    [4]string{"What is the landmark of {S}?", "What is {S} proud of?", "What stands in the middle of {S}?", "What is {S} built around?"},
	},
	{
		name: "mayor", kind: Place, of: Person,
		told:     []string{"{S} is governed by {V}", "{S} has {V} for a mayor", "The mayor of {S} is {V}", "{S} is led by {V}", "{V} governs {S}"},
		variants: []string{"{V} is the mayor of {S}", "{S}'s mayor is {V}"},
		asked:    [4]string{"Who governs {S}?", "Who is the mayor of {S}?", "Who leads {S}?", "By whom is {S} governed?"},
	},
	{
		name: "color", kind: Ship,
		values:   []string{"black", "blue", "brown", "gray", "green", "orange", "pink", "purple", "red", "silver", "white", "yellow"},
		told:     []string{"{S} is painted {V}", "{S} is {V}", "The color of {S} is {V}", "{S} has a {V} hull", "The hull of {S} is {V}"},
		variants: []string{"{S} has been painted {V}", "{S}'s color is {V}"},
		asked:    [4]string{"What color is {S}?", "What is the color of {S}?", "In which color is {S} painted?", "What color is the hull of {S}?"},
	},
	{
		name: "built", kind: Ship, values: years(),
		told:     []string{"{S} was built in {V}", "{S} has sailed since {V}", "The year in which {S} was built is {V}", "{S} left the yard in {V}", "Workers built {S} in {V}"},
		variants: []string{"{S} first sailed in {V}"},
		asked:    [4]string{"When was {S} built?", "Since when has {S} sailed?", "In which year was {S} built?", "When did {S} leave the yard?"},
	},
	{
		name: "cargo", kind: Ship,
		values:   []string{"barley", "bricks", "coal", "cotton", "fish", "iron", "rice", "rope", "salt", "sugar", "tea", "timber"},
		told:     []string{"{S} carries {V}", "{S} is loaded with {V}", "The cargo of {S} is {V}", "{S} brings {V}", "On board of {S} is {V}"},
		variants: []string{"{S} transports {V}", "{S}'s cargo is {V}"},
		asked:    [4]string{"What does {S} carry?", "What is the cargo of {S}?", "What is {S} loaded with?", "What does {S} bring?"},
	},
	{
		name: "owner", kind: Ship, of: Person,
		told:     []string{"{S} belongs to {V}", "{S} is owned by {V}", "The owner of {S} is {V}", "{S} is the property of {V}", "{V} owns {S}"},
		variants: []string{"{V} is the owner of {S}", "{S}'s owner is {V}"},
		asked:    [4]string{"Who owns {S}?", "Who is the owner of {S}?", "To whom does {S} belong?", "Whose property is {S}?"},
	},
	{
		name: "harbor", kind: Ship, of: Place,
		told:     []string{"{S} sails from {V}", "{S} has its home in {V}", "The harbor of {S} is {V}", "{S} is registered in {V}", "When it does not sail, {S} lies in {V}"},
		variants: []string{"{S}'s harbor is {V}", "{S} lies in {V}"},
		asked:    [4]string{"Where does {S} sail from?", "What is the harbor of {S}?", "Where is the home of {S}?", "Where is {S} registered?"},
	},
}

// years are those in which things happen.
func years() []string {
	var list []string
	for y := 1801; y <= 1899; y += 2 {
		list = append(list, strconv.Itoa(y))
	}
	return list
}

// byKind are the attributes of each kind, and byName all.
var (
	byKind = map[Kind][]*attribute{}
	byName = map[string]*attribute{}
)

func init() {
	for i := range attributes {
		a := &attributes[i]
		byKind[a.kind] = append(byKind[a.kind], a)
		byName[a.name] = a
	}
}

func attributesOf(k Kind) []*attribute { return byKind[k] }
