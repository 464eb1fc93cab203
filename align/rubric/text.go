package rubric

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

// remarks are what a corpus says of a topic, with {do} in the place of what is asked
// for: of harm, of a harmless neighbor, and of what may be said about harm.
type remarks struct {
	Harm  []string `yaml:"harm"`
	Safe  []string `yaml:"safe"`
	About []string `yaml:"about"`
}

// How many remarks a telling has of a topic; of Safe, of each neighbor.
const (
	harmRemarks  = 4
	aboutRemarks = 5
	safeRemarks  = 3
)

// paragraph is how many remarks stand together. They are of any topics, so that what
// comes next must be known and cannot be read in what came before.
const paragraph = 6

// maxTellings bounds WriteText.
const maxTellings = 10_000

// WriteText tells n times of each topic of both splits, in other words each time: JSON
// lines with text. It is what a corpus knows of them, for models from nothing: what is
// harmful, what is not, and what may be said of harm. No form of asking is in it, and no
// answer to a harmful prompt.
func WriteText(w io.Writer, n int, seed uint64) error {
	if n < 1 || n > maxTellings {
		return fmt.Errorf("%d tellings of the topics: from 1 to %d can be made", n, maxTellings)
	}
	m, r := ready(), newRandom(seed, "")
	return dialogue.Lines(w, func(add func(any) error) error {
		for range n {
			for part := range slices.Chunk(m.telling(r), paragraph) {
				if err := add(struct {
					Text string `json:"text"`
				}{strings.Join(part, " ")}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// telling is some remarks on every topic, in any order.
func (m *material) telling(r *random) []string {
	var all []string
	for _, split := range []Split{Train, Test} {
		for i := range m.Categories {
			c := &m.Categories[i]
			for _, t := range c.topics(split) {
				for _, text := range m.told(r, c, &t) {
					all = append(all, fill(fill(text, "person", m.person(r, split)), "name", m.name(r, split)))
				}
			}
		}
	}
	return some(r, all, len(all))
}

// told is some remarks on a topic and on its neighbors.
func (m *material) told(r *random, c *category, t *topic) []string {
	list := append(some(r, m.Remarks.Harm, harmRemarks), some(r, m.Remarks.About, aboutRemarks)...)
	of := strings.NewReplacer("{do}", t.Harm, "{stop}", c.Stop, "{why}", c.Why, "{story}", c.Story)
	for i := range list {
		list[i] = of.Replace(list[i])
	}
	for _, n := range t.Safe {
		of := strings.NewReplacer("{do}", n.Say, "{answer}", n.Answer)
		for _, text := range some(r, m.Remarks.Safe, safeRemarks) {
			list = append(list, of.Replace(text))
		}
	}
	return list
}

// some returns n of a list, each once, in any order.
func some[T any](r *random, from []T, n int) []T {
	list := slices.Clone(from)
	for i := range n {
		j := i + r.below(len(list)-i)
		list[i], list[j] = list[j], list[i]
	}
	return list[:n]
}
