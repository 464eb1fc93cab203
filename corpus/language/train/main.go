// Command train trains the model that package language carries.
//
// It reads what is unpacked of the packages that sources.txt names, takes the
// paragraphs of each language out of them, and writes the model. What is marked
// "tune" in sources.txt calibrates it, and what is marked "test" is written as
// sentences, one file a language, that the package's test reads.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/polymath-lm/polymath/corpus/language"
	"github.com/polymath-lm/polymath/internal/atomicfile"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run() error {
	data := flag.String("data", "", "directory with one directory for each package of the sources")
	goroot := flag.String("goroot", "", "root of the Go distribution, whose code the class of no language learns")
	sources := flag.String("sources", "corpus/language/train/sources.txt", "the list of packages")
	out := flag.String("out", "corpus/language/model.bin", "file of the model")
	held := flag.String("held", "", "directory for the sentences of the test")
	o := language.TrainOptions{Seed: 1}
	flag.IntVar(&o.Bits, "bits", 14, "bits of a bucket")
	flag.IntVar(&o.Epochs, "epochs", 10, "epochs")
	flag.IntVar(&o.Draws, "draws", 3000, "pieces of text of a language in an epoch")
	flag.IntVar(&o.Shortest, "shortest", 15, "bytes of the shortest piece")
	flag.IntVar(&o.Longest, "longest", 400, "bytes of the longest piece")
	rate := flag.Float64("rate", 0.1, "rate of AdaGrad")
	decay := flag.Float64("decay", 1e-5, "decay of the weights")
	step := flag.Float64("step", 0.15, "step of the rounded weights")
	flag.Parse()
	o.Rate, o.Decay, o.Step = float32(*rate), float32(*decay), float32(*step)

	c, err := collect(*data, *sources, *goroot)
	if err != nil {
		return err
	}
	c.report(os.Stderr)
	if *held != "" {
		if err := c.writeHeld(*held); err != nil {
			return err
		}
	}
	m, err := train(o, c)
	if err != nil {
		return err
	}
	_, err = atomicfile.Write(*out, func(w io.Writer) error { return m.Write(w) })
	return err
}

// train trains a first model to find texts in the wrong language, and another
// without them.
func train(o language.TrainOptions, c *collection) (*language.Model, error) {
	report := func(epoch int, loss float64) { fmt.Fprintf(os.Stderr, "epoch %d: loss %.4f\n", epoch, loss) }
	first := o
	first.Epochs = min(o.Epochs, 2)
	m, err := language.Train(first, c.samples(), report)
	if err != nil {
		return nil, err
	}
	m.Calibrate(c.calibration())
	fmt.Fprintf(os.Stderr, "%d texts are not in the language of their source\n", c.clean(m))
	if m, err = language.Train(o, c.samples(), report); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "calibrated: loss %.4f\n", m.Calibrate(c.calibration()))
	return m, nil
}
