package world_test

import (
	"fmt"

	"github.com/polymath-lm/polymath/task/world"
)

func Example() {
	const text = "Belmund is a baker and keeps a goose. He was born in Corford."
	for _, c := range world.Unsupported(text, "Belmund was born in Corford. He is a judge.") {
		fmt.Println(c.Text)
	}
	fmt.Println(world.Supported(text, "Belmund, born in Corford, keeps a goose."))
	fmt.Println(world.Supported(text, "Belmund has a goose as a pet and comes from Corford."))
	// Output:
	// He is a judge
	// false
	// true
}
