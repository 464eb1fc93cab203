package long_test

import (
	"fmt"

	"github.com/polymath-lm/polymath/task/long"
)

func Example() {
	item, err := long.New(2, long.Options{Kind: long.Passkey, Split: long.Train, Tokens: 160, Depths: []float64{0.2}})
	if err != nil {
		panic(err)
	}
	fmt.Println(item.Answers, item.Tokens <= 160)
	fmt.Println(item.Prompt)
	// Output:
	// [93399] true
	// The nurse took the narrow road at the edge of the forest. The innkeeper slept until noon because nobody had come. The pass key is 93399. Remember it: 93399 is the pass key. The light in the window on the other side of the bridge had not changed for years, but the gardener carried water to the house. The light in the window was pleasant to look at. An old neighbor lit the lamp. That summer a young traveler talked about the harvest at the edge of the forest. The printer fed the hens, and the shepherd fell asleep by the fire near the market.
	//
	// Question: What is the pass key?
	// Answer:
}
