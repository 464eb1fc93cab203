// Command generate continues a text with a model, piece by piece:
//
//	go run ./examples/generate polymath-quickstart/run/model 'func main() {'
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/polymath-lm/polymath"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: generate MODEL PROMPT")
	}
	m, err := polymath.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	options := polymath.GenerateOptions{MaxTokens: 100, ShrinkToWindow: true, Temperature: 0.8, TopP: 0.95, Seed: 1}
	fmt.Print(os.Args[2])
	for chunk, err := range m.Stream(context.Background(), os.Args[2], options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(chunk.Text)
	}
	fmt.Println()
}
