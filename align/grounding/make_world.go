package grounding

import (
	"crypto/sha256"
	"slices"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task/world"
)

// MadeUp is the kind of statements about made-up worlds: both are in other words than the
// text, which is why it takes worlds to make them.
const MadeUp Kind = "made up"

// Worlds calls yield for examples of so many questions on texts of made-up worlds, for
// training, until it returns an error, which is returned. Questions give none where there
// is nothing to tell. The same arguments give the same examples.
func Worlds(number int, seed uint64, yield func(Example) error) error {
	r := random.At(seed, 0)
	o := world.Options{
		Number: number, Seed: seed, World: world.DefaultWorld, Size: world.DefaultSize,
		Domains: []world.Domain{world.Closed}, Split: world.Train,
	}
	return o.Each(func(q *world.Question) error {
		supported, unsupported := stated(q.Answer), slices.DeleteFunc(slices.Clone(q.Unsupported), refers)
		if len(supported) == 0 || len(unsupported) == 0 {
			return nil
		}
		sum := sha256.Sum256([]byte(q.Source))
		return yield(Example{
			Passage: q.Source, Supported: random.Pick(r, supported), Unsupported: random.Pick(r, unsupported),
			Kind: MadeUp, Group: hexOf(sum[:16]),
		})
	})
}

// stated are the statements of an answer that say by themselves whom they are about.
func stated(answer string) []string {
	return slices.DeleteFunc(Statements(answer), func(s string) bool { return refers(s) || Silent(s) })
}

// refers reports whether a statement begins with a pronoun.
func refers(s string) bool {
	first := wordPattern.FindString(s)
	return slices.Contains([]string{"He", "She", "It", "They", "His", "Her", "Its", "Their"}, first)
}
