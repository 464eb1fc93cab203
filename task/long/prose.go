package long

import (
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
)

// Words of the prose. It has no digits, and none of the words of statements and names
// that are asked for.
var (
	people = []string{
		"the miller", "the gardener", "the teacher", "the carpenter", "the widow", "the postman", "the doctor", "the sailor",
		"the tailor", "the shepherd", "the judge", "the painter", "the cook", "the librarian", "the clerk", "the innkeeper",
		"the mason", "the nurse", "her brother", "his aunt", "an old neighbor", "a young traveler", "the printer", "the weaver",
	}
	deeds = []string{
		"walked along the river", "mended the old fence", "opened the shutters", "carried water to the house",
		"wrote a long letter", "waited for the evening train", "swept the yard", "lit the lamp", "read the newspaper twice",
		"went home early", "sat down on the bench", "looked out of the window", "bought bread and cheese", "told a story about the war",
		"sang an old song", "closed the door quietly", "cut wood for the winter", "drank a cup of tea", "fell asleep by the fire",
		"took the narrow road", "forgot the umbrella", "talked about the harvest", "washed the windows", "planted beans and onions",
		"laughed at the story", "counted the sacks again", "climbed the hill", "painted the boat", "fed the hens", "slept until noon",
	}
	places = []string{
		"behind the church", "at the edge of the forest", "near the market", "beside the mill", "under the chestnut trees",
		"on the other side of the bridge", "in the kitchen", "in the small garden", "by the harbor", "at the end of the street",
		"in front of the school", "not far from the station", "below the old wall", "in the upper room", "along the canal",
	}
	times = []string{
		"In the morning", "After the rain", "Before supper", "Late in the autumn", "On the next day", "Toward evening",
		"When the bells rang", "That summer", "An hour later", "At dawn", "During the holidays", "Once the fog was gone",
		"A week after the fair", "At last", "For a long time", "As soon as the road was dry",
	}
	things = []string{
		"The wind", "The road to the village", "The river", "The old house", "The orchard", "The light in the window", "The smoke",
		"The snow on the roofs", "The sound of the water", "The grass", "The harbor", "The sky", "The path through the fields", "The roof of the barn",
	}
	states = []string{
		"was quiet again", "was hard to see", "had not changed for years", "seemed longer than before", "looked different in the dark",
		"came from the west", "was full of leaves", "lay in the shade", "was pleasant to look at", "grew darker", "stayed as it was", "was almost gone",
	}
	reports = []string{
		"nobody had come", "the bridge was closed", "the bread was too dear", "winter would be early", "the letter was lost",
		"there was enough wood", "the boat leaked", "the mayor was wrong", "everything had been said", "the apples were ripe",
		"it was better to wait", "the train would be late", "no one lived there any longer", "the well was dry",
	}
	said = []string{"said that", "thought that", "believed that", "had heard that", "wrote that", "was sure that", "complained that"}
)

// prose returns a source of sentences.
func prose(r *random.Source) func() string {
	left := 0 // sentences of the paragraph
	return func() string {
		space := " "
		if left == 0 {
			space, left = paragraph, r.Between(4, 9)
		}
		left--
		return space + capital(sentence(r)) + "."
	}
}

func sentence(r *random.Source) string {
	pick := func(list []string) string { return random.Pick(r, list) }
	who, deed := pick(people), pick(deeds)
	switch r.Below(9) {
	case 0:
		return who + " " + deed
	case 1:
		return who + " " + deed + " " + pick(places)
	case 2:
		return pick(times) + " " + who + " " + deed
	case 3:
		return pick(times) + " " + who + " " + deed + " " + pick(places)
	case 4:
		return pick(things) + " " + pick(states)
	case 5:
		return who + " " + pick(said) + " " + pick(reports)
	case 6:
		return who + " " + deed + " because " + pick(reports)
	case 7:
		return who + " " + deed + ", and " + pick(people) + " " + pick(deeds) + " " + pick(places)
	}
	return pick(things) + " " + pick(places) + " " + pick(states) + ", but " + who + " " + deed
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// longUnit is from how many bytes on a unit of a given text ends at any space.
const longUnit = 320

// given returns a source of the sentences and lines of a text, from some paragraph on and
// over again. The text must have something besides white space.
func given(r *random.Source, text string) func() string {
	at := r.Below(len(text))
	if end := strings.Index(text[at:], paragraph); end >= 0 {
		at += end
	} else {
		at = 0
	}
	return func() string {
		for {
			unit := cutUnit(text[at:])
			if at += len(unit); at >= len(text) {
				at = 0
			}
			switch space := leading(unit); {
			case len(space) == len(unit): // the end of the text
			case space == "":
				return paragraph + unit // its beginning
			default:
				return unit
			}
		}
	}
}

// cutUnit is the first sentence or line of a text, with the white space before it.
func cutUnit(text string) string {
	start := len(leading(text))
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', c == ' ' && (endsSentence(text[start:i]) || i-start >= longUnit):
			return text[:i]
		case i-start >= 4*longUnit && c < 0x80:
			return text[:i]
		}
	}
	return text
}

func endsSentence(text string) bool {
	text = strings.TrimRight(text, `"')]`)
	return text != "" && strings.IndexByte(".!?", text[len(text)-1]) >= 0
}
